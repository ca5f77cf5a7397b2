"""From made-up measurements to page, panels and plot."""

from dataclasses import replace

import pytest

from benchmarks.checks import OURS, Checks
from benchmarks.convolutions import Row, Timing
from benchmarks.growth import MOST, Point, growth
from benchmarks.growth_points import questions
from benchmarks.machine import Ceilings, Machine
from benchmarks.page import page
from benchmarks.panels import panels
from benchmarks.plot import svg
from benchmarks.rates import Bin, Rate, Rates
from benchmarks.results import Results
from benchmarks.shapes import SHAPES
from benchmarks.stats import Times
from benchmarks.workspace import Found

_CEILINGS = Ceilings(1e11, 1e10, 5e10)


@pytest.fixture(scope="module")
def results():
    return Results(
        "python -m benchmarks", _machine(), tuple(_rows()), tuple(_checks()), _rates(), _growth()
    )


def _machine():
    both = {"float64": _CEILINGS, "float32": replace(_CEILINGS, gemm=2e11)}
    return Machine("a processor", 2, "a system", "a BLAS", {"numpy": "1.2.3"}, 0.5, 2**20, both)


def _rows():
    for dtype in ("float64", "float32"):
        for shape in SHAPES[:3]:
            timings = {
                name: Timing((2.0 * n, 1.0 * n, 3.0 * n))
                for n, name in enumerate(("manualgrad", "torch", "jax"), 1)
            }
            yield Row(shape, dtype, 6 * 10**9, _CEILINGS, timings)


def _checks():
    for elements in (50, 300):
        times = {OURS: Times((1e-3, 2e-3, 4e-3)), "gradcheck, slow": Times((0.25, 0.5, 1.0))}
        yield Checks((elements,) * 3, times)


def _rates():
    times = Times((0.1, 0.2, 0.1))
    bins = [
        Bin("conv2d", ("torch",), least, (least + 1,) * 3, 2, times, Times((0.4,) * 3))
        for least in (0, 100)
    ]
    return Rates((Rate("conv2d", ("torch",), 20.0, 21.0, 10, 60, 2.0),), tuple(bins))


def _growth():
    points = []
    for question in questions():
        size = question.shape.multiply_adds
        found = Found((1e-9 * size,) * 3, size, size, min(size, 2**20), 0)
        points.append(Point(question, found))
    return growth(points)


def test_the_page_holds_what_was_measured(results):
    text = page(results)
    for told in (
        "Made by `python -m benchmarks`",
        "a processor, 2 cores for this process, a system",
        "float32: matrix product (2048 x 2048) 200 GFLOP/s; copying 64 MiB 10.0 GB/s, copying 256 "
        "KiB within the second level cache 50.0 GB/s",
        "| article 4x4 | float64 | 2e+03 ms +-50% | 3 | 4e+03 ms +-50% | 1.5 |",
        "| 3% | 2.00 | 3.00 |",
        "| 300 | 3 | gradcheck, slow | 500 ms | 375 to 750 ms | 250 |",
        "| conv2d | torch | 20 | 21 | 5 | 35 |",
        "| conv2d | torch | 100 to 299 | 101 | 3 | 2 | 8 | 100 ms | 100 to 150 ms | 2 |",
        "- **confirmed**: Workspace beyond inputs and outputs is at most 64 MiB.",
        "| conv2d | batch | 3.0 | 1.00 |",
    ):
        assert told in text


def test_parts_left_out_are_left_out(results):
    text = page(replace(results, convolutions=(), growth=None))
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## (b) Cost of one check of the same case", "## (c) Cases per second",
    ]  # fmt: skip
    assert len(panels(replace(results, checks=(), rates=None))) == 4


def test_panels_hold_the_numbers(results):
    found = panels(results)
    assert [panel.title[:3] for panel in found] == ["(a)", "(a)", "(b)", "(c)", "(d)", "(d)"]
    speed, cost, rates, time, workspace = found[0], *found[2:]
    assert [line.label for line in speed.lines] == ["manualgrad", "torch", "jax"]
    mark = speed.lines[0].marks[1]
    assert (mark.x, round(mark.y), mark.low, mark.high) == (3.0, 1, 2.0, 6.0)
    assert speed.level == (100.0, "gemm peak")
    mark = cost.lines[1].marks[0]
    assert (mark.x, mark.y, mark.low, mark.high) == (50, 500, 375, 750)
    mark = rates.lines[0].marks[1]
    assert (mark.x, mark.y) == (101, 7.5)
    assert mark.low <= 10 == mark.high
    assert len(time.lines) == 9
    assert time.lines[0].marks[0].y == 1e-6 * time.lines[0].marks[0].x
    assert workspace.level == (MOST / 2**20, "64 MiB")
    assert workspace.lines[-1].label == "large shapes"


def test_the_same_numbers_give_the_same_plot(results):
    drawn = svg(panels(results))
    assert drawn == svg(panels(results))
    assert drawn.startswith("<?xml")
    assert "<dc:date>" not in drawn
    assert "path" in drawn
