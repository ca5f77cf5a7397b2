"""Truth at given inputs: by balls, or by the float64 reference where that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb

from oracles.every_float.entries import Entry
from oracles.every_float.reference import doubtful, reference
from oracles.exact.elementwise import BEYOND, Pieces, jet

Array = npt.NDArray[Any]
Split = tuple[float, float]

_INFINITE = arb(2) ** 1100


@dataclass(frozen=True, eq=False)
class Sided:
    """One-sided derivatives: `left` and `right` of the inputs number `at`."""

    at: Array
    left: Array
    right: Array


@dataclass(frozen=True, eq=False)
class Truth:
    """True values and derivatives, as float64 arrays; NaN where the input is.

    Attributes
    ----------
    value, slope
        The float64 numbers nearest to truth, or within the reference's bound of it.
    value_rest, slope_rest
        What these lack, where it is known; else 0.
    kinks
        Inputs that are knots, where any slope between the one-sided ones is right.
    """

    value: Array
    slope: Array
    value_rest: Array | float
    slope_rest: Array | float
    kinks: Sided


def fast_truth(entry: Entry, x: Array) -> Truth:
    """Return truth at the float64 array `x` of short floats, to `reference.BOUND`."""
    value, slope = reference(entry, x)
    at = np.flatnonzero(doubtful(entry, x))
    if not at.size:
        return Truth(value, slope, 0.0, 0.0, _NO_KINKS)
    exact = ball_truth(entry, x[at])
    value, slope = np.array(value), np.array(slope)
    value[at], slope[at] = exact.value, exact.slope
    kinks = Sided(at[exact.kinks.at], exact.kinks.left, exact.kinks.right)
    return Truth(value, slope, 0.0, 0.0, kinks)


def ball_truth(entry: Entry, x: Array) -> Truth:
    """Return truth at any float64 array of one axis, to twice float64's precision."""
    pieces = entry.pieces
    rows = [_at(pieces, number) for number in x.tolist()]
    columns = np.array([(*v, *sides[0]) for v, sides in rows], np.float64).reshape(-1, 4).T
    at = [i for i, (_, sides) in enumerate(rows) if len(sides) > 1]
    left, right = (np.array([rows[i][1][side][0] for i in at], np.float64) for side in (0, -1))
    kinks = Sided(np.array(at, np.intp), left, right)
    value, value_rest, slope, slope_rest = columns
    return Truth(value, slope, value_rest, slope_rest, kinks)


def slopes_at(pieces: Pieces, x: float) -> list[float]:
    """Return the derivative at `x`, at a knot the one from the left and the one from the right."""
    return [number for number, _ in _at(pieces, x)[1]]


def _at(pieces: Pieces, x: float) -> tuple[Split, list[Split]]:
    """Return the value, and the slope of every piece that `x` belongs to; limits at infinities."""
    if np.isnan(x):
        return (x, 0.0), [(x, 0.0)]
    ball = arb(x) if np.isfinite(x) else BEYOND if x > 0 else -BEYOND
    jets = [jet(Pieces((function,)), ball) for function in pieces.touching(ball)]
    return _split(jets[0].value), [_split(each.slope) for each in jets]


def _split(ball: Any) -> Split:
    """Return the float64 number nearest to the centre of `ball`, and the rest."""
    if ball.abs_lower() > _INFINITE:
        return float("inf") if ball > 0 else float("-inf"), 0.0
    near = float(ball.mid())
    if np.isinf(near):
        return near, 0.0
    rest = float((ball.mid() - arb(near)).mid())
    nearest = near + rest
    return nearest, rest - (nearest - near) if np.isfinite(nearest) else 0.0


_NO_KINKS = Sided(np.zeros(0, np.intp), np.zeros(0), np.zeros(0))
