"""Activations in pieces. At a knot the derivative is a convention: PyTorch's, said each time.

NaN stays NaN: comparisons are written so that it falls to the branch that returns x.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import quotient, scaled_exp
from manualgrad.elementwise import apply, apply_derivative, apply_second
from manualgrad.gradients import SecondDerivative

Array = npt.NDArray[Any]

# G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter, Self-normalizing neural networks,
# 2017, equation 14.
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def identity(x: Array) -> Array:
    """Return x, in memory of its own."""
    return apply(lambda x: x, x, exact=True)


def identity_backward(grad_y: Array, x: Array) -> Array:
    """Return the cotangent, in memory of its own."""
    return apply_derivative(np.ones_like, grad_y, x, exact=True)


def identity_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `identity_backward`; f'' = 0."""
    return apply_second(identity_backward, np.zeros_like, v, grad_y, x, exact=True)


def relu(x: Array) -> Array:
    """Return ``max(x, 0)`` (V. Nair and G. Hinton, 2010)."""
    return apply(_positive, x, exact=True)


def relu_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y`` where x > 0, else 0; the derivative at 0 is taken as 0."""
    return apply_derivative(lambda x: _step(x, 0), grad_y, x, exact=True)


def relu_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `relu_backward`; f'' = 0, at the knots as well."""
    return apply_second(relu_backward, _flat, v, grad_y, x, exact=True)


def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """Return x where x > 0, else ``negative_slope x`` (A. Maas et al., 2013, equation 2)."""
    return apply(lambda x: np.where(x.real <= 0, negative_slope * x, x), x, exact=True)


def leaky_relu_backward(grad_y: Array, x: Array, *, negative_slope: float = 0.01) -> Array:
    """Return ``grad_y`` where x > 0, else ``negative_slope grad_y``, at 0 as well."""

    def derivative(x: Array) -> Array:
        return _nan_or(x, np.where(x.real > 0, 1, negative_slope))

    return apply_derivative(derivative, grad_y, x, exact=True)


def leaky_relu_double_backward(
    v: Array, grad_y: Array, x: Array, *, negative_slope: float = 0.01
) -> SecondDerivative:
    """Return the VJP of `leaky_relu_backward`; f'' = 0, at the knots as well."""
    return apply_second(
        lambda g, x: leaky_relu_backward(g, x, negative_slope=negative_slope),
        _flat,
        v,
        grad_y,
        x,
        exact=True,
    )


def hardtanh(x: Array, *, min_val: float = -1, max_val: float = 1) -> Array:
    """Return x, kept between `min_val` and `max_val`.

    Raises
    ------
    ValueError
        If `min_val` is not below `max_val`.
    """
    _check_interval(min_val, max_val)
    return apply(lambda x: _clipped(x, min_val, max_val), x, exact=True)


def hardtanh_backward(grad_y: Array, x: Array, *, min_val: float = -1, max_val: float = 1) -> Array:
    """Return ``grad_y`` where ``min_val < x < max_val``, else 0, at both ends as well."""
    _check_interval(min_val, max_val)
    return apply_derivative(lambda x: _between(x, min_val, max_val), grad_y, x, exact=True)


def hardtanh_double_backward(
    v: Array, grad_y: Array, x: Array, *, min_val: float = -1, max_val: float = 1
) -> SecondDerivative:
    """Return the VJP of `hardtanh_backward`; f'' = 0, at the knots as well."""
    return apply_second(
        lambda g, x: hardtanh_backward(g, x, min_val=min_val, max_val=max_val),
        _flat,
        v,
        grad_y,
        x,
        exact=True,
    )


def relu6(x: Array) -> Array:
    """Return ``min(max(x, 0), 6)`` (A. Krizhevsky, 2010)."""
    return hardtanh(x, min_val=0, max_val=6)


def relu6_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y`` where ``0 < x < 6``, else 0; at both ends the derivative is 0."""
    return hardtanh_backward(grad_y, x, min_val=0, max_val=6)


def relu6_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `relu6_backward`; f'' = 0, at the knots as well."""
    return apply_second(relu6_backward, _flat, v, grad_y, x, exact=True)


def hardsigmoid(x: Array) -> Array:
    """Return ``(x + 3) / 6``, kept between 0 and 1."""
    return apply(lambda x: _clipped(x + 3, 0, 6) / 6, x)


def hardsigmoid_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y / 6`` where ``-3 < x < 3``, else 0; at both ends the derivative is 0."""
    return apply_derivative(lambda x: _between(x, -3, 3) / 6, grad_y, x)


def hardsigmoid_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `hardsigmoid_backward`; f'' = 0, at the knots as well."""
    return apply_second(hardsigmoid_backward, _flat, v, grad_y, x)


def hardswish(x: Array) -> Array:
    """Return ``x (x + 3) / 6`` between -3 and 3, 0 below, x above (A. Howard et al., 2019)."""

    def function(x: Array) -> Array:
        middle = x * ((x + 3) / 6)
        return np.where(x.real <= -3, 0, np.where(x.real >= 3, x, middle))

    return apply(function, x)


