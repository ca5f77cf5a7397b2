"""Smooth activations and their derivatives; all of `manualgrad`'s activations by name.

Each derivative is written in the form that keeps its digits in the tails: ``tanh'`` by
sech^2 and not by ``1 - tanh^2``, which is 0 from x = 20 on. Complex numbers of small imaginary
part flow through: pieces are chosen by the real part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import multiplied
from manualgrad.elementwise import apply, apply_derivative, apply_second
from manualgrad.gated_units import (
    gelu,
    gelu_backward,
    gelu_double_backward,
    mish,
    mish_backward,
    mish_double_backward,
    silu,
    silu_backward,
    silu_double_backward,
)
from manualgrad.gradients import SecondDerivative
from manualgrad.logistic import absolute, log_1_exp, logistic, logistic_root
from manualgrad.rectifiers import (
    celu,
    celu_backward,
    celu_double_backward,
    elu,
    elu_backward,
    elu_double_backward,
    hardsigmoid,
    hardsigmoid_backward,
    hardsigmoid_double_backward,
    hardswish,
    hardswish_backward,
    hardswish_double_backward,
    hardtanh,
    hardtanh_backward,
    hardtanh_double_backward,
    identity,
    identity_backward,
    identity_double_backward,
    leaky_relu,
    leaky_relu_backward,
    leaky_relu_double_backward,
    relu,
    relu6,
    relu6_backward,
    relu6_double_backward,
    relu_backward,
    relu_double_backward,
    selu,
    selu_backward,
    selu_double_backward,
)
from manualgrad.softmax import (
    log_softmax,
    log_softmax_backward,
    log_softmax_double_backward,
    softmax,
    softmax_backward,
    softmax_double_backward,
)

Array = npt.NDArray[Any]

__all__ = [
    "arctan", "arctan_backward", "arctan_double_backward", "celu", "celu_backward",
    "celu_double_backward", "elu", "elu_backward", "elu_double_backward", "gelu", "gelu_backward",
    "gelu_double_backward", "hardsigmoid", "hardsigmoid_backward", "hardsigmoid_double_backward",
    "hardswish", "hardswish_backward", "hardswish_double_backward", "hardtanh",
    "hardtanh_backward", "hardtanh_double_backward", "identity", "identity_backward",
    "identity_double_backward", "leaky_relu", "leaky_relu_backward", "leaky_relu_double_backward",
    "log_softmax", "log_softmax_backward", "log_softmax_double_backward", "logsigmoid",
    "logsigmoid_backward", "logsigmoid_double_backward", "mish", "mish_backward",
    "mish_double_backward", "relu", "relu6", "relu6_backward", "relu6_double_backward",
    "relu_backward", "relu_double_backward", "selu", "selu_backward", "selu_double_backward",
    "sigmoid", "sigmoid_backward", "sigmoid_double_backward", "silu", "silu_backward",
    "silu_double_backward", "softmax", "softmax_backward", "softmax_double_backward", "softplus",
    "softplus_backward", "softplus_double_backward", "softsign", "softsign_backward",
    "softsign_double_backward", "tanh", "tanh_backward", "tanh_double_backward",
]  # fmt: skip


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


def tanh_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `tanh_backward`, with tanh'' = -2 tanh sech^2 (DLMF 4.34.3)."""

    def curvature(x: Array) -> Array:
        h = np.exp(-absolute(x))
        e = 1 + np.exp(-2 * absolute(x))
        return -2 * np.tanh(x) * (4 * h / (e * e)) * h

    return apply_second(tanh_backward, curvature, v, grad_y, x)


def arctan(x: Array) -> Array:
    """Return the inverse tangent (DLMF 4.23.3)."""
    return apply(np.arctan, x)


def arctan_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y / (1 + x^2)`` (DLMF 4.24.17); for |x| > 1 through 1/x."""

    def derivative(x: Array) -> Array:
        r = 1 / np.where(absolute(x).real > 1, x, 1)
        return np.where(absolute(x).real > 1, r * r / (1 + r * r), 1 / (1 + x * x))

    return apply_derivative(derivative, grad_y, x)


def arctan_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `arctan_backward`, with arctan'' = -2 x / (1 + x^2)^2."""

    def curvature(x: Array) -> Array:
        r = 1 / np.where(absolute(x).real > 1, x, 1)
        far, near = 1 + r * r, 1 + x * x
        return -2 * np.where(absolute(x).real > 1, r * r * r / (far * far), x / (near * near))

    return apply_second(arctan_backward, curvature, v, grad_y, x)


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + exp(-x))``, through whichever exponential is small."""
    return apply(logistic, x)


def sigmoid_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y s (1 - s)``, s = sigmoid(x), as ``(h / (1 + h^2))^2``, h = exp(-|x|/2)."""

    def derivative(x: Array) -> Array:
        root = logistic_root(x)
        return root * root

    return apply_derivative(derivative, grad_y, x)


def sigmoid_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `sigmoid_backward`, with s'' = s' (1 - 2 s) = -s' tanh(x / 2)."""

    def curvature(x: Array) -> Array:
        root = logistic_root(x)
        return -np.tanh(x / 2) * root * root

    return apply_second(sigmoid_backward, curvature, v, grad_y, x)


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


def softplus_double_backward(
    v: Array, grad_y: Array, x: Array, *, beta: float = 1.0
) -> SecondDerivative:
    """Return the VJP of `softplus_backward`, with softplus'' = beta s'(beta x), s = sigmoid."""
    _check_positive("beta", beta)

    def curvature(x: Array) -> Array:
        v, low = multiplied((beta, 0.0), (x, 0.0))
        root = logistic_root(v)
        return beta * root * (1 - low * np.tanh(v / 2)) * root

    return apply_second(lambda g, x: softplus_backward(g, x, beta=beta), curvature, v, grad_y, x)


def logsigmoid(x: Array) -> Array:
    """Return ``log sigmoid(x) = -log(1 + exp(-x))``."""
    return apply(lambda x: -log_1_exp(-x, 1.0), x)


def logsigmoid_backward(grad_y: Array, x: Array) -> Array:
    """Return ``grad_y sigmoid(-x)``."""
    return apply_derivative(lambda x: logistic(-x), grad_y, x)


def logsigmoid_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `logsigmoid_backward`, with (log s)'' = -s', s = sigmoid."""

    def curvature(x: Array) -> Array:
        root = logistic_root(x)
        return -root * root

    return apply_second(logsigmoid_backward, curvature, v, grad_y, x)


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


def softsign_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `softsign_backward`, with -2 sign(x) / (1 + |x|)^3, taken as 0 at 0."""

    def curvature(x: Array) -> Array:
        root = 1 / (1 + absolute(x))
        return -2 * np.sign(x.real) * root * root * root

    return apply_second(softsign_backward, curvature, v, grad_y, x)


def _check_positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"`{name}` (={value}) must be positive and finite")
