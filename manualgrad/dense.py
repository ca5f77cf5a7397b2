"""The dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.gradients import Gradients

Array = npt.NDArray[Any]


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    """Return ``y = x w + b`` (I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, equation 6.2).

    Parameters
    ----------
    x
        (N, F_in); floating, complex or object.
    w
        (F_in, F_out), of the dtype of x.
    b
        (F_out,), or None.

    Returns
    -------
    (N, F_out)

    Raises
    ------
    TypeError
        If dtypes differ or are not floating, complex or object.
    ValueError
        If ranks or sizes do not match.
    """
    common_dtype(x=x, w=w, b=b)
    _check(x, w)
    if b is not None and b.shape != (w.shape[1],):
        raise ValueError(f"`b` (shape={b.shape}) must have shape ({w.shape[1]},)")
    with np.errstate(all="ignore"):
        return np.asarray(x @ w if b is None else x @ w + b)


def dense_backward(grad_y: Array, x: Array, w: Array) -> Gradients:
    """Return the VJP of `dense`: ``g w^T`` for x, ``x^T g`` for w, the sum over samples for b.

    Parameters
    ----------
    grad_y
        The cotangent g, (N, F_out).
    x, w
        Of `dense`.

    Raises
    ------
    TypeError, ValueError
        As `dense`, and if `grad_y` has another dtype or shape than the result.
    """
    common_dtype(grad_y=grad_y, x=x, w=w)
    _check(x, w)
    shape = (x.shape[0], w.shape[1])
    if grad_y.shape != shape:
        raise ValueError(f"`grad_y` (shape={grad_y.shape}) must have the result's shape {shape}")
    with np.errstate(all="ignore"):
        return Gradients(grad_y @ w.T, x.T @ grad_y, np.asarray(grad_y.sum(axis=0)))


def _check(x: Array, w: Array) -> None:
    for name, array in (("x", x), ("w", w)):
        if array.ndim != 2:
            raise ValueError(f"`{name}` (shape={array.shape}) must have 2 axes")
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"`x` (shape={x.shape}) has {x.shape[1]} features, "
            f"`w` (shape={w.shape}) takes {w.shape[0]}"
        )
