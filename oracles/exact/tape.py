"""A tape over real balls: what a formula computes, how far rounding may move it, its derivatives.

Every number carries its exact value (a ball of hundreds of bits), and two numbers that bound what
a floating-point evaluation of the same formula may be off by: a ``size`` S and a count of
roundings n, such that ``|error| <= gamma(n) S`` and ``|value| <= S``. With
``gamma(m) + gamma(n) + gamma(m) gamma(n) <= gamma(m + n)`` (Higham, Accuracy and Stability, 2nd
ed., lemma 3.3) they follow from the operands' own:

- ``a + b``: sizes add, ``n = max(n_a, n_b) + 1``. A sum of k terms thus counts k - 1, which is
  right for any order of summation.
- ``a b``: sizes multiply, ``n = n_a + n_b + 1``.
- ``1 / b``: ``|1/b - 1/(b + e)| <= max |1/t^2| gamma(n_b) S_b`` over the ball of all b that may be,
  hence ``S = |1/b| + max |1/t^2| S_b`` and ``n = n_b + 1``.
- ``h(a)``: likewise ``S = |h| + max |h'| S_a``, ``n = n_a + CALL``; the maximum is read off the
  image of the ball of all a that may be, so no derivative is needed for it.
- a number whose size leaves the range of the dtype has no bound; one that may underflow has the
  smallest normal number twice added to its size, since ``u`` times that is what underflow loses.

The reverse sweep computes with the same numbers, on the same tape: gradients have bounds of the
same derivation, and a second sweep over the first gives second derivatives. A subject may use
another formula than the one on the tape, so every count is taken `SLACK` times: that covers
another order or grouping and a few operations more for each one. It does not cover a formula that
cancels where the tape's does not; such a one is inaccurate, and is told so.

A comparison that rounding could turn is a tie: a kink, where any convex choice of the derivatives
on either side is right. Partial derivatives are then balls that hold all choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from flint import arb

from oracles.bounds import unit_roundoff
from oracles.exact.number import SLACK, Number
from oracles.exact.partials import Linked, to_nothing, to_tied


class Tape:
    """The numbers of one evaluation, in the order in which they were made.

    Parameters
    ----------
    dtype
        In which the formula is thought to be evaluated; None for exact arithmetic.

    Attributes
    ----------
    ties
        How many comparisons rounding could turn.
    settled
        Whether a tie has decided something that the tape cannot follow (an index, a branch of
        Python's): gradients then have no bound.
    """

    def __init__(self, dtype: np.dtype[Any] | None) -> None:
        info = np.finfo(dtype or np.float64)
        self.nodes: list[Number] = []
        self.ties = 0
        self.settled = False
        self._exact = dtype is None
        self._roundoff = unit_roundoff(info.dtype)
        self._largest = float(info.max)
        self._tiny = 2 * float(info.smallest_normal)
        self.one, self.minus_one = self.constant(1), self.constant(-1)
        self.any_share = Number(self, -1, arb(0.5, 0.5), 1.0, 0)
        self.any_sign = Number(self, -1, arb(0, 1), 1.0, 0)
        self.unknown = Number(self, -1, arb(0), inf, 0)

    def leaf(self, value: Any) -> Number:
        """Return an exact number by which derivatives can be asked."""
        ball = arb(value)
        node = Number(self, len(self.nodes), ball, float(abs(ball).upper()), 0)
        self.nodes.append(node)
        return node

    def constant(self, value: Any) -> Number:
        """Return a number as it is; one that float32 does not hold counts as one rounding."""
        if isinstance(value, Number):
            return value
        if not isinstance(value, int | float | np.integer | np.floating | np.bool_):
            raise TypeError(f"a {type(value).__name__} is no number")
        plain = float(value)
        with np.errstate(over="ignore"):
            rounded = int(float(np.float32(plain)) != plain)
        if plain - plain != 0:
            return Number(self, -1, arb(0), inf, 0)
        exact = int(value) if isinstance(value, int | np.integer) else plain
        return Number(self, -1, arb(exact), abs(plain), rounded)

    def gamma(self, terms: int) -> float:
        """Return `oracles.bounds.gamma` of `SLACK` times so many roundings."""
        nu = SLACK * terms * self._roundoff
        return nu / (1 - nu) if nu < 1 else inf

    def off(self, number: Number) -> float:
        """Return how far an evaluation of `number` may lie from it."""
        if self._exact or not number.terms:
            return 0.0
        return self.gamma(number.terms) * number.size

    def record(
        self,
        value: Any,
        size: float,
        terms: int,
        parents: tuple[Number, ...],
        links: Linked,
    ) -> Number:
        """Put a number on the tape, unless it depends on constants alone."""
        if not size <= self._largest:  # NaN as well
            size = inf
        elif 0 < size < self._tiny:
            size += self._tiny
        if all(parent.index < 0 for parent in parents):
            return Number(self, -1, value, size, terms)
        node = Number(self, len(self.nodes), value, size, terms, parents, links)
        self.nodes.append(node)
        return node

    def unbounded(self, parents: tuple[Number, ...]) -> Number:
        """Return a number of which nothing is known: a function outside its domain."""
        return self.record(arb(0), inf, 1, parents, to_nothing)

    def gradients(self, roots: Sequence[tuple[Number, Number]]) -> list[Number | None]:
        """Sweep back from each root with its cotangent; return the adjoints by index."""
        count = len(self.nodes)
        adjoints: list[Number | None] = [None] * count
        for root, cotangent in roots:
            _add_to(adjoints, root, cotangent)
        for index in range(count - 1, -1, -1):
            adjoint = adjoints[index]
            if adjoint is None:
                continue
            node = self.nodes[index]
            for parent, partial in node.links(node):
                if parent.index >= 0:
                    _add_to(adjoints, parent, _scaled(self, adjoint, partial))
        return adjoints

    def tangents(self, along: set[int]) -> list[Any]:
        """Return, as balls by index, the derivatives by a shift of the leaves `along`.

        Where a tie's alternatives move alike it has one derivative; else a ball of all choices.
        """
        found: list[Any] = []
        for node in list(self.nodes):
            if node.links is to_tied:
                moved = [found[p.index] if p.index >= 0 else arb(0) for p in node.parents]
                total = moved[0]
                for other in moved[1:]:
                    total = total.union(other)
            else:
                total = arb(int(node.index in along))
                for parent, partial in node.links(node):
                    if parent.index >= 0:
                        total = total + partial.value * found[parent.index]
            found.append(total)
        return found


def _scaled(tape: Tape, adjoint: Number, partial: Number) -> Number:
    if partial is tape.one:
        return adjoint
    return -adjoint if partial is tape.minus_one else adjoint * partial


def _add_to(adjoints: list[Number | None], node: Number, more: Number) -> None:
    if node.index < 0:
        return
    there = adjoints[node.index]
    adjoints[node.index] = more if there is None else there + more
