"""Tells whether a backward pass is the exact gradient of the subject's own forward.

A wrong forward with gradients to match passes every gradient check; told apart, it is one
mistake, not three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.bounds import CALL, unit_roundoff
from oracles.diagnosis.cause import FEWEST, Cause
from oracles.diagnosis.question import Question
from oracles.op import FORWARD, Case, Op
from oracles.subject import ask_subject

Array = npt.NDArray[Any]

_LARGEST = 3
_STEP = 2.0**-13
_RELATIVE = 2.0**-18
"""Relative error of a central difference in float64 that is taken for agreement: the step's
square times a third derivative stays below; a case in which the rounding over the step does not,
as where the forward saturates, tells nothing."""

_ROUNDOFF = CALL * unit_roundoff("float64")


def of_own_forward(op: Op, name: str, asked: Sequence[Question], seed: int) -> Cause | None:
    """Return that `name` is the gradient of the subject's own forward, if it is in every case.

    For a polynomial of degree 2 on small whole numbers the central difference is exact, and so
    is the comparison; elsewhere it is good to five digits.
    """
    operand = name.partition("_")[2]
    told = [each for each in asked if each.wrong(name) and operand in each.case.operands]
    rng = np.random.default_rng(seed)
    agreed = (_agrees(op, name, operand, each.case, rng) for each in told)
    answers = [each for each in agreed if each is not None]
    if len(answers) < FEWEST or not all(answers):
        return None
    exact = op.definition.polynomial is not None
    how = "the exact gradient" if exact else "the gradient, to five digits,"
    count = f"{len(answers)} of {len(answers)} cases"
    sentence = (
        f"{name} is {how} of the subject's own forward, which is wrong, on {count}: the forward "
        "has to be mended, and the backward with it"
    )
    return Cause(name, sentence, len(answers), True)


def _agrees(op: Op, name: str, operand: str, case: Case, rng: np.random.Generator) -> bool | None:
    """Compare ``<g, (f(x + hv) - f(x - hv)) / 2h>`` with ``<v, grad>`` along a random v.

    None if rounding would hide the difference.
    """
    exact = op.definition.polynomial is not None
    case = _small(case, rng) if exact else _double(case, op)
    if case.operands[operand].dtype.kind != "f":
        return False
    answer = ask_subject(op, replace(case, layouts={}, directions={}))
    gradient = answer.values.get(name)
    if not isinstance(gradient, np.ndarray) or gradient.shape != case.operands[operand].shape:
        return False
    step = 1.0 if exact else _STEP
    v = rng.integers(-1, 2, case.operands[operand].shape).astype(case.dtype)
    moved = [_forward(op, case, operand, sign * step * v) for sign in (1, -1)]
    if moved[0] is None or moved[1] is None:
        return False
    along = (moved[0] - moved[1]) / (2 * step)
    parts = case.cotangent.astype(np.float64) * along, v * gradient
    sums = [float(part.sum(dtype=np.float64)) for part in parts]
    size = max(float(np.abs(part).sum(dtype=np.float64)) for part in parts)
    values = np.abs(case.cotangent) * (np.abs(moved[0]) + np.abs(moved[1]))
    if not exact and float(values.sum()) * _ROUNDOFF > 2 * step * _RELATIVE * size:
        return None
    return abs(sums[0] - sums[1]) <= (0.0 if exact else _RELATIVE * size)


def _small(case: Case, rng: np.random.Generator) -> Case:
    def numbers(array: Array) -> Array:
        if array.dtype.kind != "f":
            return array
        found: Array = rng.integers(-_LARGEST, _LARGEST + 1, array.shape).astype(array.dtype)
        return found

    operands = {name: numbers(array) for name, array in case.operands.items()}
    return replace(case, operands=operands, cotangent=numbers(case.cotangent))


def _double(case: Case, op: Op) -> Case:
    if "float64" not in op.dtypes:
        return case

    def double(array: Array) -> Array:
        return array.astype(np.float64) if array.dtype.kind == "f" else array

    operands = {name: double(array) for name, array in case.operands.items()}
    return replace(case, operands=operands, cotangent=double(case.cotangent))


def _forward(op: Op, case: Case, operand: str, step: Array) -> Array | None:
    moved = {**case.operands, operand: case.operands[operand] + step.astype(case.dtype)}
    alone = replace(op, backward=None, double_backward=None)
    answer = ask_subject(alone, replace(case, operands=moved, layouts={}, directions={}))
    y = answer.values.get(FORWARD)
    if not isinstance(y, np.ndarray) or y.dtype.kind != "f" or y.shape != case.cotangent.shape:
        return None
    return y.astype(np.float64)
