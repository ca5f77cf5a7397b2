"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.elementwise import apply, apply_vjp

Array = npt.NDArray[Any]


def softmax(x: Array, *, axis: int = -1) -> Array:
    """Return ``exp(x_i) / sum_j exp(x_j)`` (I. Goodfellow et al., Deep Learning, equation 6.29).

    The largest element is subtracted first, so that no exponential overflows.

    Raises
    ------
    ValueError
        If x has no such `axis`, or is empty along it.
    """
    _check_axis(x, axis)
    return apply(lambda x: _softmax(x, axis), x)


def softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``y_i (g_i - sum_j y_j g_j)``, y = softmax(x), g = `grad_y`."""

    def vjp(g: Array, x: Array) -> Array:
        y = _softmax(x, axis)
        return y * (g - _sum(y * g, axis))

    _check_axis(x, axis)
    return apply_vjp(vjp, grad_y, x)


def log_softmax(x: Array, *, axis: int = -1) -> Array:
    """Return ``x_i - log sum_j exp(x_j)``.

    With m the largest, ``x_i - m - log(1 + the other exponentials)``: where one element
    dominates, the small number is not lost beside the 1.

    Raises
    ------
    ValueError
        If x has no such `axis`, or is empty along it.
    """
    _check_axis(x, axis)
    return apply(lambda x: _log_softmax(x, axis), x)


def log_softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``g_i - y_i sum_j g_j``, y = softmax(x), g = `grad_y`."""
    _check_axis(x, axis)
    return apply_vjp(lambda g, x: g - _softmax(x, axis) * _sum(g, axis), grad_y, x)


def _softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - _largest(x, axis))
    return np.asarray(powers / _sum(powers, axis))


def _log_softmax(x: Array, axis: int) -> Array:
    z = x - _largest(x, axis)
    others = np.exp(z)
    if others.size:
        np.put_along_axis(others, _place_of_largest(x, axis), 0, axis)
    return np.asarray(z - np.log1p(_sum(others, axis)))


def _largest(x: Array, axis: int) -> Array:
    """Return the element with the largest real part, as an axis of size 1."""
    return np.take_along_axis(x, _place_of_largest(x, axis), axis) if x.size else x


def _place_of_largest(x: Array, axis: int) -> Array:
    return np.argmax(x.real, axis=axis, keepdims=True)


def _sum(x: Array, axis: int) -> Array:
    return np.asarray(x.sum(axis=axis, keepdims=True))


def _check_axis(x: Array, axis: int) -> None:
    common_dtype(x=x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`axis` (={axis}) is none of the {x.ndim} axes of `x` (shape={x.shape})")
    if x.shape[axis] == 0:
        raise ValueError(f"`x` (shape={x.shape}) must not be empty along `axis` (={axis})")
