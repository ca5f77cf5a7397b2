"""Smooth activations and their derivatives; all of `manualgrad`'s activations by name.

Each derivative is written in the form that keeps its digits in the tails: ``tanh'`` by
sech^2 and not by ``1 - tanh^2``, which is 0 from x = 20 on. Complex numbers of small imaginary
part flow through: pieces are chosen by the real part.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import Pair, added, multiplied
from manualgrad.elementwise import apply, apply_derivative
from manualgrad.logistic import absolute, log_1_exp, logistic, times_logistic
from manualgrad.normal import bounded, distribution_slope, times_distribution
from manualgrad.rectifiers import (
    celu,
    celu_backward,
    elu,
    elu_backward,
    hardsigmoid,
    hardsigmoid_backward,
    hardswish,
    hardswish_backward,
    hardtanh,
    hardtanh_backward,
    identity,
    identity_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu6,
    relu6_backward,
    relu_backward,
    selu,
    selu_backward,
)
from manualgrad.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)

Array = npt.NDArray[Any]

__all__ = [
    "arctan", "arctan_backward", "celu", "celu_backward", "elu", "elu_backward", "gelu",
    "gelu_backward", "hardsigmoid", "hardsigmoid_backward", "hardswish", "hardswish_backward",
    "hardtanh", "hardtanh_backward", "identity", "identity_backward", "leaky_relu",
    "leaky_relu_backward", "log_softmax", "log_softmax_backward", "logsigmoid",
    "logsigmoid_backward", "mish", "mish_backward", "relu", "relu6", "relu6_backward",
    "relu_backward", "selu", "selu_backward", "sigmoid", "sigmoid_backward", "silu",
    "silu_backward", "softmax", "softmax_backward", "softplus", "softplus_backward", "softsign",
    "softsign_backward", "tanh", "tanh_backward",
]  # fmt: skip

# exp(-1500) is 0 in every dtype here; beyond, "0 times infinity" would spoil a limit.
_FAR = 1500.0

Approximate = Literal["none", "tanh"]


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent (DLMF 4.28.4)."""
    return apply(np.tanh, x)


def tanh_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y sech^2(x)`` (DLMF 4.34.3), sech x = 2 h / (1 + h^2) with h = exp(-|x|)."""

    def derivative(x: Array) -> Array:
        h = np.exp(-absolute(x))
        e = 1 + np.exp(-2 * absolute(x))
        return 4 * h / (e * e) * h

    return apply_derivative(derivative, grad_y, x)


def arctan(x: Array) -> Array:
    """Return the inverse tangent (DLMF 4.23.3)."""
    return apply(np.arctan, x)


def arctan_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y / (1 + x^2)`` (DLMF 4.24.17); for |x| > 1 through 1/x."""

    def derivative(x: Array) -> Array:
        r = 1 / np.where(absolute(x).real > 1, x, 1)
        return np.where(absolute(x).real > 1, r * r / (1 + r * r), 1 / (1 + x * x))

    return apply_derivative(derivative, grad_y, x)


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + exp(-x))``, through whichever exponential is small."""
    return apply(logistic, x)


def sigmoid_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y s (1 - s)``, s = sigmoid(x), as ``(h / (1 + h^2))^2``, h = exp(-|x|/2)."""

    def derivative(x: Array) -> Array:
        h = np.exp(-absolute(x) / 2)
        root = h / (1 + h * h)
        return root * root

    return apply_derivative(derivative, grad_y, x)


def silu(x: Array) -> Array:
    """Return ``x sigmoid(x)`` (S. Elfwing, E. Uchibe, K. Doya, 2018, equation 5)."""
    return apply(lambda x: times_logistic(x, x), x)


