from dataclasses import replace

import numpy as np
import pytest

import manualgrad
from benchmarks.growth import MOST, OVERHEAD, Point, claims_list, fits_table, growth, points_table
from benchmarks.growth_points import Question
from benchmarks.shapes import Shape
from benchmarks.stats import fit
from benchmarks.workspace import Found, _measure, found


def _points(ask, *, exponent=1.0, workspace=2**20):
    """Return points whose time grows by the exponent."""
    points = []
    for n in (1, 10, 100, 1000, 10000):
        shape = Shape(f"{n}", "conv2d", (n, 1, 4, 4), (1, 1, 1, 1))
        answer = Found((1e-4 * n**exponent,) * 3, 2**20 * n, 2**20 * n, workspace, workspace)
        points.append(Point(Question("batch", shape, "float32", ask), answer))
    return points


@pytest.mark.parametrize(
    ("exponent", "holds"), [(1.0, True), (1.05, True), (0.8, True), (2.0, False)]
)
def test_time_is_fitted_beyond_the_overhead(exponent, holds):
    told = growth(_points(True, exponent=exponent))
    (series,) = told.series
    assert series.decades == 4
    slow = [p for p in series.points if p.times.median >= OVERHEAD * 1e-4]
    assert len(slow) < len(series.points)
    assert series.time == fit([(p.multiply_adds, p.times.median) for p in slow])
    assert told.claims[0].holds is holds


@pytest.mark.parametrize(("workspace", "holds"), [(MOST, True), (MOST + 1, False)])
def test_too_much_workspace_refutes(workspace, holds):
    told = growth(_points(True, workspace=workspace))
    assert told.claims[2].holds is holds
    assert ("REFUTED" in claims_list(told)) is not holds


def test_memory_that_outgrows_input_and_output_refutes():
    points = _points(True)
    assert growth(points).claims[1].holds is True
    squared = [
        replace(p, found=replace(p.found, workspace=p.found.in_and_out**2 // 2**26)) for p in points
    ]
    assert growth(squared).claims[1].holds is False


def test_too_few_points_leave_a_claim_open():
    told = growth(_points(True)[:2])
    assert [claim.holds for claim in told.claims] == [None, None, True]
    assert "**open**" in claims_list(told)
    assert "too short" in fits_table(told)


def test_large_shapes_are_not_fitted():
    told = growth(_points(False))
    assert told.series == ()
    assert len(told.large) == 5
    assert points_table(told).count("one call") == 5


def test_a_fresh_process_finds_time_and_memory():
    shape = Shape("small", "conv2d", (2, 3, 40, 40), (5, 3, 3, 3), {"padding": (1, 1)})
    answer = found(shape, "float64", timed=True)
    operands = 8 * (2 * 3 * 1600 + 5 * 3 * 9 + 5 + 2 * 5 * 1600)
    assert answer.operands == operands
    assert answer.in_and_out == 2 * operands  # y is as large as the cotangent
    assert len(answer.seconds) >= 3
    assert 0 < answer.workspace < MOST


@pytest.mark.parametrize("wasteful", ["conv2d", "conv2d_backward"])
def test_workspace_is_seen_in_forward_and_in_backward(wasteful, monkeypatch):
    right, waste = getattr(manualgrad, wasteful), 2**23

    def called(*operands, **options):
        kept = np.ones(waste, np.uint8)
        result = right(*operands, **options)
        assert kept.all()  # alive until now
        return result

    shape = Shape("", "conv2d", (1, 1, 2000, 1000), (1, 1, 1, 1))
    clean = _measure(shape, "float32", timed=False).workspace
    monkeypatch.setattr(manualgrad, wasteful, called)
    found = _measure(shape, "float32", timed=False)
    assert found.workspace >= waste > clean
    assert len(found.seconds) == 1


def test_a_process_that_fails_says_why():
    shape = Shape("none", "conv2d", (1, 2, 4, 4), (1, 3, 3, 3))
    with pytest.raises(RuntimeError, match=r"none, float32: (?s:.*)channels"):
        found(shape, "float32", timed=False)
