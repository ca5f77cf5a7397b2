"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.compensated import added, scaled_exp
from manualgrad.dtypes import common_dtype
from manualgrad.elementwise import apply, apply_double_vjp, apply_vjp
from manualgrad.gradients import SecondDerivative

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
    return apply(lambda x: probabilities(x)[0], x, along=axis)


def softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``y_i (g_i - sum_j y_j g_j)``, y = softmax(x), g = `grad_y`.

    A constant added to g changes nothing, so g at the largest x is subtracted first: with y
    near 1 there, the difference would cancel.
    """
    _check_axis(x, axis)
    return apply_vjp(softmax_vjp, grad_y, x, along=axis)


def softmax_double_backward(
    v: Array, grad_y: Array, x: Array, *, axis: int = -1
) -> SecondDerivative:
    """Return the VJP of `softmax_backward`, a function of g = `grad_y` and of x.

    ``sum v_i y_i (g_i - sum y g)`` is the covariance of v and g under the probabilities y, so
    the VJP for g is ``y_i (v_i - E v)``, and that for x the third central moment
    ``y_i ((v_i - E v) (g_i - E g) - Cov(v, g))``.
    """

    def double_vjp(v: Array, g: Array, x: Array) -> tuple[Array, Array]:
        y, _ = probabilities(x)
        moment = _centred(v, y, x) * _centred(g, y, x)
        return softmax_vjp(v, x), y * (moment - _sum(y * moment))

    _check_axis(x, axis)
    return apply_double_vjp(double_vjp, v, grad_y, x, along=axis)


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
    return apply(log_probabilities, x, along=axis)


def log_softmax_backward(grad_y: Array, x: Array, *, axis: int = -1) -> Array:
    """Return ``g_i - y_i sum_j g_j``, y = softmax(x), g = `grad_y`.

    As ``(1 - y_i) g_i - y_i (sum of the other g_j)``, which keeps its digits for y_i near 1.
    """

    def vjp(g: Array, x: Array) -> Array:
        y, rest = probabilities(x)
        return rest * g - y * (_sum(g) - g)

    _check_axis(x, axis)
    return apply_vjp(vjp, grad_y, x, along=axis)


def log_softmax_double_backward(
    v: Array, grad_y: Array, x: Array, *, axis: int = -1
) -> SecondDerivative:
    """Return the VJP of `log_softmax_backward`, a function of g = `grad_y` and of x.

    Of ``sum v_i (g_i - y_i sum g)``: ``v_i - sum_j y_j v_j`` for g, and for x the VJP of
    softmax along v, times ``-sum g``.
    """

    def double_vjp(v: Array, g: Array, x: Array) -> tuple[Array, Array]:
        y, _ = probabilities(x)
        return _centred(v, y, x), -_sum(g) * softmax_vjp(v, x)

    _check_axis(x, axis)
    return apply_double_vjp(double_vjp, v, grad_y, x, along=axis)


def softmax_vjp(g: Array, x: Array) -> Array:
    """Return ``y_i (g_i - sum_j y_j g_j)``, y = softmax(x); float64 or complex128."""
    y, _ = probabilities(x)
    return y * _centred(g, y, x)


def _centred(g: Array, y: Array, x: Array) -> Array:
    """Return ``g_i - sum_j y_j g_j``; a constant added to g, here subtracted, changes nothing."""
    reference = np.take_along_axis(g, _place_of_largest(x), -1)
    g = g - np.where(np.isfinite(reference), reference, 0)
    return np.asarray(g - _sum(y * g))


def probabilities(x: Array) -> tuple[Array, Array]:
    """Return y = softmax(x) and 1 - y, neither of them by cancellation; float64 or complex128.

    x is (rows, numbers), at least one of each.
    """
    place = _place_of_largest(x)
    largest_x = np.take_along_axis(x, place, -1)
    powers = scaled_exp(1.0, added((x, 0.0), (-largest_x, 0.0)))
    largest, others = np.take_along_axis(powers, place, -1), powers.copy()  # it is 1, or NaN
    np.put_along_axis(others, place, 0, -1)
    of_others = _sum(others)
    total = largest + of_others
    y = powers / total
    rest = 1 - y
    np.put_along_axis(rest, place, of_others / total, -1)
    return y, rest


def log_probabilities(x: Array) -> Array:
    """Return log softmax(x) of (rows, numbers); float64 or complex128."""
    place = _place_of_largest(x)
    z = x - np.take_along_axis(x, place, -1)
    others = np.exp(z)
    np.put_along_axis(others, place, 0, -1)
    return np.asarray(z - np.log1p(_sum(others)))


def _place_of_largest(x: Array) -> Array:
    """Return where the number of largest real part stands in each row."""
    return np.argmax(x.real, axis=-1, keepdims=True)


def _sum(x: Array) -> Array:
    return np.asarray(x.sum(axis=-1, keepdims=True))


def _check_axis(x: Array, axis: int) -> None:
    common_dtype(x=x)
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"`axis` (={axis!r}) must be an integer")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"`axis` (={axis}) is none of the {x.ndim} axes of `x` (shape={x.shape})")
    if x.shape[axis] == 0:
        raise ValueError(f"`x` (shape={x.shape}) must not be empty along `axis` (={axis})")
