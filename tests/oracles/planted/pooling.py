"""Max pooling, which the catalog does not have: its definition, right and wrong backward passes.

Of equal numbers in a window the first, row by row, is the largest.
"""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right


def reference(xp, x, *, kernel, stride):
    """Forward for any array library; no `max`, whose derivative at ties libraries disagree on."""
    oh = (x.shape[2] - kernel) // stride + 1
    ow = (x.shape[3] - kernel) // stride + 1
    best = None
    for i in range(kernel):
        for j in range(kernel):
            rows = slice(i, i + stride * (oh - 1) + 1, stride)
            columns = slice(j, j + stride * (ow - 1) + 1, stride)
            other = x[:, :, rows, columns]
            best = other if best is None else xp.where(other > best, other, best)
    return best * 1


def windows(x, kernel, stride):
    """Yield every place of the result with the slices of its window."""
    for i in range((x.shape[2] - kernel) // stride + 1):
        for j in range((x.shape[3] - kernel) // stride + 1):
            top, left = i * stride, j * stride
            yield i, j, slice(top, top + kernel), slice(left, left + kernel)


def forward(x, *, kernel, stride):
    oh, ow = (x.shape[2] - kernel) // stride + 1, (x.shape[3] - kernel) // stride + 1
    y = np.zeros((*x.shape[:2], oh, ow), dtype=x.dtype)
    for i, j, rows, columns in windows(x, kernel, stride):
        y[:, :, i, j] = x[:, :, rows, columns].max(axis=(2, 3))
    return y


def largest(window):
    """Where the first of the largest numbers of one channel's window is."""
    return np.unravel_index(np.argmax(window), window.shape)


def backward(g, x, *, kernel, stride):
    gx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i, j, rows, columns in windows(x, kernel, stride):
                row, column = largest(x[n, c, rows, columns])
                gx[n, c, rows, columns][row, column] += g[n, c, i, j]
    return gx


def assigned(g, x, *, kernel, stride):
    gx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i, j, rows, columns in windows(x, kernel, stride):
                row, column = largest(x[n, c, rows, columns])
                gx[n, c, rows, columns][row, column] = g[n, c, i, j]  # = instead of +=
    return gx


def every_tie(g, x, *, kernel, stride):
    gx = np.zeros_like(x)
    for i, j, rows, columns in windows(x, kernel, stride):
        window = x[:, :, rows, columns]
        mask = window == window.max(axis=(2, 3), keepdims=True)  # several where there are ties
        gx[:, :, rows, columns] += mask * g[:, :, i : i + 1, j : j + 1]
    return gx


RIGHT = Right("window by window", None, forward, backward, reference=reference)

PLANTED = [
    RIGHT.but(
        14, "= for += on overlapping windows",
        backward=assigned, wrong={"grad_x"},
        cause="grad_x keeps the cotangent of the last window alone where windows overlap",
    ),
    RIGHT.but(
        14, "ties counted more than once",
        backward=every_tie, wrong={"grad_x"},
        cause="grad_x gives the whole cotangent to each of the equal maxima of a window",
    ),
]  # fmt: skip
