"""A convolution in loops, as people write it by hand: right, and with one rotation missing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Gradients = tuple[Array, Array, Array]


def forward(x: Array, w: Array, b: Array, *, stride: int = 1, padding: int = 0) -> Array:
    """Return the cross-correlation of x (N, C, H, W) and w (O, C, KH, KW), cell by cell."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height = (padded.shape[2] - w.shape[2]) // stride + 1
    width = (padded.shape[3] - w.shape[3]) // stride + 1
    y = np.zeros((x.shape[0], w.shape[0], height, width), dtype=x.dtype)
    for n, o, i, j in np.ndindex(y.shape):
        y[n, o, i, j] = b[o]
        for c, p, q in np.ndindex(w.shape[1:]):
            y[n, o, i, j] += padded[n, c, i * stride + p, j * stride + q] * w[o, c, p, q]
    return y


def backward(g: Array, x: Array, w: Array, *, stride: int = 1, padding: int = 0) -> Gradients:
    """Return the gradients of x, w and b; the padded cotangent meets the rotated kernel."""
    return _backward(g, x, w, w[:, :, ::-1, ::-1], stride, padding)


def backward_unrotated(
    g: Array, x: Array, w: Array, *, stride: int = 1, padding: int = 0
) -> Gradients:
    """Return the same, but for the kernel, which is not rotated."""
    return _backward(g, x, w, w, stride, padding)


def _backward(g: Array, x: Array, w: Array, kernel: Array, stride: int, padding: int) -> Gradients:
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    grad_x, grad_w, grad_b = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(w[:, 0, 0, 0])
    spread = _spread(g, padded, w, stride)
    for n, o, i, j in np.ndindex(g.shape):
        grad_b[o] += g[n, o, i, j]
        for c, p, q in np.ndindex(w.shape[1:]):
            grad_w[o, c, p, q] += padded[n, c, i * stride + p, j * stride + q] * g[n, o, i, j]
    for n, c, i, j in np.ndindex(grad_x.shape):
        for o, p, q in _taps(w):
            grad_x[n, c, i, j] += spread[n, o, i + p, j + q] * kernel[o, c, p, q]
    inside = slice(padding, padding + x.shape[2]), slice(padding, padding + x.shape[3])
    return grad_x[(..., *inside)].copy(), grad_w, grad_b


def _taps(w: Array) -> Iterator[tuple[int, int, int]]:
    return product(range(w.shape[0]), range(w.shape[2]), range(w.shape[3]))


def _spread(g: Array, padded: Array, w: Array, stride: int) -> Array:
    """Return the cotangent with zeros between its rows and columns, and around them."""
    rows, columns = (size - 1 for size in w.shape[2:])
    shape = padded.shape[2] + rows, padded.shape[3] + columns
    spread = np.zeros((*g.shape[:2], *shape), dtype=g.dtype)
    height, width = g.shape[2] * stride, g.shape[3] * stride
    spread[:, :, rows : rows + height : stride, columns : columns + width : stride] = g
    return spread
