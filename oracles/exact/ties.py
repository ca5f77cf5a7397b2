"""Choices among numbers that rounding cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oracles.exact.number import Decision, Number, order_of
from oracles.exact.partials import to_tied


def greater(a: Number, b: Number) -> Number:
    """Return the maximum; of a tie one of all those tied may be chosen."""
    return _extreme(a, b, 1)


def lesser(a: Number, b: Number) -> Number:
    """Return the minimum, likewise."""
    return _extreme(a, b, -1)


def _extreme(a: Number, b: Number, wanted: int) -> Number:
    if a is b:
        return a
    side = order_of(a, b)
    if side:
        return a if side == wanted else b
    value = a.value.max(b.value) if wanted > 0 else a.value.min(b.value)
    return tied([*_alternatives(a), *_alternatives(b)], value)


def tied(alternatives: Sequence[Number], value: Any) -> Number:
    """Return a number that may be any of some, all of them equal up to rounding."""
    tape = alternatives[0].tape
    tape.ties += 1
    size, terms = max(a.size for a in alternatives), max(a.terms for a in alternatives)
    return tape.record(value, size, terms, tuple(alternatives), to_tied)


def _alternatives(a: Number) -> Sequence[Number]:
    return a.parents if a.links is to_tied else [a]


def chosen(decision: Any, a: Number, b: Number) -> Number:
    """Return ``a if decision else b``, keeping both where rounding could turn the decision."""
    if not isinstance(decision, Decision):
        return a if decision else b
    if a is b:
        return a
    value = a.value if decision.truth else b.value
    made = tied([a, b], value if decision.sure else a.value.union(b.value))
    made.hull = a.value.union(b.value)
    return made
