"""Bilinear operations: one list of terms gives the result, both gradients and their bounds.

A bilinear map is a sum ``y[i] = sum x[j] * w[k]`` over a list of index triples (i, j, k)
(`oracles.exact.terms`). The same triples give the result and both gradients and, run on
absolute values and on ones, the rounding bounds of all three.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.exact.bounded import Approximate, rationals
from oracles.exact.contraction import contract
from oracles.exact.definition import Format, Options, Polynomial
from oracles.exact.terms import Shape, Terms

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Bilinear:
    """A bilinear operation of x and w with an optional bias.

    Attributes
    ----------
    terms
        ``terms(x_shape, w_shape, **options) -> Terms``.
    channel_axis
        The axis of y along which the bias varies, counted from the left, as a function of
        the number of axes of y and of w.
    padded
        Whether implementations pad with zeros, which makes NaN of an infinite weight.
    """

    terms: Callable[..., Terms]
    channel_axis: Callable[[int, int], int]
    padded: bool = False
    lift: Callable[[Array], Approximate] = rationals

    @property
    def polynomial(self) -> Polynomial:
        """The sums, on any ring."""
        return Polynomial(self._sums, 2, self._largest_sum)

    def _sums(self, operands: Sequence[Array], options: Options) -> Array:
        x, w, *bias = operands
        terms = self._terms([array.shape for array in operands], options)
        if bias:
            x, w = np.append(x, 1), np.concatenate([w.ravel(), bias[0]])
        y = np.zeros(prod(terms.y_shape), dtype=object)
        np.add.at(y, terms.y, x.ravel()[terms.x] * w.ravel()[terms.w])
        return y.reshape(terms.y_shape)

    def _largest_sum(self, shapes: Sequence[Shape], options: Options) -> int:
        terms = self._terms(shapes, options)
        counts = [int(np.bincount(part).max(initial=0)) for part in (terms.y, terms.x, terms.w)]
        return max(1, 2 * counts[0], *counts[1:])  # the second derivative by g has two products

    def _terms(self, shapes: Sequence[Shape], options: Options) -> Terms:
        return _cached_terms(self, tuple(shapes), tuple(sorted(options.items())))

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the sums."""
        terms, x, w = self._prepare(operands, options)
        y = contract(terms.y, terms.y_shape, (x, terms.x), (w, terms.w), dtype)
        return self._padded(y, operands)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return the formal derivatives of ``sum grad_y * y``."""
        terms, x, w = self._prepare(operands, options)
        g = (grad_y.reshape((-1,)), terms.y)
        grad_x = contract(terms.x, x.shape, g, (w, terms.w), dtype)
        grad_w = contract(terms.w, w.shape, g, (x, terms.x), dtype)
        x_size, w_size = operands[0].error.size, operands[1].error.size
        parts = [_part(grad_x, 0, x_size), _part(grad_w, 0, w_size)]
        parts += [_part(grad_w, w_size, w.error.size)] if len(operands) > 2 else []
        shaped = [p.reshape(o.shape) for p, o in zip(parts, operands, strict=True)]
        given = [*operands, grad_y]  # the bias gradient is a sum without products
        return [*(self._padded(p, given) for p in shaped[:2]), *shaped[2:]]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate, Sequence[Approximate]]:
        """Return the derivatives of ``sum g (v_x w + x v_w + v_b)`` by g, x and w."""
        terms, x, w = self._prepare(operands, options)
        v_x, v_w, *v_b = (v.reshape((-1,)) for v in directions if v is not None)
        if v_b:  # the constant 1 that carries the bias does not move, whatever the bias
            w = _joined(_part(w, 0, len(v_w.error)), rationals(np.zeros(len(v_b[0].error))))
            v_x, v_w = _joined(v_x, rationals(np.zeros(1))), _joined(v_w, v_b[0])
        g = (grad_y.reshape((-1,)), terms.y)
        both = np.concatenate([terms.y, terms.y])
        left = (_joined(v_x, x), np.concatenate([terms.x, terms.x + len(v_x.error)]))
        right = (_joined(w, v_w), np.concatenate([terms.w, terms.w + len(w.error)]))
        along = contract(both, terms.y_shape, left, right, dtype)
        grad_x = contract(terms.x, x.shape, g, (v_w, terms.w), dtype)
        grad_w = contract(terms.w, w.shape, g, (v_x, terms.x), dtype)
        sizes = [operand.error.size for operand in operands[:2]]
        parts = [_part(a, 0, n) for a, n in zip((grad_x, grad_w), sizes, strict=True)]
        shaped = [p.reshape(o.shape) for p, o in zip(parts, operands, strict=False)]
        given = [*operands, grad_y]
        return self._padded(along, given), [self._padded(p, given) for p in shaped]

    def _padded(self, found: Approximate, given: Sequence[Approximate]) -> Approximate:
        """Return what was found, NaN anywhere being right if zeros may be padded to what is given.

        How many, and where, is left to the implementation.
        """
        if not self.padded or all(a.is_finite for a in given):
            return found
        return replace(found, or_nan=True)

    def _prepare(
        self, operands: Sequence[Approximate], options: Options
    ) -> tuple[Terms, Approximate, Approximate]:
        terms = self._terms([operand.shape for operand in operands], options)
        return terms, *_factors(*operands)


@lru_cache(maxsize=256)
def _cached_terms(of: Bilinear, shapes: tuple[Shape, ...], options: tuple[Any, ...]) -> Terms:
    x, w, *bias = shapes
    terms: Terms = of.terms(x, w, **dict(options))
    if not bias:
        return terms
    return terms.with_bias(prod(x), prod(w), of.channel_axis(len(terms.y_shape), len(w)))


@lru_cache(maxsize=4)  # of the same operands, for what they know of themselves
def _factors(
    x: Approximate, w: Approximate, bias: Approximate | None = None
) -> tuple[Approximate, Approximate]:
    flat_x, flat_w = x.reshape((-1,)), w.reshape((-1,))
    if bias is None:
        return flat_x, flat_w
    return _joined(flat_x, rationals(np.ones(1))), _joined(flat_w, bias)


def _joined(a: Approximate, b: Approximate) -> Approximate:
    parts: list[Array] = [each.plain for each in (a, b) if each.plain is not None]
    if len(parts) < 2:
        parts = [a.value, b.value]
    return Approximate(np.concatenate(parts), np.concatenate([a.error, b.error]))


def _part(a: Approximate, start: int, stop: int) -> Approximate:
    probable = None if a.probable is None else a.probable[start:stop]
    or_nan = a.or_nan if isinstance(a.or_nan, bool) else a.or_nan[start:stop]
    return Approximate(a.numbers[start:stop], a.error[start:stop], or_nan, probable)
