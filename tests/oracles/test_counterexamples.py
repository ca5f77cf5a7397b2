"""Failures are kept, tried first the next time, and never in the way."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import oracles.counterexamples as module
from manualgrad import dense, dense_backward
from manualgrad.activations import tanh, tanh_backward
from oracles.catalog import ops
from oracles.checking import OracleMismatch, check, run
from oracles.counterexample_file import CASE
from oracles.counterexample_reading import read
from oracles.op import Case
from oracles.reporting.failure import failure_text
from oracles.reporting.markdown import markdown
from oracles.reporting.terminal import footer

HOME = Path(".oracles/failures")


def subject(factor):
    """Return tanh whose gradient is wrong beyond 1/2 by a factor."""

    def backward(g, x):
        return np.where(np.abs(x) > 0.5, factor, 1).astype(x.dtype) * tanh_backward(g, x)

    return ops.tanh.implemented_by(tanh, backward)


WRONG, RIGHT = subject(2), subject(1)


def entry(op, **arguments):
    settings = {"oracles": (), "dtypes": ("float64",), "seed": 4, "max_examples": 40}
    return run(op, **(settings | arguments)).entries[0]


def folders():
    return sorted(path.name for path in HOME.iterdir()) if HOME.exists() else []


def test_failure_is_kept_with_all_that_was_found():
    failure = entry(subject(2), special_values=False).failure
    (name,) = folders()
    assert name.startswith("tanh-float64-")
    assert len(name.split("-")[2]) == 12
    assert failure.saved == str(HOME / name)
    assert not failure.kept
    found = read(failure.saved)
    assert (found.op, found.subject, found.spec) == ("tanh", "manualgrad.activations.tanh", "")
    assert (found.limits, found.seed, found.sentences) == ({"special_values": False}, 4,
                                                           failure.sentences)  # fmt: skip
    assert found.truth == failure.truth
    assert found.versions["numpy"] == np.__version__
    cell = failure.comparisons[1].worst[0]
    assert float.fromhex(found.worst["grad_x"][0]["value"][1]) == cell.value
    assert float.fromhex(found.worst["grad_x"][0]["bound"][1]) == cell.bound
    assert (Path(failure.saved) / "reproduce.py").read_text() == failure.script
    for case_name, array in failure.case.arrays.items():
        assert found.case.arrays[case_name].tobytes() == array.tobytes()


def test_kept_case_is_tried_first_and_not_shrunk_again(monkeypatch):
    first = entry(WRONG)
    monkeypatch.setattr("oracles.runner.search", None)  # nothing is generated
    again = entry(WRONG, seed=99)
    assert again.cases == 1
    assert again.failure.kept
    assert again.failure.saved == first.failure.saved
    assert again.failure.sentences == first.failure.sentences
    assert again.failure.blob == ""
    text = failure_text(again)
    assert "in float64 (a counterexample kept from an earlier run)" in " ".join(text.split())
    saved = first.failure.saved
    assert f"saved; to run it again:\n    oracle-diff replay {saved}" in text
    assert len(folders()) == 1


def test_kept_case_on_which_the_subject_is_right_now_stays_and_is_told():
    failure = entry(WRONG).failure
    report = run(RIGHT, oracles=(), dtypes=("float64", "float32"), seed=4)
    assert report.passed
    assert [each.kept_passed for each in report.entries] == [1, 0]
    line = "tanh float64: right on 1 kept from earlier runs"
    assert line in footer(report).plain
    assert line in markdown(report)
    assert folders() == [Path(failure.saved).name]
    assert "kept from earlier runs" not in footer(run(RIGHT, oracles=(), keep=False)).plain


def test_kept_cases_that_pass_change_nothing_else_in_the_report():
    alone = entry(RIGHT)
    entry(WRONG)
    beside = entry(RIGHT)
    assert beside.kept_passed == 1
    for name in ("cases", "elements", "tallies", "laws", "failure", "notes"):
        assert getattr(beside, name) == getattr(alone, name)


@pytest.mark.parametrize("changes", [
    {"special_values": False}, {"dtypes": ("float32",)}, {"keep": False},
    {"directory": "elsewhere"},
])  # fmt: skip
def test_other_limits_dtypes_and_directories_are_none_of_theirs(changes):
    entry(WRONG)
    assert entry(RIGHT).kept_passed == 1
    assert entry(RIGHT, **changes).kept_passed == 0


def test_limits_in_force_are_the_subjects_own_and_the_runs_together():
    wrong = ops.tanh.implemented_by(tanh, lambda g, x: g, limits={"layouts": False})
    right = ops.tanh.implemented_by(tanh, tanh_backward)
    assert read(entry(wrong).failure.saved).limits == {"layouts": False}
    assert entry(right).kept_passed == 0
    assert entry(right, layouts=False).kept_passed == 1


def test_other_subjects_and_operations_are_none_of_theirs():
    entry(WRONG)
    other = ops.tanh.implemented_by(np.tanh, tanh_backward)
    assert entry(other).kept_passed == 0
    assert entry(ops.arctan).kept_passed == 0


def test_nothing_is_kept_where_it_is_not_wanted():
    failure = entry(WRONG, keep=False).failure
    assert (failure.saved, folders()) == ("", [])
    assert "saved; to run" not in failure_text(entry(WRONG, keep=False))


def test_blob_is_tried_alone():
    failure = entry(WRONG).failure
    assert failure.blob
    again = entry(WRONG, blob=failure.blob).failure
    assert not again.kept
    assert again.saved == failure.saved
    assert entry(RIGHT, blob=failure.blob).kept_passed == 0


def test_identical_case_makes_no_second_folder():
    x = np.array([0.75, 0.25])
    case = Case("tanh", {"x": x}, {}, np.array([1.0, 3.0]))
    saved = set()
    for _ in range(2):
        shutil.rmtree(".oracles-aside", ignore_errors=True)
        saved.add(entry(WRONG, examples=[case]).failure.saved)
    assert len(folders()) == len(saved) == 1
    other = Case("tanh", {"x": x}, {}, np.array([1.0, -3.0]))
    entry(WRONG, examples=[other])
    assert len(folders()) == 2


def kept_many(count):
    """Keep so many cases of different numbers, one a second."""
    for number in range(count):
        x = np.array([1.0 + number])
        saved = entry(WRONG, examples=[Case("tanh", {"x": x}, {}, np.ones(1))]).failure.saved
        os.utime(Path(saved) / CASE, (1000 + number, 1000 + number))


def test_newest_are_tried_first_and_not_all(monkeypatch):
    assert module.MOST == 20
    monkeypatch.setattr(module, "MOST", 3)
    kept_many(4)
    seen = {}

    def backward(g, x):
        seen[str(x.tolist())] = True
        return tanh_backward(g, x)

    assert entry(ops.tanh.implemented_by(tanh, backward)).kept_passed == 3
    assert list(seen)[:3] == ["[4.0]", "[3.0]", "[2.0]"]


def test_unreadable_folders_are_noted_and_never_in_the_way():
    kept_many(2)
    first, second = sorted(HOME.iterdir())
    (first / CASE).write_text("{")
    (HOME / "tanh-float64-000000000000").mkdir()
    (HOME / "tanh-float64-a file").write_text("")
    found = entry(RIGHT)
    assert found.kept_passed == 1
    assert len(found.notes) == 3
    assert any("is no counterexample: case.json is not JSON" in note for note in found.notes)
    report = run(RIGHT, oracles=(), dtypes=("float64",), max_examples=3)
    for text in (" ".join(footer(report).plain.split()), markdown(report)):
        assert f"not tried: {first} is no counterexample: case.json is not JSON" in text
    assert entry(WRONG).failure.saved == str(second)


def test_case_that_does_not_fit_the_operation_is_noted(monkeypatch):
    case = Case("dense", {"x": np.ones((1, 2)), "w": np.ones((2, 1))}, {}, np.ones((1, 1)))
    wrong = ops.dense.implemented_by(dense, lambda g, x, w: dense_backward(2 * g, x, w))
    saved = entry(wrong, examples=[case]).failure.saved
    text = (Path(saved) / CASE).read_text()
    (Path(saved) / CASE).write_text(text.replace('"options": {}', '"options": {"k": 1}'))
    found = entry(ops.dense.implemented_by(dense, dense_backward))
    assert found.passed
    assert "not tried: " in found.notes[0]


def test_directory_that_cannot_be_written_is_noted():
    Path("taken").write_text("")
    found = entry(WRONG, directory="taken")
    assert found.failure.saved == ""
    assert "this failure could not be kept: " in found.notes[0]
    with pytest.raises(OracleMismatch, match="grad_x: WRONG"):
        check(WRONG, oracles=(), directory="taken")


def test_options_that_json_has_not_are_noted():
    case = Case("softmax", {"x": np.ones((2, 3))}, {"axis": np.int64(1)}, np.ones((2, 3)))
    op = ops.softmax.implemented_by(ops.softmax.forward, lambda g, x, axis: g + 0)
    (note,) = entry(op, examples=[case]).notes
    assert note.startswith("this failure could not be kept: the options are not what JSON can hold")


def rounded_above(limit):
    """Return dense that leaves the integers beyond a limit."""

    def forward(x, w, b=None):
        y = dense(x, w, b)
        return np.where(np.abs(y) > limit, y + y.dtype.type(0.5), y)

    return ops.dense.implemented_by(forward, dense_backward)


def test_case_on_the_lattice_is_kept_as_such():
    limits = {"special_values": False, "second_order": False, "evidence": ("lattice",)}
    first = entry(rounded_above(1000), **limits)
    assert first.failure.case.lattice > 0
    again = entry(rounded_above(1000), **limits)
    assert again.failure.kept
    assert again.failure.sentences == first.failure.sentences
    mended = rounded_above(np.inf)
    found = entry(mended, max_examples=3, **limits)
    assert (found.kept_passed, found.notes) == (1, ())
    limits["evidence"] = ("bound",)
    assert entry(mended, max_examples=3, **limits).kept_passed == 0


def test_second_order_is_asked_of_who_has_it():
    wrong = ops.tanh.implemented_by(tanh, tanh_backward, lambda v, g, x: (v, v))
    saved = entry(wrong).failure.saved
    assert read(saved).case.directions
    assert entry(wrong).failure.kept
    assert entry(RIGHT).kept_passed == 1


def test_refusal_is_neither_right_nor_wrong():
    def refuses(x):
        if np.abs(x).max(initial=0) > 0.5:
            raise NotImplementedError
        return tanh(x)

    refuses.__module__, refuses.__qualname__ = tanh.__module__, tanh.__qualname__
    entry(WRONG)
    op = ops.tanh.implemented_by(refuses, tanh_backward, unsupported=NotImplementedError)
    found = entry(op)
    assert (found.kept_passed, found.failure) == (0, None)