def silu_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y s (1 + x (1 - s))``, s = sigmoid(x) (Elfwing et al. 2018, equation 7).

    It crosses zero near x = -1.278; there the sum cancels and the absolute error alone is small.
    """

    def derivative(x: Array) -> Array:
        x = bounded(x, _FAR)
        return times_logistic(1 + x * logistic(-x), x)

    return apply_derivative(derivative, grad_y, x)


def gelu(x: Array, *, approximate: Approximate = "none") -> Array:
    """Return ``x Phi(x)`` (D. Hendrycks and K. Gimpel, 2016, section 2).

    Parameters
    ----------
    x
        Any shape.
    approximate
        ``"tanh"``: their approximation ``x / 2 (1 + tanh u)``,
        ``u = sqrt(2/pi) (x + 0.044715 x^3)``.

    Raises
    ------
    ValueError
        If `approximate` is neither ``"none"`` nor ``"tanh"``.
    """
    if _by_tanh(approximate):
        return apply(lambda x: times_logistic(x, *_cubic(bounded(x, _FAR))), x)
    return apply(lambda x: np.where(x.real < -40, -0.0, times_distribution(x, x)), x)


def gelu_backward(grad_y: Array, x: Array, *, approximate: Approximate = "none") -> Array:
    """Return ``grad_y (Phi(x) + x phi(x))``, or the derivative of the approximation.

    ``x / 2 (1 + tanh u) = x s(2 u)`` with the sigmoid s, so the approximation has the derivative
    ``s (1 + 2 x u' (1 - s))``. Both cross zero near x = -0.752: see `silu_backward`.
    """

    def by_tanh(x: Array) -> Array:
        x = bounded(x, _FAR)
        v, low = _cubic(x)
        slope = _SCALE[0] * (1 + 3 * _CUBE[0] * x * x)
        return times_logistic(1 + x * slope * logistic(-v), v, low)

    return apply_derivative(by_tanh if _by_tanh(approximate) else distribution_slope, grad_y, x)


def mish(x: Array) -> Array:
    """Return ``x tanh(log(1 + exp(x)))`` (D. Misra, 2019, equation 1).

    With e = exp(x), ``tanh(log(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2)``.
    """

    def function(x: Array) -> Array:
        e, h = _small_exponentials(x)
        right = x * (1 + 2 * e) / (1 + 2 * e + 2 * e * e)
        left = bounded(x, _FAR) * h * ((e + 2) / (e * e + 2 * e + 2)) * h
        return np.where(x.real >= 0, right, left)

    return apply(function, x)


def mish_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y (t + 4 x e (e + 1) / d^2)``, t = tanh(log(1 + e)), d = e^2 + 2 e + 2.

    By the quotient rule on `mish`'s formula. It crosses zero near x = -1.19: see `silu_backward`.
    """

    def derivative(x: Array) -> Array:
        e, h = _small_exponentials(x)
        x = bounded(x, _FAR)
        d = 1 + 2 * e + 2 * e * e  # for x >= 0, numerator and denominator times exp(-2x)
        right = (1 + 2 * e) / d + 4 * x * e * e * (1 + e) / (d * d)
        d = e * e + 2 * e + 2
        left = h * ((e + 2) / d + 4 * x * (e + 1) / (d * d)) * h
        return np.where(x.real >= 0, right, left)

    return apply_derivative(derivative, grad_y, x)


def softplus(x: Array, *, beta: float = 1.0) -> Array:
    """Return ``log(1 + exp(beta x)) / beta`` (C. Dugas et al., 2001, equation 3).

    As ``max(x, 0) + log(1 + exp(-|beta x|)) / beta``. PyTorch returns x itself from
    ``beta x > 20`` on, an error of 2e-9 there; this does not.

    Raises
    ------
    ValueError
        If `beta` is not positive.
    """
    _check_positive("beta", beta)
    return apply(lambda x: log_1_exp(x, beta), x)


def softplus_backward(grad_y: Array, x: Array, *, beta: float = 1.0) -> Array:
    """Return ``grad_y sigmoid(beta x)``."""
    _check_positive("beta", beta)

    def derivative(x: Array) -> Array:
        v, low = multiplied((beta, 0.0), (x, 0.0))
        y = logistic(v)
        return np.where(v.real < 0, y + y * low, y)

    return apply_derivative(derivative, grad_y, x)


def logsigmoid(x: Array) -> Array:
    """Return ``log sigmoid(x) = -log(1 + exp(-x))``."""
    return apply(lambda x: -log_1_exp(-x, 1.0), x)


def logsigmoid_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y sigmoid(-x)``."""
    return apply_derivative(lambda x: logistic(-x), grad_y, x)


def softsign(x: Array) -> Array:
    """Return ``x / (1 + |x|)`` (X. Glorot and Y. Bengio, 2010, section 3.1)."""

    def function(x: Array) -> Array:
        size = absolute(x)
        far = np.sign(x.real) / (1 + 1 / np.where(size.real > 1, size, 1))
        return np.where(size.real > 1, far, x / (1 + size))

    return apply(function, x)


def softsign_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y / (1 + |x|)^2``."""

    def derivative(x: Array) -> Array:
        root = 1 / (1 + absolute(x))
        return root * root

    return apply_derivative(derivative, grad_y, x)


# --- what the formulas share ----------------------------------------------------------------

# 0.044715 and 2 sqrt(2 / pi), each with what its rounding to float64 leaves.
_CUBE = (0.044715, 2.1960211427085595e-18)
_SCALE = (1.5957691216057308, -9.96930880911092e-17)


def _small_exponentials(x: Array) -> tuple[Array, Array]:
    """Return exp(-|x|) and its root."""
    h = np.exp(-absolute(x) / 2)
    return np.exp(-absolute(x)), h


def _cubic(x: Array) -> Pair:
    """Return ``2 sqrt(2/pi) (x + 0.044715 x^3)`` and its rounding error."""
    itself = x, 0.0
    cube = multiplied(_CUBE, multiplied(itself, itself))
    return multiplied(multiplied(_SCALE, itself), added((1.0, 0.0), cube))


def _by_tanh(approximate: str) -> bool:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"`approximate` (={approximate!r}) must be 'none' or 'tanh'")
    return approximate == "tanh"


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"`{name}` (={value}) must be positive and finite")
