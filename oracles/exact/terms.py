"""Convolution, its transpose and dense layers, defined as plain sums over indices.

Each is a bilinear map ``y[i] = sum x[j] * w[k]``; its definition is the list of its index
triples (i, j, k), written as loops to be read beside the equation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Triple = tuple[Shape, Shape, Shape]


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

    def triples() -> Iterator[Triple]:
        for n, o, c in product(range(batch), range(out_channels), range(in_group)):
            channel = o // (out_channels // groups) * in_group + c
            for p, k in product(_positions(out), _positions(kernel)):
                q = tuple(s[a] * p[a] + d[a] * k[a] - low[a] for a in range(len(k)))
                if _inside(q, size):
                    yield (n, o, *p), (n, channel, *q), (o, c, *k)

    return _collect(triples(), (batch, out_channels, *out), (batch, channels, *size), w_shape,
                    x_shape)  # fmt: skip


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

    def triples() -> Iterator[Triple]:
        for n, c, o in product(range(batch), range(channels), range(out_group)):
            channel = c // (channels // groups) * out_group + o
            for q, k in product(_positions(size), _positions(kernel)):
                p = tuple(s[a] * q[a] + d[a] * k[a] - low[a] for a in range(len(k)))
                if _inside(p, out):
                    yield (n, channel, *p), (n, c, *q), (c, o, *k)

    return _collect(triples(), (batch, out_group * groups, *out), (batch, channels, *size),
                    w_shape, x_shape)  # fmt: skip


def dense_terms(x_shape: Shape, w_shape: Shape) -> Terms:
    """Terms of ``y[n, o] = sum x[n, i] w[i, o]``."""
    (batch, inputs), (_, outputs) = x_shape, w_shape
    triples = (
        ((n, o), (n, i), (i, o)) for n, o, i in product(range(batch), range(outputs), range(inputs))
    )
    return _collect(triples, (batch, outputs), x_shape, w_shape, x_shape)


def true_convolution_terms(x_shape: Shape, w_shape: Shape) -> Terms:
    """Terms of ``y[p] = sum x[p + k] w[size of w - 1 - k]``: one channel, the kernel rotated."""
    out = tuple(n - m + 1 for n, m in zip(x_shape, w_shape, strict=True))

    def triples() -> Iterator[Triple]:
        for p, k in product(_positions(out), _positions(w_shape)):
            q = tuple(a + b for a, b in zip(p, k, strict=True))
            yield p, q, tuple(m - 1 - a for m, a in zip(w_shape, k, strict=True))

    return _collect(triples(), out, x_shape, w_shape, x_shape)


def _collect(
    triples: Iterator[Triple], y_shape: Shape, x_shape: Shape, w_shape: Shape, given: Shape
) -> Terms:
    """Flatten the triples; an unbatched `given` shape of x makes y unbatched."""
    rows = list(triples)
    y, x, w = (
        _flat([row[part] for row in rows], shape)
        for part, shape in enumerate((y_shape, x_shape, w_shape))
    )
    return Terms(y, x, w, y_shape if len(given) == len(x_shape) else y_shape[1:])


def _flat(indices: list[Shape], shape: Shape) -> Array:
    if not indices:
        return np.zeros(0, dtype=np.intp)
    return np.asarray(np.ravel_multi_index(tuple(np.array(indices).T), shape))


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


def _positions(size: Shape) -> Iterator[Shape]:
    return product(*map(range, size))


def _inside(position: Shape, size: Shape) -> bool:
    return all(0 <= p < n for p, n in zip(position, size, strict=True))
