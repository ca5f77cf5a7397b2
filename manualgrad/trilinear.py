"""The trilinear form behind convolution, and its three derivatives.

For any number of spatial axes::

    T(x, w, g) = sum over n, o, c, p, k of  g[n, o, p] x[n, c, s p + d k - pad] w[o, c, k]

where the sum runs over the positions that exist in x, and c over the channels of the group
of o. T is linear in each argument, so its derivative by one of them is a sum of products of
the other two:

- dT/dg is `fprop`, the forward pass of a convolution,
- dT/dx is `dgrad`, the gradient of its input, and the forward pass of the transposed one,
- dT/dw is `wgrad`, the gradient of the weights of both.

For a fixed tap k, each is one matrix product between x at the positions that the tap sees
and g at the positions that it serves (V. Dumoulin and F. Visin, A guide to convolution
arithmetic for deep learning, 2016, has the pictures). Padding is never stored: a tap that
would read a zero is left out, so no zero meets an infinity.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manualgrad.geometry import Geometry, Shape

Array = npt.NDArray[Any]
Index = tuple[Any, ...]


class Tap(NamedTuple):
    """One position k of the kernel, the positions of g that it serves, those of x it reads."""

    kernel: Shape
    of_g: Index
    of_x: Index


def taps(geometry: Geometry) -> Iterator[Tap]:
    """Yield the taps that read at least one element of x."""
    each_axis = [list(_axis_taps(geometry, axis)) for axis in range(len(geometry.size))]
    for combination in product(*each_axis):
        kernel, of_g, of_x = zip(*combination, strict=True)
        yield Tap(kernel, (..., *of_g), (..., *of_x))


def _axis_taps(geometry: Geometry, axis: int) -> Iterator[tuple[int, slice, slice]]:
    """Along one axis, yield k with the p for which ``0 <= s p + d k - pad < size``."""
    s, pad = geometry.stride[axis], geometry.padding[axis]
    for k in range(geometry.kernel[axis]):
        offset = geometry.dilation[axis] * k - pad
        first = max(0, -(offset // s))
        stop = min(geometry.out[axis], (geometry.size[axis] - 1 - offset) // s + 1)
        if first < stop:
            start = s * first + offset
            yield k, slice(first, stop), slice(start, start + s * (stop - first - 1) + 1, s)


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
    batch, channels = x.shape[0], w.shape[0]
    columns, matrices = _channels_first(x, geometry), _by_tap(w, geometry)
    y = np.zeros(_grouped(batch, channels, geometry.out, geometry), x.dtype)
    with np.errstate(all="ignore"):
        for tap in taps(geometry):
            y[tap.of_g] += _times(matrices[tap.kernel], columns[tap.of_x])
    return _batch_first(y)


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
    batch, channels = g.shape[0], w.shape[1] * geometry.groups
    columns, matrices = _channels_first(g, geometry), _by_tap(w, geometry).swapaxes(-1, -2)
    x = np.zeros(_grouped(batch, channels, geometry.size, geometry), g.dtype)
    with np.errstate(all="ignore"):
        for tap in taps(geometry):
            x[tap.of_x] += _times(matrices[tap.kernel], columns[tap.of_g])
    return _batch_first(x)


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
    rows, columns = _channels_first(g, geometry), _channels_first(x, geometry)
    w = np.zeros((*geometry.kernel, *rows.shape[:2], columns.shape[1]), x.dtype)
    with np.errstate(all="ignore"):
        for tap in taps(geometry):
            seen = _matrix(columns[tap.of_x])
            w[tap.kernel] = _matrix(rows[tap.of_g]) @ seen.swapaxes(-1, -2)
    return _from_tap(w)


def _times(matrices: Array, block: Array) -> Array:
    """Multiply (groups, rows, columns) with (groups, columns, N, *positions)."""
    product_ = matrices @ _matrix(block)
    return product_.reshape(*matrices.shape[:2], *block.shape[2:])


def _matrix(block: Array) -> Array:
    """Write samples and positions as columns: (groups, channels, N * positions)."""
    return block.reshape(*block.shape[:2], int(np.prod(block.shape[2:])))


def _grouped(batch: int, channels: int, size: Shape, geometry: Geometry) -> Shape:
    return (geometry.groups, channels // geometry.groups, batch, *size)


def _channels_first(x: Array, geometry: Geometry) -> Array:
    """Return (N, C, *size) as (groups, C/groups, N, *size)."""
    shape = _grouped(x.shape[0], x.shape[1], x.shape[2:], geometry)
    return np.ascontiguousarray(x.swapaxes(0, 1)).reshape(shape)


def _batch_first(x: Array) -> Array:
    """Return (groups, C/groups, N, *size) as (N, C, *size)."""
    channels = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])
    return channels.swapaxes(0, 1).copy()


def _by_tap(w: Array, geometry: Geometry) -> Array:
    """Return (O, C/groups, *kernel) as (*kernel, groups, O/groups, C/groups)."""
    grouped = w.reshape(geometry.groups, -1, *w.shape[1:])
    return np.moveaxis(grouped, (0, 1, 2), (-3, -2, -1)).copy()


def _from_tap(w: Array) -> Array:
    """Return (*kernel, groups, O/groups, C/groups) as (O, C/groups, *kernel)."""
    grouped = np.moveaxis(w, (-3, -2, -1), (0, 1, 2))
    return grouped.reshape(grouped.shape[0] * grouped.shape[1], *grouped.shape[2:]).copy()
