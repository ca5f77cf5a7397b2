"""Squared-error losses in rational arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from flint import fmpq

from oracles.bounds import rounding_bound
from oracles.exact.bounded import (
    Approximate,
    Array,
    magnitude,
    non_finite,
    object_array,
    rationals,
)
from oracles.exact.definition import Format, Options, Polynomial, evaluated

FEW = 4
"""Roundings beside the sum: the difference, the square, the factor, the cotangent."""


@dataclass(frozen=True)
class SquaredError:
    """``factor * sum (prediction - target)^2``, the factor depending on the number of elements.

    Attributes
    ----------
    factor
        ``factor(count) -> fmpq``.
    """

    factor: Callable[[int], Any]
    lift: Callable[[Array], Approximate] = rationals

    @property
    def polynomial(self) -> Polynomial:
        """The sum of squares, on any ring that holds the factor."""
        return Polynomial(self._sum, 2, self._largest_sum)

    def _sum(self, operands: Sequence[Array], options: Options) -> Array:
        difference = np.asarray(operands[0] - operands[1]).ravel()
        total = sum((d * d for d in difference), start=0 * fmpq(1))
        return object_array([total * self.factor(difference.size)], ())

    def _largest_sum(self, shapes: Sequence[tuple[int, ...]], options: Options) -> int | None:
        count = prod(shapes[0])
        factor = self.factor(count)
        # Only of dyadic coefficients is every product a number of the dtype.
        dyadic = factor is not None and int(factor.q).bit_count() == 1
        return max(1, 4 * count * int(factor.q)) if dyadic else None

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the loss."""
        prediction, target = operands
        count = prediction.value.size
        if count == 0 and self.factor(0) is None:
            return _exactly(float("nan"), ())
        odd = _non_finite_difference(prediction, target)
        if not np.isfinite(odd).all():
            return _exactly(float((odd * odd).sum()), ())
        factor = self.factor(count)

        def formula(p: Array, t: Array) -> Array:
            return object_array([((p - t) * (p - t)).sum() * factor], ())

        size = magnitude(formula(prediction.value, target.value))
        found = evaluated(formula, operands, count + FEW, size, dtype)
        difference = prediction.value - target.value
        squares = object_array([(difference * difference).sum()], ())
        return _or_overflow(found, magnitude(squares), dtype)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return ``2 * factor * (prediction - target)`` times the cotangent."""
        prediction, target = operands
        if prediction.value.size == 0:
            return [prediction]
        factor = 2 * self.factor(prediction.value.size)
        odd = _non_finite_difference(prediction, target)
        finite = [_finite_part(a) for a in operands]

        def formula(p: Array, t: Array, g: Array) -> Array:
            return (p - t) * (factor * g.item())

        size = magnitude(formula(finite[0].value, finite[1].value, grad_y.value))
        found = evaluated(formula, [*finite, grad_y], FEW, size, dtype)
        twice = 2 * (finite[0].value - finite[1].value)
        ways = magnitude(twice), magnitude(twice * grad_y.value.item())
        found = _or_overflow(found, np.maximum(*ways), dtype)
        value = np.where(np.isfinite(odd), found.value, odd.astype(object))
        return [Approximate(value, found.error)]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate | None, Sequence[Approximate]]:
        """Return ``2 * factor * v`` times the cotangent."""
        prediction, v = operands[0], directions[0]
        assert v is not None
        if prediction.value.size == 0:
            return None, [prediction]
        factor = 2 * self.factor(prediction.value.size)

        def formula(v: Array, g: Array) -> Array:
            return v * (factor * g.item())

        size = magnitude(formula(v.value, grad_y.value))
        return None, [evaluated(formula, [v, grad_y], FEW, size, dtype)]


def _or_overflow(found: Approximate, largest: Array, dtype: Format) -> Approximate:
    """Return `found`, of any error where the `largest` number on the way to it may be infinite.

    That is the sum before it is divided by the number of elements, or the difference before it
    is multiplied by the factor: the result itself may be a number of the dtype all the same.
    """
    overflows = np.isinf(rounding_bound(FEW, largest, dtype))
    return Approximate(found.value, np.where(overflows, np.inf, found.error))


def _exactly(number: Any, shape: tuple[int, ...]) -> Approximate:
    return Approximate(object_array([number], shape), np.zeros(shape))


def _finite_part(a: Approximate) -> Approximate:
    return Approximate(np.where(non_finite(a.value), 0, a.value), a.error)


def _non_finite_difference(a: Approximate, b: Approximate) -> Array:
    """Return the difference as IEEE has it where it is NaN or infinite, else 0."""
    parts = [np.where(non_finite(x.value), x.value, 0.0).astype(np.float64) for x in (a, b)]
    with np.errstate(invalid="ignore"):
        return np.asarray(parts[0] - parts[1])


half_squared_error = SquaredError(lambda count: fmpq(1, 2))
mse_loss = SquaredError(lambda count: fmpq(1, count) if count else None)
