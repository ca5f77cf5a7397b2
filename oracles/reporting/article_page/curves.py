"""The curves of three trainings as points of a drawing, the cost on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEFT, RIGHT, TOP, BOTTOM = 56, 640, 16, 300
"""The corners of the plot; labels stand right of it."""

DECADES = (-3, 0)
"""Costs from a thousandth to 1; the script draws no other."""

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
    """All of them, with ticks: ``(place, text)``."""

    curves: tuple[Curve, ...]
    epochs: tuple[tuple[float, str], ...]
    costs: tuple[tuple[float, str], ...]


def chart(costs: Mapping[str, Sequence[float]]) -> Chart:
    """Return the curves by version; each has the cost before training and after each epoch."""
    count = max(map(len, costs.values())) - 1
    labels = _spread({name: _y(values[-1]) for name, values in costs.items()})
    return Chart(
        curves=tuple(
            Curve(name, _points(values, count), values[0], values[-1], labels[name])
            for name, values in costs.items()
        ),
        epochs=tuple((_x(n, count), str(n)) for n in range(0, count + 1, max(1, count // 5))),
        costs=tuple((_y(10.0**n), f"{10.0**n:g}") for n in range(DECADES[0], DECADES[1] + 1)),
    )


def _points(values: Sequence[float], count: int) -> str:
    return " ".join(f"{_x(n, count):.1f},{_y(value):.1f}" for n, value in enumerate(values))


def _x(epoch: int, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * epoch / max(count, 1)


def _y(cost: float) -> float:
    low, high = DECADES
    height = (math.log10(cost) - low) / (high - low) if cost > 0 else 0.0
    return BOTTOM - (BOTTOM - TOP) * min(max(height, 0.0), 1.0)


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """Move labels that would stand on one another apart: those below stay, others go up."""
    found: dict[str, float] = {}
    above = math.inf
    for name in sorted(places, key=lambda name: -places[name]):
        found[name] = above = min(places[name], above - LABEL_GAP)
    return found
