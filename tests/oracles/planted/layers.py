"""The dense layer, and activations, in a line or two each."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right

# --- dense ----------------------------------------------------------------------------------------


def dense(x, w, b=None):
    y = np.dot(x, w)
    return y if b is None else y + b


def dense_backward(g, x, w):
    return np.dot(g, w.T), np.dot(x.T, g), np.sum(g, axis=0)


def mean_over_batch(g, x, w):  # 8
    n = x.shape[0]
    return np.dot(g, w.T), np.dot(x.T, g) / n, np.sum(g, axis=0) / n


def bias_gradient_shadowed(g, x, w):  # 11
    gb = np.sum(g, axis=0)
    gw = np.zeros_like(w)
    for n in range(x.shape[0]):
        gb = np.array(g[n])  # gb again
        gw += np.outer(x[n], gb)
    return np.dot(g, w.T), gw, gb


def bias_subtracted(x, w, b=None):  # 12
    y = np.dot(x, w)
    return y if b is None else y - b


def bias_subtracted_backward(g, x, w):
    return np.dot(g, w.T), np.dot(x.T, g), -np.sum(g, axis=0)


def weights_updated(g, x, w):  # 16
    gw = np.dot(x.T, g)
    gx = np.dot(g, w.T)
    w -= 0.1 * gw
    return gx, gw, np.sum(g, axis=0)


def cotangent_scaled(g, x, w):  # 16
    g /= max(1, x.shape[0])
    return np.dot(g, w.T), np.dot(x.T, g), np.sum(g, axis=0)


DENSE = Right("matrix product", "dense", dense, dense_backward)
DENSE_OF_SOME = Right(
    "matrix product, no empty batch",
    "dense",
    dense,
    dense_backward,
    {"min_batch": 1, "bias": True},
)

# --- activations ----------------------------------------------------------------------------------


def tanh_backward(g, x):
    return g / np.cosh(x) / np.cosh(x)  # the square of cosh may be too large for a float


def rotated(a):
    return a[..., ::-1, ::-1] if a.ndim > 1 else a


def tanh_of_rotated_cotangent(g, x):  # 3
    return rotated(g) / np.cosh(x) / np.cosh(x)


def tanh_by_arctan(g, x):  # 15
    return g / (1 + x**2)


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def sigmoid_backward(g, x):
    small = np.exp(-np.abs(x))
    return g * small / (1 + small) ** 2


def sigmoid_of_the_input(g, x):  # 15
    return g * x * (1 - x)


def falling(x):  # 12
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, small, 1) / (1 + small)  # the branches are exchanged


def falling_backward(g, x):
    small = np.exp(-np.abs(x))
    return -g * small / (1 + small) ** 2


def leaky_relu(x, *, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x)


def leaky_relu_backward(g, x, *, negative_slope=0.01):
    return np.where(x > 0, g, negative_slope * g)


def another_slope(g, x, *, negative_slope=0.01):  # 15
    return np.where(x > 0, g, 0.1 * g)


def elu(x, *, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(x))


def elu_backward(g, x, *, alpha=1.0):
    return np.where(x > 0, g, g * alpha * np.exp(x))


def without_alpha(g, x, *, alpha=1.0):  # 15
    return np.where(x > 0, g, g * np.exp(x))


def relu(x):
    return np.maximum(x, 0)


def relu_backward(g, x):
    return g * (x > 0)


def relu_in_the_cotangent(g, x):  # 16
    g[x <= 0] = 0
    return g


TANH = Right("by cosh", "tanh", np.tanh, tanh_backward)
SIGMOID = Right("by exp(-|x|)", "sigmoid", sigmoid, sigmoid_backward)
LEAKY_RELU = Right("np.where", "leaky_relu", leaky_relu, leaky_relu_backward)
ELU = Right("np.where", "elu", elu, elu_backward)
RELU = Right("np.maximum", "relu", relu, relu_backward)

RIGHT = [DENSE, DENSE_OF_SOME, TANH, SIGMOID, LEAKY_RELU, ELU, RELU]

PLANTED = [
    TANH.but(
        3, "cotangent rotated, tanh' not",
        backward=tanh_of_rotated_cotangent, wrong={"grad_x"},
        cause="grad_x multiplies the cotangent rotated by 180 degrees with tanh' unrotated",
    ),
    DENSE_OF_SOME.but(
        8, "mean over the batch for w and b, not for x",
        backward=mean_over_batch, wrong={"grad_w", "grad_b"},
        cause="grad_w and grad_b are divided by the batch size",
    ),
    DENSE_OF_SOME.but(
        11, "gradient of the bias shadowed by a row of the cotangent",
        backward=bias_gradient_shadowed, wrong={"grad_b"},
        cause="grad_b is the last row of the cotangent instead of the sum over the batch",
    ),
    DENSE.but(
        12, "bias subtracted, forward and backward",
        forward=bias_subtracted, backward=bias_subtracted_backward, wrong={"y", "grad_b"},
        cause="y has the bias subtracted; grad_b is the gradient of this wrong forward",
    ),
    SIGMOID.but(
        12, "branches of sigmoid exchanged, forward and backward",
        forward=falling, backward=falling_backward, wrong={"y", "grad_x"},
        cause="y is sigmoid(-x), its branches are exchanged; grad_x is the gradient of this "
        "wrong forward",
    ),
    TANH.but(
        15, "derivative of arctan for tanh",
        backward=tanh_by_arctan, wrong={"grad_x"},
        cause="grad_x uses the derivative of arctan, 1 / (1 + x^2)",
    ),
    SIGMOID.but(
        15, "y (1 - y) taken at the input",
        backward=sigmoid_of_the_input, wrong={"grad_x"},
        cause="grad_x uses x (1 - x), where y (1 - y) of the result y is meant",
    ),
    LEAKY_RELU.but(
        15, "another slope backward",
        backward=another_slope, wrong={"grad_x"},
        cause="grad_x uses a slope of 0.1 whatever negative_slope says",
    ),
    ELU.but(
        15, "alpha forgotten backward",
        backward=without_alpha, wrong={"grad_x"}, examples=200,
        cause="grad_x leaves out the factor alpha where x is negative",
    ),
    DENSE.but(
        16, "weights updated in the backward pass",
        backward=weights_updated, wrong=set(), sentence="modified w in place",
        cause="backward updates the caller's w in place",
    ),
    DENSE.but(
        16, "cotangent divided in place",
        backward=cotangent_scaled, wrong=set(), sentence="modified the cotangent in place",
        cause="backward divides the caller's cotangent by the batch size in place",
    ),
    RELU.but(
        16, "cotangent cut where x is negative",
        backward=relu_in_the_cotangent, wrong=set(),
        sentence="returned grad_x that shares memory with the cotangent",
        cause="backward writes its zeros into the caller's cotangent and returns it",
    ),
]  # fmt: skip
