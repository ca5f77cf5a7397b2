"""Asks the subject, and watches how it treats what it is given."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.alarm import OutOfTime, at_most
from oracles.answer import Answer, Kind, NotAnArray
from oracles.foreign import error_text, printable, type_name
from oracles.gradient_names import Recovered, Unnamed, in_turn
from oracles.layouts import arranged
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op, gradient_of, second_gradient_of
from oracles.surroundings import restored

Array = npt.NDArray[Any]


class _Refused(Exception):  # noqa: N818 - how a part of the subject failed to answer
    """What became of a call of the subject, in words; whether it had said it would."""

    def __init__(self, detail: str, *, kind: Kind = "rejected", unsupported: bool = False) -> None:
        super().__init__(detail)
        self.detail, self.kind, self.unsupported = detail, kind, unsupported


def ask_subject(op: Op, case: Case) -> Answer:
    """Return what the subject of `op` answers to `case`.

    The answer is ``rejected`` if the subject raises whatever but `KeyboardInterrupt`, returns
    another number of gradients than the operation has, modifies an array that it was given or
    has returned, or returns an array that shares memory with one of these; it is ``timed out``
    if a call takes longer than `Op.time_limit`. `Answer.detail` says which, and of which
    operand. The arrays of the answer are copies.
    """
    start = time.perf_counter()
    seen = {name: _seen(case, name, array) for name, array in case.arrays.items()}
    given = {name: seen[name] for name in case.operands}
    results = _Results(case)
    try:
        y = _called(op, "forward", op.forward, list(given.values()), case.options)
        results.take({FORWARD: y})
        _check_inputs(seen, case)
        gradients, errors = _backward(op, case, given, seen["cotangent"])
        results.take(gradients)
        results.take(_double_backward(op, case, seen))
        _check_manners(seen, case, results)
    except _Refused as refused:
        seconds = time.perf_counter() - start
        known = refused.unsupported
        return Answer(refused.kind, detail=refused.detail, seconds=seconds, unsupported=known)
    seconds = time.perf_counter() - start
    # On the lattice nothing is lost by recovering: all is whole.
    added = {} if case.lattice else errors
    return Answer("value", results.values, seconds=seconds, errors=added, held=results.held)


class _Results:
    """What the subject has returned so far.

    Attributes
    ----------
    held
        By compared name, the arrays that it returned.
    values
        What was in them then; `NotAnArray` for what is none.
    """

    def __init__(self, case: Case) -> None:
        self.held: dict[str, Array] = {}
        self.values: dict[str, Any] = {}
        self._symbols = case.dtype == object
        self._most = _SPARE + _TIMES * case.size

    def take(self, returned: Mapping[str, Any]) -> None:
        """Add results by compared name.

        Raises
        ------
        _Refused
            If one is too large to be copied: a view may have any size.
        """
        for name, value in returned.items():
            found: Any = value if self._symbols else _plain(value)
            if not issubclass(type(found), np.ndarray):
                self.values[name] = found
            elif found.size > self._most:
                raise _Refused(f"gave {name} the shape {found.shape}, which is far too large")
            else:
                self.held[name], self.values[name] = found, found.copy()


_TIMES, _SPARE = 1000, 2**20
"""A result of more elements than so many times those of the case, and some, is not meant."""


def _plain(value: Any) -> Array | NotAnArray:
    """Return an array of numbers without whatever its class adds; a number has no axes."""
    if issubclass(type(value), np.generic):
        value = np.asarray(value)
    if not issubclass(type(value), np.ndarray) or issubclass(type(value), np.ma.MaskedArray):
        return NotAnArray(type_name(value))
    array = np.ndarray.view(value, np.ndarray)
    return array if array.dtype.kind in "biufc" else NotAnArray(f"array of {array.dtype.name}")


def _differ(array: Array, value: Array) -> bool:
    return (array.shape, array.dtype, array.tobytes()) != (
        value.shape,
        value.dtype,
        value.tobytes(),
    )


def _called(
    op: Op,
    name: str,
    function: Any,
    arrays: Sequence[Any],
    options: Mapping[str, Any],
    read: Callable[[Any], Any] = lambda returned: returned,
) -> Any:
    """Call one function of the subject, and `read` what it returns, which is code of its too.

    Raises
    ------
    _Refused
        If it raises or takes too long.
    """
    limit = at_most(op.time_limit)  # what is no limit is no fault of the subject
    try:
        with restored(), limit:
            return read(function(*arrays, **options))
    except (KeyboardInterrupt, _Refused):
        raise
    except OutOfTime:
        raise _Refused(f"{name} gave no answer within {op.time_limit:g} s", kind="timed out")  # noqa: B904 - where it stood says nothing
    except Unnamed as error:
        raise _Refused(printable(f"{name} {error}")) from error
    except BaseException as error:  # SystemExit as well: the subject does not end the harness
        known = isinstance(error, op.unsupported) if op.unsupported else False
        told = f"{name} raised {error_text(error)}{_where(error)}"
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

    def read(returned: Any) -> tuple[dict[str, Any], Mapping[str, Array]]:
        if not isinstance(returned, Recovered):
            return _by_name(op, case, returned), {}
        errors = {gradient_of(name): error for name, error in returned.errors.items()}
        return _by_name(op, case, returned.gradients), errors

    found: tuple[dict[str, Any], Mapping[str, Array]] = _called(
        op, "backward", op.backward, arrays, case.options, read
    )
    return found


def _by_name(op: Op, case: Case, returned: Any) -> dict[str, Any]:
    """Return gradients by compared name, whether they came by name or in order."""
    wanted = op.gradient_names(case)
    names = op.gradients if op.gradients is not None else tuple(case.operands)
    found = in_turn(returned, names, wanted)
    if found is None:
        raise _Refused(f"backward {_miscounted(returned, names, 'gradient')}")
    for name in wanted:
        if found.get(name) is None:
            raise _Refused(f"backward returned no gradient of {name}")
    return {gradient_of(name): found[name] for name in wanted}


def _miscounted(returned: Any, names: Sequence[str], what: str) -> str:
    """Return in words how many there are, or what stands in their place, and how many are meant."""
    listed = f"({', '.join(names)})"
    several = isinstance(returned, tuple | list)
    if not several and not issubclass(type(returned), np.ndarray | np.generic):
        meant = f"{len(names)} {what}" + "s" * (len(names) != 1)
        return f"returned {NotAnArray(type_name(returned)).words}, not {meant} {listed}"
    count = len(returned) if several else 1
    return f"returned {count} {what}{'s' * (count != 1)}, not {len(names)} {listed}"


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

    def read(returned: Any) -> dict[str, Any]:
        found = returned if isinstance(returned, tuple | list) else (returned,)
        if len(found) != len(names):
            told = _miscounted(returned, names, "second gradient")
            raise _Refused(f"double_backward {told}")
        return dict(zip(names, found, strict=True))

    by_name: dict[str, Any] = _called(
        op, "double_backward", op.double_backward, arrays, case.options, read
    )
    return by_name


def _check_inputs(given: Mapping[str, Array], case: Case) -> None:
    for key, original in case.arrays.items():
        if _differ(given[key], original):
            raise _Refused(f"modified {_words(key)} in place")


def _words(key: str) -> str:
    return "the cotangent" if key == "cotangent" else key


def _check_manners(given: Mapping[str, Array], case: Case, results: _Results) -> None:
    """Raise `_Refused` for a modified array, or a result that shares memory with another."""
    _check_inputs(given, case)
    for (key, array), (result, value) in product(given.items(), results.held.items()):
        if np.shares_memory(value, array):
            raise _Refused(f"returned {result} that shares memory with {_words(key)}")
    for result, value in results.held.items():
        if _differ(value, results.values[result]):
            raise _Refused(f"modified {result} after it had returned it")
    for (one, array), (other, value) in combinations(results.held.items(), 2):
        if np.shares_memory(array, value):
            raise _Refused(f"returned {other} that shares memory with {one}")
