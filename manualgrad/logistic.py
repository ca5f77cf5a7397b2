"""The logistic function, products with it, and its logarithm, in both tails.

Every exponential is of a negative number. Complex numbers of small imaginary part flow through.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import multiplied, scaled_exp
from manualgrad.normal import bounded

Array = npt.NDArray[Any]


def absolute(x: Array) -> Array:
    """Return |x|, analytic on either side of zero for complex x."""
    return np.abs(x) if x.dtype.kind == "f" else np.where(x.real < 0, -x, x)


def logistic(x: Array) -> Array:
    """Return ``1 / (1 + exp(-x))``."""
    e = np.exp(-absolute(x))
    # `where` mispredicts: of random signs it takes longer than an exponential.
    above = np.exp(np.minimum(x, 0)) if x.dtype.kind == "f" else np.where(x.real < 0, e, 1)
    return np.asarray(above / (1 + e))


def logistic_root(x: Array) -> Array:
    """Return the root of the derivative, ``h / (1 + h^2)`` with ``h = exp(-|x| / 2)``.

    Multiplied twice, once at each end of a product, it makes no subnormal on the way.
    """
    h = np.exp(-absolute(x) / 2)
    return np.asarray(h / (1 + h * h))


def times_logistic(factor: Array, x: Array, low: float | Array = 0.0) -> Array:
    """Return ``factor * sigmoid(x + low)``; for x < 0 by two halves of exp(x), neither subnormal.

    `low` is the rounding error of x, which counts only for x < 0.
    """
    h = np.exp(-absolute(x) / 2)
    rest = h / (1 + h * h)
    # An infinite factor meets h = 0 only where the product vanishes.
    left = bounded(factor, np.finfo(np.float64).max / 4) * h * (rest + rest * low)
    return np.where(x.real < 0, left, factor / (1 + h * h))


def log_1_exp(x: Array, beta: float) -> Array:
    """Return ``log(1 + exp(beta x)) / beta``, in which beta x may overflow."""
    v, low = multiplied((beta, 0.0), (x, 0.0))
    sign = np.where(v.real < 0, 1.0, -1.0)
    minus = sign * v, sign * low  # -|beta x|
    # Far out the logarithm is its argument.
    small = np.where(
        minus[0].real < -700,
        scaled_exp(1 / beta, minus),
        np.log1p(scaled_exp(1.0, minus)) / beta,
    )
    return np.where(x.real >= 0, x, 0) + small
