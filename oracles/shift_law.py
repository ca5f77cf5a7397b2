"""The law of ties: what single cells may choose, their sum may not.

Where numbers tie, as equal ones in the window of a maximum, any convex choice of the derivatives
on either side is right, so a cell of a gradient may be anything between 0 and g. But when all
elements of one operand are shifted alike, equal numbers stay equal: along that line there is one
derivative, ``d/dt <g, f(x + t)> = sum(grad_x)``. A backward pass that counts a tie twice, or not
at all, breaks it. Where the line too has a kink (``|x|`` at 0), the derivative is a ball of all
choices, and the law says no more than the cells do.
"""

from __future__ import annotations

import numpy as np
from flint import arb, ctx

from oracles.answer import Answer
from oracles.exact.bounded import text_of
from oracles.exact.definition import WORKING_PRECISION
from oracles.exact.truth import truth
from oracles.op import Case, Op, gradient_of


def shift_law(op: Op, case: Case, answer: Answer) -> str:
    """Return for which operand the sum of the gradient is none of the derivatives, or ""."""
    names = op.gradient_names(case)
    true = truth(op.definition, case, names)
    for name in names:
        wanted = op.definition.along_shift(case, name)  # type: ignore[attr-defined]
        gradient, bound = answer.values[gradient_of(name)], true[gradient_of(name)].error.sum()
        if wanted is None or gradient.shape != case.operands[name].shape:
            continue
        if not (np.isfinite(gradient).all() and np.isfinite(bound)):
            continue
        with ctx.workprec(WORKING_PRECISION):
            total = sum((arb(g) for g in gradient.ravel().tolist()), arb(0))
            apart = (total - wanted).abs_lower()
            broken = apart > arb(float(bound))
        if broken:
            return (
                f"{gradient_of(name)} sums to {text_of(total)}, and <cotangent, y> changes by "
                f"{text_of(wanted)} for each unit that all of {name} is shifted by"
            )
    return ""
