"""An operation that the catalog does not have: RMS normalisation, x over its root mean square.

The subject is hand-written NumPy; what is true follows from the reference, one forward written
against the array API.
"""

import numpy as np

from oracles import define

EPS = 1e-5


def root(x):
    """Return the root of each row's mean square, a little above 0."""
    return np.sqrt((x * x).mean(axis=1, keepdims=True) + x.dtype.type(EPS))


def forward(x, w):
    """Return y."""
    return w * x / root(x)


def backward(g, x, w):
    """Return the gradients of x and w: the root depends on all of its row."""
    r, gw = root(x), g * w
    grad_x = (gw - x * (gw * x).mean(axis=1, keepdims=True) / r**2) / r
    return grad_x, (g * x / r).sum(axis=0)


# --- the plug ---
# fmt: off
op = define("rms_norm", forward, backward, operands={"x": "n d", "w": "d"},
    reference=lambda xp, x, w: w * x / xp.sqrt(xp.mean(x * x, axis=1, keepdims=True) + EPS))
