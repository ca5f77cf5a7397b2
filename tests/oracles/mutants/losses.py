"""Losses: means for sums, factors, axes, arguments."""

from __future__ import annotations

import numpy as np

from manualgrad import (
    cross_entropy,
    cross_entropy_backward,
    half_squared_error,
    half_squared_error_backward,
    mse_loss,
    mse_loss_backward,
    softmax,
)
from tests.oracles.mutants.record import mutant


def loss(op, title, story, *, y=None, grad=None):
    return mutant(op, "loss", title, story, forward=y, backward=grad)


def per_sample(gradient):
    """Return a gradient divided by the number of samples."""
    return lambda p, t: gradient(p, t) / max(1, len(p))


def by_samples(p, t):
    """Return the squares summed, divided by the number of samples alone."""
    return ((p - t) ** 2).sum() / p.dtype.type(len(p) or np.nan)


def of_last_row(p, t):
    found = mse_loss_backward(p, t)
    found[:-1] = 0
    return found


def broadcast(p, t):
    """Return the mean of all differences between all predictions and all targets."""
    if p.ndim == 1 and len(p) > 1:
        return ((p[:, None] - t[None]) ** 2).mean()
    return mse_loss(p, t)


def absolute(p, t):
    return np.sign(p - t) * np.asarray(2 / max(1, p.size), p.dtype)


def huber(p, t):
    """Return the gradient of the half squared error, cut at 8."""
    return np.clip(p - t, -8, 8)


def one_hot(p, t):
    return (np.expand_dims(t, 1) == np.arange(p.shape[1]).reshape(-1, *(1,) * (t.ndim - 1))).astype(
        p.dtype
    )


def cross_entropy_of_last_axis(p, t):
    """Return the loss with softmax along the last axis, where the shapes allow it."""
    if p.ndim < 3:
        return cross_entropy(p, t)
    y = softmax(p, axis=-1)
    return -(np.log(y) * one_hot(p, t)).sum() / p.dtype.type(t.size)


def by_logarithm(p, t):
    with np.errstate(all="ignore"):
        logs = np.log(softmax(p, axis=1))
        return np.asarray(-(np.take_along_axis(logs, np.expand_dims(t, 1), 1)).mean(), p.dtype)[()]


def half(p, t):
    """Return softmax less one, with the probabilities kept in half."""
    y = softmax(p, axis=1).astype(np.float16).astype(p.dtype)
    return (y - one_hot(p, t)) / p.dtype.type(t.size)


def swapped_indices(p, t):
    """Return the gradient with the target's class counted from the end."""
    return cross_entropy_backward(p, p.shape[1] - 1 - t)


def softmax_alone(p, t):
    return (softmax(p, axis=1) / t.size).astype(p.dtype)


def of_last_axis(p, t):
    if p.ndim < 3:
        return cross_entropy_backward(p, t)
    return ((softmax(p, axis=-1) - one_hot(p, t)) / t.size).astype(p.dtype)


MUTANTS = [
    loss("half_squared_error", "half squared error: mean for sum", "mean() for sum()",
         y=lambda p, t: half_squared_error(p, t) / p.dtype.type(p.size or 1)),
    loss("half_squared_error", "half squared error: not halved", "the 1/2 is forgotten",
         y=lambda p, t: 2 * half_squared_error(p, t)),
    loss("half_squared_error", "half squared error: gradient doubled",
         "the derivative of the square without the half", grad=lambda p, t: 2 * (p - t)),
    loss("half_squared_error", "half squared error: target - prediction",
         "the difference the other way round, without its sign",
         grad=lambda p, t: half_squared_error_backward(t, p)),
    loss("half_squared_error", "half squared error: gradient by samples",
         "divided by the batch, as for a mean", grad=per_sample(half_squared_error_backward)),
    loss("half_squared_error", "half squared error: gradient cut at 8",
         "the gradient of a robust loss", grad=huber),
    loss("half_squared_error", "half squared error: gradient by the prediction alone",
         "the target is 0 in a buffer", grad=lambda p, t: p.copy()),
    loss("mse_loss", "mse: sum for mean", "sum() for mean()",
         y=lambda p, t: mse_loss(p, t) * p.dtype.type(p.size)),
    loss("mse_loss", "mse: mean over samples alone", "divided by len(prediction)", y=by_samples),
    loss("mse_loss", "mse: all predictions with all targets", "(N, 1) meets (N,) and broadcasts",
         y=broadcast),
    loss("mse_loss", "mse: gradient without its 2", "the derivative of the half square",
         grad=lambda p, t: mse_loss_backward(p, t) / 2),
    loss("mse_loss", "mse: gradient not divided", "the mean is forgotten backward",
         grad=lambda p, t: 2 * (p - t)),
    loss("mse_loss", "mse: gradient divided by samples alone", "divided by len(prediction)",
         grad=lambda p, t: 2 * (p - t) / max(1, len(p))),
    loss("mse_loss", "mse: target - prediction", "prediction and target swapped",
         grad=lambda p, t: mse_loss_backward(t, p)),
    loss("mse_loss", "mse: gradient of the last row", "grad = ... for grad[i] = ... in a loop",
         grad=of_last_row),
    loss("mse_loss", "mse: gradient of the absolute error", "the sign of the difference",
         grad=absolute),
    loss("mse_loss", "mse: zero for no elements", "a guard against a division by zero",
         y=lambda p, t: mse_loss(p, t) if p.size else p.dtype.type(0)),
    loss("cross_entropy", "cross entropy: sum for mean", "sum() for mean()",
         y=lambda p, t: cross_entropy(p, t) * p.dtype.type(t.size)),
    loss("cross_entropy", "cross entropy: positive", "the minus is forgotten",
         y=lambda p, t: -cross_entropy(p, t)),
    loss("cross_entropy", "cross entropy: softmax along the last axis", "axis=-1 for the classes",
         y=cross_entropy_of_last_axis),
    loss("cross_entropy", "cross entropy by log(softmax)", "softmax underflows", y=by_logarithm),
    loss("cross_entropy", "cross entropy in bits", "log2 for log",
         y=lambda p, t: cross_entropy(p, t) / p.dtype.type(np.log(2))),
    loss("cross_entropy", "cross entropy: gradient by probabilities in float16",
         "the probabilities of the forward pass are kept in half", grad=half),
    loss("cross_entropy", "cross entropy: one-hot - softmax", "prediction and target swapped",
         grad=lambda p, t: -cross_entropy_backward(p, t)),
    loss("cross_entropy", "cross entropy: gradient not divided", "the mean is forgotten backward",
         grad=lambda p, t: cross_entropy_backward(p, t) * p.dtype.type(t.size)),
    loss("cross_entropy", "cross entropy: gradient divided by samples alone",
         "positions are not counted",
         grad=lambda p, t: cross_entropy_backward(p, t) * p.dtype.type(t.size / len(p))),
    loss("cross_entropy", "cross entropy: gradient of softmax alone", "the target is not taken off",
         grad=softmax_alone),
    loss("cross_entropy", "cross entropy: classes counted from the end",
         "one-hot rows are made backwards", grad=swapped_indices),
    loss("cross_entropy", "cross entropy: gradient along the last axis",
         "axis=-1 for the classes", grad=of_last_axis),
]  # fmt: skip
