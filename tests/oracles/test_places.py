"""Where a subject's source stands."""

import math
from functools import partial
from pathlib import Path

import numpy as np

from oracles.catalog import ops
from oracles.places import Place, backward_of, place_of_subject


def doubled(g, x, *, slope=2):
    return slope * g


HERE = doubled.__code__.co_firstlineno


def test_the_backward_as_its_author_wrote_it(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    found = place_of_subject(ops.identity.implemented_by(np.positive, doubled))
    assert found == Place("tests/oracles/test_places.py", HERE)


def test_behind_partial(monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    found = place_of_subject(ops.identity.implemented_by(np.positive, partial(doubled, slope=3)))
    assert found == Place("test_places.py", HERE)


def test_outside_of_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = place_of_subject(ops.identity.implemented_by(np.positive, doubled))
    assert found == Place(Path(__file__).as_posix(), HERE)


def test_the_forward_if_there_is_no_backward():
    found = place_of_subject(ops.tanh.implemented_by(doubled, None))
    assert found is not None
    assert (Path(found.path).name, found.line) == ("test_places.py", HERE)


def test_a_builtin_has_none():
    assert place_of_subject(ops.tanh.implemented_by(math.tanh, None)) is None


def test_the_catalog():
    found = place_of_subject(ops.conv2d)
    assert found is not None
    assert found.path.endswith("manualgrad/convolution.py")


def test_the_name_of_a_users_backward():
    def named(backward):
        return backward_of(ops.identity.implemented_by(np.positive, backward))

    assert named(doubled) == named(partial(doubled, slope=3)) == f"{__name__}.doubled"
    assert named(None) == backward_of(ops.identity) == ""
