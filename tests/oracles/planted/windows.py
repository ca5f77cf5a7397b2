"""conv2d window by window: for each place of the result, the patch under it."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right

LIMITS = {"scalar_options": True, "named_padding": False, "batched": True}


def pad(x, p):
    return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))


def forward(x, w, b=None, *, stride=1, padding=0):
    n, _, h, wd = x.shape
    f, _, kh, kw = w.shape
    xp = pad(x, padding)
    oh = (h + 2 * padding - kh) // stride + 1
    ow = (wd + 2 * padding - kw) // stride + 1
    y = np.zeros((n, f, oh, ow), dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride, j * stride
            patch = xp[:, :, top : top + kh, left : left + kw]
            y[:, :, i, j] = np.einsum("nchw,fchw->nf", patch, w)
    if b is not None:
        y += b.reshape(1, -1, 1, 1)
    return y


def grad_x_padded(g, x, w, stride, padding):
    kh, kw = w.shape[2:]
    gxp = np.zeros_like(pad(x, padding))
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            top, left = i * stride, j * stride
            into = gxp[:, :, top : top + kh, left : left + kw]
            into += np.einsum("nf,fchw->nchw", g[:, :, i, j], w)
    return gxp


def grad_x(g, x, w, stride, padding):
    h, wd = x.shape[2:]
    gxp = grad_x_padded(g, x, w, stride, padding)
    return gxp[:, :, padding : padding + h, padding : padding + wd]


def grad_w(g, x, w, stride, padding):
    kh, kw = w.shape[2:]
    xp, gw = pad(x, padding), np.zeros_like(w)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            top, left = i * stride, j * stride
            patch = xp[:, :, top : top + kh, left : left + kw]
            gw += np.einsum("nf,nchw->fchw", g[:, :, i, j], patch)
    return gw


def grad_b(g):
    return g.sum(axis=(0, 2, 3))


def backward(g, x, w, *, stride=1, padding=0):
    return grad_x(g, x, w, stride, padding), grad_w(g, x, w, stride, padding), grad_b(g)


# --- 5: stride forgotten ----------------------------------------------------------------------


def stride_forgotten_in_grad_x(g, x, w, *, stride=1, padding=0):
    kh, kw = w.shape[2:]
    h, wd = x.shape[2:]
    gxp = np.zeros_like(pad(x, padding))
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            into = gxp[:, :, i : i + kh, j : j + kw]  # i, j instead of i * stride, j * stride
            into += np.einsum("nf,fchw->nchw", g[:, :, i, j], w)
    gx = gxp[:, :, padding : padding + h, padding : padding + wd]
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


def stride_forgotten_in_grad_w(g, x, w, *, stride=1, padding=0):
    kh, kw = w.shape[2:]
    xp, gw = pad(x, padding), np.zeros_like(w)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            patch = xp[:, :, i : i + kh, j : j + kw]  # i, j instead of i * stride, j * stride
            gw += np.einsum("nf,nchw->fchw", g[:, :, i, j], patch)
    return grad_x(g, x, w, stride, padding), gw, grad_b(g)


# --- 7: [p:-p] --------------------------------------------------------------------------------


def cropped_by_negative_index(g, x, w, *, stride=1, padding=0):
    gxp = grad_x_padded(g, x, w, stride, padding)
    gx = gxp[:, :, padding:-padding, padding:-padding]  # nothing where padding is 0
    return gx, grad_w(g, x, w, stride, padding), grad_b(g)


# --- 8: means ---------------------------------------------------------------------------------


def mean_over_batch(g, x, w, *, stride=1, padding=0):
    n = x.shape[0]
    gw = grad_w(g, x, w, stride, padding) / n
    gb = grad_b(g) / n
    return grad_x(g, x, w, stride, padding), gw, gb


def mean_over_batch_and_positions(g, x, w, *, stride=1, padding=0):
    n, _, oh, ow = g.shape
    gw = grad_w(g, x, w, stride, padding) / (n * oh * ow)
    gb = g.mean(axis=(0, 2, 3))
    return grad_x(g, x, w, stride, padding), gw, gb


# --- 11: the bias -----------------------------------------------------------------------------


def bias_shadowed_by_batch_index(x, w, b, *, stride=1, padding=0):
    n, _, h, wd = x.shape
    f, _, kh, kw = w.shape
    xp = pad(x, padding)
    oh = (h + 2 * padding - kh) // stride + 1
    ow = (wd + 2 * padding - kw) // stride + 1
    y = np.zeros((n, f, oh, ow), dtype=x.dtype)
    for b in range(n):  # noqa: PLR1704 - planted: b is the bias no more
        for i in range(oh):
            for j in range(ow):
                top, left = i * stride, j * stride
                patch = xp[b, :, top : top + kh, left : left + kw]
                y[b, :, i, j] = np.einsum("chw,fchw->f", patch, w) + b
    return y


def bias_from_itself(g, x, w, *, stride=1, padding=0):
    gb = np.zeros(w.shape[0], dtype=g.dtype)
    for f in range(w.shape[0]):
        gb[f] += gb[f].sum()  # gb instead of g
    return grad_x(g, x, w, stride, padding), grad_w(g, x, w, stride, padding), gb


# --- 12: a wrong forward, and the gradients of it -----------------------------------------------


def forward_padded_behind(x, w, b=None, *, stride=1, padding=0):
    wide = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    return forward(wide, w, b, stride=stride)


def backward_padded_behind(g, x, w, *, stride=1, padding=0):
    wide = np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    gx, gw, gb = backward(g, wide, w, stride=stride)
    return gx[:, :, : x.shape[2], : x.shape[3]], gw, gb


RIGHT = Right("window by window", "conv2d", forward, backward, LIMITS)
ONE_IMAGE_AT_LEAST = Right(
    "window by window, no empty batch",
    "conv2d",
    forward,
    backward,
    {**LIMITS, "min_batch": 1, "bias": True},
)

PLANTED = [
    RIGHT.but(
        5, "stride forgotten in the input gradient",
        backward=stride_forgotten_in_grad_x, wrong={"grad_x"},
        cause="grad_x puts the windows side by side, as if the stride were 1",
    ),
    RIGHT.but(
        5, "stride forgotten in the weight gradient",
        backward=stride_forgotten_in_grad_w, wrong={"grad_w"},
        cause="grad_w takes the patches of x side by side, as if the stride were 1",
    ),
    RIGHT.but(
        7, "the padded gradient cropped by [p:-p]",
        backward=cropped_by_negative_index, wrong={"grad_x"},
        cause="grad_x is cropped by [p:-p], which leaves nothing where the padding is 0",
    ),
    ONE_IMAGE_AT_LEAST.but(
        8, "mean over the batch for w and b, not for x",
        backward=mean_over_batch, wrong={"grad_w", "grad_b"},
        cause="grad_w and grad_b are divided by the batch size",
    ),
    ONE_IMAGE_AT_LEAST.but(
        8, "divided by batch, height and width",
        backward=mean_over_batch_and_positions, wrong={"grad_w", "grad_b"},
        cause="grad_w and grad_b are divided by batch size * output height * output width",
    ),
    RIGHT.but(
        11, "bias shadowed by the index of the batch",
        forward=bias_shadowed_by_batch_index, wrong={"y"},
        cause="y has the index of the image added to it instead of the bias",
    ),
    RIGHT.but(
        11, "gradient of the bias updated from itself",
        backward=bias_from_itself, wrong={"grad_b"},
        cause="grad_b is summed from itself, not from the cotangent, and stays zero",
    ),
    RIGHT.but(
        12, "padding all behind, forward and backward",
        forward=forward_padded_behind, backward=backward_padded_behind,
        wrong={"y", "grad_x", "grad_w"},
        cause="y has all of the padding behind x and none before it; "
        "the gradients are those of this wrong forward",
    ),
]  # fmt: skip
