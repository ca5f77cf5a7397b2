"""Rounding bounds derived from the operation itself; no tolerance is set by hand.

The model is the standard one: a floating-point operation returns the exact result times
``1 + delta`` with ``|delta| <= u``, plus at most one smallest subnormal number when it
underflows (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM
2002, equations 2.4 and 2.8). A sum of n products, in any order and with or without fused
multiply-add, then differs from the exact one by at most ``gamma(n) * sum |a||b|`` (section
3.1), and ``n`` and ``sum |a||b|`` are the same sum run on ones and on absolute values.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CALL = 8
"""Roundings that one call of an elementary function counts for: 4 ULP, the loosest accuracy
that the vector libraries behind NumPy, PyTorch and XLA document, is 8 unit roundoffs."""

_SLACK = 1 + 2.0**-30
"""The bounds are themselves computed in float64, from fewer than 2**20 operations each of
relative error 2**-53: this factor rounds them up."""


class _Format(NamedTuple):
    roundoff: float
    subnormal: float
    largest: float


@cache
def _format(dtype: np.dtype[Any]) -> _Format:
    info = np.finfo(dtype)
    return _Format(float(info.eps) / 2, float(info.smallest_subnormal), float(info.max))


def unit_roundoff(dtype: npt.DTypeLike) -> float:
    """Return u, half the distance from 1 to the next number of `dtype`."""
    return _format(np.dtype(dtype)).roundoff


def smallest_subnormal(dtype: npt.DTypeLike) -> float:
    """Return the smallest positive number of `dtype`, the most that an underflow can lose."""
    return _format(np.dtype(dtype)).subnormal


def gamma(n: npt.ArrayLike, dtype: npt.DTypeLike) -> FloatArray:
    """Return ``n u / (1 - n u)``, infinite where ``n u >= 1`` (Higham, lemma 3.1)."""
    nu = np.asarray(n, np.float64) * unit_roundoff(dtype)
    if nu.max(initial=0.0) < 1:
        return np.asarray(nu / (1 - nu))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(nu < 1, nu / (1 - nu), np.inf)


MISS_BITS = 40
"""A probable bound is exceeded with a probability of at most 2**-MISS_BITS for each element."""


SURE_TERMS = 65
"""Up to so many terms `gamma` is below its probable form, in every dtype."""


def probable_gamma(n: npt.ArrayLike, dtype: npt.DTypeLike) -> FloatArray:
    """Return the smaller of `gamma` and its probable form, which grows as the root of n.

    If rounding errors are independent with mean zero, an inner product of n terms is off by
    more than ``exp(lambda sqrt(n) u + n u^2 / (1 - u)) - 1`` times its sum of absolute values
    with probability at most ``2 n exp(-lambda^2 (1 - u)^2 / 2)`` (N. J. Higham and T. Mary, A
    new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 41, 2019,
    theorem 3.1); lambda is chosen so that this is 2**-40. Up to `SURE_TERMS` terms `gamma` is
    the smaller one.
    """
    count, u = np.asarray(n, np.float64), unit_roundoff(dtype)
    logarithm = np.log(2 * np.maximum(count, 1)) + MISS_BITS * np.log(2)
    factor = np.sqrt(2 * logarithm) / (1 - u)
    with np.errstate(over="ignore"):
        probable = np.expm1(factor * np.sqrt(count) * u + count * u * u / (1 - u))
    return np.minimum(gamma(n, dtype), probable)


def rounding_bound(
    terms: npt.ArrayLike,
    magnitude: npt.NDArray[Any],
    dtype: npt.DTypeLike | None,
    *,
    probable: bool = False,
) -> FloatArray:
    """Return the largest rounding error of a result of `terms` roundings.

    Parameters
    ----------
    terms
        Number of roundings n that a result passes through, one for each element or for all.
    magnitude
        The operation on absolute values, one for each element.
    dtype
        In which the operation is evaluated; None for exact arithmetic, where nothing is off.
    probable
        Whether `probable_gamma` takes the place of `gamma`.

    Returns
    -------
    float64 array
        ``gamma(n) * magnitude + n * smallest subnormal``; infinite where a partial sum may
        overflow, since then infinity and NaN are rightful results.
    """
    if dtype is None:
        return np.zeros(np.shape(magnitude))
    g = (probable_gamma if probable else gamma)(terms, dtype)
    underflow = np.asarray(terms, np.float64) * smallest_subnormal(dtype)
    reached = float(magnitude.max(initial=0.0)) * (1 + float(g.max(initial=0.0)))
    if reached < _format(np.dtype(dtype)).largest:  # as almost always: nothing is infinite
        return np.asarray((g * magnitude + underflow) * _SLACK)
    with np.errstate(over="ignore", invalid="ignore"):
        # 0 * inf: nothing is summed, nothing can be off.
        bound = np.where(magnitude == 0, 0.0, g * magnitude) + underflow
        overflows = magnitude * (1 + g) >= _format(np.dtype(dtype)).largest
    return np.where(overflows, np.inf, bound * _SLACK)


def round_up(bound: npt.NDArray[Any]) -> FloatArray:
    """Return `bound` enlarged by what its own evaluation in float64 may have lost."""
    return np.asarray(bound, np.float64) * _SLACK
