"""What every exact definition answers, and the truth of a case by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from flint import ctx

from oracles.bounds import round_up, rounding_bound
from oracles.exact.approximate import Approximate, Array, magnitude, widened
from oracles.op import FORWARD, Case, gradient_of

Options = Mapping[str, Any]

WORKING_PRECISION = 320
"""Bits that balls keep; a definition that cancels takes more of its own accord."""


class Definition(Protocol):
    """An operation in exact arithmetic, with the rounding error of each result."""

    @property
    def lift(self) -> Callable[[Array], Approximate]:
        """Turns a float operand into exact numbers of the kind that the definition works in."""
        ...

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: np.dtype[Any]
    ) -> Approximate:
        """Return the result."""
        ...

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: np.dtype[Any],
    ) -> Sequence[Approximate]:
        """Return the gradients of the differentiable operands, in order, from the left."""
        ...


def truth(definition: Definition, case: Case, gradients: Sequence[str]) -> dict[str, Approximate]:
    """Return the exact result and gradients of `case` with their rounding bounds.

    Parameters
    ----------
    definition
        Of the operation.
    case
        What is asked.
    gradients
        Names of the operands whose gradients are wanted.

    Returns
    -------
    dict
        By compared name: ``y``, then ``grad_<operand>``.
    """
    with ctx.workprec(WORKING_PRECISION):
        operands = [_lift(definition, array) for array in case.operands.values()]
        answer = {FORWARD: definition.forward(operands, case.options, case.dtype)}
        if gradients:
            cotangent = definition.lift(case.cotangent)
            found = definition.backward(cotangent, operands, case.options, case.dtype)
            by_name = dict(zip(case.operands, found, strict=False))
            answer |= {gradient_of(name): by_name[name] for name in gradients}
    return answer


def evaluated(
    formula: Callable[..., Array],
    arrays: Sequence[Approximate],
    terms: int,
    size: Array,
    dtype: np.dtype[Any],
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


def _lift(definition: Definition, array: Array) -> Approximate:
    if array.dtype.kind == "f":
        return definition.lift(array)
    return Approximate(array.astype(object), np.zeros(array.shape))
