"""Central differences of the subject's own forward: the weakest rung of the ladder.

``(f(x + h) - f(x - h)) / 2h`` is off by what rounding does to f, divided by h, and by a
truncation of order h^2. The first is bounded by the operation's own bound on y. The second
is estimated, by the difference between the two one-sided quotients, which is not small across
a kink, and by that between the quotients of steps h and 2h; both vanish where f is linear.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

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
    except Exception as error:
        return Answer("rejected", detail=f"{type(error).__name__}: {error}")
    return Answer("value", values, seconds=time.perf_counter() - start, errors=errors)


@np.errstate(all="ignore")
def _gradient(op: Op, case: Case, name: str, y_error: Array) -> tuple[Array, Array]:
    """Return the gradient of one operand and the bound on its error."""
    x = case.operands[name]
    g = case.cotangent.astype(np.float64)
    # Each difference has two evaluations; x moves by so little that y_error stays within 2.
    rounding = 4 * (np.abs(g) * y_error).sum()
    here = _forward(op, case, {})
    gradient, error = np.zeros(x.size), np.zeros(x.size)
    for index in range(x.size):
        near, far = (_quotients(op, case, name, index, here, scale) for scale in (1, 2))
        gradient[index] = near.central
        bend = abs(near.ahead - near.behind) + 2 * abs(near.central - far.central)
        error[index] = bend + (rounding + near.summation) / near.step
    rounded = gradient.astype(x.dtype)
    error += np.abs(gradient) * np.finfo(x.dtype).eps + np.finfo(x.dtype).smallest_subnormal
    return rounded.reshape(x.shape), error.reshape(x.shape)


class _Quotients(NamedTuple):
    """Difference quotients of ``<cotangent, f>`` along one element, and their ingredients."""

    ahead: float
    behind: float
    central: float
    step: float
    summation: float


def _quotients(op: Op, case: Case, name: str, index: int, here: Array, scale: int) -> _Quotients:
    x, g = case.operands[name], case.cotangent.astype(np.float64)
    centre = float(x.ravel()[index])
    wanted = scale * np.finfo(x.dtype).eps ** (1 / 3) * max(1.0, abs(centre))
    step = 2.0 ** np.round(np.log2(wanted))
    moved = x.copy(), x.copy()
    moved[0].ravel()[index], moved[1].ravel()[index] = centre + step, centre - step
    # What counts is by how much x really moved.
    up, down = (abs(float(m.ravel()[index]) - centre) for m in moved)
    ahead = g * (_forward(op, case, {name: moved[0]}) - here)
    behind = g * (here - _forward(op, case, {name: moved[1]}))
    size = float((np.abs(ahead) + np.abs(behind)).sum() * np.finfo(np.float64).eps)
    return _Quotients(
        ahead=float(ahead.sum() / up),
        behind=float(behind.sum() / down),
        central=float((ahead.sum() + behind.sum()) / (up + down)),
        step=min(up, down),
        summation=g.size * size,
    )


def _forward(op: Op, case: Case, moved: dict[str, Array]) -> Array:
    operands = {**case.operands, **moved}
    return np.asarray(op.forward(*operands.values(), **case.options)).astype(np.float64)
