"""Small convolutions, whose calls cost more than their sums: numbers are looked up in a table.

What a position of the result sees of x at a tap is one number of x, or a zero beyond its end. So
the matrix of columns is x, looked up in a table of indices; and dgrad, the adjoint of looking up,
sums for each number of x the products in which it was seen. Both tables follow from the geometry.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manualgrad.geometry import Geometry

Array = npt.NDArray[Any]

_TABLE = 2**13
"""Indices of the longest table."""

_NUMBERS = 2**15
"""Numbers up to which it pays to look them up."""


class Table(NamedTuple):
    """Who sees whom.

    Attributes
    ----------
    geometry
        Of the convolution.
    seen
        (taps, positions): the index in x, along all its axes, that a tap sees at a position; one
        beyond the last where it sees padding.
    pads
        Whether one sees padding.
    seen_at
        (most, size): for each index in x where `seen` holds it; one beyond the last where it is
        held less often than others.
    varies
        Whether one is held less often than others.
    """

    geometry: Geometry
    seen: npt.NDArray[np.intp]
    pads: bool
    seen_at: npt.NDArray[np.intp]
    varies: bool


def table(geometry: Geometry, samples: int, channels: int) -> Table | None:
    """Return the table of a convolution, if it is small.

    Parameters
    ----------
    channels
        Those of x and of the result.
    """
    found = _table(geometry)
    small = found is not None and samples * channels * found.seen.size <= _NUMBERS
    return found if small else None


def fprop(x: Array, w: Array, of: Table) -> Array:
    """Return what `trilinear.fprop` does."""
    return _onto(_columns(x, of), w, of)


def dgrad(g: Array, w: Array, of: Table) -> Array:
    """Return what `trilinear.dgrad` does."""
    groups, samples, (taps, positions) = of.geometry.groups, len(g), of.seen.shape
    results, channels = len(w) // groups, w.shape[1]
    left = w.reshape(groups, results, channels * taps).swapaxes(1, 2)
    products = left @ g.reshape(samples, groups, results, positions)
    products = products.reshape(samples, groups * channels, taps * positions)
    if of.varies:
        products = _with_zero(products)
    x = np.add.reduce(products.take(of.seen_at, axis=2), axis=2)
    return x.reshape(*x.shape[:2], *of.geometry.size)


def wgrad(x: Array, g: Array, of: Table) -> Array:
    """Return what `trilinear.wgrad` does."""
    return _along(_columns(x, of), g, of)


def fprop_wgrad(x: Array, w: Array, g: Array, of: Table) -> tuple[Array, Array]:
    """Return what `trilinear.fprop_wgrad` does."""
    columns = _columns(x, of)
    return _onto(columns, w, of), _along(columns, g, of)


def _columns(x: Array, of: Table) -> Array:
    """Return (samples, groups, channels * taps, positions)."""
    samples, channels, groups = len(x), x.shape[1], of.geometry.groups
    flat = x.reshape(samples, channels, prod(of.geometry.size))
    taps, positions = of.seen.shape
    seen = (_with_zero(flat) if of.pads else flat).take(of.seen, axis=2)
    return seen.reshape(samples, groups, channels // groups * taps, positions)


def _onto(columns: Array, w: Array, of: Table) -> Array:
    """Return fprop of some columns."""
    groups = of.geometry.groups
    y = w.reshape(groups, len(w) // groups, columns.shape[2]) @ columns
    return y.reshape(len(columns), len(w), *of.geometry.out)


def _along(columns: Array, g: Array, of: Table) -> Array:
    """Return wgrad of some columns."""
    samples, groups, rows, positions = columns.shape
    results = g.shape[1]
    each = g.reshape(samples, groups, results // groups, positions) @ columns.swapaxes(2, 3)
    w = each[0] if samples == 1 else np.add.reduce(each, axis=0)
    return w.reshape(results, rows // prod(of.geometry.kernel), *of.geometry.kernel)


def _with_zero(a: Array) -> Array:
    """Return (samples, channels, numbers), with a zero behind the numbers of each channel."""
    longer = np.zeros((*a.shape[:2], a.shape[2] + 1), a.dtype)
    longer[..., :-1] = a
    return longer


@lru_cache(maxsize=64)  # of the longest tables, 8 MiB
def _table(geometry: Geometry) -> Table | None:
    """Return the table of a convolution, if it is short."""
    size, taps, positions = map(prod, (geometry.size, geometry.kernel, geometry.out))
    if taps * max(size, positions) > _TABLE:
        return None
    seen, exists = np.zeros((1, 1), np.intp), np.ones((1, 1), np.bool_)
    each = (geometry.size, geometry.kernel, geometry.out, geometry.stride, geometry.padding,
            geometry.dilation)  # fmt: skip
    for n, k, p, s, pad, d in zip(*each, strict=True):
        one = d * np.arange(k)[:, None] + (s * np.arange(p) - pad)
        seen = _every(np.add, n * seen, one)
        exists = _every(np.logical_and, exists, (one >= 0) & (one < n))
    seen = np.where(exists, seen, size).reshape(taps, positions)
    # Sorted, the places that see one index lie behind each other.
    order = np.argsort(seen, axis=None, kind="stable")
    counts = np.bincount(seen.ravel(), minlength=size)[:size]
    most = int(counts.max())
    turns = np.arange(most)[:, None]
    held = turns < counts
    seen_at = np.where(held, order.take(np.cumsum(counts) - counts + turns, mode="clip"), seen.size)
    return Table(geometry, seen, not exists.all(), seen_at, not held.all())


def _every(call: np.ufunc, first: Array, second: Array) -> Array:
    """Combine (taps, positions) of some axes with those of one more."""
    (k, p), (more, places) = first.shape, second.shape
    return call(first[:, None, :, None], second[:, None, :]).reshape(k * more, p * places)
