"""Samples, channels and groups in another order."""

from __future__ import annotations

import numpy as np

from manualgrad import dense_backward
from tests.oracles.mutants.kernels import convolution
from tests.oracles.mutants.record import mutant


def reordered(axis, order):
    """Return the spoiler that gives the right result with one axis in another order."""

    def spoiler(right, *given):
        found = right(*given)
        return found.take(order(found.shape[axis]), axis=axis)

    return spoiler


def backwards(n):
    return np.arange(n)[::-1]


def rolled(n):
    return np.roll(np.arange(n), 1)


def last_two_swapped(n):
    order = np.arange(n)
    return order if n < 3 else np.r_[order[:-2], order[-1], order[-2]]


def groups_in(array, groups, axis=0):
    """Return an array with its channels as (groups, channels of a group)."""
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])


def shuffled(right, x, w, b, of):
    """Return the result with channels interleaved: (channel of a group, group)."""
    y = right(x, w, b, of)
    return groups_in(y, of.groups, 1).swapaxes(1, 2).reshape(y.shape)


def w_of_next_group(right, *given):
    *front, of = given
    at = 1 if front[-1] is None or front[-1].ndim == 1 else 2  # the bias, if any, stands behind w
    w = front[at]
    front[at] = np.roll(groups_in(w, of.groups), 1, axis=0).reshape(w.shape)
    return right(*front, of)


def x_of_next_group(right, g, x, w, of):
    turned = np.roll(groups_in(x, of.groups, 1), 1, axis=1).reshape(x.shape)
    return right(g, turned, w, of)


def g_of_next_group(right, g, x, w, of):
    turned = np.roll(groups_in(g, of.groups, 1), 1, axis=1).reshape(g.shape)
    return right(turned, x, w, of)


def groups_of_the_last(right, g, x, w, of):
    """Return wgrad in which three groups and more all see the cotangent of the second."""
    if of.groups < 3:
        return right(g, x, w, of)
    each = groups_in(g, of.groups, 1)
    return right(np.repeat(each[:, 1:2], of.groups, axis=1).reshape(g.shape), x, w, of)


def channels_by_hand_reshaped(right, g, x, w, of):
    """Return wgrad with its two axes of channels read in the other order."""
    found = right(g, x, w, of)
    turned = np.ascontiguousarray(found.swapaxes(0, 1))
    return turned.reshape(found.shape)


def cotangent_of_previous_sample(right, g, x, w, of):
    return right(np.roll(g, 1, axis=0), x, w, of)


def batch_folded_into_channels(right, g, x, w, of):
    """Return dgrad of a cotangent whose samples and channels were read in the other order."""
    folded = np.ascontiguousarray(g.swapaxes(0, 1)).reshape(g.shape)
    return right(folded, x, w, of)


def dense_rows_backwards(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x[::-1].copy(), found.grad_w, found.grad_b


def dense_features_backwards(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, found.grad_w[::-1].copy(), found.grad_b


def dense_cotangent_of_previous_sample(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, x.T @ np.roll(g, 1, axis=0), found.grad_b


MUTANTS = [
    convolution("conv2d", "dgrad", "dgrad: samples backwards",
                "the batch is collected by inserting in front",
                grad_x=reordered(0, backwards)),
    convolution("conv2d", "forward", "result: samples rolled by one",
                "the queue of samples is one ahead", y=reordered(0, rolled)),
    convolution("conv2d", "dgrad", "dgrad: last two of three samples swapped",
                "samples are taken in pairs, and the odd one is put in between",
                grad_x=reordered(0, last_two_swapped)),
    convolution("conv2d", "wgrad", "wgrad: input channels backwards",
                "BGR for RGB in the weight gradient", grad_w=reordered(1, backwards)),
    convolution("conv2d", "wgrad", "wgrad: result channels rolled by one",
                "the index of the filter is advanced before it is used",
                grad_w=reordered(0, rolled)),
    convolution("conv2d", "bias", "bias gradient: channels backwards",
                "the channels are collected by inserting in front",
                grad_b=reordered(0, backwards)),
    convolution("conv2d", "forward", "result channels of groups interleaved",
                "a channel shuffle is left in the layer", y=shuffled),
    convolution("conv2d", "forward", "kernels of the next group",
                "the kernels are advanced by a group before the first is used",
                y=w_of_next_group),
    convolution("conv2d", "dgrad", "dgrad by the kernels of the next group",
                "the kernels are advanced by a group before the first is used",
                grad_x=w_of_next_group),
    convolution("conv2d", "wgrad", "wgrad of the next group's x",
                "x and the cotangent are not split alike", grad_w=x_of_next_group),
    convolution("conv_transpose2d", "wgrad", "transposed wgrad of the next group's cotangent",
                "x and the cotangent are not split alike", grad_w=g_of_next_group),
    convolution("conv2d", "wgrad", "wgrad: of three groups, the second one's cotangent for all",
                "the slice is computed outside the loop over groups", grad_w=groups_of_the_last),
    convolution("conv_transpose2d", "wgrad", "transposed wgrad: channels reshaped, not moved",
                "(O, I) is reshaped to (I, O) without a transpose",
                grad_w=channels_by_hand_reshaped),
    convolution("conv2d", "wgrad", "wgrad: cotangent of the previous sample",
                "the buffer holds the cotangent of the step before",
                grad_w=cotangent_of_previous_sample),
    convolution("conv_transpose1d", "dgrad", "conv_transpose1d: samples and channels mixed",
                "(C, N) is reshaped to (N, C) without a transpose",
                grad_x=batch_folded_into_channels),
    convolution("conv3d", "dgrad", "conv3d dgrad: input channels backwards",
                "BGR for RGB in the input gradient", grad_x=reordered(1, backwards)),
    convolution("conv3d", "forward", "conv3d: height and depth mirrored in the result",
                "np.flip over all spatial axes but the last",
                y=lambda right, *given: np.flip(right(*given), (2, 3)).copy()),
    mutant("dense", "dense", "dense: samples of the input gradient backwards",
           "the batch is collected by inserting in front", backward=dense_rows_backwards),
    mutant("dense", "dense", "dense: features of the weight gradient backwards",
           "the rows are collected by inserting in front", backward=dense_features_backwards),
    mutant("dense", "dense", "dense: cotangent of the previous sample",
           "the buffer holds the cotangent of the step before",
           backward=dense_cotangent_of_previous_sample),
]  # fmt: skip
