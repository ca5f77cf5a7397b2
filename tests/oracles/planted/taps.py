"""conv2d tap by tap: for each weight of the kernel, all the numbers that it meets.

The padding, the stride and the dilation may differ from axis to axis.
"""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right


def pair(option):
    return option if isinstance(option, tuple) else (option, option)


def pad(x, padding):
    ph, pw = padding
    return np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))


def met(ki, kj, out, stride, dilation):
    """The part of the padded input that tap (ki, kj) meets."""
    rows = slice(ki * dilation[0], ki * dilation[0] + stride[0] * (out[0] - 1) + 1, stride[0])
    columns = slice(kj * dilation[1], kj * dilation[1] + stride[1] * (out[1] - 1) + 1, stride[1])
    return (slice(None), slice(None), rows, columns)


def out_size(x, w, stride, padding, dilation):
    return tuple(
        (x.shape[2 + a] + 2 * padding[a] - dilation[a] * (w.shape[2 + a] - 1) - 1) // stride[a] + 1
        for a in (0, 1)
    )


def forward(x, w, b=None, *, stride=1, padding=0, dilation=1):
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    out = out_size(x, w, stride, padding, dilation)
    xp = pad(x, padding)
    y = np.zeros((x.shape[0], w.shape[0], *out), dtype=x.dtype)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = xp[met(ki, kj, out, stride, dilation)]
            y += np.einsum("nchw,fc->nfhw", seen, w[:, :, ki, kj])
    return y if b is None else y + b[:, None, None]


def grad_x_padded(g, x, w, stride, padding, dilation):
    gxp = np.zeros_like(pad(x, padding))
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            into = met(ki, kj, g.shape[2:], stride, dilation)
            gxp[into] += np.einsum("nfhw,fc->nchw", g, w[:, :, ki, kj])
    return gxp


def grad_x(g, x, w, stride, padding, dilation):
    gxp = grad_x_padded(g, x, w, stride, padding, dilation)
    (ph, pw), (h, wd) = padding, x.shape[2:]
    return gxp[:, :, ph : ph + h, pw : pw + wd]


def grad_w(g, x, w, stride, padding, dilation):
    xp, gw = pad(x, padding), np.zeros_like(w)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = xp[met(ki, kj, g.shape[2:], stride, dilation)]
            gw[:, :, ki, kj] = np.einsum("nfhw,nchw->fc", g, seen)
    return gw


def backward(g, x, w, *, stride=1, padding=0, dilation=1):
    options = pair(stride), pair(padding), pair(dilation)
    return grad_x(g, x, w, *options), grad_w(g, x, w, *options), g.sum(axis=(0, 2, 3))


# --- 10: height and width mixed up --------------------------------------------------------------


def stride_of_width_for_both(g, x, w, *, stride=1, padding=0, dilation=1):
    stride = (pair(stride)[1], pair(stride)[1])  # the height's is [0]
    xp, gw, gxp = pad(x, pair(padding)), np.zeros_like(w), np.zeros_like(pad(x, pair(padding)))
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            for ki in range(w.shape[2]):
                for kj in range(w.shape[3]):
                    row = i * stride[0] + ki * pair(dilation)[0]
                    column = j * stride[1] + kj * pair(dilation)[1]
                    if row < xp.shape[2] and column < xp.shape[3]:
                        gw[:, :, ki, kj] += g[:, :, i, j].T @ xp[:, :, row, column]
                        gxp[:, :, row, column] += g[:, :, i, j] @ w[:, :, ki, kj]
    (ph, pw), (h, wd) = pair(padding), x.shape[2:]
    return gxp[:, :, ph : ph + h, pw : pw + wd], gw, g.sum(axis=(0, 2, 3))


def cropped_with_axes_swapped(g, x, w, *, stride=1, padding=0, dilation=1):
    options = pair(stride), pair(padding), pair(dilation)
    gxp = grad_x_padded(g, x, w, *options)
    (ph, pw), (h, wd) = pair(padding), x.shape[2:]
    gx = gxp[:, :, pw : pw + h, ph : ph + wd]  # pw for the height, ph for the width
    return gx, grad_w(g, x, w, *options), g.sum(axis=(0, 2, 3))


# --- 11: the bias in the loop over the taps -----------------------------------------------------


def bias_for_each_tap(g, x, w, *, stride=1, padding=0, dilation=1):
    options = pair(stride), pair(padding), pair(dilation)
    gb = np.zeros(w.shape[0], dtype=g.dtype)
    for _ in range(w.shape[2]):
        for _ in range(w.shape[3]):
            gb += g.sum(axis=(0, 2, 3))  # belongs behind the loops
    return grad_x(g, x, w, *options), grad_w(g, x, w, *options), gb


def forward_bias_for_each_tap(x, w, b=None, *, stride=1, padding=0, dilation=1):
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    out = out_size(x, w, stride, padding, dilation)
    xp = pad(x, padding)
    y = np.zeros((x.shape[0], w.shape[0], *out), dtype=x.dtype)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = xp[met(ki, kj, out, stride, dilation)]
            y += np.einsum("nchw,fc->nfhw", seen, w[:, :, ki, kj])
            if b is not None:
                y += b[:, None, None]  # belongs behind the loops
    return y


LIMITS = {"named_padding": False, "batched": True}
RIGHT = Right("tap by tap", "conv2d", forward, backward, LIMITS)

PLANTED = [
    RIGHT.but(
        10, "stride[1] used for both axes",
        backward=stride_of_width_for_both, wrong={"grad_x", "grad_w"}, examples=200,
        cause="grad_x and grad_w use the stride of the width for the height as well",
    ),
    RIGHT.but(
        10, "padding of the height cropped from the width",
        backward=cropped_with_axes_swapped, wrong={"grad_x"}, examples=200,
        cause="grad_x is cropped by the width's padding along the height and the other way round",
    ),
    RIGHT.but(
        11, "gradient of the bias counted once for each tap",
        backward=bias_for_each_tap, wrong={"grad_b"},
        cause="grad_b is added up once for each weight of the kernel: kernel height * width "
        "times too large",
    ),
    RIGHT.but(
        11, "bias added once for each tap",
        forward=forward_bias_for_each_tap, wrong={"y"},
        cause="y has the bias added once for each weight of the kernel",
    ),
]  # fmt: skip
