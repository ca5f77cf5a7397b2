"""Losses: numbers to be made small. Their backward starts from the cotangent 1."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.elementwise import evaluated, wide, widened
from manualgrad.softmax import log_probabilities, probabilities, softmax_vjp

Array = npt.NDArray[Any]


def half_squared_error(prediction: Array, target: Array) -> Any:
    """Return ``sum (prediction - target)^2 / 2`` over all elements.

    C. Bishop, Pattern Recognition and Machine Learning, 2006, equation 5.14.

    Parameters
    ----------
    prediction, target
        Arrays of one shape and dtype: floating, complex or object.

    Returns
    -------
    number
        Of the dtype of the arguments.

    Raises
    ------
    TypeError
        If dtypes differ or are not floating, complex or object.
    ValueError
        If shapes differ.
    """
    _check_same(prediction, target)
    with np.errstate(all="ignore"):
        return _rounded(_divided(_sum_of_squares(prediction, target), 2), prediction)


def half_squared_error_backward(prediction: Array, target: Array) -> Array:
    """Return ``prediction - target``; arguments and errors as `half_squared_error`."""
    _check_same(prediction, target)
    with np.errstate(all="ignore"):
        return np.asarray(prediction - target)


def half_squared_error_double_backward(v: Array, prediction: Array, target: Array) -> Array:
    """Return the VJP of `half_squared_error_backward` for the prediction: v itself, a copy.

    It is the product of the loss's Hessian, the identity, with v of the shape of `prediction`.
    Errors as `half_squared_error`, and a ValueError if v has another shape.
    """
    _check_same(prediction, target)
    _check_direction(v, prediction)
    return v.copy()


def mse_loss(prediction: Array, target: Array) -> Any:
    """Return the mean of ``(prediction - target)^2`` over all elements; NaN if there are none.

    Arguments and errors as `half_squared_error`.
    """
    _check_same(prediction, target)
    with np.errstate(all="ignore"):
        total = _sum_of_squares(prediction, target)
        mean = _divided(total, prediction.size) if prediction.size else total * np.nan
        return _rounded(mean, prediction)


def mse_loss_backward(prediction: Array, target: Array) -> Array:
    """Return ``(prediction - target) * 2 / count``; arguments as `half_squared_error`."""
    _check_same(prediction, target)
    count = max(prediction.size, 1)
    with np.errstate(all="ignore"):
        difference = _difference(prediction, target)
        if prediction.dtype == object:
            return np.asarray(_divided(2 * difference, count))
        # Twice the difference may overflow where the gradient does not.
        difference /= count
        difference *= 2
        return difference.astype(prediction.dtype, copy=False)


def mse_loss_double_backward(v: Array, prediction: Array, target: Array) -> Array:
    """Return ``v * 2 / count``, the product of the loss's Hessian with v.

    Arguments and errors as `half_squared_error_double_backward`.
    """
    _check_same(prediction, target)
    _check_direction(v, prediction)
    count = max(prediction.size, 1)
    with np.errstate(all="ignore"):
        if prediction.dtype == object:
            return np.asarray(_divided(2 * v, count))
        return np.asarray(widened(v) / count * 2).astype(prediction.dtype)


def cross_entropy(prediction: Array, target: Array) -> Any:
    """Return the mean over all targets of ``-log softmax(prediction)[target]``.

    C. Bishop, Pattern Recognition and Machine Learning, 2006, equation 5.24.

    Parameters
    ----------
    prediction
        (N, C) or (N, C, *positions): unnormalised log-probabilities of C classes; floating
        or complex.
    target
        (N,) or (N, *positions): indices of the right classes, 0 to C - 1; any integer dtype.

    Returns
    -------
    number
        Of the dtype of `prediction`; NaN if there are no targets.

    Raises
    ------
    TypeError
        If `prediction` is not floating or `target` does not hold integers.
    ValueError
        If shapes do not match or a target is out of range.
    """
    place = _place(prediction, target)
    with np.errstate(all="ignore"):
        (logs,) = evaluated(
            lambda x: (log_probabilities(x),), 1, wide(prediction.dtype), (prediction,), along=1
        )
        chosen = np.take_along_axis(logs, place, axis=1)
        return _rounded(-chosen.sum() / target.size, prediction)  # 0 / 0 is NaN


def cross_entropy_backward(prediction: Array, target: Array) -> Array:
    """Return ``(softmax(prediction) - one-hot target) / count of targets``.

    C. Bishop, Pattern Recognition and Machine Learning, 2006, equation 4.109; arguments and
    errors as `cross_entropy`. A probability near 1 keeps its distance from 1: the difference is
    the sum of the others.
    """
    place = _place(prediction, target)
    with np.errstate(all="ignore"):
        gradient, rest = evaluated(probabilities, 2, wide(prediction.dtype), (prediction,), along=1)
        np.put_along_axis(gradient, place, -np.take_along_axis(rest, place, axis=1), axis=1)
        gradient /= max(target.size, 1)
        return gradient.astype(prediction.dtype, copy=False)


def cross_entropy_double_backward(v: Array, prediction: Array, target: Array) -> Array:
    """Return ``y (v - sum_j y_j v_j) / count``, y = softmax(prediction), summed over the classes.

    The product of the loss's Hessian with v: the VJP of softmax, since the targets fall away.
    Arguments and errors as `cross_entropy`, and a ValueError if v has another shape.
    """
    _place(prediction, target)
    _check_direction(v, prediction)
    with np.errstate(all="ignore"):
        (along,) = evaluated(
            lambda v, x: (softmax_vjp(v, x),), 1, wide(prediction.dtype), (v, prediction), along=1
        )
        along /= max(target.size, 1)
        return along.astype(prediction.dtype, copy=False)


def _sum_of_squares(prediction: Array, target: Array) -> Any:
    difference = _difference(prediction, target)
    return np.multiply(difference, difference, out=difference).sum()


def _difference(prediction: Array, target: Array) -> Array:
    """Return the difference as `widened` numbers, in memory of its own."""
    return np.asarray(np.subtract(prediction, target, dtype=wide(prediction.dtype)))


def _rounded(number: Any, like: Array) -> Any:
    """Return `number` in the dtype of `like`; exact numbers as they are."""
    return like.dtype.type(number)  # of objects, the number itself


def _divided(number: Any, by: int) -> Any:
    """Divide; whole numbers and arrays of them become Fractions, so that nothing is lost."""
    if isinstance(number, int):
        return Fraction(number, by)
    if isinstance(number, np.ndarray) and number.dtype == object:
        quotients = [_divided(item, by) for item in number.ravel()]
        found = np.empty(number.size, dtype=object)
        found[:] = quotients
        return found.reshape(number.shape)
    return number / by


def _check_same(prediction: Array, target: Array) -> None:
    common_dtype(prediction=prediction, target=target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"`target` (shape={target.shape}) must have the shape of `prediction` "
            f"{prediction.shape}"
        )


def _check_direction(v: Array, prediction: Array) -> None:
    common_dtype(v=v, prediction=prediction)
    if v.shape != prediction.shape:
        raise ValueError(f"`v` (shape={v.shape}) must have the shape of `prediction` "
                         f"{prediction.shape}")  # fmt: skip


def _place(prediction: Array, target: Array) -> Array:
    """Check the arguments; return the targets with an axis of size 1 for the classes."""
    if common_dtype(prediction=prediction).kind == "O":
        raise TypeError("`prediction` (dtype=object) must be floating or complex")
    if not isinstance(target, np.ndarray) or target.dtype.kind not in "iu":
        kind = getattr(target, "dtype", type(target).__name__)
        raise TypeError(f"`target` (dtype={kind}) must be an array of integers")
    if prediction.ndim < 2:
        raise ValueError(
            f"`prediction` (shape={prediction.shape}) must have at least 2 axes, (N, C)"
        )
    classes = prediction.shape[1]
    if classes == 0:
        raise ValueError(f"`prediction` (shape={prediction.shape}) must have at least 1 class")
    if target.shape != (prediction.shape[0], *prediction.shape[2:]):
        raise ValueError(
            f"`target` (shape={target.shape}) must have the shape of `prediction` "
            f"{prediction.shape} without its axis 1"
        )
    for wrong in target[(target < 0) | (target >= classes)].ravel()[:1]:
        raise ValueError(f"`target` holds {wrong}, which is no class index from 0 to {classes - 1}")
    return np.expand_dims(target, 1)
