"""Convolution, its transpose and dense layers, defined as plain sums over indices.

Each is a bilinear map ``y[i] = sum x[j] * w[k]``; its definition is the list of its index
triples (i, j, k). The names of the equation's indices are arrays of all their combinations, so
that the equation can be read in the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from operator import and_
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Index = Sequence[Array]


@dataclass(frozen=True, eq=False)
class Terms:
    """Index triples of a bilinear map, as flat indices into y, x and w."""

    y: Array
    x: Array
    w: Array
    y_shape: Shape

    def with_bias(self, x_size: int, w_size: int, axis: int) -> Terms:
        """Return the terms of ``y + b``: x is followed by a 1 and w by b, one for each channel."""
        size = prod(self.y_shape)
        channel = np.indices(self.y_shape)[axis].ravel()
        return replace(
            self,
            y=np.concatenate([self.y, np.arange(size)]),
            x=np.concatenate([self.x, np.full(size, x_size)]),
            w=np.concatenate([self.w, w_size + channel]),
        )


def convolution_terms(
    x_shape: Shape,
    w_shape: Shape,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Terms:
    """Terms of ``y[n, o, p] = sum x[n, c, s p + d k - padding] w[o, c, k]``.

    The sum runs over the channels c of the group of o and over the kernel k, where the
    position in x exists.
    """
    batch, channels, size = _split(x_shape, w_shape)
    out_channels, in_group, kernel = w_shape[0], w_shape[1], w_shape[2:]
    s, d = per_axis(stride, kernel), per_axis(dilation, kernel)
    low, high = paddings(padding, kernel, d)
    out = tuple(
        (size[a] + low[a] + high[a] - d[a] * (kernel[a] - 1) - 1) // s[a] + 1
        for a in range(len(kernel))
    )

    n, o, c, *pk = _every(batch, out_channels, in_group, *out, *kernel)
    p, k = pk[: len(kernel)], pk[len(kernel) :]
    channel = o // (out_channels // groups) * in_group + c
    q = [s[a] * p[a] + d[a] * k[a] - low[a] for a in range(len(kernel))]
    return _collect((n, o, *p), (batch, out_channels, *out), (n, channel, *q),
                    (batch, channels, *size), (o, c, *k), w_shape, x_shape,
                    exist=_inside(q, size))  # fmt: skip


def transposed_convolution_terms(
    x_shape: Shape,
    w_shape: Shape,
    *,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Terms:
    """Terms of ``y[n, o, s q + d k - padding] += x[n, c, q] w[c, o, k]``.

    Each element of x lays a copy of its kernel onto y; what falls off y is dropped.
    """
    batch, channels, size = _split(x_shape, w_shape)
    out_group, kernel = w_shape[1], w_shape[2:]
    s, d = per_axis(stride, kernel), per_axis(dilation, kernel)
    low, extra = per_axis(padding, kernel), per_axis(output_padding, kernel)
    out = tuple(
        (size[a] - 1) * s[a] - 2 * low[a] + d[a] * (kernel[a] - 1) + extra[a] + 1
        for a in range(len(kernel))
    )

    n, c, o, *qk = _every(batch, channels, out_group, *size, *kernel)
    q, k = qk[: len(kernel)], qk[len(kernel) :]
    channel = c // (channels // groups) * out_group + o
    p = [s[a] * q[a] + d[a] * k[a] - low[a] for a in range(len(kernel))]
    return _collect((n, channel, *p), (batch, out_group * groups, *out), (n, c, *q),
                    (batch, channels, *size), (c, o, *k), w_shape, x_shape,
                    exist=_inside(p, out))  # fmt: skip


def dense_terms(x_shape: Shape, w_shape: Shape) -> Terms:
    """Terms of ``y[n, o] = sum x[n, i] w[i, o]``."""
    (batch, inputs), (_, outputs) = x_shape, w_shape
    n, o, i = _every(batch, outputs, inputs)
    return _collect((n, o), (batch, outputs), (n, i), x_shape, (i, o), w_shape, x_shape)


def true_convolution_terms(x_shape: Shape, w_shape: Shape) -> Terms:
    """Terms of ``y[p] = sum x[p + k] w[size of w - 1 - k]``: one channel, the kernel rotated."""
    out = tuple(n - m + 1 for n, m in zip(x_shape, w_shape, strict=True))
    pk = _every(*out, *w_shape)
    p, k = pk[: len(out)], pk[len(out) :]
    q = [a + b for a, b in zip(p, k, strict=True)]
    rotated = [m - 1 - b for m, b in zip(w_shape, k, strict=True)]
    return _collect(p, out, q, x_shape, rotated, w_shape, x_shape)


def _every(*sizes: int) -> Index:
    """Return all combinations of indices below `sizes`: an array for each index."""
    return list(np.indices(sizes).reshape(len(sizes), -1))


def _collect(
    y: Index,
    y_shape: Shape,
    x: Index,
    x_shape: Shape,
    w: Index,
    w_shape: Shape,
    given: Shape,
    *,
    exist: Array | None = None,
) -> Terms:
    """Flatten the triples that `exist`; an unbatched `given` x makes y unbatched."""
    flat = [_flat(index, shape) for index, shape in ((y, y_shape), (x, x_shape), (w, w_shape))]
    of_y, of_x, of_w = flat if exist is None else (each[exist] for each in flat)
    return Terms(of_y, of_x, of_w, y_shape if len(given) == len(x_shape) else y_shape[1:])


def _flat(index: Index, shape: Shape) -> Array:
    """Return the flat indices, whatever they are where there is no such place."""
    flat = index[0]
    for i, size in zip(index[1:], shape[1:], strict=True):
        flat = flat * size + i
    return flat


def _inside(index: Index, shape: Shape) -> Array:
    """Return the numbers of the places that exist along every axis."""
    every = [(i >= 0) & (i < size) for i, size in zip(index, shape, strict=True)]
    return np.flatnonzero(reduce(and_, every))


def _split(x_shape: Shape, w_shape: Shape) -> tuple[int, int, Shape]:
    """Batch, channels and spatial size of x; an unbatched x is a batch of one."""
    batched = x_shape if len(x_shape) == len(w_shape) else (1, *x_shape)
    return batched[0], batched[1], batched[2:]


def per_axis(option: Any, kernel: Shape) -> tuple[int, ...]:
    """Return an option as one int for each axis of the kernel."""
    return tuple(option) if isinstance(option, tuple | list) else (option,) * len(kernel)


def paddings(padding: Any, kernel: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Return the padding before and behind each axis."""
    if padding == "valid":
        return (0,) * len(kernel), (0,) * len(kernel)
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    both = per_axis(padding, kernel)
    return both, both
