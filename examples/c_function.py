"""A convolution over one axis in C (c_function.c), called through ctypes."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from oracles import ops


def compiled(source):
    """Return the library of a C source, which needs no file once it is loaded."""
    with TemporaryDirectory() as folder:
        library = Path(folder) / "library.so"
        compiler = shutil.which("cc") or "gcc"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        return ctypes.CDLL(library)


C = compiled(Path(__file__).with_suffix(".c"))


def in_c_order(*arrays):
    """Return arrays of float32 as the C code takes for granted that they lie in memory."""
    return [np.ascontiguousarray(array, np.float32) for array in arrays]


def forward(x, w, b, stride=1, padding=0):
    """Return y."""
    x, w = in_c_order(x, w)
    many = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
    y = np.empty((len(x), len(w), many), np.float32)
    y[:] = b[:, None]
    sizes = (*x.shape, w.shape[0], w.shape[2], many, stride, padding)
    C.forward(y.ctypes, x.ctypes, w.ctypes, *sizes)
    return y


def backward(g, x, w, stride=1, padding=0):
    """Return the gradients of x, w and b."""
    g, x, w = in_c_order(g, x, w)
    grad_x, grad_w = np.zeros_like(x), np.zeros_like(w)
    sizes = (*x.shape, w.shape[0], w.shape[2], g.shape[2], stride, padding)
    C.backward(grad_x.ctypes, grad_w.ctypes, g.ctypes, x.ctypes, w.ctypes, *sizes)
    return grad_x, grad_w, g.sum((0, 2))


# --- the plug ---
LIMITS = {"named_padding": False}  # padding is a number, never "same" or "valid"
op = ops.conv1d.implemented_by(forward, backward, dtypes=["float32"], limits=LIMITS)
