"""The article's network: each published version, and each line with one thing missing."""
# ruff: noqa: N803, N806 -- dA1 is the article's own name

from __future__ import annotations

import numpy as np

from manualgrad import article
from manualgrad.article import Gradients, convolve_valid, pad, rotate180
from oracles.article import backward_by
from oracles.catalog import ops
from tests.oracles.mutants.record import mutant


def padded(d, w):
    return pad(w, rows=d.shape[0] - 1, columns=d.shape[1] - 1)


def difference(out, y):
    """Return out - y; y may be a symbol, which NumPy would take for a sequence."""
    target = np.empty_like(out)
    target[0, 0] = y[()] if isinstance(y, np.ndarray) else y
    return out - target


LINES = {
    "k": lambda m, y: difference(m.out, y),
    "d3": lambda m, k: m.f3.backward(k, m.l3),
    "g3": lambda m, d3: m.h.T @ d3,
    "dA2": lambda m, d3, w: (d3 @ w.w3.T).reshape(m.l2.shape),
    "d2": lambda m, dA2: m.f2.backward(dA2, m.l2),
    "g2": lambda m, d2: rotate180(convolve_valid(m.a1, rotate180(d2))),
    "dA1": lambda m, d2, w: rotate180(convolve_valid(padded(d2, w.w2), rotate180(d2))),
    "d1": lambda m, dA1: m.f1.backward(dA1, m.l1),
    "g1": lambda m, d1: rotate180(convolve_valid(m.x, rotate180(d1))),
}
"""The right lines of the backward pass."""


def gradients_by(**changed):
    """Return `manualgrad.article.gradients` with some of its lines exchanged."""
    line = {**LINES, **changed}

    def gradients(m, y, w):
        with np.errstate(all="ignore"):
            k = line["k"](m, y)
            d3 = line["d3"](m, k)
            g3, dA2 = line["g3"](m, d3), line["dA2"](m, d3, w)
            d2 = line["d2"](m, dA2)
            g2, dA1 = line["g2"](m, d2), line["dA1"](m, d2, w)
            d1 = line["d1"](m, dA1)
            return Gradients(d3, g3, d2, g2, dA1, d1, line["g1"](m, d1))

    return gradients


def told(title, story, **changed):
    return mutant("article", "article", title, story, backward=backward_by(gradients_by(**changed)))


def by_derivative_at_result(name):
    """Return the line with the derivative of f1, f2 or f3 taken at its result."""
    place = {"f1": "a1", "f2": "a2", "f3": "out"}[name]
    return lambda m, d: getattr(m, name).backward(d, getattr(m, place))


def of_another(name, other):
    """Return the line with the derivative of another activation of the network."""
    place = {"f1": "l1", "f2": "l2", "f3": "l3"}[name]
    return lambda m, d: getattr(m, other).backward(d, getattr(m, place))


def weights_stepped_first(m, y, w):
    """Return the gradients with each weight stepped as soon as its gradient is known."""
    found = article.gradients(m, y, w)
    rate = w.w3.dtype.type(0.1)
    stepped = article.Weights(w.w1, w.w2, w.w3 - rate * found.g3)
    d2 = m.f2.backward((found.d3 @ stepped.w3.T).reshape(m.l2.shape), m.l2)
    g2 = LINES["g2"](m, d2)
    kernel = article.Weights(w.w1, w.w2 - rate * g2, stepped.w3)
    dA1 = LINES["dA1"](m, d2, kernel)
    d1 = m.f1.backward(dA1, m.l1)
    return Gradients(found.d3, found.g3, d2, g2, dA1, d1, LINES["g1"](m, d1))


def cost_without_half(x, w1, w2, w3, y, **f):
    return 2 * ops.article.forward(x, w1, w2, w3, y, **f)


def correlation_forward(x, w1, w2, w3, y, **f):
    """Return the cost with kernels that are not rotated before they slide."""
    turned = (np.ascontiguousarray(w[::-1, ::-1]) for w in (w1, w2))
    return ops.article.forward(x, *turned, w3, y, **f)


def column_by_column(x, w1, w2, w3, y, **f):
    """Return the cost with a2 read column by column."""
    rows, columns = (x.shape[a] - w1.shape[a] - w2.shape[a] + 2 for a in (0, 1))
    turned = w3.reshape(columns, rows).T.reshape(-1, 1)
    return ops.article.forward(x, w1, w2, np.ascontiguousarray(turned), y, **f)


