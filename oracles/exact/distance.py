"""How far given numbers lie from true ones."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np
from flint import arb

from oracles.exact.bounded import (
    Approximate,
    Array,
    Doubles,
    FloatArray,
    as_ball,
    rational,
    to_float,
)


def error_to(true: Approximate, value: Array) -> FloatArray:
    """Return ``|value - truth|`` for each element.

    Where truth is a ball of positive radius (a kink, at which any one-sided derivative is
    right), the distance to the ball. Infinite where exactly one of the two is NaN or an
    infinity, or both are and differ.
    """
    if true.doubles is not None:
        return _error_to_doubles(true.doubles, value, or_nan=true.or_nan)
    pairs = zip(true.value.ravel(), value.ravel().tolist(), strict=True)
    errors = [
        0.0 if true.or_nan and np.isnan(number) else _distance(truth, number)
        for truth, number in pairs
    ]
    return np.array(errors, dtype=np.float64).reshape(value.shape)


def _error_to_doubles(true: Doubles, value: Array, *, or_nan: bool) -> FloatArray:
    """Return the distances; the two differences round them by less than 2**-51 of themselves."""
    given = value.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs((given - true.head) - true.rest)
    if np.isfinite(error).all():
        return np.asarray(error)
    same = (given == true.head) | (np.isnan(given) & np.isnan(true.head))
    either = np.isfinite(given) & np.isfinite(true.head)
    error = np.where(either, error, np.where(same, 0.0, np.inf))
    return np.where(np.isnan(given), 0.0, error) if or_nan else error


def _distance(truth: Any, number: float) -> float:
    if isinstance(truth, float):
        same = truth == number or (np.isnan(truth) and np.isnan(number))
        return 0.0 if same else np.inf
    if not isfinite(number):
        return np.inf
    if isinstance(truth, int) and number.is_integer():
        return to_float(abs(int(number) - truth))
    difference = rational(number) - truth if not isinstance(truth, arb) else arb(number) - truth
    return float(as_ball(difference).abs_lower())
