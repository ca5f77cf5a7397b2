"""Asks the subject, and watches how it treats what it is given."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.layouts import arranged
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op, gradient_of, second_gradient_of

Array = npt.NDArray[Any]


def ask_subject(op: Op, case: Case) -> Answer:
    """Return what the subject of `op` answers to `case`.

    The answer is ``rejected`` if the subject raises, returns another number of gradients
    than the operation has, modifies an array that it was given, or returns an array that
    shares memory with one: `Answer.detail` says which.
    """
    start = time.perf_counter()
    seen = {name: _seen(case, name, array) for name, array in case.arrays.items()}
    given = {name: seen[name] for name in case.operands}
    try:
        # Cases hold NaN and infinities; that NumPy warns of them is no fault of the subject.
        with np.errstate(all="ignore"):
            y = op.forward(*given.values(), **case.options)
            gradients = _backward(op, case, given, seen["cotangent"])
            second = _double_backward(op, case, seen)
    except Exception as error:
        return _rejected(f"raised {type(error).__name__}: {error}", start)
    for found in (gradients, second):
        if isinstance(found, str):
            return _rejected(found, start)
    values = {FORWARD: y, **gradients, **second}
    complaint = _manners(seen, case, values)
    if complaint:
        return _rejected(complaint, start)
    return Answer("value", _as_arrays(values), seconds=time.perf_counter() - start)


def _seen(case: Case, name: str, array: Array) -> Array:
    return arranged(array, case.layouts.get(name, "C"))


def _backward(op: Op, case: Case, given: Mapping[str, Array], cotangent: Array) -> Any:
    """Return the subject's gradients by compared name, or in words why they are none."""
    names = op.gradients if op.gradients is not None else tuple(given)
    if op.backward is None:
        return {}
    first = [cotangent] if op.takes_cotangent else []
    returned = op.backward(*first, *op.backward_arguments(given), **case.options)
    gradients = returned if isinstance(returned, tuple | list) else (returned,)
    wanted = op.gradient_names(case)
    if len(gradients) not in (len(names), len(wanted)):
        listed = ", ".join(names)
        return f"returned {len(gradients)} gradients, not {len(names)} ({listed})"
    keys = names if len(gradients) == len(names) else wanted
    by_name = dict(zip(keys, gradients, strict=True))
    return {gradient_of(name): by_name[name] for name in wanted}


def _double_backward(op: Op, case: Case, seen: Mapping[str, Array]) -> Any:
    """Return the subject's second gradients by compared name, or in words why they are none."""
    wanted = [second_gradient_of(name) for name in op.second_names(case)]
    if op.double_backward is None or not wanted:
        return {}
    names = [*([GRAD_GRAD_Y] if op.takes_cotangent else []), *wanted]
    directions = op.directions_of({name: seen[f"v_{name}"] for name in case.directions})
    first = [seen["cotangent"]] if op.takes_cotangent else []
    operands = op.backward_arguments({name: seen[name] for name in case.operands})
    returned = op.double_backward(*directions, *first, *operands, **case.options)
    found = returned if isinstance(returned, tuple | list) else (returned,)
    if len(found) != len(names):
        listed = ", ".join(names)
        return f"returned {len(found)} second gradients, not {len(names)} ({listed})"
    return dict(zip(names, found, strict=True))


def _manners(given: Mapping[str, Array], case: Case, values: Mapping[str, Any]) -> str:
    """Return a complaint about modified inputs or shared memory, or ""."""
    for key, original in case.arrays.items():
        array, name = given[key], "the cotangent" if key == "cotangent" else key
        if array.tobytes() != original.tobytes():
            return f"modified {name} in place"
        for result, value in values.items():
            if isinstance(value, np.ndarray) and np.shares_memory(value, array):
                return f"returned {result} that shares memory with {name}"
    return ""


def _as_arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with NumPy scalars as arrays of no axes; others as they are."""
    return {
        name: np.asarray(value) if isinstance(value, np.generic) else value
        for name, value in values.items()
    }


def _rejected(detail: str, start: float) -> Answer:
    return Answer("rejected", detail=detail, seconds=time.perf_counter() - start)
