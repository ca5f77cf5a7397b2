"""A convolution layer of arrays (N, H, W, C) with its parameters in attributes."""

import numpy as np

from oracles import adapt, ops


class Conv:
    """Keeps kernel (height, width, in, out) and bias; `backward` leaves their gradients."""

    def __init__(self, kernel, bias, stride=1, padding=0):
        self.kernel, self.bias, self.stride, self.padding = kernel, bias, stride, padding

    def forward(self, x):
        """Return y, and keep the windows of x that each position of y sees."""
        p = self.padding
        self.x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        size = self.kernel.shape[:2]
        windows = np.lib.stride_tricks.sliding_window_view(self.x, size, (1, 2))
        self.windows = windows[:, :: self.stride, :: self.stride]  # (n, h, w, in, kh, kw)
        return np.einsum("nhwikl,klio->nhwo", self.windows, self.kernel) + self.bias

    def backward(self, g):
        """Return the gradient of x."""
        self.kernel_grad = np.einsum("nhwikl,nhwo->klio", self.windows, g)
        self.bias_grad = g.sum((0, 1, 2))
        s, p, grad_x = self.stride, self.padding, np.zeros_like(self.x)
        (kh, kw), (_, height, width, _) = self.kernel.shape[:2], g.shape
        for k in range(kh):
            for m in range(kw):
                seen = grad_x[:, k : k + s * height : s, m : m + s * width : s]
                seen[:, :height, :width] += g @ self.kernel[k, m].T
        return grad_x[:, p : grad_x.shape[1] - p, p : grad_x.shape[2] - p]


# --- the plug ---
LIMITS = {"scalar_options": True, "named_padding": False}  # an int for both axes
op = ops.conv2d.implemented_by(*adapt.layer(Conv), layout="NHWC", kernel="HWIO", limits=LIMITS)
