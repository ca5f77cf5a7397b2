"""The truth of a case by its operation's exact definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import ctx

from oracles.exact.bounded import Approximate, Array
from oracles.exact.definition import WORKING_PRECISION, Definition, Format
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, gradient_of, second_gradient_of


def truth(
    definition: Definition,
    case: Case,
    gradients: Sequence[str],
    second: Sequence[str] = (),
) -> dict[str, Approximate]:
    """Return the exact result and gradients of `case` with their rounding bounds.

    Parameters
    ----------
    definition
        Of the operation.
    case
        What is asked.
    gradients
        Names of the operands whose gradients are wanted.
    second
        Names of the operands whose second gradients are wanted; ``grad_grad_y`` comes along.

    Returns
    -------
    dict
        By compared name: ``y``, ``grad_<operand>``, ``grad_grad_y``, ``grad2_<operand>``. On
        the lattice the bounds are zero.
    """
    dtype = None if case.lattice else case.dtype
    with ctx.workprec(WORKING_PRECISION):
        operands = [_lift(definition, array) for array in case.operands.values()]
        answer = {FORWARD: definition.forward(operands, case.options, dtype)}
        if gradients:
            cotangent = definition.lift(case.cotangent)
            found = definition.backward(cotangent, operands, case.options, dtype)
            by_name = dict(zip(case.operands, found, strict=False))
            answer |= {gradient_of(name): by_name[name] for name in gradients}
        if second:
            answer |= _second(definition, case, operands, second, dtype)
    return answer


def _second(
    definition: Definition,
    case: Case,
    operands: Sequence[Approximate],
    wanted: Sequence[str],
    dtype: Format,
) -> dict[str, Approximate]:
    directions = {n: definition.lift(array) for n, array in case.directions.items()}
    along, found = definition.double_backward(
        [directions.get(name) for name in case.operands],
        definition.lift(case.cotangent),
        operands,
        case.options,
        dtype,
    )
    by_name = dict(zip(case.operands, found, strict=False))
    seconds = {second_gradient_of(name): by_name[name] for name in wanted}
    return seconds if along is None else {GRAD_GRAD_Y: along, **seconds}


def _lift(definition: Definition, array: Array) -> Approximate:
    if array.dtype.kind == "f":
        return definition.lift(array)
    return Approximate(array.astype(object), np.zeros(array.shape))
