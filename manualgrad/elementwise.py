"""How an elementwise function is applied: quietly, and with one rounding for short floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype

Array = npt.NDArray[Any]

_WIDE = {np.dtype("float16"): np.float64, np.dtype("float32"): np.float64,
         np.dtype("complex64"): np.complex128}  # fmt: skip


def apply(function: Callable[[Array], Array], x: Array, *, exact: bool = False) -> Array:
    """Return ``function(x)`` in the dtype of x, evaluated in float64 or wider.

    float16 and float32 are so rounded once. Warnings are silent: NaN and infinities are
    answers here.

    Parameters
    ----------
    exact
        Whether object arrays of exact numbers are welcome.

    Raises
    ------
    TypeError
        If x is not an array of floating or complex numbers.
    """
    dtype = _checked(exact, x=x)
    with np.errstate(all="ignore"):
        return np.array(function(widened(x))).astype(dtype)


def apply_derivative(
    derivative: Callable[[Array], Array], grad_y: Array, x: Array, *, exact: bool = False
) -> Array:
    """Return ``grad_y * derivative(x)``: see `apply_vjp`."""
    return apply_vjp(lambda g, x: g * derivative(x), grad_y, x, exact=exact)


def apply_vjp(
    vjp: Callable[[Array, Array], Array], grad_y: Array, x: Array, *, exact: bool = False
) -> Array:
    """Return ``vjp(grad_y, x)`` in the dtype of x, evaluated in float64 or wider.

    Raises
    ------
    TypeError
        As `apply`, or if dtypes differ.
    ValueError
        If `grad_y` has not the shape of x.
    """
    dtype = _checked(exact, grad_y=grad_y, x=x)
    if grad_y.shape != x.shape:
        raise ValueError(f"`grad_y` (shape={grad_y.shape}) must have the shape of `x` {x.shape}")
    with np.errstate(all="ignore"):
        return np.array(vjp(widened(grad_y), widened(x))).astype(dtype)


def _checked(exact: bool, **arrays: Array) -> np.dtype[Any]:
    dtype = common_dtype(**arrays)
    if dtype.kind == "O" and not exact:
        raise TypeError(f"`x` (dtype={dtype}) must be floating or complex: not a polynomial")
    return dtype


def widened(x: Array) -> Array:
    """Return a copy of x in which short floats are float64, short complex numbers complex128."""
    return x.astype(_WIDE.get(x.dtype, x.dtype))
