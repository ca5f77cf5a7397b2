"""Convolution with one channel in each group: sums of multiples, no products of matrices.

With its rows written one behind the other, the input meets each tap as one long vector, shifted:
``y[p] = sum_k w[k] x[p + offset(k)]``. Rows of x are longer than those of y, so some of the sums
belong to no position; they are left out at the end.
"""

from __future__ import annotations

from itertools import product
from operator import mul
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from manualgrad.geometry import Geometry, Shape
from manualgrad.scratch import scratch

Array = npt.NDArray[Any]


def slide(block: Array, w: Array, geometry: Geometry, shape: Shape) -> Array:
    """Return ``y[n, g, p] = sum_k block[n, g, p + dilation k] w[g, k]``, in scratch memory.

    Parameters
    ----------
    block
        (samples, groups, 1, *size).
    w
        (groups, 1, 1, *kernel).
    shape
        Of the result, (samples, groups, 1, *out).
    """
    block = np.ascontiguousarray(block)
    flat, length = _flat(block, shape[3:])
    total = scratch("total", (*flat.shape[:2], length), w.dtype)
    multiple = scratch("product", total.shape, w.dtype)
    first, *others = zip(
        _offsets(block, geometry), w.reshape(len(w), -1, 1).swapaxes(0, 1), strict=True
    )
    np.multiply(flat[:, :, first[0] : first[0] + length], first[1], out=total)
    for offset, factor in others:
        total += np.multiply(flat[:, :, offset : offset + length], factor, out=multiple)
    return _at_positions(total, block, shape)


def gather(block: Array, g: Array, geometry: Geometry) -> Array:
    """Return ``w[g, k] = sum over n, p of block[n, g, p + dilation k] g[n, g, p]``.

    Parameters
    ----------
    block
        (samples, groups, 1, *size).
    g
        (samples, groups, 1, *out).

    Returns
    -------
    (groups, 1, 1, *kernel)
    """
    block = np.ascontiguousarray(block)
    flat, length = _flat(block, g.shape[3:])
    spread = scratch("total", (*flat.shape[:2], length), g.dtype)
    spread.fill(0)
    _at_positions(spread, block, g.shape)[...] = g
    sums = [
        (flat[:, :, None, offset : offset + length] @ spread[..., None]).sum(axis=0)
        for offset in _offsets(block, geometry)
    ]
    return np.concatenate(sums, axis=1).reshape(flat.shape[1], 1, 1, *geometry.kernel)


def _flat(block: Array, out: Shape) -> tuple[Array, int]:
    """Return the block with its axes as one, and the places from the first to the last position."""
    flat = block.reshape(*block.shape[:2], -1)
    return flat, 1 + sum(map(mul, (n - 1 for n in out), _pitch(block)))


def _pitch(block: Array) -> list[int]:
    """Return the places from one position of each axis to the next."""
    return [stride // block.itemsize for stride in block.strides[3:]]


def _offsets(block: Array, geometry: Geometry) -> list[int]:
    """Return the places by which each tap shifts what it sees."""
    steps = list(map(mul, geometry.dilation, _pitch(block)))
    return [sum(map(mul, k, steps)) for k in product(*map(range, geometry.kernel))]


def _at_positions(total: Array, block: Array, shape: Shape) -> Array:
    """Return what belongs to a position, as a view (samples, groups, 1, *out)."""
    of_sample, of_group, one = total.strides
    strides = (of_sample, of_group, of_group, *(one * pitch for pitch in _pitch(block)))
    return as_strided(total, shape, strides)
