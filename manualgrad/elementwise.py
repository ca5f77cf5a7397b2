"""How an elementwise function is applied: quietly, and with one rounding for short floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.gradients import SecondDerivative

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


def apply_second(
    backward: Callable[[Array, Array], Array],
    curvature: Callable[[Array], Array],
    v: Array,
    grad_y: Array,
    x: Array,
    *,
    exact: bool = False,
) -> SecondDerivative:
    """Return the VJP of ``grad_y f'(x)``: ``v f'(x)`` by `backward`, and ``v grad_y f''(x)``.

    Raises
    ------
    TypeError, ValueError
        As `apply_double_vjp`.
    """

    def along_x(v: Array, g: Array, x: Array) -> tuple[Array, Array]:
        return g, _product(curvature(x), g, v)

    grad_x = apply_double_vjp(along_x, v, grad_y, x, exact=exact).grad_x
    return SecondDerivative(backward(v, x), grad_x)


def _product(c: Array, g: Array, v: Array) -> Array:
    """Multiply in the order in which nothing underflows that the result does not."""
    if v.dtype.kind == "O":
        return np.asarray(v * (g * c))
    return np.where(np.abs(v) >= 1, v * c * g, c * g * v)


def apply_double_vjp(
    double_vjp: Callable[[Array, Array, Array], tuple[Array, Array]],
    v: Array,
    grad_y: Array,
    x: Array,
    *,
    exact: bool = False,
) -> SecondDerivative:
    """Return ``double_vjp(v, grad_y, x)`` in the dtype of x, evaluated in float64 or wider.

    Raises
    ------
    TypeError
        As `apply_vjp`.
    ValueError
        If `v` or `grad_y` has not the shape of x.
    """
    dtype = _checked(exact, v=v, grad_y=grad_y, x=x)
    for name, array in (("v", v), ("grad_y", grad_y)):
        if array.shape != x.shape:
            raise ValueError(f"`{name}` (shape={array.shape}) must have the shape of `x` {x.shape}")
    with np.errstate(all="ignore"):
        along_y, along_x = double_vjp(widened(v), widened(grad_y), widened(x))
        return SecondDerivative(np.array(along_y).astype(dtype), np.array(along_x).astype(dtype))


def _checked(exact: bool, **arrays: Array) -> np.dtype[Any]:
    dtype = common_dtype(**arrays)
    if dtype.kind == "O" and not exact:
        raise TypeError(f"`x` (dtype={dtype}) must be floating or complex: not a polynomial")
    return dtype


def widened(x: Array) -> Array:
    """Return a copy of x in which short floats are float64, short complex numbers complex128."""
    return x.astype(_WIDE.get(x.dtype, x.dtype))