def hardswish_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y (2 x + 3) / 6`` between -3 and 3, 0 below, ``grad_y`` above.

    The derivative at -3 is taken as 0, that at 3 as 1.
    """

    def derivative(x: Array) -> Array:
        middle = (2 * x + 3) / 6
        return np.where(x.real <= -3, 0, np.where(x.real >= 3, 1, middle))

    return apply_derivative(derivative, grad_y, x)


def hardswish_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `hardswish_backward`, f'' = 1/3 between -3 and 3, else 0."""

    def curvature(x: Array) -> Array:
        return _between(x, -3, 3) / 3

    return apply_second(hardswish_backward, curvature, v, grad_y, x)


def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """Return x where x > 0, else ``alpha (exp(x) - 1)`` (D. Clevert et al., 2016, equation 15)."""
    return apply(lambda x: np.where(x.real > 0, x, alpha * np.expm1(x)), x)


def elu_backward(grad_y: Array, x: Array, *, alpha: float = 1.0) -> Array:
    """Return ``grad_y`` where x > 0, else ``grad_y alpha exp(x)``, at 0 as well."""
    return apply_derivative(
        lambda x: np.where(x.real > 0, 1, scaled_exp(alpha, (x, 0.0))), grad_y, x
    )


def elu_double_backward(
    v: Array, grad_y: Array, x: Array, *, alpha: float = 1.0
) -> SecondDerivative:
    """Return the VJP of `elu_backward`, with f'' = alpha exp(x) for x <= 0, else 0."""

    def curvature(x: Array) -> Array:
        return np.where(x.real > 0, 0, scaled_exp(alpha, (x, 0.0)))

    return apply_second(lambda g, x: elu_backward(g, x, alpha=alpha), curvature, v, grad_y, x)


def celu(x: Array, *, alpha: float = 1.0) -> Array:
    """Return x where x > 0, else ``alpha (exp(x / alpha) - 1)`` (J. Barron, 2017, equation 2).

    Raises
    ------
    ValueError
        If `alpha` is not positive.
    """
    _check_alpha(alpha)
    return apply(lambda x: np.where(x.real > 0, x, alpha * np.expm1(x / alpha)), x)


def celu_backward(grad_y: Array, x: Array, *, alpha: float = 1.0) -> Array:
    """Return ``grad_y`` where x > 0, else ``grad_y exp(x / alpha)``."""
    _check_alpha(alpha)

    def derivative(x: Array) -> Array:
        return np.where(x.real > 0, 1, scaled_exp(1.0, quotient(x, alpha)))

    return apply_derivative(derivative, grad_y, x)


def celu_double_backward(
    v: Array, grad_y: Array, x: Array, *, alpha: float = 1.0
) -> SecondDerivative:
    """Return the VJP of `celu_backward`, with f'' = exp(x / alpha) / alpha for x <= 0, else 0."""
    _check_alpha(alpha)

    def curvature(x: Array) -> Array:
        return np.where(x.real > 0, 0, scaled_exp(1 / alpha, quotient(x, alpha)))

    return apply_second(lambda g, x: celu_backward(g, x, alpha=alpha), curvature, v, grad_y, x)


def selu(x: Array) -> Array:
    """Return ``scale x`` where x > 0, else ``scale alpha (exp(x) - 1)`` (Klambauer, 2017)."""
    factor = _SELU_SCALE * _SELU_ALPHA
    return apply(lambda x: np.where(x.real > 0, _SELU_SCALE * x, factor * np.expm1(x)), x)


def selu_backward(grad_y: Array, x: Array) -> Array:
    """Return ``scale grad_y`` where x > 0, else ``scale alpha exp(x) grad_y``, at 0 as well."""
    factor = _SELU_SCALE * _SELU_ALPHA

    def derivative(x: Array) -> Array:
        return np.where(x.real > 0, _SELU_SCALE, scaled_exp(factor, (x, 0.0)))

    return apply_derivative(derivative, grad_y, x)


def selu_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `selu_backward`, with f'' = scale alpha exp(x) for x <= 0, else 0."""
    factor = _SELU_SCALE * _SELU_ALPHA

    def curvature(x: Array) -> Array:
        return np.where(x.real > 0, 0, scaled_exp(factor, (x, 0.0)))

    return apply_second(selu_backward, curvature, v, grad_y, x)


def _clipped(x: Array, low: float, high: float) -> Array:
    return np.where(x.real <= low, low, np.where(x.real >= high, high, x))


def _positive(x: Array) -> Array:
    """Return x where it is positive, else 0, which is never -0."""
    # `where` mispredicts: of random signs it takes ten times as long.
    return np.maximum(x, 0) + 0 if x.dtype.kind == "f" else np.where(x.real <= 0, 0, x)


def _step(x: Array, knot: float) -> Array:
    above = x.real > knot
    return _nan_or(x, above.astype(x.dtype) if x.dtype.kind == "f" else np.where(above, 1, 0))


def _between(x: Array, low: float, high: float) -> Array:
    return _nan_or(x, np.where((x.real > low) & (x.real < high), 1, 0))


def _flat(x: Array) -> Array:
    """Return 0, and NaN where x is NaN."""
    return _nan_or(x, np.zeros(x.shape, x.dtype))


def _nan_or(x: Array, slope: Array) -> Array:
    """Return `slope`, and NaN where x is NaN."""
    return np.where(np.equal(x.real, x.real), slope, x)


def _check_interval(min_val: float, max_val: float) -> None:
    if not min_val < max_val:
        raise ValueError(f"`min_val` (={min_val}) must be below `max_val` (={max_val})")


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < np.inf:
        raise ValueError(f"`alpha` (={alpha}) must be positive and finite")
