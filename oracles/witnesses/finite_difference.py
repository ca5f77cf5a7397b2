"""Central differences of the subject's own forward: the weakest rung of the ladder.

``(f(x + h) - f(x - h)) / 2h`` is off by what rounding does to f, divided by h, and by a
truncation of order h^2. The first is bounded by the operation's own bound on y. The second
is estimated by the difference between the two one-sided quotients, which is of order h, is
not small across a kink, and vanishes where f is linear.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.op import Case, Op, gradient_of
from oracles.witnesses.complex_step import applies as applies

Array = npt.NDArray[Any]


def answer(op: Op, case: Case, y_error: Array) -> Answer:
    """Return the gradients of the subject's forward with their own errors, without ``y``.

    Parameters
    ----------
    op, case
        Whose subject is asked, and on what.
    y_error
        Bound on the rounding error of each element of y.

    Returns
    -------
    Answer
        ``rejected`` if the forward raises.
    """
    start = time.perf_counter()
    values, errors = {}, {}
    try:
        for name in op.gradient_names(case):
            values[gradient_of(name)], errors[gradient_of(name)] = _gradient(
                op, case, name, y_error
            )
    except Exception as error:  # noqa: BLE001 - whatever a subject raises is an answer
        return Answer("rejected", detail=f"{type(error).__name__}: {error}")
    return Answer("value", values, seconds=time.perf_counter() - start, errors=errors)


def _gradient(op: Op, case: Case, name: str, y_error: Array) -> tuple[Array, Array]:
    """Return the gradient of one operand and the bound on its error."""
    x = case.operands[name]
    g = case.cotangent.astype(np.float64)
    # 4 evaluations, each off by y_error; x moves by so little that y_error stays within 2.
    rounding = 8 * (np.abs(g) * y_error).sum()
    here = _forward(op, case, {})
    gradient, error = np.zeros(x.size), np.zeros(x.size)
    for index in range(x.size):
        ahead, behind, step = _neighbours(x, index)
        with np.errstate(all="ignore"):
            forward = g * (_forward(op, case, {name: ahead}) - here)
            backward = g * (here - _forward(op, case, {name: behind}))
            up, down = step
            gradient[index] = (forward.sum() + backward.sum()) / (up + down)
            bend = abs(forward.sum() / up - backward.sum() / down)
            size = (np.abs(forward) + np.abs(backward)).sum() * np.finfo(np.float64).eps
            error[index] = bend + (rounding + g.size * size) / (up + down)
    rounded = gradient.astype(x.dtype)
    error += np.abs(gradient) * np.finfo(x.dtype).eps + np.finfo(x.dtype).smallest_subnormal
    return rounded.reshape(x.shape), error.reshape(x.shape)


def _neighbours(x: Array, index: int) -> tuple[Array, Array, tuple[float, float]]:
    """Return x with one element moved up and down, and by how much it really moved."""
    centre = float(x.ravel()[index])
    wanted = np.finfo(x.dtype).eps ** (1 / 3) * max(1.0, abs(centre))
    step = 2.0 ** np.round(np.log2(wanted))
    ahead, behind = x.copy(), x.copy()
    ahead.ravel()[index] = centre + step
    behind.ravel()[index] = centre - step
    up = float(ahead.ravel()[index]) - centre
    return ahead, behind, (up, centre - float(behind.ravel()[index]))


def _forward(op: Op, case: Case, moved: dict[str, Array]) -> Array:
    operands = {**case.operands, **moved}
    return np.asarray(op.forward(*operands.values(), **case.options)).astype(np.float64)
