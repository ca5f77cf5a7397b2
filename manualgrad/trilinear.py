"""The trilinear form behind convolution, and its three derivatives.

For any number of spatial axes::

    T(x, w, g) = sum over n, o, c, p, k of  g[n, o, p] x[n, c, s p + d k - pad] w[o, c, k]

where the sum runs over the channels c of the group of o, and x counts as zero outside: as a
number that is multiplied, so an infinite weight makes NaN there, as if x had been padded. T is
linear in each argument, so its derivative by one of them is a sum of products of the other two:

- dT/dg is `fprop`, the forward pass of a convolution,
- dT/dx is `dgrad`, the gradient of its input, and the forward pass of the transposed one,
- dT/dw is `wgrad`, the gradient of the weights of both.

All three are products of matrices. With what each position sees of x as a column of X, fprop is
``w X`` and wgrad is ``g X^T`` (K. Chellapilla, S. Puri, P. Simard, High performance convolutional
neural networks for document processing, 2006); dgrad is fprop again, of g with the kernel
rotated, once for each phase of the stride (see `phases`). What is multiplied when is planned
from shapes alone (see `plan`), the matrices are written in `matrices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.depthwise import gather, slide
from manualgrad.geometry import Geometry, Shape
from manualgrad.matrices import (
    add_columns,
    block,
    columns,
    in_column_order,
    reshaped,
    rows,
    weights,
    write_weights,
)
from manualgrad.phases import phases, worthwhile
from manualgrad.plan import Operands, Tile, plan
from manualgrad.scratch import scratch

Array = npt.NDArray[Any]

_ENOUGH = 2**9
"""Columns that make a product fast; samples with fewer are taken together."""

_FEW_RESULTS = 64
"""Up to this number of rows, OpenBLAS multiplies float64 faster with the long side first."""


def fprop(x: Array, w: Array, geometry: Geometry) -> Array:
    """Return dT/dg: ``y[n, o, p] = sum x[n, c, s p + d k - pad] w[o, c, k]``.

    Parameters
    ----------
    x
        (N, C, *size).
    w
        (O, C/groups, *kernel), of the same dtype.

    Returns
    -------
    (N, O, *out)
    """
    groups = geometry.groups
    y = np.empty((x.shape[0], w.shape[0], *geometry.out), x.dtype)
    parts = [(_by_group(w, groups), _samples_by_group(y, groups))]
    _correlate(_samples_by_group(x, groups), geometry, parts)
    return y


def dgrad(g: Array, w: Array, geometry: Geometry) -> Array:
    """Return dT/dx: ``x[n, c, s p + d k - pad] += g[n, o, p] w[o, c, k]``.

    Parameters
    ----------
    g
        (N, O, *out).
    w
        (O, C/groups, *kernel), of the same dtype.

    Returns
    -------
    (N, C, *size)
    """
    groups = geometry.groups
    x = np.empty((g.shape[0], w.shape[1] * groups, *geometry.size), g.dtype)
    of_g, of_x = _samples_by_group(g, groups), _samples_by_group(x, groups)
    of_w = _by_group(w, groups)
    if not worthwhile(geometry):
        x.fill(0)
        _scatter(of_g, of_w, geometry, of_x)
        return x
    of_w = of_w.swapaxes(1, 2)
    for phase in phases(geometry):
        if phase.geometry is None:
            for _, place in phase.parts:
                of_x[place] = 0
        else:
            parts = [(of_w[taps], of_x[place]) for taps, place in phase.parts]
            _correlate(of_g, phase.geometry, parts)
    return x


def wgrad(x: Array, g: Array, geometry: Geometry) -> Array:
    """Return dT/dw: ``w[o, c, k] = sum g[n, o, p] x[n, c, s p + d k - pad]``.

    Parameters
    ----------
    x
        (N, C, *size).
    g
        (N, O, *out), of the same dtype.

    Returns
    -------
    (O, C/groups, *kernel)
    """
    groups = geometry.groups
    w = np.zeros((g.shape[1], x.shape[1] // groups, *geometry.kernel), x.dtype)
    of_x, of_g, of_w = (
        _samples_by_group(x, groups),
        _samples_by_group(g, groups),
        _by_group(w, groups),
    )
    operands = Operands(len(x), of_w.shape[1], of_w.shape[2], x.itemsize)
    for tile in plan(geometry, operands):
        part = of_w[tile.of_w]
        if tile.layout.depthwise:
            for step in tile.steps:
                part += gather(block(of_x, step), of_g[step.of_y], tile.layout.geometry)
        else:
            _outer(of_x, of_g, tile, part)
    return w


def _scatter(g: Array, w: Array, geometry: Geometry, x: Array) -> None:
    """Add the columns ``w^T g`` to where fprop reads them: dgrad, where phases do not pay.

    Parameters
    ----------
    g
        (samples, groups, results, *out).
    w
        (groups, results, channels, *kernel).
    x
        (samples, groups, channels, *size).
    """
    operands = Operands(len(g), g.shape[2], x.shape[2], x.itemsize, slides=False)
    for tile in plan(geometry, operands):
        matrices = weights(w[tile.of_w], tile.layout).swapaxes(2, 3)
        for step in tile.steps:
            right, total = rows(g[step.of_y]), scratch("block", step.size, x.dtype)
            total.fill(0)
            for shift, left in enumerate(matrices):
                out = scratch("columns", (*left.shape[:2], right.shape[2]), x.dtype)
                add_columns(np.matmul(left, right, out=out), tile.layout, step, shift, total)
            x[step.of_x] += total if step.place is None else total[step.place]


def _outer(x: Array, g: Array, tile: Tile, w: Array) -> None:
    """Write ``g X^T`` into w, (groups, results, channels, *kernel), if there are samples."""
    sums = None
    for step in tile.steps:
        right, left = columns(x, tile.layout, step).swapaxes(1, 2), rows(g[step.of_y])
        shape = (left.shape[0], left.shape[1], right.shape[2])
        if sums is None:
            sums = np.empty((len(step.shifts), *shape), x.dtype)
            for i, shift in enumerate(step.shifts):
                np.matmul(left, right[:, shift], out=sums[i])
        else:
            product = scratch("product", shape, x.dtype)
            for i, shift in enumerate(step.shifts):
                sums[i] += np.matmul(left, right[:, shift], out=product)
    if sums is not None:
        write_weights(sums, tile.layout, w)


def _correlate(x: Array, geometry: Geometry, parts: Sequence[tuple[Array, Array]]) -> None:
    """Write ``w X`` into y, for each (w, y) of `parts`.

    Parameters
    ----------
    x
        (samples, groups, channels, *size).
    parts
        w (groups, results, channels, *kernel) and y (samples, groups, results, *out).
    """
    results = parts[0][0].shape[1]
    operands = Operands(len(x), results, x.shape[2], x.itemsize, len(parts), _ENOUGH)
    for tile in plan(geometry, operands):
        if tile.layout.depthwise:
            _slide(x, tile, parts)
            continue
        stacked = [weights(w[tile.of_w], tile.layout) for w, _ in parts]
        matrices = stacked[0] if len(parts) == 1 else np.concatenate(stacked, axis=2)
        for step in tile.steps:
            places = [in_column_order(y[step.of_y]) for _, y in parts]
            _multiply(matrices, columns(x, tile.layout, step), step.shifts, places, adds=tile.adds)


def _slide(x: Array, tile: Tile, parts: Sequence[tuple[Array, Array]]) -> None:
    """Do what `_correlate` does for a tile, with one channel in each group."""
    for step in tile.steps:
        read = block(x, step)
        for w, y in parts:
            place = y[step.of_y]
            found = slide(read, w[tile.of_w], tile.layout.geometry, place.shape)
            place[...] = place + found if tile.adds else found


def _multiply(
    w: Array, z: Array, shifts: Sequence[slice], places: Sequence[Array], *, adds: bool
) -> None:
    """Write or add the products of each shift, summed, into their places.

    Parameters
    ----------
    w
        (shifts, groups, results, taps * channels), the results of all places.
    z
        The matrix of columns.
    places
        Parts of y, each (groups, results, *columns).
    """
    shape = (w.shape[1], w.shape[2], shifts[0].stop)
    by_column = w.dtype == np.float64 and w.shape[2] <= _FEW_RESULTS and shape[2] >= _ENOUGH
    direct = None if adds or by_column or len(places) > 1 else reshaped(places[0], shape)
    total = _empty("total", shape, w.dtype, by_column=by_column) if direct is None else direct
    np.matmul(w[0], z[:, :, shifts[0]], out=total)
    if len(shifts) > 1:
        product = _empty("product", shape, w.dtype, by_column=by_column)
        for left, shift in zip(w[1:], shifts[1:], strict=True):
            total += np.matmul(left, z[:, :, shift], out=product)
    if direct is None:
        _write(total, places, adds=adds)


def _empty(purpose: str, shape: Shape, dtype: np.dtype[Any], *, by_column: bool) -> Array:
    if by_column:
        return scratch(purpose, (shape[0], shape[2], shape[1]), dtype).swapaxes(1, 2)
    return scratch(purpose, shape, dtype)


def _write(total: Array, places: Sequence[Array], *, adds: bool) -> None:
    start = 0
    for place in places:
        stop = start + place.shape[1]
        part = total[:, start:stop].reshape(place.shape)
        place[...] = place + part if adds else part
        start = stop


def _samples_by_group(x: Array, groups: int) -> Array:
    """Return (N, C, *size) as (N, groups, C/groups, *size)."""
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def _by_group(w: Array, groups: int) -> Array:
    """Return (O, C/groups, *kernel) as (groups, O/groups, C/groups, *kernel)."""
    return w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
