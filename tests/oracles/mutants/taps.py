"""Taps of the kernel that are dropped, doubled or moved."""

from __future__ import annotations

from itertools import product

import numpy as np

from tests.oracles.mutants.kernels import convolution


def without(w, *tap):
    """Return a kernel with zeros at one tap; of an array that is none, at one place."""
    left = w.copy()
    left[(..., *tap)] = 0
    return left


def dropped(op, family, what, tap, words):
    """Return the mutant that forgets a tap of every kernel in one of the three products."""
    title = f"{op} {family}: {words} tap dropped"
    story = f"the loop over taps of the {what} never comes to the {words} one"
    if family == "forward":
        spoiled = {"y": lambda right, x, w, b, of: right(x, without(w, *tap), b, of)}
    elif family == "dgrad":
        spoiled = {"grad_x": lambda right, g, x, w, of: right(g, x, without(w, *tap), of)}
    else:
        spoiled = {"grad_w": lambda right, g, x, w, of: without(right(g, x, w, of), *tap)}
    return convolution(op, family, title, story, **spoiled)


def dropped_of_nine(row, column):
    """Return the mutant whose unrolled loop for 3 x 3 kernels lacks one line."""

    def grad_x(right, g, x, w, of):
        return right(g, x, without(w, row, column) if w.shape[2:] == (3, 3) else w, of)

    return convolution(
        "conv2d", "dgrad", f"dgrad of 3 x 3 kernels: tap ({row}, {column}) dropped",
        f"the loop unrolled for 3 x 3 kernels lacks the line of row {row}, column {column}",
        grad_x=grad_x,
    )  # fmt: skip


def first_doubled(right, g, x, w, of):
    found = right(g, x, w, of)
    found[..., :1, :1] *= 2
    return found


def taps_rolled(right, g, x, w, of):
    return right(g, x, np.roll(w, 1, axis=-1), of)


def taps_transposed(right, g, x, w, of):
    square = w.shape[2] == w.shape[3]
    return right(g, x, np.ascontiguousarray(w.swapaxes(2, 3)) if square else w, of)


def even_taps_alone(right, x, w, b, of):
    return right(x, w * (np.arange(w.shape[-1]) % 2 == 0).astype(w.dtype), b, of)


def one_channel_of_taps(right, x, w, b, of):
    left = w.copy()
    left[:, -1] = left[:, 0]  # the last channel of the kernel is the first again
    return right(x, left, b, of)


FIRST, LAST = (0, 0), (-1, -1)

MUTANTS = [
    dropped("conv1d", "forward", "result", (0,), "first"),
    dropped("conv1d", "dgrad", "input gradient", (-1,), "last"),
    dropped("conv1d", "wgrad", "weight gradient", (-1,), "last"),
    dropped("conv2d", "forward", "result", FIRST, "first"),
    dropped("conv2d", "forward", "result", LAST, "last"),
    dropped("conv2d", "wgrad", "weight gradient", FIRST, "first"),
    dropped("conv2d", "wgrad", "weight gradient", LAST, "last"),
    dropped("conv3d", "forward", "result", (0, 0, -1), "last of the first row"),
    dropped("conv3d", "dgrad", "input gradient", (-1, -1, -1), "last"),
    dropped("conv3d", "wgrad", "weight gradient", (0, 0, 0), "first"),
    dropped("conv_transpose1d", "forward", "result", (-1,), "last"),
    dropped("conv_transpose2d", "forward", "result", FIRST, "first"),
    dropped("conv_transpose2d", "dgrad", "input gradient", LAST, "last"),
    dropped("conv_transpose2d", "wgrad", "weight gradient", LAST, "last"),
    dropped("conv_transpose3d", "dgrad", "input gradient", (0, 0, 0), "first"),
    *(dropped_of_nine(row, column) for row, column in product(range(3), repeat=2)),
    convolution("conv2d", "wgrad", "weight gradient: first tap counted twice",
                "the first tap is handled before the loop and in it",
                grad_w=first_doubled),
    convolution("conv2d", "dgrad", "dgrad with each row of taps rolled by one",
                "the taps of a row are read from the second one on, around the end",
                grad_x=taps_rolled),
    convolution("conv2d", "dgrad", "dgrad with square kernels transposed",
                "w.T is taken for a rotation, which goes unnoticed in the shape of squares alone",
                grad_x=taps_transposed),
    convolution("conv1d", "forward", "conv1d with every second tap alone",
                "dilation is built into the kernel, and the zeros are put over taps",
                y=even_taps_alone),
    convolution("conv2d", "forward", "last input channel weighted by the first one's taps",
                "the index of the channel is not advanced after the last but one",
                y=one_channel_of_taps),
]  # fmt: skip
