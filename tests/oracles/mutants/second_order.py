"""Second derivatives: a term missing, a sign or a factor wrong; the first ones are right."""

from __future__ import annotations

import numpy as np

from oracles.catalog import ops
from tests.oracles.mutants.record import mutant


def spoiled(op, title, story, change):
    """Return the mutant whose `change(found, *arguments, **options)` is returned.

    `found` are the right second gradients, in a list.
    """
    right = ops[op].double_backward

    def double_backward(*arrays, **options):
        with np.errstate(all="ignore"):
            found = right(*arrays, **options)
            found = list(found) if isinstance(found, tuple) else [found]
            changed = change(found, *arrays, **options)
            return tuple(changed) if len(changed) > 1 else changed[0]

    return mutant(op, "second order", title, story, double_backward=double_backward)


def again(op, title, story, arguments):
    """Return the mutant that asks the right function with other arguments."""
    right = ops[op].double_backward
    return mutant(op, "second order", title, story,
                  double_backward=lambda *a, **o: right(*arguments(*a), **o))  # fmt: skip


def times(position, factor):
    """Return the change that scales one of the results."""

    def change(found, *_, **__):
        found[position] = found[position] * factor
        return found

    return change


def zero(position):
    return times(position, 0)


def no_v_x(v_x, v_w, v_b, g, x, w):
    """Return the arguments of a convolution without the direction of x."""
    return np.zeros_like(v_x), v_w, v_b, g, x, w


def no_v_w(v_x, v_w, v_b, g, x, w):
    return v_x, np.zeros_like(v_w), v_b, g, x, w


def no_v_b(v_x, v_w, v_b, g, x, w):
    return v_x, v_w, None, g, x, w


def v_b_negated(v_x, v_w, v_b, g, x, w):
    return v_x, v_w, None if v_b is None else -v_b, g, x, w


def w_for_v_w(v_x, v_w, v_b, g, x, w):
    return v_x, w, v_b, g, x, w


def only_along_g(change):
    """Return the change that takes the first result from other arguments alone."""

    def taken(op):
        right = ops[op].double_backward

        def changed(found, *arrays, **options):
            return [right(*change(*arrays), **options)[0], *found[1:]]

        return changed

    return taken


def tanh_without_g(found, v, g, x):
    return [found[0], np.where(g == 0, 0, found[1] / np.where(g == 0, 1, g))]


def product_at_samples(found, *_):
    """Return the results with that of the first sample for all."""
    found[1] = np.broadcast_to(found[1][:1], found[1].shape).copy()
    return found


def mean_not_taken_off(found, v, g, x, *, axis):
    y = ops.softmax.forward(x, axis=axis)
    return [y * v, found[1]]


def asymmetric(found, v, g, x, *, axis):
    """Return softmax'' with v where v less its mean belongs."""
    y = ops.softmax.forward(x, axis=axis)
    moment = v * (g - (y * g).sum(axis=axis, keepdims=True))
    return [found[0], y * (moment - (y * moment).sum(axis=axis, keepdims=True))]


def log_without_sum(found, v, g, x, *, axis):
    total = g.sum(axis=axis, keepdims=True)
    return [found[0], np.where(total == 0, found[1], found[1] / np.where(total == 0, 1, total))]


MUTANTS = [
    spoiled("conv2d", "conv2d'': x v_w missing along g", "fprop(v_x, w) alone",
            only_along_g(no_v_w)("conv2d")),
    spoiled("conv2d", "conv2d'': v_x w missing along g", "fprop(x, v_w) alone",
            only_along_g(no_v_x)("conv2d")),
    again("conv2d", "conv2d'': v_b ignored", "the bias is thought to have no second derivative",
          no_v_b),
    again("conv2d", "conv2d'': v_b subtracted", "the direction of the bias with the wrong sign",
          v_b_negated),
    spoiled("conv2d", "conv2d'': nothing for x", "x is thought to enter linearly, so zero",
            zero(1)),
    spoiled("conv2d", "conv2d'': nothing for w", "w is thought to enter linearly, so zero",
            zero(2)),
    again("conv2d", "conv2d'': dgrad by w instead of v_w", "the wrong kernel is passed on",
          w_for_v_w),
    spoiled("conv2d", "conv2d'': twice for w", "both orders of the derivatives are added up",
            times(2, 2)),
    spoiled("conv_transpose2d", "conv_transpose2d'': x v_w missing along g", "dgrad(v_x, w) alone",
            only_along_g(no_v_w)("conv_transpose2d")),
    spoiled("conv_transpose2d", "conv_transpose2d'': sign of the part for x",
            "integrated by parts once too often", times(1, -1)),
    spoiled("conv1d", "conv1d'': halved along g", "the symmetric part is halved, as in x^2 / 2",
            times(0, 0.5)),
    spoiled("conv3d", "conv3d'': nothing for x", "x is thought to enter linearly, so zero",
            zero(1)),
    again("dense", "dense'': v_b ignored", "the bias is thought to have no second derivative",
          no_v_b),
    spoiled("dense", "dense'': v_x w missing along g", "x v_w alone",
            only_along_g(no_v_x)("dense")),
    spoiled("dense", "dense'': sign of the part for w", "integrated by parts once too often",
            times(2, -1)),
    spoiled("dense", "dense'': first sample's part for all", "broadcast over the batch",
            product_at_samples),
    spoiled("tanh", "tanh'': factor 2 forgotten", "-y (1 - y^2)", times(1, 0.5)),
    spoiled("tanh", "tanh'': g forgotten", "v f''(x)", tanh_without_g),
    spoiled("tanh", "tanh'': nothing along g", "the backward is thought to be constant in g",
            zero(0)),
    spoiled("sigmoid", "sigmoid'': sign", "s' (2 s - 1)", times(1, -1)),
    spoiled("arctan", "arctan'': x for -2 x", "the inner derivative is forgotten",
            times(1, -0.5)),
    spoiled("softplus", "softplus'': beta forgotten", "s'(beta x) alone",
            lambda found, *_, beta=1.0: [found[0], found[1] / beta]),
    spoiled("elu", "elu'': nothing below 0", "the second derivative of relu", zero(1)),
    spoiled("gelu", "gelu'': that of the exact one, whatever is asked",
            "`approximate` is ignored",
            lambda found, v, g, x, approximate: [
                found[0], ops.gelu.double_backward(v, g, x, approximate="none")[1]]),
    spoiled("hardswish", "hardswish'': 1/6 for 1/3", "x^2 / 6 is differentiated once",
            times(1, 0.5)),
    spoiled("silu", "silu'': twice s' alone", "x s'' is left out",
            lambda found, v, g, x: [
                found[0], v * g * 2 * ops.sigmoid.backward(np.ones_like(x), x)]),
    spoiled("softmax", "softmax'': mean of v not taken off along g", "y v", mean_not_taken_off),
    spoiled("softmax", "softmax'': a term that is not symmetric",
            "v is centred in one of two places", asymmetric),
    spoiled("log_softmax", "log_softmax'': sum of g forgotten", "- softmax'(v) alone",
            log_without_sum),
    spoiled("half_squared_error", "half squared error'': twice", "the square without its half",
            times(0, 2)),
    spoiled("mse_loss", "mse'': not divided", "the mean is forgotten in the Hessian",
            lambda found, v, p, t: [2 * v]),
    spoiled("cross_entropy", "cross entropy'': diagonal alone", "y v / N",
            lambda found, v, p, t: [(ops.softmax.forward(p, axis=1) * v / t.size).astype(p.dtype)]),
]  # fmt: skip
