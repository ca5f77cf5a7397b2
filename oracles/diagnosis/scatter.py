"""Causes in the way contributions are put together: the last one, or the first, instead of all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.sums import sums_of
from oracles.exact.bilinear import Bilinear
from oracles.op import FORWARD, gradient_of


def from_scatter(name: str) -> Iterator[Candidate]:
    """Yield the causes of sums over overlapping windows of which one window alone is kept."""
    if name == FORWARD or name == gradient_of("b"):
        return
    for which in ("last", "first"):
        yield Candidate(
            f"has in each cell what the {which} window adds, not the sum",
            "`=` where `+=` is needed: windows overlap",
            partial(_one_window, name=name, which=which),
        )


def _one_window(question: Question, name: str, which: str) -> Expected | None:
    definition, asked = question.op.definition, sums_of(question)
    assert isinstance(definition, Bilinear)
    terms = asked.terms(definition)
    if terms is None or terms.y_shape != asked.g.shape:
        return None
    g, x, w = asked.g.ravel()[terms.y], asked.x.ravel(), asked.w.ravel()
    if name == gradient_of("x"):
        target, added, shape = terms.x, g * w[terms.w], asked.x.shape
    else:
        target, added, shape = terms.w, g * x[terms.x], asked.w.shape
    window = _window(terms.y, terms.y_shape, asked.w.ndim - 2, per_sample=name == gradient_of("w"))
    kept = window == _extreme(target, window, prod(shape), which)[target]
    value = np.bincount(target[kept], added[kept], prod(shape)).reshape(shape)
    return Expected(np.asarray(value, np.float64), np.zeros(shape))


def _window(y: Array, shape: tuple[int, ...], axes: int, *, per_sample: bool) -> Array:
    """Return the number of the window that each product belongs to, in the order of a loop."""
    index = np.unravel_index(y, shape)
    spatial = index[len(shape) - axes :]
    found = np.ravel_multi_index(spatial, shape[len(shape) - axes :]) if axes else np.zeros_like(y)
    if per_sample and len(shape) > axes + 1:
        found = found + index[0] * prod(shape[len(shape) - axes :])
    return np.asarray(found)


def _extreme(target: Array, window: Array, size: int, which: str) -> Array:
    found = np.full(size, -1 if which == "last" else np.iinfo(np.int64).max)
    (np.maximum if which == "last" else np.minimum).at(found, target, window)
    return found
