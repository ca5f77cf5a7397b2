"""What goes wrong at the border: of an array, of the padding, of one channel."""

from __future__ import annotations

import numpy as np

from tests.oracles.mutants.kernels import but, convolution


def zeroed(*place):
    """Return the spoiler that leaves one place of the right result at zero."""

    def spoiler(right, *given):
        found = right(*given)
        if len(found):
            found[place] = 0
        return found

    return spoiler


def of_three_alone(spoiler):
    """Return a spoiler that only touches results of three rows and more."""

    def touched(right, *given):
        found = right(*given)
        return spoiler(right, *given) if found.shape[2] > 2 else found

    return touched


def padded_by(mode):
    """Return the spoiler that pads x with its own numbers instead of zeros."""

    def spoiler(right, x, w, b, of):
        reach = [d * (k - 1) for d, k in zip(of.dilation, of.kernel, strict=True)]
        behind = [
            max(0, (o - 1) * s + r + 1 - n - p)
            for o, s, r, n, p in zip(of.out, of.stride, reach, of.size, of.padding, strict=True)
        ]
        widths = [(0, 0), (0, 0), *zip(of.padding, behind, strict=True)]
        wide = np.pad(x, widths, mode=mode) if len(x) else x
        size = tuple(n + low + high for n, (low, high) in zip(of.size, widths[2:], strict=True))
        if not len(x):
            return right(x, w, b, of)
        return right(wide, w, b, but(of, size=size, padding=(0,) * len(size)))

    return spoiler


def last_position_left_out(right, g, x, w, of):
    short = g.copy()
    if len(g):
        short[(..., *(-1,) * len(of.kernel))] = 0
    return right(short, x, w, of)


def last_row_of_positions_left_out(right, g, x, w, of):
    short = g.copy()
    short[..., -1, :] = 0
    return right(short, x, w, of)


def last_column_of_x_left_out(right, g, x, w, of):
    short = x.copy()
    short[..., -1] = 0
    return right(g, short, w, of)


def shifted_by_a_column(right, g, x, w, of):
    found = right(g, x, w, of)
    moved = np.zeros_like(found)
    moved[..., 1:] = found[..., :-1]
    return moved if of.padding[-1] > 0 else found


def first_sample_left_out(right, g, x, w, of):
    return right(g[1:], x[1:], w, of)


def bias_inside_alone(right, x, w, b, of):
    y = right(x, w, None, of)
    if b is not None and of.padding[0] == 0:
        return y + b.reshape(-1, *(1,) * (y.ndim - 2))
    if b is not None:
        y[:, :, 1:] += b.reshape(-1, *(1,) * (y.ndim - 2))
    return y


def bias_of_one_position(right, g, x, w, of):
    return g[(slice(None), slice(None), *(0,) * len(of.kernel))].sum(axis=0)


def one_more_position(right, g, x, w, of):
    """Return dgrad in which the first row of the cotangent counts twice."""
    twice = g.copy()
    twice[:, :, 0] *= 2
    return right(twice, x, w, of)


ALL = slice(None)

MUTANTS = [
    convolution("conv2d", "dgrad", "dgrad: first cell of the image zero",
                "the loop over cells begins at 1", grad_x=zeroed(ALL, ALL, 0, 0)),
    convolution("conv2d", "dgrad", "dgrad: last cell of the last channel zero",
                "the flat loop ends one short", grad_x=zeroed(-1, -1, -1, -1)),
    convolution("conv2d", "dgrad", "dgrad: last row of larger images zero",
                "the tile of rows is rounded down",
                grad_x=of_three_alone(zeroed(ALL, ALL, -1))),
    convolution("conv2d", "wgrad", "wgrad: one corner of one kernel zero",
                "the flat loop over weights ends one short", grad_w=zeroed(-1, -1, -1, -1)),
    convolution("conv2d", "forward", "result: last cell of the last channel zero",
                "the flat loop ends one short", y=zeroed(-1, -1, -1, -1)),
    convolution("conv2d", "forward", "result: first cell of the second sample zero",
                "the second sample is written from its second cell on",
                y=zeroed(slice(1, 2), 0, 0, 0)),
    convolution("conv1d", "dgrad", "conv1d dgrad: first cell zero",
                "the loop over cells begins at 1", grad_x=zeroed(ALL, ALL, 0)),
    convolution("conv3d", "dgrad", "conv3d dgrad: last slice zero",
                "the loop over the depth ends one short", grad_x=zeroed(ALL, ALL, -1)),
    convolution("conv_transpose2d", "forward", "transposed result: first column zero",
                "what is laid on the first column is cropped with the padding",
                y=zeroed(..., 0)),
    convolution("conv_transpose3d", "wgrad", "conv_transpose3d wgrad: one corner zero",
                "the flat loop over weights ends one short", grad_w=zeroed(0, 0, 0, 0, 0)),
    convolution("conv2d", "forward", "padded with the edge", "np.pad with mode='edge'",
                y=padded_by("edge")),
    convolution("conv2d", "forward", "padded around", "np.pad with mode='wrap'",
                y=padded_by("wrap")),
    convolution("conv2d", "forward", "padded by mirrors", "np.pad with mode='symmetric'",
                y=padded_by("symmetric")),
    convolution("conv1d", "forward", "conv1d padded with the edge", "np.pad with mode='edge'",
                y=padded_by("edge")),
    convolution("conv2d", "wgrad", "wgrad without the last position",
                "range(out_h * out_w - 1)", grad_w=last_position_left_out),
    convolution("conv2d", "wgrad", "wgrad without the last row of positions",
                "range(out_h - 1)", grad_w=last_row_of_positions_left_out),
    convolution("conv2d", "wgrad", "wgrad without the last column of x",
                "x[..., :-1] is left over from an odd size", grad_w=last_column_of_x_left_out),
    convolution("conv2d", "dgrad", "dgrad one column late where there is padding",
                "cropped from padding - 1 on", grad_x=shifted_by_a_column),
    convolution("conv2d", "dgrad", "dgrad: first row of the cotangent twice",
                "the first row is handled before the loop and in it", grad_x=one_more_position),
    convolution("conv2d", "wgrad", "wgrad without the first sample",
                "the sum over samples starts from the second one",
                grad_w=first_sample_left_out),
    convolution("conv2d", "bias", "bias gradient without the first sample",
                "the sum over samples starts from the second one",
                grad_b=first_sample_left_out),
    convolution("conv2d", "bias", "bias gradient without the last row",
                "range(out_h - 1)", grad_b=last_row_of_positions_left_out),
    convolution("conv2d", "bias", "bias gradient of the first position alone",
                "g[:, :, 0, 0].sum(axis=0)", grad_b=bias_of_one_position),
    convolution("conv2d", "bias", "bias missing on the first row where there is padding",
                "the bias is added to the rows that see no padding", y=bias_inside_alone),
    convolution("conv_transpose2d", "wgrad", "transposed wgrad without the last row of positions",
                "range(out_h - 1)", grad_w=last_row_of_positions_left_out),
    convolution("conv_transpose2d", "bias", "transposed bias gradient without the last position",
                "the flat sum ends one short", grad_b=last_position_left_out),
]  # fmt: skip
