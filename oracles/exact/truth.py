"""The truth of a case by its operation's exact definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import ctx

from oracles.exact.approximate import Approximate, Array
from oracles.exact.definition import WORKING_PRECISION, Definition
from oracles.op import FORWARD, Case, gradient_of


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


def _lift(definition: Definition, array: Array) -> Approximate:
    if array.dtype.kind == "f":
        return definition.lift(array)
    return Approximate(array.astype(object), np.zeros(array.shape))
