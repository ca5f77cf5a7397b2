"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import added, scaled_exp
from manualgrad.dtypes import common_dtype
from manualgrad.elementwise import apply, apply_vjp

Array = npt.NDArray[Any]


def softmax(x: Array, *, axis: int = -1) -> Array:
    """Return ``exp(x_i) / sum_j exp(x_j)`` (I. Goodfellow et al., Deep Learning, equation 6.29).

    The largest element is subtracted first, so that no exponential overflows.

    Raises
    ------
    TypeError
        If x is not floating or complex, or `axis` is no integer.
    ValueError
        If x has no such `axis`, or is empty along it.
    """
    _check_axis(x, axis)
    return apply(lambda x: probabilities(x, axis)[0], x)


def softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``y_i (g_i - sum_j y_j g_j)``, y = softmax(x), g = `grad_y`.

    A constant added to g changes nothing, so g at the largest x is subtracted first: with y
    near 1 there, the difference would cancel.
    """

    def vjp(g: Array, x: Array) -> Array:
        y, _ = probabilities(x, axis)
        reference = _at_largest(g, x, axis)
        g = g - np.where(np.isfinite(reference), reference, 0)
        return y * (g - _sum(y * g, axis))

    _check_axis(x, axis)
    return apply_vjp(vjp, grad_y, x)


def log_softmax(x: Array, *, axis: int = -1) -> Array:
    """Return ``x_i - log sum_j exp(x_j)``.

    With m the largest, ``x_i - m - log(1 + the other exponentials)``: where one element
    dominates, the small number is not lost beside the 1.

    Raises
    ------
    TypeError
        If x is not floating or complex, or `axis` is no integer.
    ValueError
        If x has no such `axis`, or is empty along it.
    """
    _check_axis(x, axis)
    return apply(lambda x: _log_softmax(x, axis), x)


def log_softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``g_i - y_i sum_j g_j``, y = softmax(x), g = `grad_y`.

    As ``(1 - y_i) g_i - y_i (sum of the other g_j)``, which keeps its digits for y_i near 1.
    """

    def vjp(g: Array, x: Array) -> Array:
        y, rest = probabilities(x, axis)
        return rest * g - y * (_sum(g, axis) - g)

    _check_axis(x, axis)
    return apply_vjp(vjp, grad_y, x)


def probabilities(x: Array, axis: int) -> tuple[Array, Array]:
    """Return y = softmax(x) and 1 - y, neither of them by cancellation; float64 or complex128."""
    powers = scaled_exp(1.0, added((x, 0.0), (-_at_largest(x, x, axis), 0.0)))
    largest, others = _at_largest(powers, x, axis), powers.copy()  # the largest is 1, or NaN
    _put_at_largest(others, x, axis, 0)
    of_others = _sum(others, axis)
    total = largest + of_others
    y = powers / total
    rest = 1 - y
    _put_at_largest(rest, x, axis, of_others / total)
    return y, rest


def _log_softmax(x: Array, axis: int) -> Array:
    z = x - _at_largest(x, x, axis)
    others = np.exp(z)
    _put_at_largest(others, x, axis, 0)
    return np.asarray(z - np.log1p(_sum(others, axis)))


def _at_largest(values: Array, x: Array, axis: int) -> Array:
    """Return the value beside the x of largest real part, as an axis of size 1."""
    return np.take_along_axis(values, _place_of_largest(x, axis), axis) if x.size else values


def _put_at_largest(values: Array, x: Array, axis: int, number: Array | int) -> None:
    if x.size:
        np.put_along_axis(values, _place_of_largest(x, axis), number, axis)


def _place_of_largest(x: Array, axis: int) -> Array:
    return np.argmax(x.real, axis=axis, keepdims=True)


def _sum(x: Array, axis: int) -> Array:
    return np.asarray(x.sum(axis=axis, keepdims=True))


def _check_axis(x: Array, axis: int) -> None:
    common_dtype(x=x)
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"`axis` (={axis!r}) must be an integer")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`axis` (={axis}) is none of the {x.ndim} axes of `x` (shape={x.shape})")
    if x.shape[axis] == 0:
        raise ValueError(f"`x` (shape={x.shape}) must not be empty along `axis` (={axis})")
