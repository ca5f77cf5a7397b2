"""How the operands of a convolution are written as matrices.

What each position of the result sees of x is a column, with a row for each tap and channel.
Columns are ordered by the first axis, then samples, then the other axes, so that a tap of the
first axis shifts them all by the same number of places.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from manualgrad.geometry import Shape
from manualgrad.plan import Layout, Step
from manualgrad.scratch import SMALL, scratch

Array = npt.NDArray[Any]


def block(x: Array, step: Step) -> Array:
    """Return what a step reads of x (samples, groups, channels, *size), zeros where x ends."""
    exists = x[step.of_x]
    if step.place is None:
        return exists
    among_zeros = scratch("block", step.size, x.dtype)
    among_zeros.fill(0)
    among_zeros[step.place] = exists
    return among_zeros


def columns(x: Array, layout: Layout, step: Step) -> Array:
    """Return the columns that a step reads, (groups, taps * channels, columns)."""
    read = block(x, step)
    strides = read.strides
    windows = _strided(read, step.windows, tuple([strides[a] * n for a, n in layout.axes]))
    return _matrix(windows, step.matrix, "columns")


def add_columns(products: Array, layout: Layout, step: Step, shift: int, total: Array) -> None:
    """Add a matrix to where its columns would be read from: to what one shift sees of `total`.

    Parameters
    ----------
    products
        (groups, taps * channels, columns).
    total
        (samples, groups, channels, *size), contiguous.
    """
    axes, dilation = len(layout.kernel), layout.geometry.dilation[0]
    strides = tuple([total.strides[a] * n for a, n in layout.axes])
    seen = _strided(total, step.windows, strides).swapaxes(0, axes + 2)
    first = len(seen) - dilation * (layout.shifts - 1)
    seen = seen[shift * dilation :][:first].swapaxes(0, axes + 2)
    added = products.reshape(seen.shape)
    # The taps of one position do not meet, nor do the positions of one tap.
    taps = range(1, axes + 1)
    positions = [a for a in range(axes + 2, seen.ndim) if a != axes + 3]
    one_by_one = min(taps, positions, key=lambda these: prod(seen.shape[a] for a in these))
    seen, added = (np.moveaxis(a, one_by_one, range(axes)) for a in (seen, added))
    for index in np.ndindex(*seen.shape[:axes]):
        seen[index] += added[index]


def rows(g: Array) -> Array:
    """Return (samples, groups, results, *axes) as (groups, results, columns)."""
    ordered = in_column_order(g)
    return _matrix(ordered, (*ordered.shape[:2], prod(ordered.shape[2:])), "rows")


def weights(w: Array, layout: Layout) -> Array:
    """Return (groups, results, channels, *kernel) as (shifts, groups, results, taps * channels).

    Of results and channels, those closer together in memory stay so: it is read in order.
    """
    groups, results, channels = w.shape[:3]
    shape = (layout.shifts, groups, results, layout.taps * channels)
    taps = tuple(range(3, w.ndim))
    outer, inner = ((), taps) if layout.shifts == 1 else (taps[:1], taps[1:])
    if w.strides[1] >= w.strides[2]:
        return w.transpose(*outer, 0, 1, *inner, 2).reshape(shape)
    swapped = w.transpose(*outer, 0, *inner, 2, 1)
    return swapped.reshape(layout.shifts, groups, shape[3], results).swapaxes(2, 3)


def write_weights(sums: Array, layout: Layout, w: Array) -> None:
    """Write into w what `weights` would read from it."""
    groups, results, channels = w.shape[:3]
    first, *others = layout.kernel
    # Of the shifts and the first axis of the kernel that is copied, one has size 1.
    split = sums.reshape(layout.shifts, groups, results, first, *others, channels)
    taps = range(3, split.ndim - 1)
    w[...] = split.transpose(1, 2, split.ndim - 1, 0, *taps).reshape(w.shape)


def in_column_order(y: Array) -> Array:
    """Return (samples, groups, results, first, *others) with the samples behind the first axis."""
    return y.transpose(1, 2, 3, 0, *range(4, y.ndim))


def reshaped(view: Array, shape: Shape) -> Array | None:
    """Reshape a view if that needs no copy."""
    try:
        return view.reshape(shape, copy=False)
    except ValueError:
        return None


def _matrix(view: Array, shape: Shape, purpose: str) -> Array:
    """Reshape a view, into scratch memory if it must be copied and is large."""
    if view.size <= SMALL:
        return view.reshape(shape)
    matrix = reshaped(view, shape)
    if matrix is None:
        copy = scratch(purpose, view.shape, view.dtype)
        np.copyto(copy, view)
        return copy.reshape(shape)
    return matrix


def _strided(read: Array, shape: Shape, strides: Shape) -> Array:
    """Return a view; `as_strided` does the same, but takes as long as a small product."""
    if read.flags.c_contiguous and not read.dtype.hasobject:
        return np.ndarray(shape, read.dtype, read, 0, strides)
    return as_strided(read, shape, strides)
