"""Convolution with one channel in each group: sums of multiples, no products of matrices.

With its rows written one behind the other, the input meets each tap as one long vector, shifted:
``y[p] = sum_k w[k] x[p + offset(k)]``. Rows of x are longer than those of y, so some of the sums
belong to no position; they are left out at the end.
"""

from __future__ import annotations

from itertools import product
from math import prod
from operator import mul
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from manualgrad.blocks import Box, length
from manualgrad.geometry import Geometry, Shape
from manualgrad.scratch import scratch

Array = npt.NDArray[Any]


def slide(block: Array, w: Array, geometry: Geometry, window: Box, shape: Shape) -> Array:
    """Return ``y[n, g, p] = sum_k block[n, g, p + dilation k] w[g, k]``, in scratch memory.

    Parameters
    ----------
    block
        (samples, groups, 1, *size).
    w
        (groups, 1, 1, *taps).
    window
        For each axis, where the taps lie in the kernel of the geometry.
    shape
        Of the result, (samples, groups, 1, *out).
    """
    block = np.ascontiguousarray(block)
    flat = block.reshape(*block.shape[:2], -1)
    pitch = [stride // block.itemsize for stride in block.strides[3:]]
    # Rows of x are one long vector: from the first position to the last one.
    long = 1 + sum(map(mul, (n - 1 for n in shape[3:]), pitch))
    total = scratch("total", (*flat.shape[:2], long), w.dtype)
    more = scratch("product", total.shape, w.dtype)
    # What the taps of the first axis see lies whole rows apart, and is summed in one call.
    step, *others = map(mul, geometry.dilation, pitch)
    seen = (*flat.shape[:2], w.shape[3], long)
    strides = (*flat.strides[:2], step * block.itemsize, block.itemsize)
    taps = zip(
        product(*(range(*each) for each in window[1:])),
        w.reshape(len(w), w.shape[3], -1).transpose(2, 0, 1),
        strict=True,
    )
    for i, (tap, factors) in enumerate(taps):
        offset = window[0][0] * step + sum(map(mul, tap, others))
        rows = as_strided(flat[:, :, offset:], seen, strides)
        np.einsum("ngkl,gk->ngl", rows, factors, out=more if i else total)
        if i:
            total += more
    of_sample, of_group, one = total.strides
    return as_strided(total, shape, (of_sample, of_group, of_group, *(one * p for p in pitch)))


def gather(block: Array, g: Array, geometry: Geometry, window: Box) -> Array:
    """Return ``w[g, k] = sum over n, p of block[n, g, p + dilation k] g[n, g, p]``.

    Parameters
    ----------
    block
        (samples, groups, 1, *size).
    g
        (samples, groups, 1, *out).
    window
        For each axis, where the taps lie in the kernel of the geometry.

    Returns
    -------
    (groups, 1, 1, *taps)
    """
    first, *others = window
    every = np.ascontiguousarray(g).reshape(*g.shape[:2], -1, 1)
    row = prod(g.shape[4:])
    sums = []
    for taps in product(*(range(*each) for each in others)):
        # What a tap of the first axis sees of these is a part of them, as it lies in memory.
        starts = map(mul, taps, geometry.dilation[1:])
        ranges = zip(starts, g.shape[4:], strict=True)
        seen = block[(slice(None),) * 4 + tuple(slice(a, a + n) for a, n in ranges)]
        copy = scratch("columns", seen.shape, g.dtype)
        np.copyto(copy, seen)
        flat = copy.reshape(*g.shape[:2], 1, -1)
        starts_of_first = [k * geometry.dilation[0] * row for k in range(*first)]
        sums += [(flat[..., a : a + every.shape[2]] @ every).sum(axis=0) for a in starts_of_first]
    taps_in_order = map(length, (*others, first))
    by_tap = np.stack(sums, axis=-1).reshape(g.shape[1], 1, 1, *taps_in_order)
    return np.moveaxis(by_tap, -1, 3)
