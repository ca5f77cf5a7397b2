"""conv_transpose2d: every number of x lays a scaled kernel into the result."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right

LIMITS = {"scalar_options": True, "named_padding": False, "batched": True}


def full_size(x, w, stride, output_padding, dilation):
    return tuple(
        (x.shape[2 + a] - 1) * stride + dilation * (w.shape[2 + a] - 1) + output_padding + 1
        for a in (0, 1)
    )


def laid(ki, kj, x, stride, dilation):
    """Where tap (ki, kj) lays x in the uncropped result."""
    rows = slice(ki * dilation, ki * dilation + stride * (x.shape[2] - 1) + 1, stride)
    columns = slice(kj * dilation, kj * dilation + stride * (x.shape[3] - 1) + 1, stride)
    return (slice(None), slice(None), rows, columns)


def lay(x, w, stride, output_padding, dilation):
    full = np.zeros(
        (x.shape[0], w.shape[1], *full_size(x, w, stride, output_padding, dilation)), x.dtype
    )
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            into = laid(ki, kj, x, stride, dilation)
            full[into] += np.einsum("nihw,io->nohw", x, w[:, :, ki, kj])
    return full


def forward(x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1):
    full = lay(x, w, stride, output_padding, dilation)
    rows, columns = full.shape[2] - padding, full.shape[3] - padding
    y = full[:, :, padding:rows, padding:columns]
    return y if b is None else y + b[None, :, None, None]


def uncropped(g, padding):
    return np.pad(g, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def grad_x(gf, x, w, stride, dilation):
    gx = np.zeros_like(x)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = gf[laid(ki, kj, x, stride, dilation)]
            gx += np.einsum("nohw,io->nihw", seen, w[:, :, ki, kj])
    return gx


def grad_w(gf, x, w, stride, dilation):
    gw = np.zeros_like(w)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = gf[laid(ki, kj, x, stride, dilation)]
            gw[:, :, ki, kj] = np.einsum("nihw,nohw->io", x, seen)
    return gw


def backward(g, x, w, *, stride=1, padding=0, dilation=1):
    gf = uncropped(g, padding)
    gx, gw = grad_x(gf, x, w, stride, dilation), grad_w(gf, x, w, stride, dilation)
    return gx, gw, g.sum(axis=(0, 2, 3))


# --- 5: stride and dilation swapped -------------------------------------------------------------


def stride_and_dilation_swapped(g, x, w, *, stride=1, padding=0, dilation=1):
    gf = uncropped(g, padding)
    (_, _, h, wd), (_, _, kh, kw) = x.shape, w.shape
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i in range(h):
        for j in range(wd):
            for ki in range(kh):
                for kj in range(kw):
                    row, column = i * dilation + ki * stride, j * dilation + kj * stride
                    if row < gf.shape[2] and column < gf.shape[3]:
                        gx[:, :, i, j] += gf[:, :, row, column] @ w[:, :, ki, kj].T
                        gw[:, :, ki, kj] += x[:, :, i, j].T @ gf[:, :, row, column]
    return gx, gw, g.sum(axis=(0, 2, 3))


# --- 7: [p:-p] ----------------------------------------------------------------------------------


def cropped_by_negative_index(x, w, b=None, *, stride=1, padding=0, output_padding=0, dilation=1):
    full = lay(x, w, stride, output_padding, dilation)
    y = full[:, :, padding:-padding, padding:-padding]  # nothing where padding is 0
    return y if b is None else y + b[None, :, None, None]


# --- 13: summed over too many axes --------------------------------------------------------------


def input_channels_summed(g, x, w, *, stride=1, padding=0, dilation=1):
    gf, gw = uncropped(g, padding), np.zeros_like(w)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = gf[laid(ki, kj, x, stride, dilation)]
            product = x[:, :, None] * seen[:, None]  # (N, Ci, Co, h, w)
            gw[:, :, ki, kj] = product.sum(axis=(0, 1, 3, 4))  # 1 is the input channel
    return grad_x(gf, x, w, stride, dilation), gw, g.sum(axis=(0, 2, 3))


def output_channels_summed(g, x, w, *, stride=1, padding=0, dilation=1):
    gf, gw = uncropped(g, padding), np.zeros_like(w)
    for ki in range(w.shape[2]):
        for kj in range(w.shape[3]):
            seen = gf[laid(ki, kj, x, stride, dilation)]
            gw[:, :, ki, kj] = np.einsum("nihw,nohw->i", x, seen)[:, None]  # o is lost
    return grad_x(gf, x, w, stride, dilation), gw, g.sum(axis=(0, 2, 3))


# --- 18: output_padding ---------------------------------------------------------------------------


def without_output_padding(g, output_padding):
    return g[:, :, : g.shape[2] - output_padding, : g.shape[3] - output_padding]


def output_padding_ignored(g, x, w, *, stride=1, padding=0, output_padding=0, dilation=1):
    kept = without_output_padding(g, output_padding)
    gf = uncropped(kept, padding)
    gf = np.pad(gf, ((0, 0), (0, 0), (0, output_padding), (0, output_padding)))
    gx, gw = grad_x(gf, x, w, stride, dilation), grad_w(gf, x, w, stride, dilation)
    return gx, gw, g.sum(axis=(0, 2, 3))


def output_padding_ignored_for_bias(
    g, x, w, *, stride=1, padding=0, output_padding=0, dilation=1
):  # fmt: skip
    gf = uncropped(g, padding)
    gb = without_output_padding(g, output_padding).sum(axis=(0, 2, 3))
    return grad_x(gf, x, w, stride, dilation), grad_w(gf, x, w, stride, dilation), gb


def grad_x_too_long(g, x, w, *, stride=1, padding=0, dilation=1):
    gf = uncropped(g, padding)
    h = (gf.shape[2] - dilation * (w.shape[2] - 1) - 1) // stride + 1  # not that of x
    wd = (gf.shape[3] - dilation * (w.shape[3] - 1) - 1) // stride + 1
    as_long = np.zeros((*x.shape[:2], h, wd), dtype=x.dtype)
    gx, gw = grad_x(gf, as_long, w, stride, dilation), grad_w(gf, x, w, stride, dilation)
    return gx, gw, g.sum(axis=(0, 2, 3))


RIGHT = Right("kernels laid into the result", "conv_transpose2d", forward, backward, LIMITS)

PLANTED = [
    RIGHT.but(
        5, "stride and dilation swapped in the transposed case",
        backward=stride_and_dilation_swapped, wrong={"grad_x", "grad_w"},
        cause="grad_x and grad_w use the stride as the dilation and the dilation as the stride",
    ),
    RIGHT.but(
        7, "the full result cropped by [p:-p]",
        forward=cropped_by_negative_index, wrong={"y"},
        cause="y is cropped by [p:-p], which leaves nothing where the padding is 0",
    ),
    RIGHT.but(
        13, "summed over the input channels as well",
        backward=input_channels_summed, wrong={"grad_w"},
        cause="grad_w is summed over the input channels as well, each has the sum of all",
    ),
    RIGHT.but(
        13, "summed over the output channels as well",
        backward=output_channels_summed, wrong={"grad_w"},
        cause="grad_w is summed over the output channels as well, each has the sum of all",
    ),
    RIGHT.but(
        18, "rows of output_padding ignored",
        backward=output_padding_ignored, wrong={"grad_x", "grad_w"}, examples=200,
        cause="grad_x and grad_w leave out the last output_padding rows and columns of the "
        "cotangent",
    ),
    RIGHT.but(
        18, "rows of output_padding ignored for the bias",
        backward=output_padding_ignored_for_bias, wrong={"grad_b"},
        cause="grad_b leaves out the last output_padding rows and columns of the cotangent",
    ),
    RIGHT.but(
        18, "input gradient too long",
        backward=grad_x_too_long, wrong={"grad_x"}, examples=200,
        cause="grad_x has rows and columns too many where output_padding is at least the stride",
    ),
]  # fmt: skip
