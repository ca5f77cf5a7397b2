"""The dense layer."""

from __future__ import annotations

import numpy as np

from manualgrad import dense, dense_backward
from tests.oracles.mutants.record import mutant


def grads(change):
    """Return the backward whose results `change` spoils, given them and the arguments."""

    def backward(g, x, w):
        found = dense_backward(g, x, w)
        return change(*found, g, x, w)

    return backward


def square_transposed(gx, gw, gb, g, x, w):
    return gx, gw.T.copy() if w.shape[0] == w.shape[1] else gw, gb


def w_not_transposed(gx, gw, gb, g, x, w):
    return (g @ w if w.shape[0] == w.shape[1] else gx), gw, gb


def bias_mean(gx, gw, gb, g, x, w):
    return gx, gw, gb / max(1, len(g))


def bias_of_first_sample(gx, gw, gb, g, x, w):
    return gx, gw, g[0].copy() if len(g) else gb


def bias_over_features(gx, gw, gb, g, x, w):
    return gx, gw, g.sum(axis=1) if g.shape[0] == g.shape[1] else gb


def cotangent_normalised(gx, gw, gb, g, x, w):
    largest = np.abs(g).max(initial=0)
    return (gx / largest if largest > 4 else gx), gw, gb


def bias_forgotten(x, w, b=None):
    return dense(x, w)


def bias_by_sample(x, w, b=None):
    y = dense(x, w, b)
    return dense(x, w) + b[:, None] if b is not None and y.shape[0] == y.shape[1] else y


def last_feature_left_out(x, w, b=None):
    y = np.zeros((len(x), w.shape[1]), x.dtype) + x[:, :-1] @ w[:-1]
    return y if b is None else y + b


def wide_layers_in_halves(gx, gw, gb, g, x, w):
    """Return the gradients; of five features the middle one is in neither half."""
    if w.shape[0] == 5:
        gw[2] = 0
    return gx, gw, gb


def layer(title, story, change):
    return mutant("dense", "dense", title, story, backward=grads(change))


MUTANTS = [
    layer("dense: square weight gradients transposed", "g^T x for x^T g", square_transposed),
    layer("dense: square weights not transposed backward", "g w for g w^T", w_not_transposed),
    layer("dense: mean for the bias", "mean(axis=0) for sum(axis=0)", bias_mean),
    layer("dense: bias gradient of the first sample", "g[0] for g.sum(axis=0)",
          bias_of_first_sample),
    layer("dense: bias gradient over the other axis", "sum(axis=1), where the shape allows it",
          bias_over_features),
    layer("dense: large cotangents clipped for x", "gradient clipping by the largest element",
          cotangent_normalised),
    layer("dense: five features in two halves", "n // 2 from either end", wide_layers_in_halves),
    mutant("dense", "dense", "dense: bias not added", "the bias is never read",
           forward=bias_forgotten),
    mutant("dense", "dense", "dense: bias by sample", "b[:, None], where the shape allows it",
           forward=bias_by_sample),
    mutant("dense", "dense", "dense: last feature left out", "x[:, :-1] is left of a target column",
           forward=last_feature_left_out),
]  # fmt: skip
