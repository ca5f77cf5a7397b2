"""How the operands of a convolution are written as matrices.

What each position of the result sees of x is a column, with a row for each tap and channel.
Columns are ordered by the first axis, then samples, then the other axes, so that a tap of the
first axis shifts them all by the same number of places.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from manualgrad.geometry import Shape
from manualgrad.layout import Layout
from manualgrad.plan import Step
from manualgrad.scratch import SMALL, scratch

Array = npt.NDArray[Any]

_ROWS = 16
"""Rows of weights that a cache holds."""


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


def add_columns(products: Array, layout: Layout, step: Step, total: Array) -> None:
    """Add a matrix to where its columns would be read from, if no taps are shifts.

    Parameters
    ----------
    products
        (groups, taps * channels, columns).
    total
        (samples, groups, channels, *size), contiguous.
    """
    axes = len(layout.kernel)
    strides = tuple([total.strides[a] * n for a, n in layout.axes])
    seen = _strided(total, step.windows, strides)
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


def by_position(parts: Sequence[Array]) -> Array:
    """Return several (samples, groups, results, *axes) as (groups, columns, results of all)."""
    ordered = [g.transpose(1, 3, 0, *range(4, g.ndim), 2) for g in parts]
    groups, *columns, results = ordered[0].shape
    # BLAS takes a matrix either way, but not with gaps between its numbers.
    if len(parts) == 1 and parts[0].strides[-1] == parts[0].itemsize:
        return _matrix(ordered[0], (groups, prod(columns), results), "rows")
    every = scratch("rows", (groups, *columns, len(parts) * results), parts[0].dtype)
    for i, each in enumerate(ordered):
        every[..., i * results : (i + 1) * results] = each
    return every.reshape(groups, prod(columns), len(parts) * results)


def seen_at(z: Array, step: Step, positions: Shape) -> Array:
    """Return the part of some columns that belongs to positions, if a phase lacks the last ones."""
    if positions == step.positions:
        return z
    some = leading(z.reshape(*z.shape[:2], *step.positions), positions)
    return some.reshape(*z.shape[:2], prod(positions))


def leading(a: Array, shape: Shape) -> Array:
    """Return the first elements along the last axes."""
    index: tuple[Any, ...] = (..., *map(slice, shape))
    return a[index]


def by_row(parts: Sequence[Array], room: Array) -> Array:
    """Return several (groups, results, channels, *taps) as one, with the taps in order of rows.

    Of results and channels, those closer together in memory stay so.

    Parameters
    ----------
    room
        As many numbers as all of them have, for the result.

    Returns
    -------
    (groups, results of all, *taps, channels)
    """
    w = parts[0]
    turned = w.strides[1] < w.strides[2]
    taps, results = _tap_order(w.ndim), w.shape[1]
    order = (0, *taps, 2, 1) if turned else (0, 1, *taps, 2)
    found = w.transpose(order)
    if len(parts) > 1 or not found.flags.c_contiguous:
        axis = order.index(1)
        found = room.reshape(*found.shape[:axis], len(parts) * results, *found.shape[axis + 1 :])
        for i, each in enumerate(parts):
            place = (slice(None),) * axis + (slice(i * results, (i + 1) * results),)
            _copy(found[place], each.transpose(order), like=each.transpose(order))
    return found.transpose(0, -1, *range(1, w.ndim - 1)) if turned else found


def weights(w: Array, taps: slice) -> Array:
    """Return some taps of `by_row` as (groups, results, taps * channels)."""
    some = w[:, :, taps]
    return some.reshape(*some.shape[:2], prod(some.shape[2:]))


def write_weights(sums: Array, w: Array) -> None:
    """Write (groups, taps * channels, results) to where `by_row` reads them."""
    place = w.transpose(0, *_tap_order(w.ndim), 2, 1)
    _copy(place, sums.reshape(place.shape), like=place)


def _copy(to: Array, source: Array, *, like: Array) -> None:
    """Copy a part after the other, as they lie in the memory of `like`."""
    if to.size <= SMALL:
        to[...] = source
        return
    axis = max(range(like.ndim), key=lambda a: (like.shape[a] > 1, abs(like.strides[a])))
    for start in range(0, like.shape[axis], _ROWS):
        some = (slice(None),) * axis + (slice(start, start + _ROWS),)
        to[some] = source[some]


@cache
def _tap_order(axes: int) -> tuple[int, ...]:
    """Return the axes of taps in the order of rows: the first one, the last one, the others."""
    taps = range(3, axes)
    return tuple(sorted(taps, key=lambda axis: axis not in (taps[0], taps[-1])))


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
        matrix = _spread(purpose, shape, view.dtype)
        np.copyto(matrix.reshape(view.shape, copy=False), view)
    return matrix


def _spread(purpose: str, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Return scratch memory for matrices whose rows do not meet in the same lines of the cache."""
    *outer, columns = shape
    line = max(1, 64 // dtype.itemsize)
    lines = -(-columns // line)
    return scratch(purpose, (*outer, (lines + (3 - lines) % 8) * line), dtype)[..., :columns]


def _strided(read: Array, shape: Shape, strides: Shape) -> Array:
    """Return a view; `as_strided` does the same, but takes as long as a small product."""
    if read.flags.c_contiguous and not read.dtype.hasobject:
        return np.ndarray(shape, read.dtype, read, 0, strides)
    return as_strided(read, shape, strides)
