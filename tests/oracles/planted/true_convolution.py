"""conv2d as signal processing has it, kernel by kernel: the kernel is rotated before it slides."""

from __future__ import annotations

import numpy as np

from tests.oracles.planted.record import Right


def rot180(a):
    return np.flipud(np.fliplr(a))


def convolve(a, k):
    """True convolution of two matrices, where k lies wholly inside a."""
    turned = rot180(k)
    rows, columns = a.shape[0] - k.shape[0] + 1, a.shape[1] - k.shape[1] + 1
    y = np.zeros((rows, columns), dtype=a.dtype)
    for i in range(rows):
        for j in range(columns):
            y[i, j] = np.sum(a[i : i + k.shape[0], j : j + k.shape[1]] * turned)
    return y


def pad_for(w, g):
    return np.pad(w, ((g.shape[0] - 1,) * 2, (g.shape[1] - 1,) * 2))


def forward(x, w, b=None):
    n, c, h, wd = x.shape
    f, _, kh, kw = w.shape
    y = np.zeros((n, f, h - kh + 1, wd - kw + 1), dtype=x.dtype)
    for image in range(n):
        for o in range(f):
            for i in range(c):
                y[image, o] += convolve(x[image, i], w[o, i])
            if b is not None:
                y[image, o] += b[o]
    return y


def kernel_gradient(x, g):
    return rot180(convolve(x, rot180(g)))


def image_gradient(w, g):
    return rot180(convolve(pad_for(w, g), rot180(g)))


def backward_by(kernel_gradient, image_gradient):
    """The backward pass, given the gradients for one image, one channel and one kernel."""

    def backward(g, x, w):
        gx, gw = np.zeros_like(x), np.zeros_like(w)
        for image in range(x.shape[0]):
            for o in range(w.shape[0]):
                for i in range(w.shape[1]):
                    gw[o, i] += kernel_gradient(x[image, i], g[image, o])
                    gx[image, i] += image_gradient(w[o, i], g[image, o])
        return gx, gw, g.sum(axis=(0, 2, 3))

    return backward


# --- 1: the kernel's gradient ---------------------------------------------------------------------


def cotangent_not_rotated(x, g):
    return rot180(convolve(x, g))


def result_not_rotated(x, g):
    return convolve(x, rot180(g))


# --- 2: the image's gradient ----------------------------------------------------------------------


def kernel_rotated_once_more(w, g):
    return rot180(convolve(pad_for(rot180(w), g), rot180(g)))


def image_not_rotated_back(w, g):
    return convolve(pad_for(w, g), rot180(g))


# --- 17: one flip, twice --------------------------------------------------------------------------


def flipped_twice(x, g):
    return rot180(convolve(x, np.flipud(np.flipud(g))))


RIGHT = Right(
    "true convolution, kernel by kernel",
    "conv2d",
    forward,
    backward_by(kernel_gradient, image_gradient),
    arguments={"layout": "NCHW", "flip_kernel": True},
)

PLANTED = [
    RIGHT.but(
        1, "cotangent not rotated in a true convolution",
        backward=backward_by(cotangent_not_rotated, image_gradient), wrong={"grad_w"},
        cause="grad_w uses the cotangent without rotating it by 180 degrees",
    ),
    RIGHT.but(
        1, "weight gradient not rotated in a true convolution",
        backward=backward_by(result_not_rotated, image_gradient), wrong={"grad_w"},
        cause="grad_w lacks its last rotation by 180 degrees",
    ),
    RIGHT.but(
        2, "kernel rotated once too often",
        backward=backward_by(kernel_gradient, kernel_rotated_once_more), wrong={"grad_x"},
        cause="grad_x uses the kernel rotated by 180 degrees once too often",
    ),
    RIGHT.but(
        2, "input gradient not rotated back",
        backward=backward_by(kernel_gradient, image_not_rotated_back), wrong={"grad_x"},
        cause="grad_x lacks its last rotation by 180 degrees",
    ),
    RIGHT.but(
        17, "cotangent flipped up and down twice",
        backward=backward_by(flipped_twice, image_gradient), wrong={"grad_w"},
        cause="grad_w uses a cotangent that was flipped up and down twice, which rotates nothing",
    ),
]  # fmt: skip
