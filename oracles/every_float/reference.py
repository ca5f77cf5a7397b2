"""Activations and their derivatives in float64, fast, for inputs that are short floats.

Nothing here is shared with `manualgrad`, and where there is a choice the formula is another
one. Each function maps a float64 array that holds float32 numbers (or shorter) to the value
and the derivative, with a relative error of at most `BOUND`, except

- where `doubtful` says so: at infinities, at knots, around zeros of a derivative, where terms
  cancel. There truth comes from balls: see `oracles.every_float.truth`;
- below 2^-300 in size, which is 0 in any short float.

The tests compare with balls. Overflow on the way is meant: it ends in ``1 / inf = 0``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.every_float.entries import Entry
from oracles.every_float.normal import density_and_tail

Array = npt.NDArray[Any]
Both = tuple[Array, Array]

BOUND = 2.0**-40
"""Bound on the relative error outside `doubtful`."""

# Around each zero of a derivative of slope about 1/2, 2^-11 away its terms, of size 1, have
# cancelled to 2^-12, and their 2^-52 weigh 2^-40.
_HALF_WIDTH = 2.0**-9
_ZEROS = {
    "silu": -1.2784645427610738,
    "gelu": -0.7517915246935645,
    "gelu_tanh": -0.7524614220710162,
    "mish": -1.1924312145154912,
}


def reference(entry: Entry, x: Array) -> Both:
    """Return value and derivative at the float64 array `x` of short floats."""
    with np.errstate(all="ignore"):
        return _FUNCTIONS[entry.name](x)


def doubtful(entry: Entry, x: Array) -> Array:
    """Return where `reference` is not to be relied on."""
    mask = np.isinf(x)
    with np.errstate(invalid="ignore"):
        for knot in entry.pieces.knots:
            mask |= x == float(knot)
        if entry.name in _ZEROS:
            mask |= np.abs(x - _ZEROS[entry.name]) < _HALF_WIDTH
    return mask


def _nan_stays(x: Array, slope: Array) -> Array:
    return slope + 0 * x


def _logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _log_1_exp(x: Array) -> Array:
    return np.where(x > 100, x, np.log1p(np.exp(np.minimum(x, 100))))


def _identity(x: Array) -> Both:
    return x, _nan_stays(x, np.ones_like(x))


def _tanh(x: Array) -> Both:
    u = np.expm1(-2 * np.abs(x))
    c = np.cosh(x)
    return np.copysign(u / (2 + u), x), 1 / (c * c)


def _arctan(x: Array) -> Both:
    return np.arctan2(x, 1.0), 1 / (1 + x * x)


def _sigmoid(x: Array) -> Both:
    s = _logistic(x)
    return s, s * _logistic(-x)


def _softplus(x: Array) -> Both:
    return _log_1_exp(x), _logistic(x)


def _logsigmoid(x: Array) -> Both:
    return -_log_1_exp(-x), _logistic(-x)


def _silu(x: Array) -> Both:
    s = _logistic(x)
    return x * s, s * (1 + x * _logistic(-x))


def _gelu(x: Array) -> Both:
    density, tail = density_and_tail(x)
    below = np.where(x > 0, 1 - tail, tail)
    return x * below, below + x * density


_GELU_SCALE = 2 * math.sqrt(2 / math.pi)


def _gelu_tanh(x: Array) -> Both:
    square = 0.044715 * (x * x)
    v = _GELU_SCALE * x * (1 + square)
    s = _logistic(v)
    return x * s, s * (1 + _GELU_SCALE * x * (1 + 3 * square) * _logistic(-v))


def _mish(x: Array) -> Both:
    p = _log_1_exp(x)
    t, c = np.tanh(p), np.cosh(p)
    return x * t, t + x * _logistic(x) / (c * c)


def _softsign(x: Array) -> Both:
    d = 1 + np.abs(x)
    return x / d, 1 / (d * d)


def _relu(x: Array) -> Both:
    return np.maximum(x, 0), _nan_stays(x, x > 0)


def _leaky_relu(x: Array) -> Both:
    return np.maximum(x, 0.01 * x), _nan_stays(x, np.where(x > 0, 1, 0.01))


def _elu(x: Array) -> Both:
    low = np.minimum(x, 0)
    return np.maximum(x, 0) + np.expm1(low), np.exp(low)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848


def _selu(x: Array) -> Both:
    value, slope = _elu(x)
    factor = np.where(x > 0, _SELU_SCALE, _SELU_SCALE * _SELU_ALPHA)
    return factor * value, factor * slope


def _hardtanh(x: Array) -> Both:
    return np.clip(x, -1, 1), _nan_stays(x, np.abs(x) < 1)


def _relu6(x: Array) -> Both:
    return np.clip(x, 0, 6), _nan_stays(x, (x > 0) & (x < 6))


def _hardsigmoid(x: Array) -> Both:
    return np.clip((x + 3) / 6, 0, 1), _nan_stays(x, np.abs(x) < 3) / 6


def _hardswish(x: Array) -> Both:
    middle = np.clip(x, -3, 3)
    slope = np.where(np.abs(x) < 3, (2 * x + 3) / 6, x > 0)
    return np.maximum(x, middle) * ((middle + 3) / 6), _nan_stays(x, slope)


_FUNCTIONS: dict[str, Callable[[Array], Both]] = {
    "identity": _identity,
    "tanh": _tanh,
    "arctan": _arctan,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "relu6": _relu6,
    "elu": _elu,
    "celu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
    "softsign": _softsign,
    "logsigmoid": _logsigmoid,
    "hardtanh": _hardtanh,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
}
