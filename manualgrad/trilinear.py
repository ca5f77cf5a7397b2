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
rotated, once for each phase of the stride (see `phases`), and wgrad may be computed from its
columns as well. What is multiplied when is planned from shapes alone (see `plan`), the matrices
are written in `matrices`. If all is small, what is seen is looked up instead (see `lookup`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad import lookup
from manualgrad.geometry import Geometry
from manualgrad.layout import Operands
from manualgrad.matrices import add_columns, block, by_row, columns, rows, weights
from manualgrad.phases import Window, phases, whole, worthwhile
from manualgrad.plan import Step, Tile, plan
from manualgrad.products import Pair, Product, summers, writers
from manualgrad.scratch import scratch
from manualgrad.threads import side_by_side

Array = npt.NDArray[Any]

_ENOUGH = 2**9
"""Columns that make a product fast; samples with fewer are taken together."""

_FEW = 4
"""Times as many results as channels: columns of x are then much smaller than those of g."""


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
    table = lookup.table(geometry, len(x), x.shape[1] + len(w))
    if table:
        return lookup.fprop(x, w, table)
    y = _empty_y(x, w, geometry)
    of_x, of_w, of_y = _by_group(geometry, x, w, y)
    _correlate(of_x, whole(geometry), Pair(of_w, of_y), None)
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
    table = lookup.table(geometry, len(g), w.shape[1] * geometry.groups + len(w))
    if table:
        return lookup.dgrad(g, w, table)
    x = _empty_x(g, w, geometry)
    of_x, of_w, of_g = _by_group(geometry, x, w, g)
    if worthwhile(geometry):
        _by_phase(of_g, geometry, Pair(of_w, of_x), None)
    else:
        _scatter(of_g, of_w, geometry, of_x)
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
    table = lookup.table(geometry, len(x), x.shape[1] + g.shape[1])
    if table:
        return lookup.wgrad(x, g, table)
    w = _zeros_w(x, g, geometry)
    of_x, of_w, of_g = _by_group(geometry, x, w, g)
    _correlate(of_x, whole(geometry), None, Pair(of_w, of_g))
    return w


def fprop_wgrad(x: Array, w: Array, g: Array, geometry: Geometry) -> tuple[Array, Array]:
    """Return dT/dg and dT/dw, with the columns of x written once.

    Parameters
    ----------
    x
        (N, C, *size).
    w
        (O, C/groups, *kernel), of the same dtype.
    g
        (N, O, *out), of the same dtype.

    Returns
    -------
    (N, O, *out) and (O, C/groups, *kernel)
    """
    table = lookup.table(geometry, len(x), x.shape[1] + len(w))
    if table:
        return lookup.fprop_wgrad(x, w, g, table)
    y, grad_w = _empty_y(x, w, geometry), _zeros_w(x, g, geometry)
    of_x, of_w, of_y = _by_group(geometry, x, w, y)
    _, of_grad_w, of_g = _by_group(geometry, x, grad_w, g)
    _correlate(of_x, whole(geometry), Pair(of_w, of_y), Pair(of_grad_w, of_g))
    return y, grad_w


def dgrad_wgrad(x: Array, w: Array, g: Array, geometry: Geometry) -> tuple[Array, Array]:
    """Return dT/dx and dT/dw, with the columns of g written once where that pays.

    Parameters
    ----------
    x, w, g
        Of `fprop_wgrad`.

    Returns
    -------
    (N, C, *size) and (O, C/groups, *kernel)
    """
    small = lookup.table(geometry, len(x), x.shape[1] + len(w))
    if small or not (worthwhile(geometry) and _sums_along_phases(x, w, geometry)):
        return dgrad(g, w, geometry), wgrad(x, g, geometry)
    grad_x, grad_w = _empty_x(g, w, geometry), _zeros_w(x, g, geometry)
    of_x, of_w, of_g = _by_group(geometry, x, w, g)
    of_grad_x, of_grad_w, _ = _by_group(geometry, grad_x, grad_w, g)
    _by_phase(of_g, geometry, Pair(of_w, of_grad_x), Pair(of_grad_w, of_x))
    return grad_x, grad_w


def _sums_along_phases(x: Array, w: Array, geometry: Geometry) -> bool:
    """Tell whether wgrad may use the columns of dgrad, and has enough to multiply them by.

    Columns of g hold zeros where a position of x meets no position of g. An infinite x would
    make NaN of them in sums to which it does not belong.
    """
    enough = len(w) <= _FEW * w.shape[1] * geometry.groups
    return enough and (x.dtype.hasobject or bool(np.isfinite(x.sum())))


def _by_phase(g: Array, geometry: Geometry, onto: Pair, along: Pair | None) -> None:
    """Do for dgrad what `_correlate` does; of both pairs w is (groups, O/groups, C/groups, ...)."""
    split = phases(geometry)
    for place in split.unreached:
        onto.y[place] = 0
    pairs = [pair and Pair(pair.w.swapaxes(1, 2), pair.y) for pair in (onto, along)]
    for window in split.windows:
        _correlate(g, window, *pairs)


def _scatter(g: Array, w: Array, geometry: Geometry, x: Array) -> None:
    """Write the columns ``w^T g`` to where fprop reads them, and add: if phases do not pay.

    Parameters
    ----------
    g
        (samples, groups, results, *out).
    w
        (groups, results, channels, *kernel).
    x
        (samples, groups, channels, *size).
    """
    x.fill(0)
    operands = Operands(len(g), g.shape[2], x.shape[2], x.itemsize, scatters=True)
    for tile in plan(whole(geometry), operands).tiles:
        ((of_w, (factor,)),) = ((share.of_w, share.factors) for share in tile.shares)
        part = by_row([w[of_w]], scratch("weights", (tile.weights,), w.dtype))
        left = weights(part, factor.taps).swapaxes(1, 2)
        for step in tile.steps:
            right, total = rows(g[step.of_y]), scratch("block", step.size, x.dtype)
            out = scratch("columns", (*left.shape[:2], right.shape[2]), x.dtype)
            total.fill(0)
            add_columns(np.matmul(left, right, out=out), tile.layout, step, total)
            x[step.of_x] += total if step.place is None else total[step.place]


def _correlate(x: Array, window: Window, onto: Pair | None, along: Pair | None) -> None:
    """Multiply what a window sees of x, written as columns X, for each of its phases.

    Parameters
    ----------
    x
        (samples, groups, channels, *size).
    onto
        Whose y is to be ``w X``.
    along
        Whose w, of zeros, is to be ``y X^T``.
    """
    results = next(pair.w.shape[1] for pair in (onto, along) if pair)
    together = _ENOUGH if onto else 2**62
    of = plan(window, Operands(len(x), results, x.shape[2], x.itemsize, together))
    if onto and of.adds:
        for _, place in (part for phase in window.phases for part in phase.parts):
            onto.y[place] = 0
    for tile in of.tiles:
        onto_y = writers(tile, window, onto, adds=of.adds, small=of.small) if onto else []
        rooms = scratch("sums", (of.threads, tile.weights if along else 0), x.dtype)
        along_w = [
            summers(tile, window, along, room, small=of.small) if along else [] for room in rooms
        ]
        side_by_side(
            [
                partial(_take, x, tile, islice(tile.steps, number, None, of.threads), products)
                for number, products in enumerate([*onto_y, *sums] for sums in along_w)
            ]
        )
        for first, *others in zip(*along_w, strict=True):
            for other in others:
                first.join(other)
            first.finish()


def _take(x: Array, tile: Tile, steps: Iterable[Step], products: Sequence[Product]) -> None:
    """Compute all that is to be computed of some steps."""
    for step in steps:
        seen = block(x, step) if tile.layout.depthwise else columns(x, tile.layout, step)
        for each in products:
            each.take(seen, step)


def _empty_y(x: Array, w: Array, geometry: Geometry) -> Array:
    return np.empty((x.shape[0], w.shape[0], *geometry.out), x.dtype)


def _empty_x(g: Array, w: Array, geometry: Geometry) -> Array:
    return np.empty((g.shape[0], w.shape[1] * geometry.groups, *geometry.size), g.dtype)


def _zeros_w(x: Array, g: Array, geometry: Geometry) -> Array:
    return np.zeros((g.shape[1], x.shape[1] // geometry.groups, *geometry.kernel), x.dtype)


def _by_group(geometry: Geometry, x: Array, w: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return x, w, y as (N, groups, C/groups, ...), (groups, O/groups, C/groups, ...), as x."""
    groups, (n, channels), results = geometry.groups, x.shape[:2], len(w)
    return (
        x.reshape(n, groups, channels // groups, *x.shape[2:]),
        w.reshape(groups, results // groups, *w.shape[1:]),
        y.reshape(n, groups, results // groups, *y.shape[2:]),
    )
