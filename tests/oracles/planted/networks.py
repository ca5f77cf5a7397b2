"""The network of the article, in plain NumPy: two true convolutions and a dense layer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.oracles.planted.record import Right


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {"tanh": np.tanh, "arctan": np.arctan, "sigmoid": sigmoid}
DERIVATIVES = {
    "tanh": lambda x: 1 / np.cosh(x) ** 2,
    "arctan": lambda x: 1 / (1 + x**2),
    "sigmoid": lambda x: sigmoid(x) * sigmoid(-x),
}


def rot180(a):
    return np.rot90(a, 2)


def convolve(a, k):
    turned = rot180(k)
    rows, columns = a.shape[0] - k.shape[0] + 1, a.shape[1] - k.shape[1] + 1
    y = np.zeros((rows, columns), dtype=a.dtype)
    for i in range(rows):
        for j in range(columns):
            y[i, j] = (a[i : i + k.shape[0], j : j + k.shape[1]] * turned).sum()
    return y


def pad_for(w, d):
    return np.pad(w, ((d.shape[0] - 1,) * 2, (d.shape[1] - 1,) * 2))


def through(x, w1, w2, w3, f1, f2, f3):
    """Every matrix of the forward pass."""
    l1 = convolve(x, w1)
    a1 = FUNCTIONS[f1](l1)
    l2 = convolve(a1, w2)
    h = FUNCTIONS[f2](l2).reshape(1, -1)
    l3 = h @ w3
    return SimpleNamespace(l1=l1, a1=a1, l2=l2, h=h, l3=l3, out=FUNCTIONS[f3](l3))


def forward(x, w1, w2, w3, y, *, f1, f2, f3):
    return ((through(x, w1, w2, w3, f1, f2, f3).out - y) ** 2 / 2)[0, 0]


def last_layer(m, y, w3, f2, f3):
    d3 = (m.out - y) * DERIVATIVES[f3](m.l3)
    d2 = (d3 @ w3.T).reshape(m.l2.shape) * DERIVATIVES[f2](m.l2)
    return d2, m.h.T @ d3


def backward(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d2, g3 = last_layer(m, y, w3, f2, f3)
    g2 = rot180(convolve(m.a1, rot180(d2)))
    da1 = rot180(convolve(pad_for(w2, d2), rot180(d2)))
    d1 = da1 * DERIVATIVES[f1](m.l1)
    g1 = rot180(convolve(x, rot180(d1)))
    return g1, g2, g3


# --- 1, 2: as published -------------------------------------------------------------------------


def cotangent_not_rotated(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d2, g3 = last_layer(m, y, w3, f2, f3)
    g2 = rot180(convolve(m.a1, d2))  # d2 as it is
    da1 = rot180(convolve(pad_for(w2, d2), rot180(d2)))
    d1 = da1 * DERIVATIVES[f1](m.l1)
    g1 = rot180(convolve(x, rot180(d1)))
    return g1, g2, g3


def published_later(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d2, g3 = last_layer(m, y, w3, f2, f3)
    g2 = rot180(convolve(m.a1, rot180(d2)))
    da1 = convolve(pad_for(w2, d2), rot180(d2))  # the result must be rotated
    d1 = da1 * DERIVATIVES[f1](m.l1)
    g1 = rot180(convolve(x, rot180(d1)))
    return g1, g2, g3


# --- 3: cotangent rotated, the activation's derivative not --------------------------------------


def rotated_at_the_first_activation(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d2, g3 = last_layer(m, y, w3, f2, f3)
    g2 = rot180(convolve(m.a1, rot180(d2)))
    rotated_da1 = convolve(pad_for(w2, d2), rot180(d2))
    rotated_d1 = rotated_da1 * DERIVATIVES[f1](m.l1)  # l1 is not rotated
    g1 = rot180(convolve(x, rotated_d1))
    return g1, g2, g3


def rotated_at_the_second_activation(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d3 = (m.out - y) * DERIVATIVES[f3](m.l3)
    rotated_d2 = rot180((d3 @ w3.T).reshape(m.l2.shape)) * DERIVATIVES[f2](m.l2)  # nor is l2
    g2 = rot180(convolve(m.a1, rotated_d2))
    da1 = rot180(convolve(pad_for(w2, rotated_d2), rotated_d2))
    d1 = da1 * DERIVATIVES[f1](m.l1)
    g1 = rot180(convolve(x, rot180(d1)))
    return g1, g2, m.h.T @ d3


# --- 4: forward by one weight, backward by another ----------------------------------------------


def first_kernel_for_second(x, w1, w2, w3, y, *, f1, f2, f3):
    m = through(x, w1, w2, w3, f1, f2, f3)
    d2, g3 = last_layer(m, y, w3, f2, f3)
    g2 = rot180(convolve(m.a1, rot180(d2)))
    da1 = rot180(convolve(pad_for(w1, d2), rot180(d2)))  # w1 instead of w2
    d1 = da1 * DERIVATIVES[f1](m.l1)
    g1 = rot180(convolve(x, rot180(d1)))
    return g1, g2, g3


def first_kernel_twice(x, w1, w2, w3, y, *, f1, f2, f3):
    return backward(x, w1, w1, w3, y, f1=f1, f2=f2, f3=f3)  # w1 for both layers


def forward_by_first_kernel_alone(x, w1, w2, w3, y, *, f1, f2, f3):
    return forward(x, w1, w1, w3, y, f1=f1, f2=f2, f3=f3)  # w1 for both layers


RIGHT = Right("plain NumPy", "article", forward, backward)
# One weight for another can only go unnoticed where they have the same shape.
SAME_SHAPES = Right(
    "plain NumPy, weights of one shape",
    "article",
    forward,
    backward,
    arguments={"unsupported": ValueError},
)

PLANTED = [
    RIGHT.but(
        1, "cotangent not rotated in the network",
        backward=cotangent_not_rotated, wrong={"grad_w2"},
        cause="grad_w2 uses d2 without rotating it by 180 degrees",
    ),
    RIGHT.but(
        2, "result of the full convolution not rotated in the network",
        backward=published_later, wrong={"grad_w1"},
        cause="grad_w1 is made from a dA1 that is rotated by 180 degrees",
    ),
    RIGHT.but(
        3, "dA1 rotated, f1' not",
        backward=rotated_at_the_first_activation, wrong={"grad_w1"},
        cause="grad_w1 multiplies dA1 rotated by 180 degrees with f1'(l1) unrotated",
    ),
    RIGHT.but(
        3, "dA2 rotated, f2' not",
        backward=rotated_at_the_second_activation, wrong={"grad_w1", "grad_w2"},
        cause="grad_w1 and grad_w2 multiply dA2 rotated by 180 degrees with f2'(l2) unrotated",
    ),
    SAME_SHAPES.but(
        4, "w1 for w2 backward",
        backward=first_kernel_for_second, wrong={"grad_w1"},
        cause="grad_w1 goes back through w1 where the forward went through w2",
    ),
    SAME_SHAPES.but(
        4, "w1 for w2 wherever backward needs it",
        backward=first_kernel_twice, wrong={"grad_w1", "grad_w2", "grad_w3"},
        cause="backward uses w1 in both convolutions where the forward uses w1 and w2",
    ),
    SAME_SHAPES.but(
        4, "w1 for w2 forward",
        forward=forward_by_first_kernel_alone, wrong={"y"},
        cause="y uses w1 in both convolutions; the gradients are those of w1 and w2",
    ),
]  # fmt: skip