def activations_exchanged(x, w1, w2, w3, y, *, f1, f2, f3):
    return ops.article.forward(x, w1, w2, w3, y, f1=f2, f2=f1, f3=f3)


MUTANTS = [
    mutant("article", "article", "article: as first published",
           "g2, dA1 and g1 each lack a rotation",
           backward=backward_by(article.published_first_gradients)),
    mutant("article", "article", "article: as later published", "dA1 lacks its rotation",
           backward=backward_by(article.published_later_gradients)),
    told("article: g2 without its outer rotation", "g2 = a1 *v R(d2)",
         g2=lambda m, d2: convolve_valid(m.a1, rotate180(d2))),
    told("article: g2 without any rotation", "g2 = a1 *v d2",
         g2=lambda m, d2: convolve_valid(m.a1, d2)),
    told("article: g2 without its inner rotation", "g2 = R(a1 *v d2)",
         g2=lambda m, d2: rotate180(convolve_valid(m.a1, d2))),
    told("article: g1 without its inner rotation", "g1 = R(x *v d1)",
         g1=lambda m, d1: rotate180(convolve_valid(m.x, d1))),
    told("article: g1 without its outer rotation", "g1 = x *v R(d1)",
         g1=lambda m, d1: convolve_valid(m.x, rotate180(d1))),
    told("article: dA1 without its inner rotation", "dA1 = R(pad(w2) *v d2)",
         dA1=lambda m, d2, w: rotate180(convolve_valid(padded(d2, w.w2), d2))),
    told("article: dA1 with the kernel rotated", "dA1 = R(pad(R(w2)) *v R(d2))",
         dA1=lambda m, d2, w: rotate180(
             convolve_valid(padded(d2, rotate180(w.w2)), rotate180(d2)))),
    told("article: k = y - out", "the difference the other way round", k=lambda m, y: y - m.out),
    told("article: k doubled", "the derivative of the square without its half",
         k=lambda m, y: 2 * (m.out - y)),
    told("article: f3' at the result", "f3'(out) for f3'(l3)", d3=by_derivative_at_result("f3")),
    told("article: f2' at the result", "f2'(a2) for f2'(l2)", d2=by_derivative_at_result("f2")),
    told("article: f1' at the result", "f1'(a1) for f1'(l1)", d1=by_derivative_at_result("f1")),
    told("article: f2' for f1'", "d_arctan for d_tanh, copied and pasted",
         d1=of_another("f1", "f2")),
    told("article: f1' for f3'", "d_tanh for d_arctan, copied and pasted",
         d3=of_another("f3", "f1")),
    told("article: f3' left out", "d3 = k", d3=lambda m, k: k.copy()),
    told("article: f2' left out", "d2 = dA2", d2=lambda m, dA2: dA2.copy()),
    told("article: f1' left out", "d1 = dA1", d1=lambda m, dA1: dA1.copy()),
    told("article: dA2 column by column", "reshape(..., order='F')",
         dA2=lambda m, d3, w: (d3 @ w.w3.T).reshape(m.l2.shape, order="F")),
    told("article: g3 by l2", "g3 = l2^T . d3, before the activation",
         g3=lambda m, d3: m.l2.reshape(-1, 1) @ d3),
    told("article: g3 by a2 column by column", "a2 flattened in Fortran order",
         g3=lambda m, d3: m.a2.reshape(-1, 1, order="F") @ d3),
    told("article: g2 by l1", "g2 = R(l1 *v R(d2)), before the activation",
         g2=lambda m, d2: rotate180(convolve_valid(m.l1, rotate180(d2)))),
    mutant("article", "article", "article: weights stepped before they are used",
           "w3 and w2 are updated before the cotangent passes through them",
           backward=backward_by(weights_stepped_first)),
    mutant("article", "article", "article: cost not halved", "(out - y)^2",
           forward=cost_without_half),
    mutant("article", "article", "article: kernels not rotated forward",
           "scipy.signal.correlate for convolve", forward=correlation_forward),
    mutant("article", "article", "article: a2 read column by column forward",
           "h = a2.reshape(1, -1, order='F')", forward=column_by_column),
    mutant("article", "article", "article: f1 and f2 exchanged forward",
           "the activations are passed in the wrong order", forward=activations_exchanged),
]  # fmt: skip
