"""conv2d as one product of matrices: im2col there, col2im back."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right

LIMITS = {"scalar_options": True, "named_padding": False, "batched": True, "min_batch": 1}


def sizes(x, w, stride, padding):
    oh = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
    ow = (x.shape[3] + 2 * padding - w.shape[3]) // stride + 1
    return oh, ow


def im2col(x, w, stride, padding):
    """(C * kh * kw, N * oh * ow): a column for each patch, image by image."""
    n, c, _, _ = x.shape
    kh, kw = w.shape[2:]
    oh, ow = sizes(x, w, stride, padding)
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    col = np.zeros((n, c, kh, kw, oh, ow), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * (oh - 1) + 1, stride)
            columns = slice(j, j + stride * (ow - 1) + 1, stride)
            col[:, :, i, j] = xp[:, :, rows, columns]
    return col.transpose(1, 2, 3, 0, 4, 5).reshape(c * kh * kw, n * oh * ow)


def col2im(col, x, w, stride, padding):
    n, c, h, wd = x.shape
    kh, kw = w.shape[2:]
    oh, ow = sizes(x, w, stride, padding)
    col = col.reshape(c, kh, kw, n, oh, ow).transpose(3, 0, 1, 2, 4, 5)
    xp = np.zeros((n, c, h + 2 * padding, wd + 2 * padding), dtype=x.dtype)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * (oh - 1) + 1, stride)
            columns = slice(j, j + stride * (ow - 1) + 1, stride)
            xp[:, :, rows, columns] += col[:, :, i, j]
    return xp[:, :, padding : padding + h, padding : padding + wd]


def forward(x, w, b=None, *, stride=1, padding=0):
    f = w.shape[0]
    oh, ow = sizes(x, w, stride, padding)
    out = w.reshape(f, -1) @ im2col(x, w, stride, padding)
    if b is not None:
        out += b.reshape(-1, 1)
    return out.reshape(f, x.shape[0], oh, ow).transpose(1, 0, 2, 3)


def backward(g, x, w, *, stride=1, padding=0):
    f = w.shape[0]
    flat = g.transpose(1, 0, 2, 3).reshape(f, -1)
    gw = (flat @ im2col(x, w, stride, padding).T).reshape(w.shape)
    gx = col2im(w.reshape(f, -1).T @ flat, x, w, stride, padding)
    return gx, gw, flat.sum(axis=1)


# --- 9: reshapes that mix axes ------------------------------------------------------------------


def batch_taken_for_channels(g, x, w, *, stride=1, padding=0):
    f = w.shape[0]
    flat = g.reshape(f, -1)  # without the transpose: images among channels
    gw = (flat @ im2col(x, w, stride, padding).T).reshape(w.shape)
    gx = col2im(w.reshape(f, -1).T @ flat, x, w, stride, padding)
    return gx, gw, g.sum(axis=(0, 2, 3))


def patch_major_cotangent(g, x, w, *, stride=1, padding=0):
    f = w.shape[0]
    flat = g.transpose(1, 2, 3, 0).reshape(f, -1)  # patch by patch; the columns: image by image
    gw = (flat @ im2col(x, w, stride, padding).T).reshape(w.shape)
    gx = col2im(w.reshape(f, -1).T @ flat, x, w, stride, padding)
    return gx, gw, flat.sum(axis=1)


def forward_batch_major(x, w, b=None, *, stride=1, padding=0):
    f = w.shape[0]
    oh, ow = sizes(x, w, stride, padding)
    out = w.reshape(f, -1) @ im2col(x, w, stride, padding)
    if b is not None:
        out += b.reshape(-1, 1)
    return out.reshape(x.shape[0], f, oh, ow)  # the rows are channels, not images


def weights_reshaped_for_grad_x(g, x, w, *, stride=1, padding=0):
    f = w.shape[0]
    flat = g.transpose(1, 0, 2, 3).reshape(f, -1)
    gw = (flat @ im2col(x, w, stride, padding).T).reshape(w.shape)
    gx = col2im(w.reshape(-1, f) @ flat, x, w, stride, padding)  # reshaped, not transposed
    return gx, gw, flat.sum(axis=1)


def grad_w_reshaped(g, x, w, *, stride=1, padding=0):
    f = w.shape[0]
    flat = g.transpose(1, 0, 2, 3).reshape(f, -1)
    gw = (im2col(x, w, stride, padding) @ flat.T).reshape(w.shape)  # .T is missing
    gx = col2im(w.reshape(f, -1).T @ flat, x, w, stride, padding)
    return gx, gw, flat.sum(axis=1)


# --- 10: height and width swapped ---------------------------------------------------------------


def forward_width_before_height(x, w, b=None, *, stride=1, padding=0):
    f = w.shape[0]
    oh, ow = sizes(x, w, stride, padding)
    out = w.reshape(f, -1) @ im2col(x, w, stride, padding)
    if b is not None:
        out += b.reshape(-1, 1)
    return out.reshape(f, x.shape[0], ow, oh).transpose(1, 0, 2, 3)  # ow before oh


def grad_w_width_before_height(g, x, w, *, stride=1, padding=0):
    f, c, kh, kw = w.shape
    flat = g.transpose(1, 0, 2, 3).reshape(f, -1)
    gw = (flat @ im2col(x, w, stride, padding).T).reshape(f, c, kw, kh)  # kw before kh
    gx = col2im(w.reshape(f, -1).T @ flat, x, w, stride, padding)
    return gx, gw, flat.sum(axis=1)


RIGHT = Right("im2col", "conv2d", forward, backward, LIMITS)

PLANTED = [
    RIGHT.but(
        9, "cotangent reshaped without moving the batch",
        backward=batch_taken_for_channels, wrong={"grad_x", "grad_w"},
        cause="the cotangent (N, C, H, W) is reshaped to (C, N*H*W) without a transpose: "
        "images and channels are mixed, right only for a batch of 1",
    ),
    RIGHT.but(
        9, "cotangent patch by patch, columns image by image",
        backward=patch_major_cotangent, wrong={"grad_x", "grad_w"},
        cause="the cotangent is flattened patch-major and the columns batch-major: "
        "images are mixed with positions, right only for a batch of 1",
    ),
    RIGHT.but(
        9, "result reshaped without moving the batch",
        forward=forward_batch_major, wrong={"y"},
        cause="y, computed channel by channel, is reshaped to (N, C, H, W) without a transpose: "
        "right only for a batch of 1",
    ),
    RIGHT.but(
        9, "weights reshaped where their axes should be permuted",
        backward=weights_reshaped_for_grad_x, wrong={"grad_x"},
        cause="grad_x uses the weights reshaped to (Ci*kh*kw, Co) where they must be transposed",
    ),
    RIGHT.but(
        9, "weight gradient without the permutation of its channels",
        backward=grad_w_reshaped, wrong={"grad_w"},
        cause="grad_w, computed as (Ci*kh*kw, Co), is reshaped to (Co, Ci, kh, kw) "
        "without a transpose",
    ),
    RIGHT.but(
        10, "result reshaped to width before height",
        forward=forward_width_before_height, wrong={"y"},
        cause="y is reshaped to (.., width, height): right only for squares",
    ),
    RIGHT.but(
        10, "weight gradient reshaped to width before height",
        backward=grad_w_width_before_height, wrong={"grad_w"},
        cause="grad_w is reshaped to (.., kernel width, kernel height): right only for squares",
    ),
]  # fmt: skip
