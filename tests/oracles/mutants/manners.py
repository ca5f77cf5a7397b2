"""Manners: what belongs to the caller, what is kept between calls, what is returned."""

from __future__ import annotations

import numpy as np

from manualgrad import (
    activations,
    conv2d,
    conv2d_backward,
    conv_transpose2d_backward,
    dense,
    dense_backward,
    mse_loss_backward,
)
from tests.oracles.mutants.record import mutant


def x_aliased(x):
    """Return x itself."""
    return x


def half_of_cotangent(g, x):
    """Return the gradient in the memory of the cotangent, which it changes."""
    g *= activations.tanh_backward(np.ones_like(x), x)
    return g


def view_of_cotangent(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, found.grad_w, found.grad_b if len(g) != 1 else g[0]


def buffer_kept():
    """Return a backward that writes every weight gradient of a shape into the same memory."""
    kept = {}

    def backward(g, x, w, **options):
        found = conv2d_backward(g, x, w, **options)
        gw = kept.setdefault((w.shape, w.dtype), np.empty_like(found.grad_w))
        gw[...] = found.grad_w
        return found.grad_x, gw, found.grad_b

    return {"backward": backward}


def accumulated():
    """Return a backward that adds to the gradients of the calls before."""
    kept = {}

    def backward(g, x, w):
        found = dense_backward(g, x, w)
        key = g.shape, x.shape, w.dtype
        kept[key] = kept.get(key, 0) + found.grad_w
        return found.grad_x, kept[key].copy(), found.grad_b

    return {"backward": backward}


def input_kept():
    """Return forward and backward, where backward uses the x that forward was given last."""
    seen = {}

    def forward(x, w, b=None):
        seen.setdefault("x", x.copy())
        return dense(x, w, b)

    def backward(g, x, w):
        found = dense_backward(g, x, w)
        first = seen.get("x", x)
        gw = first.T @ g if first.shape == x.shape and first.dtype == x.dtype else found.grad_w
        return found.grad_x, gw, found.grad_b

    return {"forward": forward, "backward": backward}


def every_other_call():
    """Return a backward that is wrong in every second call."""
    calls = iter(range(10**9))

    def backward(g, x):
        found = activations.sigmoid_backward(g, x)
        return found * 2 if next(calls) % 2 else found

    return {"backward": backward}


def noisy():
    """Return a forward with a noise of its own, below what rounding explains."""
    calls = iter(range(10**9))

    def forward(x, w, b=None, **options):
        y = conv2d(x, w, b, **options)
        return np.nextafter(y, np.inf if next(calls) % 2 else -np.inf)

    return {"forward": forward}


def weights_stepped(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    w -= np.asarray(0.1, w.dtype) * found.grad_w
    return found


def x_normalised(g, x, w, **options):
    found = conv_transpose2d_backward(g, x, w, **options)
    if x.size and np.isfinite(x).all():
        x -= x.flat[0]
    return found


def sorted_in_place(g, x, *, axis):
    found = activations.softmax_backward(g, x, axis=axis)
    x.sort(axis=axis)
    return found


def target_subtracted(p, t):
    found = mse_loss_backward(p, t)
    p -= t
    return found


def b_gradient_as_column(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, found.grad_w, found.grad_b[:, None]


def bias_gradient_kept_axes(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return found.grad_x, found.grad_w, found.grad_b.reshape(-1, 1, 1)


def grad_w_flat(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return found.grad_x, found.grad_w.reshape(len(w), -1), found.grad_b


def squeezed(x, w, b=None, **options):
    """Return the result without its axes of size 1."""
    return conv2d(x, w, b, **options).squeeze().copy()


def always_double(g, x):
    return activations.arctan_backward(g, x).astype(np.float64)


def always_single(x, w, b=None):
    return dense(x, w, b).astype(np.float32)


def lists(g, x, w):
    return tuple(each.tolist() for each in dense_backward(g, x, w))


def without_bias(g, x, w):
    return dense_backward(g, x, w)[:1]


def exchanged(g, x, w, **options):
    gx, gw, gb = conv2d_backward(g, x, w, **options)
    return gw, gx, gb


def none_for_x(g, x, w, **options):
    """Return no gradient of x, as the first layer of a network may."""
    _, gw, gb = conv2d_backward(g, x, w, **options)
    return None, gw, gb


def raises_for_small(g, x, w, **options):
    if x.shape[-1] < w.shape[-1]:
        raise ValueError("the kernel is wider than the image")
    return conv2d_backward(g, x, w, **options)


def manners(op, title, story, **functions):
    return mutant(op, "manners", title, story, **functions)


MUTANTS = [
    manners("identity", "identity returns its argument", "return x", forward=x_aliased),
    manners("tanh", "tanh' written into the cotangent", "g *= ... saves an array",
            backward=half_of_cotangent),
    manners("dense", "dense: bias gradient a view of the cotangent", "g[0] for a batch of one",
            backward=view_of_cotangent),
    manners("conv2d", "conv2d: weight gradient in a kept buffer", "a cache of work arrays",
            fresh=buffer_kept),
    manners("dense", "dense: gradients of all calls added up", "zero_grad is never called",
            fresh=accumulated),
    manners("dense", "dense: x of the first call kept", "the trace is not renewed",
            fresh=input_kept),
    manners("sigmoid", "sigmoid': wrong every second time", "two buffers, one of them stale",
            fresh=every_other_call),
    manners("conv2d", "conv2d: another last bit in each call", "sums in the order of threads",
            fresh=noisy),
    manners("conv2d", "conv2d: weights stepped in the backward", "w -= 0.1 * grad_w",
            backward=weights_stepped),
    manners("conv_transpose2d", "conv_transpose2d: x shifted in place", "x -= x[0]",
            backward=x_normalised),
    manners("softmax", "softmax': x sorted in place", "x.sort() for np.sort(x)",
            backward=sorted_in_place),
    manners("mse_loss", "mse: difference in the prediction's memory", "p -= t saves an array",
            backward=target_subtracted),
    manners("dense", "dense: bias gradient as a column", "keepdims=True",
            backward=b_gradient_as_column),
    manners("conv2d", "conv2d: bias gradient with spatial axes", "keepdims=True",
            backward=bias_gradient_kept_axes),
    manners("conv2d", "conv2d: weight gradient as a matrix", "the last reshape is forgotten",
            backward=grad_w_flat),
    manners("conv2d", "conv2d: result squeezed", "np.squeeze drops every axis of size 1",
            forward=squeezed),
    mutant("arctan", "manners", "arctan' always in float64", "np.float64 in a constant array",
           backward=always_double, dtypes=("float32",)),
    mutant("dense", "manners", "dense: result always in float32", "astype at the end",
           forward=always_single, dtypes=("float64",)),
    manners("dense", "dense: lists for arrays", "tolist() for a message", backward=lists),
    manners("dense", "dense: gradient of x alone", "the others are kept in attributes",
            backward=without_bias),
    manners("conv2d", "conv2d: gradients of w and x exchanged", "return grad_w, grad_x",
            backward=exchanged),
    manners("conv2d", "conv2d: None for x", "the first layer needs no gradient of x",
            backward=none_for_x),
    manners("conv2d", "conv2d: refuses kernels wider than the image",
            "padding is forgotten in a check", backward=raises_for_small),
]  # fmt: skip
