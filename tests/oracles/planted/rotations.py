"""conv2d whose gradients are convolutions again: spread, pad, rotate, slide."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right

LIMITS = {"scalar_options": True, "named_padding": False, "batched": True}


def rot180(a):
    return a[:, :, ::-1, ::-1]


def pad(x, rows, columns):
    return np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))


def slide(x, w, stride=1):
    """Cross-correlation (N, C, H, W) with (F, C, kh, kw), valid."""
    n, _, h, wd = x.shape
    f, _, kh, kw = w.shape
    oh, ow = (h - kh) // stride + 1, (wd - kw) // stride + 1
    y = np.zeros((n, f, oh, ow), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            patch = x[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            y[:, :, i, j] = np.tensordot(patch, w, axes=((1, 2, 3), (1, 2, 3)))
    return y


def spread(g, x, w, stride, padding):
    """Lay the cotangent on the places that a stride of 1 would have."""
    rows = x.shape[2] + 2 * padding - w.shape[2] + 1
    columns = x.shape[3] + 2 * padding - w.shape[3] + 1
    wide = np.zeros((*g.shape[:2], rows, columns), dtype=g.dtype)
    wide[:, :, ::stride, ::stride] = g
    return wide


def swap(a):
    return a.transpose(1, 0, 2, 3)


def crop(full, x, padding):
    return full[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]


def forward(x, w, b=None, *, stride=1, padding=0):
    y = slide(pad(x, padding, padding), w, stride)
    return y if b is None else y + b.reshape(1, -1, 1, 1)


def grad_x(g, x, w, stride, padding):
    wide = pad(spread(g, x, w, stride, padding), w.shape[2] - 1, w.shape[3] - 1)
    return crop(slide(wide, swap(rot180(w))), x, padding)


def grad_w(g, x, w, stride, padding):
    wide = spread(g, x, w, stride, padding)
    return swap(slide(swap(pad(x, padding, padding)), swap(wide)))


def grad_b(g):
    return np.sum(g, axis=(0, 2, 3))


def backward(g, x, w, *, stride=1, padding=0):
    return grad_x(g, x, w, stride, padding), grad_w(g, x, w, stride, padding), grad_b(g)


# --- 1: the weight gradient -----------------------------------------------------------------------


def cotangent_rotated(g, x, w, *, stride=1, padding=0):
    wide = rot180(spread(g, x, w, stride, padding))  # a cross-correlation wants none
    gw = swap(slide(swap(pad(x, padding, padding)), swap(wide)))
    return grad_x(g, x, w, stride, padding), gw, grad_b(g)


def grad_w_rotated(g, x, w, *, stride=1, padding=0):
    gw = rot180(grad_w(g, x, w, stride, padding))
    return grad_x(g, x, w, stride, padding), gw, grad_b(g)


# --- 2: the input gradient ------------------------------------------------------------------------


def kernel_not_rotated(g, x, w, *, stride=1, padding=0):
    wide = pad(spread(g, x, w, stride, padding), w.shape[2] - 1, w.shape[3] - 1)
    gx = crop(slide(wide, swap(w)), x, padding)  # w instead of rot180(w)
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


def grad_x_rotated(g, x, w, *, stride=1, padding=0):
    gx = rot180(grad_x(g, x, w, stride, padding))
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


# --- 6: sizes that the stride does not divide -----------------------------------------------------


def spread_tight(g, stride):
    """Put stride - 1 zeros between the numbers; what the last stride left over is forgotten."""
    n, f, oh, ow = g.shape
    wide = np.zeros((n, f, (oh - 1) * stride + 1, (ow - 1) * stride + 1), dtype=g.dtype)
    wide[:, :, ::stride, ::stride] = g
    return wide


def grad_x_too_small(g, x, w, *, stride=1, padding=0):
    wide = pad(spread_tight(g, stride), w.shape[2] - 1, w.shape[3] - 1)
    full = slide(wide, swap(rot180(w)))
    h, wd = full.shape[2] - 2 * padding, full.shape[3] - 2 * padding
    gx = full[:, :, padding : padding + h, padding : padding + wd]
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


def grad_w_too_large(g, x, w, *, stride=1, padding=0):
    wide = spread_tight(g, stride)
    gw = swap(slide(swap(pad(x, padding, padding)), swap(wide)))
    return grad_x(g, x, w, stride, padding), gw, grad_b(g)


def last_rows_lost(g, x, w, *, stride=1, padding=0):
    wide = pad(spread_tight(g, stride), w.shape[2] - 1, w.shape[3] - 1)
    full = slide(wide, swap(rot180(w)))
    h = max(0, full.shape[2] - 2 * padding)
    wd = max(0, full.shape[3] - 2 * padding)
    gx = np.zeros_like(x)  # so that at least the shape is right
    gx[:, :, :h, :wd] = full[:, :, padding : padding + h, padding : padding + wd]
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


# --- 12: a wrong forward, and the gradients of it -------------------------------------------------


def forward_rotated(x, w, b=None, *, stride=1, padding=0):
    return forward(x, rot180(w), b, stride=stride, padding=padding)


def backward_rotated(g, x, w, *, stride=1, padding=0):
    turned = rot180(w)
    gw = rot180(grad_w(g, x, turned, stride, padding))
    return grad_x(g, x, turned, stride, padding), gw, grad_b(g)


# --- 16: the weights rotated where they lie -------------------------------------------------------


def weights_rotated_in_place(g, x, w, *, stride=1, padding=0):
    gw = grad_w(g, x, w, stride, padding)
    w[...] = rot180(w).copy()
    wide = pad(spread(g, x, w, stride, padding), w.shape[2] - 1, w.shape[3] - 1)
    return crop(slide(wide, swap(w)), x, padding), gw, grad_b(g)


# --- 17: one flip, twice --------------------------------------------------------------------------


def flipped_twice(g, x, w, *, stride=1, padding=0):
    turned = np.flip(np.flip(w, axis=2), axis=2)  # the second axis should be 3
    wide = pad(spread(g, x, w, stride, padding), w.shape[2] - 1, w.shape[3] - 1)
    gx = crop(slide(wide, swap(turned)), x, padding)
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


RIGHT = Right("spread, pad, rotate, slide", "conv2d", forward, backward, LIMITS)

PLANTED = [
    RIGHT.but(
        1, "cotangent rotated in a cross-correlation",
        backward=cotangent_rotated, wrong={"grad_w"},
        cause="grad_w uses the cotangent rotated by 180 degrees",
    ),
    RIGHT.but(
        1, "weight gradient rotated in a cross-correlation",
        backward=grad_w_rotated, wrong={"grad_w"},
        cause="grad_w is rotated by 180 degrees",
    ),
    RIGHT.but(
        2, "kernel not rotated",
        backward=kernel_not_rotated, wrong={"grad_x"},
        cause="grad_x uses the kernel without rotating it by 180 degrees",
    ),
    RIGHT.but(
        2, "input gradient rotated",
        backward=grad_x_rotated, wrong={"grad_x"},
        cause="grad_x is rotated by 180 degrees",
    ),
    RIGHT.but(
        6, "input gradient too small",
        backward=grad_x_too_small, wrong={"grad_x"},
        cause="grad_x lacks the rows and columns that the last stride leaves over "
        "where sizes do not divide",
    ),
    RIGHT.but(
        6, "weight gradient too large",
        backward=grad_w_too_large, wrong={"grad_w"},
        cause="grad_w has rows and columns too many where sizes do not divide by the stride: "
        "x is not cut to what the windows reach",
    ),
    RIGHT.but(
        6, "last rows lost",
        backward=last_rows_lost, wrong={"grad_x"}, examples=200,
        cause="grad_x has zeros in its last rows and columns where sizes do not divide "
        "by the stride",
    ),
    RIGHT.but(
        12, "true convolution instead of cross-correlation, forward and backward",
        forward=forward_rotated, backward=backward_rotated, wrong={"y", "grad_x", "grad_w"},
        cause="y is a true convolution, its kernel is rotated by 180 degrees; "
        "the gradients are those of this wrong forward",
    ),
    RIGHT.but(
        16, "weights rotated in place",
        backward=weights_rotated_in_place, wrong=set(), sentence="modified w in place",
        cause="backward rotates the caller's w in place",
    ),
    RIGHT.but(
        17, "kernel flipped twice along the same axis",
        backward=flipped_twice, wrong={"grad_x"},
        cause="grad_x uses a kernel that was flipped twice along its height, "
        "which rotates nothing",
    ),
]  # fmt: skip
