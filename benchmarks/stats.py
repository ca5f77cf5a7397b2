"""Medians, spreads and fitted exponents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from statistics import linear_regression, median, quantiles


@dataclass(frozen=True)
class Times:
    """Seconds of several calls, or of one on each of several cases."""

    each: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.each:
            raise ValueError("`each` (=()) must hold at least one time")

    @property
    def median(self) -> float:
        return median(self.each)

    @property
    def rate(self) -> float:
        """How many in a second, all taken together."""
        return len(self.each) / sum(self.each)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile; of a single time, that time twice."""
        if len(self.each) == 1:
            return self.each[0], self.each[0]
        low, _, high = quantiles(self.each, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Fit:
    """How y grows with x: y is about ``x ** exponent`` times a constant.

    Attributes
    ----------
    points
        Over how many.
    decades
        Over how many decades of x.
    """

    exponent: float
    points: int
    decades: float


def fit(points: Sequence[tuple[float, float]], *, least_decades: float = 1.0) -> Fit | None:
    """Return the slope of log y against log x, or None if x hardly varies.

    Parameters
    ----------
    points
        Pairs (x, y), all positive.
    least_decades
        Of x: with fewer, a slope says nothing.

    Raises
    ------
    ValueError
        If a number is not positive.
    """
    for point in points:
        if min(point) <= 0:
            raise ValueError(f"`points` (holding {point}) must be positive")
    if len(points) < 3:
        return None
    xs, ys = [log10(x) for x, _ in points], [log10(y) for _, y in points]
    decades = max(xs) - min(xs)
    if decades < least_decades:
        return None
    return Fit(linear_regression(xs, ys).slope, len(points), decades)
