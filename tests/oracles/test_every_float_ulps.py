"""ULP and counts on planted answers."""

import numpy as np
import pytest

from oracles.every_float.score import Score, Worst
from oracles.every_float.ulps import ruler, score

SUBNORMAL = 2.0**-149


def one(truth, answer, dtype="float32", **options):
    against = ruler(np.array([truth], np.float64), dtype, rest=options.pop("rest", 0.0))
    return score(np.array([1.0], dtype), np.array([answer], dtype), against, **options)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_neighbours_are_one_ulp_apart(dtype):
    info = np.finfo(dtype)
    for truth in (1.0, 1.5, 3.0, float(info.tiny), float(info.smallest_subnormal) * 3):
        above = np.nextafter(np.asarray(truth, dtype), np.asarray(9, dtype))
        assert one(truth, truth, dtype).misrounded == 0
        found = one(truth, above, dtype)
        assert (found.ulps, found.misrounded) == (1.0, 1)


def test_the_ulp_is_that_of_truth():
    below_one = 1 - 2.0**-24
    assert one(1.0, below_one).ulps == 0.5  # the binade of 1
    assert one(below_one, 1.0).ulps == 1.0


def test_errors_are_fractions_of_an_ulp():
    found = one(1 + 0.75 * 2.0**-23, 1.0)
    assert (found.ulps, found.misrounded) == (0.75, 1)
    assert one(1 + 0.5 * 2.0**-23, 1.0).misrounded == 0
    assert one(SUBNORMAL * 0.25, SUBNORMAL).ulps == 0.75


def test_float64_is_measured_with_what_truth_lacks():
    u = 2.0**-52
    assert one(1.0, 1.0, "float64", rest=u / 4).ulps == 0.25
    assert one(1.0, 1.0 + u, "float64", rest=-u / 4).ulps == 1.25


def test_zero_where_truth_is_a_number():
    found = one(1e-30, 0.0)
    assert (found.zeros, found.flushed, found.worst, found.misrounded) == (1, 0, None, 1)
    assert found.spurious_at == 1.0
    assert one(0.0, 0.0).spurious == 0
    assert one(SUBNORMAL / 2, 0.0).zeros == 0  # rounds to zero


def test_flushed_subnormals_are_counted_apart():
    found = one(SUBNORMAL * 100, 0.0)
    assert (found.zeros, found.flushed, found.spurious, found.worst) == (0, 1, 0, None)
    assert found.misrounded == 1


def test_infinities():
    assert one(1e39, np.inf).misrounded == 0  # rounds to infinity
    assert one(-1e39, np.inf).infinities == 1
    assert one(3e38, np.inf).infinities == 1
    assert one(np.inf, 3e38).infinities == 1
    assert one(np.inf, np.inf).spurious == 0


def test_nan():
    assert one(1.0, np.nan).nans == 1
    assert one(np.nan, 1.0).nans == 1
    assert one(np.nan, 0.0).nans == 1
    assert one(np.nan, np.nan).misrounded == 0
    for answer in (0.0, 1.0, np.inf, np.nan):
        found = one(np.nan, answer, free_nan=True)
        assert (found.inputs, found.misrounded, found.spurious) == (0, 0, 0)
    assert one(1.0, np.nan, free_nan=True).nans == 1


def test_a_spurious_answer_does_not_hide_the_worst():
    truth = np.array([1.0, 2.0, 4.0, 1e-40])
    answer = np.array([np.nan, 2.0 + 2.0**-21, 4.0, 0.0], np.float32)
    found = score(np.array([1, 2, 3, 4], np.float32), answer, ruler(truth, "float32"))
    assert found == Score(4, 3, nans=1, flushed=1, spurious_at=1.0,
                          worst=Worst(2.0, 2.0, 2.0 + 2.0**-21, 2.0))  # fmt: skip


def test_scores_add_up_in_any_order():
    scores = [
        Score(3, 1, worst=Worst(0.5, 2, 0, 0)),
        Score(4, worst=Worst(0.5, -1, 0, 0)),
        Score(5, 2, nans=1, spurious_at=float("nan")),
        Score(1, 1, zeros=1, spurious_at=3.0),
    ]
    total = scores[0] + scores[1] + scores[2] + scores[3]
    assert total == scores[3] + (scores[1] + scores[0]) + scores[2]
    assert total == Score(13, 4, zeros=1, nans=1, worst=scores[1].worst, spurious_at=3.0)
