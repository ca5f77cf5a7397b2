"""How an elementwise function is applied: quietly, and with one rounding for short floats.

Large arrays are taken block by block, so that what a function computes on its way stays in the
cache, and blocks are shared among threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.dtypes import common_dtype
from manualgrad.gradients import SecondDerivative
from manualgrad.threads import shares, side_by_side

Array = npt.NDArray[Any]

_WIDE = {np.dtype("float16"): np.float64, np.dtype("float32"): np.float64,
         np.dtype("complex64"): np.complex128}  # fmt: skip


_BLOCK = 2**15
"""Numbers of a block: some ten temporary arrays of so many fit into the cache of a core."""

_PASSES = 4
"""How often a function reads its numbers, at the least."""


def apply(
    function: Callable[[Array], Array], x: Array, *, exact: bool = False, along: int | None = None
) -> Array:
    """Return ``function(x)`` in the dtype of x, evaluated in float64 or wider.

    float16 and float32 are so rounded once. Warnings are silent: NaN and infinities are
    answers here.

    Parameters
    ----------
    exact
        Whether object arrays of exact numbers are welcome.
    along
        An axis along which `function` is not elementwise: it then gets (rows, numbers along it).

    Raises
    ------
    TypeError
        If x is not an array of floating or complex numbers.
    """
    dtype = _checked(exact, x=x)
    (y,) = evaluated(lambda x: (function(x),), 1, dtype, (x,), along=along)
    return y


def apply_derivative(
    derivative: Callable[[Array], Array], grad_y: Array, x: Array, *, exact: bool = False
) -> Array:
    """Return ``grad_y * derivative(x)``: see `apply_vjp`."""
    return apply_vjp(lambda g, x: g * derivative(x), grad_y, x, exact=exact)


def apply_vjp(
    vjp: Callable[[Array, Array], Array],
    grad_y: Array,
    x: Array,
    *,
    exact: bool = False,
    along: int | None = None,
) -> Array:
    """Return ``vjp(grad_y, x)`` in the dtype of x, evaluated in float64 or wider.

    Parameters
    ----------
    exact, along
        Of `apply`.

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
    (grad_x,) = evaluated(lambda g, x: (vjp(g, x),), 1, dtype, (grad_y, x), along=along)
    return grad_x


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
    along: int | None = None,
) -> SecondDerivative:
    """Return ``double_vjp(v, grad_y, x)`` in the dtype of x, evaluated in float64 or wider.

    Parameters
    ----------
    exact, along
        Of `apply`.

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
    return SecondDerivative(*evaluated(double_vjp, 2, dtype, (v, grad_y, x), along=along))


def evaluated(
    function: Callable[..., Sequence[Array]],
    results: int,
    dtype: np.dtype[Any],
    given: Sequence[Array],
    *,
    along: int | None,
) -> list[Array]:
    """Return the results of a function in `dtype`; it is given widened arrays of one shape.

    Parameters
    ----------
    function
        Returns so many results: elementwise, or along the last of two axes.
    given
        Arrays of one shape.
    along
        None, or the axis of `given` that becomes the last of two.
    """
    lines = [_in_lines(a, along) for a in given]
    found = [np.empty(lines[0].shape, dtype) for _ in range(results)]
    parts = shares(len(lines[0]), _PASSES * lines[0].size)
    with np.errstate(all="ignore"):
        side_by_side([partial(_write_blocks, function, found, lines, part) for part in parts])
    return [_out_of_lines(a, given[0].shape, along) for a in found]


def _in_lines(a: Array, along: int | None) -> Array:
    """Return all numbers in one line, or in lines along an axis."""
    return a.reshape(-1) if along is None else np.moveaxis(a, along, -1).reshape(-1, a.shape[along])


def _out_of_lines(lines: Array, shape: tuple[int, ...], along: int | None) -> Array:
    """Return an array that `_in_lines` would turn into these."""
    if along is None:
        return lines.reshape(shape)
    others = list(shape)
    others.append(others.pop(along))
    return np.ascontiguousarray(np.moveaxis(lines.reshape(others), -1, along))


def _write_blocks(
    function: Callable[..., Sequence[Array]],
    found: Sequence[Array],
    given: Sequence[Array],
    part: slice,
) -> None:
    """Write a part of the results, block by block."""
    step = max(1, _BLOCK // prod(found[0].shape[1:]))
    for start in range(part.start, min(part.stop, len(found[0])), step):
        block = slice(start, min(start + step, part.stop))
        _write(function, [a[block] for a in found], [a[block] for a in given])


def _write(
    function: Callable[..., Sequence[Array]], found: Sequence[Array], given: Sequence[Array]
) -> None:
    for place, each in zip(found, function(*map(widened, given)), strict=True):
        place[...] = each


def _checked(exact: bool, **arrays: Array) -> np.dtype[Any]:
    dtype = common_dtype(**arrays)
    if dtype.kind == "O" and not exact:
        raise TypeError(f"`x` (dtype={dtype}) must be floating or complex: not a polynomial")
    return dtype


def widened(x: Array) -> Array:
    """Return a copy of x in which short floats are float64, short complex numbers complex128."""
    return x.astype(wide(x.dtype))


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which numbers of a dtype are evaluated."""
    return np.dtype(_WIDE.get(dtype, dtype))
