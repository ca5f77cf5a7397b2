"""Signs that are lost, turned, or given to some."""

from __future__ import annotations

import numpy as np

from manualgrad import dense_backward
from tests.oracles.mutants.kernels import convolution
from tests.oracles.mutants.record import mutant


def negated(right, *given):
    return -right(*given)


def bias_subtracted(right, x, w, b, of):
    return right(x, w, None if b is None else -b, of)


def checkered(right, g, x, w, of):
    found = right(g, x, w, of)
    odd = np.indices(found.shape[2:]).sum(axis=0) % 2
    return found * (1 - 2 * odd).astype(found.dtype)


def cotangent_without_sign(right, g, x, w, of):
    return right(abs(g), x, w, of)


def input_without_sign(right, g, x, w, of):
    return right(g, abs(x), w, of)


def kernel_without_sign(right, g, x, w, of):
    return right(g, x, abs(w), of)


def negative_results_cut(right, x, w, b, of):
    return np.maximum(right(x, w, b, of), 0)


def second_group_negated(right, x, w, b, of):
    y = right(x, w, None, of)
    each = y.shape[1] // of.groups
    y[:, each : 2 * each] *= -1
    return y if b is None else y + b.reshape(-1, *(1,) * (y.ndim - 2))


def dense_grad_w_negated(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, -found.grad_w, found.grad_b


def dense_grad_x_without_sign(g, x, w):
    found = dense_backward(g, x, abs(w))
    return found.grad_x, dense_backward(g, x, w).grad_w, found.grad_b


MUTANTS = [
    convolution("conv2d", "dgrad", "dgrad negated",
                "the gradient of (target - prediction) is carried on with its sign in one layer",
                grad_x=negated),
    convolution("conv2d", "wgrad", "wgrad negated", "the weight gradient is the step, -gradient",
                grad_w=negated),
    convolution("conv2d", "bias", "bias gradient negated", "the bias is taken for a threshold",
                grad_b=negated),
    convolution("conv2d", "bias", "bias subtracted from the result",
                "y - b forward, while backward adds", y=bias_subtracted),
    convolution("conv2d", "wgrad", "wgrad with signs like a chessboard",
                "the sign (-1)^(i + j) of a cofactor got into the taps", grad_w=checkered),
    convolution("conv2d", "dgrad", "dgrad of |cotangent|", "the size of the error is carried back",
                grad_x=cotangent_without_sign),
    convolution("conv2d", "wgrad", "wgrad of |x|", "x is taken behind an abs of the plot",
                grad_w=input_without_sign),
    convolution("conv_transpose2d", "dgrad", "input gradient by |w|",
                "the weights are taken behind the abs of a norm", grad_x=kernel_without_sign),
    convolution("conv2d", "forward", "negative results cut off",
                "a relu is fused into the convolution", y=negative_results_cut),
    convolution("conv2d", "forward", "second group negated",
                "groups are laid out with alternating signs", y=second_group_negated),
    convolution("conv_transpose1d", "wgrad", "transposed wgrad negated",
                "the weight gradient is the step, -gradient", grad_w=negated),
    mutant("dense", "dense", "dense: weight gradient negated",
           "the weight gradient is the step, -gradient", backward=dense_grad_w_negated),
    mutant("dense", "dense", "dense: input gradient by |w|",
           "the weights are taken behind the abs of a norm", backward=dense_grad_x_without_sign),
]  # fmt: skip
