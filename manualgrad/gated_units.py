"""Activations that gate x by a smooth step: silu, gelu, mish, and their derivatives.

Their derivatives cross zero, where sums cancel and the absolute error alone is small. Complex
numbers of small imaginary part flow through: pieces are chosen by the real part.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import Pair, added, multiplied
from manualgrad.elementwise import apply, apply_derivative, apply_second
from manualgrad.gradients import SecondDerivative
from manualgrad.logistic import absolute, logistic, logistic_root, times_logistic
from manualgrad.normal import (
    ROOT_2_PI,
    bounded,
    distribution_slope,
    gaussian_factors,
    times_distribution,
)

Array = npt.NDArray[Any]

# exp(-1500) is 0 in every dtype here; beyond, "0 times infinity" would spoil a limit.
_FAR = 1500.0

Approximate = Literal["none", "tanh"]


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


def silu_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `silu_backward`, with (x s)'' = s' (2 - x tanh(x / 2)), s = sigmoid.

    It crosses zero near x = +-2.399; there the difference cancels.
    """

    def curvature(x: Array) -> Array:
        x = bounded(x, _FAR)
        root = logistic_root(x)
        return root * (2 - x * np.tanh(x / 2)) * root

    return apply_second(silu_backward, curvature, v, grad_y, x)


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


def gelu_double_backward(
    v: Array, grad_y: Array, x: Array, *, approximate: Approximate = "none"
) -> SecondDerivative:
    """Return the VJP of `gelu_backward`.

    With phi the normal density, ``(x Phi)'' = phi (2 - x^2)``; for the approximation, which is
    ``x s(v)`` with v = 2 u: ``s'(v) (2 v' + x (v'' - v'^2 tanh(v / 2)))``. They cross zero near
    x = +-1.414 and +-1.419; there the difference cancels.
    """

    def curvature(x: Array) -> Array:
        x = bounded(x, 40)
        root, rest = gaussian_factors(x)
        return root * (rest * (2 - x * x) / ROOT_2_PI) * root

    def by_tanh(x: Array) -> Array:
        x = bounded(x, 40)
        v, low = _cubic(x)
        slope = _SCALE[0] * (1 + 3 * _CUBE[0] * x * x)
        bend = 6 * _SCALE[0] * _CUBE[0] * x
        root, t = logistic_root(v), np.tanh(v / 2)
        return root * (1 - low * t) * (2 * slope + x * (bend - slope * slope * t)) * root

    return apply_second(
        lambda g, x: gelu_backward(g, x, approximate=approximate),
        by_tanh if _by_tanh(approximate) else curvature, v, grad_y, x,
    )  # fmt: skip


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


def mish_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `mish_backward`: ``2 t' + x t''`` with its t, e and d.

    ``t'' = 4 e (2 + 2 e - 3 e^2 - 2 e^3) / d^3``. It crosses zero near x = -2.26 and 1.49.
    """

    def curvature(x: Array) -> Array:
        e, h = _small_exponentials(x)
        x = bounded(x, _FAR)
        d = 1 + 2 * e + 2 * e * e  # for x >= 0, numerator and denominator times exp(-2x)
        cubic = 2 * e * e * e + 2 * e * e - 3 * e - 2
        right = 4 * e * (2 * (1 + e) + x * cubic / d) * e / (d * d)
        d = e * e + 2 * e + 2
        cubic = 2 + 2 * e - 3 * e * e - 2 * e * e * e
        left = 4 * h * ((2 * (e + 1) + x * cubic / d) / (d * d)) * h
        return np.where(x.real >= 0, right, left)

    return apply_second(mish_backward, curvature, v, grad_y, x)


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
