"""What every exact definition answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from oracles.bounds import round_up, rounding_bound
from oracles.exact.bounded import Approximate, Array, magnitude, widened

if TYPE_CHECKING:
    from oracles.combination import Combination

Options = Mapping[str, Any]

Format = np.dtype[Any] | None
"""The dtype in which a result is thought to be evaluated; None if exactly, with no error."""

WORKING_PRECISION = 320
"""Bits that balls keep; a definition that cancels takes more of its own accord."""


@dataclass(frozen=True)
class Polynomial:
    """A definition whose result is a polynomial in its operands.

    Attributes
    ----------
    formula
        ``formula(operands, options) -> y`` on arrays of the elements of any ring that has
        the rationals it needs.
    degree
        Of the result, and at most of every gradient, in all operands together.
    largest_sum
        ``largest_sum(shapes, options)``: with every operand 1 in absolute value, the largest
        sum of absolute values on the way to a result or gradient of first or second order;
        None if the coefficients are no numbers of a binary floating-point format.
    grid
        Shapes and options to prove, for an operation that `oracles.proof_grid` does not know.
    """

    formula: Callable[[Sequence[Array], Options], Array]
    degree: int
    largest_sum: Callable[[Sequence[tuple[int, ...]], Options], int | None]
    grid: Sequence[Combination] = ()


class Definition(Protocol):
    """An operation in exact arithmetic, with the rounding error of each result."""

    @property
    def polynomial(self) -> Polynomial | None:
        """The definition as polynomials, or None if it is something else."""
        ...

    @property
    def lift(self) -> Callable[[Array], Approximate]:
        """Turns a float operand into exact numbers of the kind that the definition works in."""
        ...

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the result."""
        ...

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return the gradients of the differentiable operands, in order, from the left."""
        ...

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate | None, Sequence[Approximate]]:
        """Return the VJPs of `backward` for grad_y (None for a loss) and for the operands.

        `directions` are the cotangents of the gradients, one for each operand, None for one
        that has no gradient.
        """
        ...


def evaluated(
    formula: Callable[..., Array],
    arrays: Sequence[Approximate],
    terms: int,
    size: Array,
    dtype: Format,
) -> Approximate:
    """Return ``formula(*arrays)`` with its rounding error.

    Parameters
    ----------
    formula
        Of object arrays of exact numbers.
    arrays
        Its arguments; the error that theirs cause is found by running it on balls.
    terms, size
        Number of roundings and sum of absolute values for `oracles.bounds.rounding_bound`.
    dtype
        In which the formula is thought to be evaluated.
    """
    value = formula(*(array.value for array in arrays))
    error = rounding_bound(terms, size, dtype)
    if any(array.error.any() for array in arrays):
        around = formula(*(widened(array) for array in arrays))
        moved = np.asarray(around - value, dtype=object)
        error = error + round_up(magnitude(moved))
    return Approximate(value, error)
