"""What the plot shows, as numbers: a panel for each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.checks import Checks
from benchmarks.convolutions import NAMES, Row
from benchmarks.growth import MOST, Growth, Point
from benchmarks.growth_points import OPS
from benchmarks.rates import Bin, Rates
from benchmarks.results import Results

_APART = 0.22
"""Of a row, between the contenders in it."""


@dataclass(frozen=True)
class Mark:
    """One point, with its spread along the axis that was measured."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """Points of one colour and form; `style` is a number, the same for what belongs together."""

    label: str
    marks: tuple[Mark, ...]
    colour: int
    style: int = 0
    joined: bool = True


@dataclass(frozen=True)
class Panel:
    """One set of axes, both logarithmic unless there are `names`.

    Attributes
    ----------
    names
        Of the rows, from the top: then y counts rows, and spreads lie along x.
    level
        A value that is drawn as a line across, upright if there are `names`; with its name.
    """

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    names: tuple[str, ...] = ()
    level: tuple[float, str] | None = None


def panels(results: Results) -> list[Panel]:
    """Return the panels of what was measured, in the order of reading."""
    rows = results.convolutions
    found = [
        speed([row for row in rows if row.dtype == dtype], dtype)
        for dtype in dict.fromkeys(row.dtype for row in rows)
    ]
    if results.checks:
        found.append(cost(results.checks))
    if results.rates:
        found.append(rates(results.rates))
    if results.growth:
        found += [time(results.growth), workspace(results.growth)]
    return found


def speed(rows: Sequence[Row], dtype: str) -> Panel:
    """Return (a) in one dtype: the speed of each contender on each shape."""
    lines = [
        Line(
            name,
            tuple(
                Mark(
                    row.speed(name) / 1e9, at + _APART * (number - 1),
                    row.flops / max(row.timings[name].rounds) / 1e9,
                    row.flops / min(row.timings[name].rounds) / 1e9,
                )
                for at, row in enumerate(rows)
            ),
            number, number, joined=False,
        )
        for number, name in enumerate(NAMES)
    ]  # fmt: skip
    return Panel(
        f"(a) Forward and backward, {dtype}", "GFLOP/s, range of the rounds", "", tuple(lines),
        tuple(row.shape.name for row in rows),
        (median(row.ceilings.gemm for row in rows) / 1e9, "gemm peak"),
    )  # fmt: skip


def cost(checks: Sequence[Checks]) -> Panel:
    """Return (b): what a check takes, by number of elements."""
    lines = [
        Line(
            name,
            tuple(
                Mark(
                    median(each.elements),
                    *(1e3 * s for s in (each.times[name].median, *each.times[name].quartiles)),
                )
                for each in checks
            ),
            number,
            number,
        )
        for number, name in enumerate(checks[0].times)
    ]
    return Panel(
        "(b) One check of a fresh conv_transpose2d",
        "elements of the case",
        "ms, median and quartiles",
        tuple(lines),
    )


def rates(found: Rates) -> Panel:
    """Return (c): cases per second, by number of elements."""
    kinds = dict.fromkeys((each.op, each.witnesses) for each in found.sizes)
    lines = []
    for number, (op, witnesses) in enumerate(kinds):
        bins = [each for each in found.sizes if (each.op, each.witnesses) == (op, witnesses)]
        name = f"{op}, {'+'.join(witnesses)}"
        lines += [
            Line(f"{name}: bounds", _rates(bins, "bound"), number, number),
            Line(f"{name}: lattice", _rates(bins, "lattice"), number, number + 3),
        ]
    return Panel(
        "(c) Fresh cases per second",
        "elements of the case",
        "cases/s; bars: quartiles of single cases",
        tuple(lines),
    )


def _rates(bins: Sequence[Bin], kind: str) -> tuple[Mark, ...]:
    marks = []
    for each in bins:
        times = each.bound if kind == "bound" else each.lattice
        low, high = times.quartiles
        marks.append(Mark(median(each.elements), times.rate, 1 / high, 1 / low))
    return tuple(marks)


def time(growth: Growth) -> Panel:
    """Return (d), time against multiply-adds."""
    lines = [
        Line(
            f"{each.op}, {each.series}",
            tuple(
                Mark(
                    p.multiply_adds, *(1e3 * s for s in (p.times.median, *p.times.quartiles))
                )
                for p in each.points
            ),
            *_look(growth, each.op, each.series),
        )
        for each in growth.series
    ]  # fmt: skip
    return Panel(
        "(d) Time of forward and backward",
        "multiply-adds",
        "ms, median and quartiles",
        (*lines, _linear(growth)),
    )


def _linear(growth: Growth) -> Line:
    """Return what would be linear, through the point of least time for each multiply-add."""
    points = [point for each in growth.series for point in each.points]
    least = min(1e3 * p.times.median / p.multiply_adds for p in points)
    sizes = sorted(point.multiply_adds for point in points)
    ends = tuple(Mark(x, least * x, least * x, least * x) for x in (sizes[0], sizes[-1]))
    return Line("linear, at the best speed", ends, -1)


def workspace(growth: Growth) -> Panel:
    """Return (d), workspace against input plus output."""
    lines = [
        Line(
            f"{each.op}, {each.series}", tuple(map(_space, each.points)),
            *_look(growth, each.op, each.series), joined=False,
        )
        for each in growth.series
    ]  # fmt: skip
    if growth.large:
        marks = tuple(map(_space, growth.large))
        lines.append(Line("large shapes", marks, len(_grows(growth)), 2, joined=False))
    return Panel(
        "(d) Workspace beyond input and output",
        "MiB of input plus output",
        "MiB",
        tuple(lines),
        level=(MOST / 2**20, f"{MOST // 2**20} MiB"),
    )


def _space(point: Point) -> Mark:
    found = point.found.workspace / 2**20
    return Mark(point.found.in_and_out / 2**20, found, found, found)


def _look(growth: Growth, op: str, series: str) -> tuple[int, int]:
    """Return colour and style: a colour for what grows, a style for the operation."""
    return _grows(growth).index(series), OPS.index(op)


def _grows(growth: Growth) -> list[str]:
    return list(dict.fromkeys(each.series for each in growth.series))
