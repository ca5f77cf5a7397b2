"""The planted errors themselves: the code without them is right, each of them is convicted."""

from itertools import product

import numpy as np
import pytest

from oracles.checking import run
from tests.oracles.planted import ERRORS, PLANTED, RIGHT
from tests.oracles.planted.plugging import plugged
from tests.oracles.planted.pooling import RIGHT as POOLING


def name(each):
    return " ".join(str(part) for part in (getattr(each, "number", ""), each.op, each.title))


def of_catalog(everything):
    return [pytest.param(each, id=name(each).strip()) for each in everything if each.op]


def examined(each, examples, dtypes=("float32", "float64")):
    return run(plugged(each), oracles=(), dtypes=dtypes, seed=18, max_examples=examples,
               evidence=("bound",))  # fmt: skip


def convicted(entry):
    """Names of what was wrong on the first failing case or on the smallest."""
    first = {tally.operand for tally in entry.tallies if tally.wrong_cases}
    return first | {each.operand for each in entry.failure.comparisons if not each.agrees}


@pytest.mark.parametrize("right", of_catalog(RIGHT))
def test_the_code_without_an_error_is_right_within_its_limits(right):
    report = examined(right, 60)
    assert [entry.failure for entry in report.entries] == [None, None]
    assert report.passed


@pytest.mark.parametrize("planted", of_catalog(PLANTED))
def test_planted_error_is_convicted_in_what_it_spoils_and_nothing_else(planted):
    (entry,) = examined(planted, planted.examples, dtypes=["float64"]).entries
    assert entry.failure is not None
    assert convicted(entry) == planted.wrong
    assert planted.sentence in entry.failure.sentences[0]


def test_every_error_is_planted_once_at_least_and_none_twice():
    assert {each.number for each in PLANTED} == set(ERRORS) == set(range(1, 19))
    assert len({name(each) for each in PLANTED}) == len(PLANTED)
    assert len({(each.op, each.cause) for each in PLANTED}) == len(PLANTED)


def test_planted_error_has_what_it_takes_to_judge_it():
    for each in PLANTED:
        assert bool(each.op) != bool(each.reference), each.title
        assert bool(each.wrong) != bool(each.sentence), each.title
        assert each.cause
        assert not each.cause.endswith(".")


# --- max pooling, which the catalog does not have -------------------------------------------------

POOLED = [each for each in PLANTED if each.op is None]
OPTIONS = [{"kernel": k, "stride": s} for k, s in product((1, 2, 3), (1, 2, 3))]


def distinct(shape):
    """Whole numbers of which no two are next to each other."""
    return 2.0 * np.random.default_rng(14).permutation(int(np.prod(shape))).reshape(shape)


def by_steps(g, x, options):
    """The gradient by steps of 1, too small to change which number of a window is largest."""
    gx, y = np.zeros_like(x), POOLING.reference(np, x, **options)
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] += 1
        gx[index] = np.sum(g * (POOLING.reference(np, moved, **options) - y))
    return gx


def cotangent(x, options):
    shape = POOLING.forward(x, **options).shape
    return np.random.default_rng(1).integers(1, 9, shape).astype(np.float64)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_pooling_without_an_error_is_right(options):
    x = distinct((2, 3, 5, 4))
    assert (POOLING.forward(x, **options) == POOLING.reference(np, x, **options)).all()
    g = cotangent(x, options)
    assert (POOLING.backward(g, x, **options) == by_steps(g, x, options)).all()


def test_pooling_gives_the_cotangent_to_the_first_of_equal_numbers():
    x, g = np.ones((1, 1, 2, 3)), np.full((1, 1, 1, 2), 5.0)
    gx = POOLING.backward(g, x, kernel=2, stride=1)
    assert gx.tolist() == [[[[5, 5, 0], [0, 0, 0]]]]


def test_pooling_with_an_error_is_wrong_where_windows_overlap_or_numbers_are_equal():
    assigned, ties = POOLED
    apart, overlapping = {"kernel": 2, "stride": 2}, {"kernel": 3, "stride": 1}
    unlike, alike = distinct((1, 2, 5, 4)), np.ones((1, 2, 5, 4))

    def right(each, x, options):
        g = cotangent(x, options)
        return np.array_equal(
            each.backward(g, x, **options), POOLING.backward(g, x, **options)
        )  # fmt: skip

    assert right(assigned, unlike, apart)
    assert not right(assigned, unlike, overlapping)
    assert right(ties, unlike, overlapping)
    assert not right(ties, alike, apart)
