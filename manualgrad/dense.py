"""The dense layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.geometry import check_directions
from manualgrad.gradients import Gradients, SecondGradients

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
        y = x @ w
        return y if b is None else np.add(y, b, out=y)


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
    _check_cotangent(grad_y, x, w)
    with np.errstate(all="ignore"):
        return Gradients(grad_y @ w.T, x.T @ grad_y, np.asarray(grad_y.sum(axis=0)))


def dense_double_backward(
    v_x: Array, v_w: Array, v_b: Array | None, grad_y: Array, x: Array, w: Array
) -> SecondGradients:
    """Return the VJP of `dense_backward`, a function of grad_y, x and w.

    That of ``sum g (v_x w + x v_w + v_b)``: ``v_x w + x v_w + v_b`` for g, ``g v_w^T`` for x,
    ``v_x^T g`` for w.

    Parameters
    ----------
    v_x, v_w, v_b
        Cotangents of ``grad_x``, ``grad_w`` and ``grad_b``; None for `v_b` counts as zeros.
    grad_y, x, w
        Of `dense_backward`.

    Raises
    ------
    TypeError, ValueError
        As `dense_backward`, and if a direction has another dtype or shape than its gradient.
    """
    _check_cotangent(grad_y, x, w)
    check_directions(v_x, v_w, v_b, x, w, w.shape[1])
    with np.errstate(all="ignore"):
        along = v_x @ w
        np.add(along, x @ v_w, out=along)
        if v_b is not None:
            np.add(along, v_b, out=along)
        return SecondGradients(along, grad_y @ v_w.T, v_x.T @ grad_y)


def _check_cotangent(grad_y: Array, x: Array, w: Array) -> None:
    common_dtype(grad_y=grad_y, x=x, w=w)
    _check(x, w)
    shape = (x.shape[0], w.shape[1])
    if grad_y.shape != shape:
        raise ValueError(f"`grad_y` (shape={grad_y.shape}) must have the result's shape {shape}")


def _check(x: Array, w: Array) -> None:
    for name, array in (("x", x), ("w", w)):
        if array.ndim != 2:
            raise ValueError(f"`{name}` (shape={array.shape}) must have 2 axes")
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"`x` (shape={x.shape}) has {x.shape[1]} features, "
            f"`w` (shape={w.shape}) takes {w.shape[0]}"
        )
