"""Numbers as unevaluated sums of two floats: the rounding error of an operation is kept.

An exponential multiplies the rounding error of its argument by up to 745. A `Pair` (high, low)
stands for high + low; low is what rounding took from high. Complex numbers of small imaginary
part flow through. Where an operation overflows on the way, low is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = tuple[Any, Any]

# Half of float64's 53 bits: a product of two halves is exact.
_SPLITTER = 2.0**27 + 1


def added(a: Pair, b: Pair) -> Pair:
    """Return a + b (D. Knuth, The Art of Computer Programming 2, section 4.2.2, theorem B)."""
    total = a[0] + b[0]
    of_b = total - a[0]
    error = (a[0] - (total - of_b)) + (b[0] - of_b)
    return total, _finite(error + a[1] + b[1])


def multiplied(a: Pair, b: Pair) -> Pair:
    """Return a b.

    T. Dekker, A floating-point technique for extending the available precision, Numerische
    Mathematik 18, 1971, section 5.
    """
    product = a[0] * b[0]
    (a_high, a_low), (b_high, b_low) = _halves(a[0]), _halves(b[0])
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, _finite(error + a[0] * b[1] + a[1] * b[0])


def quotient(x: Array, divisor: float) -> Pair:
    """Return x / divisor: what its product with the divisor leaves of x is the error."""
    high = x / divisor
    product, error = multiplied((high, 0.0), (divisor, 0.0))
    return high, _finite(((x - product) - error) / divisor)


def scaled_exp(factor: float, exponent: Pair) -> Array:
    """Return ``factor * exp(exponent)``; far out by two halves, neither of them subnormal."""
    high, low = exponent
    power, half = np.exp(high), np.exp(high / 2)
    far = factor * half * (half + half * low)
    return np.where(high.real < -700, far, factor * (power + power * low))


def _halves(x: Any) -> Pair:
    scaled = _SPLITTER * x
    high = scaled - (scaled - x)
    return high, x - high


def _finite(error: Any) -> Array:
    return np.where(np.isfinite(error), error, 0)
