"""Causes in the way contributions are put together: the last one, or the first, instead of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import prod

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.sums import Sums, sums_of
from oracles.exact.bilinear import Bilinear
from oracles.exact.terms import Terms
from oracles.op import FORWARD, Op, gradient_of


def from_scatter(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of sums over overlapping windows of which one window alone is kept."""
    if name == FORWARD or name == gradient_of("b"):
        return
    for words, order in _ORDERS.items():
        for which in ("last", "first"):
            yield Candidate(
                f"has in each cell what the {which} {words} adds, not the sum",
                "`=` where `+=` is needed: contributions overlap",
                partial(_one_window, name=name, which=which, order=order),
            )


def _one_window(question: Question, name: str, which: str, order: Order) -> Expected | None:
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
    window = order(asked, terms)
    kept = window == _extreme(target, window, prod(shape), which)[target]
    value = np.bincount(target[kept], added[kept], prod(shape)).reshape(shape)
    # Of fewer products the same bound holds.
    return Expected(np.asarray(value, np.float64), question.true[name].error)


Order = Callable[[Sums, Terms], Array]


def _window_of(flat: Array, shape: tuple[int, ...], axes: int) -> Array:
    """Return the number of the position that each product belongs to, in the order of a loop."""
    if not axes:
        return np.zeros_like(flat)
    spatial = shape[len(shape) - axes :]
    return np.asarray(np.ravel_multi_index(np.unravel_index(flat, shape)[-axes:], spatial))


_ORDERS: dict[str, Order] = {
    "window": lambda asked, terms: _window_of(terms.y, terms.y_shape, asked.axes),
    "position of x": lambda asked, terms: _window_of(terms.x, asked.x.shape, asked.axes),
    "element of y": lambda asked, terms: terms.y,
    "element of x": lambda asked, terms: terms.x,
    "sample": lambda asked, terms: np.unravel_index(terms.y, terms.y_shape)[0],
}
"""What a loop runs over, as the number of its step for each product."""


def _extreme(target: Array, window: Array, size: int, which: str) -> Array:
    found = np.full(size, -1 if which == "last" else np.iinfo(np.int64).max)
    (np.maximum if which == "last" else np.minimum).at(found, target, window)
    return found
