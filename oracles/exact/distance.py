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
    infinity, or both are and differ; 0 of NaN where that is right as well.
    """
    error = _error_to_numbers(true, value)
    return error if true.or_nan is False else np.where(np.isnan(value) & true.or_nan, 0.0, error)


def _error_to_numbers(true: Approximate, value: Array) -> FloatArray:
    if true.doubles is not None:
        return _error_to_doubles(true.doubles, value)
    pairs = zip(true.value.ravel(), value.ravel().tolist(), strict=True)
    errors = [_distance(truth, number) for truth, number in pairs]
    return np.array(errors, dtype=np.float64).reshape(value.shape)


def _error_to_doubles(true: Doubles, value: Array) -> FloatArray:
    """Return the distances; the two differences round them by less than 2**-51 of themselves."""
    given = value.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs((given - true.head) - true.rest)
    if np.isfinite(error).all():
        return np.asarray(error)
    same = (given == true.head) | (np.isnan(given) & np.isnan(true.head))
    either = np.isfinite(given) & np.isfinite(true.head)
    return np.where(either, error, np.where(same, 0.0, np.inf))


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
