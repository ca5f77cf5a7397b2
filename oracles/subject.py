"""Asks the subject, and watches how it treats what it is given."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.alarm import OutOfTime, at_most
from oracles.answer import Answer, Kind
from oracles.gradient_names import Recovered, Unnamed
from oracles.layouts import arranged
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op, gradient_of, second_gradient_of

Array = npt.NDArray[Any]


class _Refused(Exception):  # noqa: N818 - how a part of the subject failed to answer
    """What became of a call of the subject, in words; whether it had said it would."""

    def __init__(self, detail: str, *, kind: Kind = "rejected", unsupported: bool = False) -> None:
        super().__init__(detail)
        self.detail, self.kind, self.unsupported = detail, kind, unsupported


def ask_subject(op: Op, case: Case) -> Answer:
    """Return what the subject of `op` answers to `case`.

    The answer is ``rejected`` if the subject raises, returns another number of gradients
    than the operation has, modifies an array that it was given, or returns an array that
    shares memory with one; it is ``timed out`` if a call takes longer than `Op.time_limit`.
    `Answer.detail` says which, and of which operand.
    """
    start = time.perf_counter()
    seen = {name: _seen(case, name, array) for name, array in case.arrays.items()}
    given = {name: seen[name] for name in case.operands}
    try:
        y = _called(op, "forward", op.forward, list(given.values()), case.options)
        gradients, errors = _backward(op, case, given, seen["cotangent"])
        second = _double_backward(op, case, seen)
        values = {FORWARD: y, **gradients, **second}
        _check_manners(seen, case, values)
    except _Refused as refused:
        seconds = time.perf_counter() - start
        return Answer(
            refused.kind, detail=refused.detail, seconds=seconds, unsupported=refused.unsupported
        )
    seconds = time.perf_counter() - start
    # On the lattice nothing is lost by recovering: all is whole.
    known = {} if case.lattice else errors
    return Answer("value", _as_arrays(values), seconds=seconds, errors=known)


def _called(
    op: Op, name: str, function: Any, arrays: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Call one function of the subject.

    Raises
    ------
    _Refused
        If it raises or takes too long.
    """
    try:
        # Cases hold NaN and infinities; that NumPy warns of them is no fault of the subject.
        with at_most(op.time_limit), np.errstate(all="ignore"):
            return function(*arrays, **options)
    except OutOfTime:
        raise _Refused(f"{name} gave no answer within {op.time_limit:g} s", kind="timed out")  # noqa: B904 - where it stood says nothing
    except Unnamed as error:
        raise _Refused(f"{name} {error}") from error
    except Exception as error:
        known = isinstance(error, op.unsupported) if op.unsupported else False
        told = f"{name} raised {type(error).__name__}: {error}{_where(error)}"
        raise _Refused(told, unsupported=known) from error


def _where(error: BaseException) -> str:
    """Return file, line and function in which the subject raised, if it was in Python."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        f
        for f in frames
        if not f.filename.startswith(("<", _HERE)) and _LIBRARIES not in f.filename
    ]
    if not own:
        return ""
    last = own[-1]
    return f" ({os.path.basename(last.filename)}:{last.lineno}, in {last.name})"


_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARIES = f"{os.sep}site-packages{os.sep}"


def _seen(case: Case, name: str, array: Array) -> Array:
    return arranged(array, case.layouts.get(name, "C"))


def _backward(
    op: Op, case: Case, given: Mapping[str, Array], cotangent: Array
) -> tuple[dict[str, Any], Mapping[str, Array]]:
    """Return the subject's gradients, and what recovering them may add, by compared name."""
    if op.backward is None:
        return {}, {}
    first = [cotangent] if op.takes_cotangent else []
    arrays = [*first, *op.backward_arguments(given)]
    returned = _called(op, "backward", op.backward, arrays, case.options)
    errors: Mapping[str, Array] = {}
    if isinstance(returned, Recovered):
        errors = {gradient_of(name): error for name, error in returned.errors.items()}
        returned = returned.gradients
    return _by_name(op, case, returned), errors


def _by_name(op: Op, case: Case, returned: Any) -> dict[str, Any]:
    """Return gradients by compared name, whether they came by name or in order."""
    wanted = op.gradient_names(case)
    names = op.gradients if op.gradients is not None else tuple(case.operands)
    if not isinstance(returned, Mapping):
        found = returned if isinstance(returned, tuple | list) else (returned,)
        if len(found) not in (len(names), len(wanted)):
            listed = ", ".join(names)
            raise _Refused(f"backward returned {_count(len(found))}, not {len(names)} ({listed})")
        keys = names if len(found) == len(names) else wanted
        returned = dict(zip(keys, found, strict=True))
    for name in wanted:
        if returned.get(name) is None:
            raise _Refused(f"backward returned no gradient of {name}")
    return {gradient_of(name): returned[name] for name in wanted}


def _count(number: int) -> str:
    return f"{number} gradient" + "s" * (number != 1)


def _double_backward(op: Op, case: Case, seen: Mapping[str, Array]) -> dict[str, Any]:
    """Return the subject's second gradients by compared name."""
    wanted = [second_gradient_of(name) for name in op.second_names(case)]
    if op.double_backward is None or not wanted:
        return {}
    names = [*([GRAD_GRAD_Y] if op.takes_cotangent else []), *wanted]
    directions = op.directions_of({name: seen[f"v_{name}"] for name in case.directions})
    first = [seen["cotangent"]] if op.takes_cotangent else []
    operands = op.backward_arguments({name: seen[name] for name in case.operands})
    arrays = [*directions, *first, *operands]
    returned = _called(op, "double_backward", op.double_backward, arrays, case.options)
    found = returned if isinstance(returned, tuple | list) else (returned,)
    if len(found) != len(names):
        listed = ", ".join(names)
        raise _Refused(f"double_backward returned {len(found)} second gradients, not {len(names)} "
                       f"({listed})")  # fmt: skip
    return dict(zip(names, found, strict=True))


def _check_manners(given: Mapping[str, Array], case: Case, values: Mapping[str, Any]) -> None:
    """Raise `_Refused` for a modified input, or a result that shares memory with one."""
    for key, original in case.arrays.items():
        array, name = given[key], "the cotangent" if key == "cotangent" else key
        if array.tobytes() != original.tobytes():
            raise _Refused(f"modified {name} in place")
        for result, value in values.items():
            if isinstance(value, np.ndarray) and np.shares_memory(value, array):
                raise _Refused(f"returned {result} that shares memory with {name}")


def _as_arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with NumPy scalars as arrays of no axes; others as they are."""
    return {
        name: np.asarray(value) if isinstance(value, np.generic) else value
        for name, value in values.items()
    }
