"""A transposed convolution as two functions of NumPy arrays (N, C, H, W)."""

import numpy as np

from oracles import ops


def forward(x, w, b=None, stride=1, padding=0, output_padding=0):
    """Return y: each position of x lays down a copy of the kernel, scaled by x."""
    (n, _, height, width), (_, channels, kh, kw) = x.shape, w.shape
    rows = (height - 1) * stride + kh + output_padding
    columns = (width - 1) * stride + kw + output_padding
    full = np.zeros((n, channels, rows, columns), x.dtype)
    for i in range(height):
        for j in range(width):
            window = full[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            window += np.tensordot(x[:, :, i, j], w, 1)
    y = full[:, :, padding : rows - padding, padding : columns - padding]
    return y if b is None else y + b[:, None, None]


def backward(g, x, w, stride=1, padding=0, output_padding=0):
    """Return the gradients of x, w and b: each position of x sees its window of g."""
    (_, _, height, width), (_, _, kh, kw) = x.shape, w.shape
    full = np.pad(g, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    grad_x, grad_w = np.zeros_like(x), np.zeros_like(w)
    for i in range(height):
        for j in range(width):
            window = full[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
            grad_x[:, :, i, j] = np.tensordot(window, w, ((1, 2, 3), (1, 2, 3)))
            grad_w += np.tensordot(x[:, :, i, j], window, (0, 0))
    return grad_x, grad_w, g.sum((0, 2, 3))


# --- the plug ---
op = ops.conv_transpose2d.implemented_by(forward, backward, limits={"scalar_options": True})
