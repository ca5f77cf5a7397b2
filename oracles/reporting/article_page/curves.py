"""The curves of three trainings as points of a drawing, the cost on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

LEFT, RIGHT, TOP, BOTTOM = 56, 640, 16, 300
"""The corners of the plot; labels stand right of it."""

MOST_TICKS = 6
"""More decades than these, and not each has its tick."""

LABEL_GAP = 30
"""Least distance between the labels of two curves."""


@dataclass(frozen=True)
class Curve:
    """A training: its version, points for an SVG, first and last cost, where its label stands."""

    version: str
    points: str
    first: float
    last: float
    label_y: float


@dataclass(frozen=True)
class Chart:
    """All of them, with ticks: ``(place, text)``; whether each ends lower than it began."""

    curves: tuple[Curve, ...]
    epochs: tuple[tuple[float, str], ...]
    costs: tuple[tuple[float, str], ...]
    all_fall: bool


def chart(costs: Mapping[str, Sequence[float]]) -> Chart:
    """Return the curves by version; each has the cost before training and after each epoch."""
    count = max(map(len, costs.values())) - 1
    axis = _decades([cost for values in costs.values() for cost in values])
    labels = _spread({name: _y(values[-1], axis) for name, values in costs.items()})
    return Chart(
        curves=tuple(
            Curve(name, _points(values, count, axis), values[0], values[-1], labels[name])
            for name, values in costs.items()
        ),
        epochs=tuple((_x(n, count), str(n)) for n in range(0, count + 1, max(1, count // 5))),
        costs=tuple(_ticks(axis)),
        all_fall=all(values[-1] < values[0] for values in costs.values()),
    )


def _decades(costs: Sequence[float]) -> tuple[int, int]:
    """Return the whole decades around all costs above 0: exponents of the lowest and highest."""
    above = [cost for cost in costs if cost > 0]
    if not above:
        return -3, 0
    low, below = (Decimal(repr(cost)).adjusted() for cost in (min(above), max(above)))
    high = below + 1 if max(above) > float(f"1e{below}") else below
    return low, max(high, low + 1)


def _ticks(axis: tuple[int, int]) -> Iterator[tuple[float, str]]:
    low, high = axis
    for n in range(low, high + 1, math.ceil((high - low) / MOST_TICKS)):
        place = BOTTOM - (BOTTOM - TOP) * (n - low) / (high - low)
        yield place, f"1e{n}" if abs(n) > 4 else f"{10.0**n:g}"


def _points(values: Sequence[float], count: int, axis: tuple[int, int]) -> str:
    return " ".join(f"{_x(n, count):.1f},{_y(value, axis):.1f}" for n, value in enumerate(values))


def _x(epoch: int, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * epoch / max(count, 1)


def _y(cost: float, axis: tuple[int, int]) -> float:
    low, high = axis
    height = (math.log10(cost) - low) / (high - low) if cost > 0 else 0.0
    return BOTTOM - (BOTTOM - TOP) * min(max(height, 0.0), 1.0)


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """Move labels that would stand on one another apart: those below stay, others go up."""
    found: dict[str, float] = {}
    above = math.inf
    for name in sorted(places, key=lambda name: -places[name]):
        found[name] = above = min(places[name], above - LABEL_GAP)
    return found
