"""What a mutation is, and how it is laid over a subject's functions from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import Case, Op
from oracles.selftest.call import (
    Call,
    Results,
    backward_call,
    double_backward_call,
    forward_call,
    results_of,
    with_results,
)
from oracles.selftest.form import COTANGENT, Form

Array = npt.NDArray[Any]


def _as_it_is(call: Call) -> Call | None:
    return None


def _none_changed(call: Call, results: Results) -> Results:
    return {}


def _never(call: Call) -> bool:
    return False


@dataclass(frozen=True)
class Tamper:
    """What is done to each call of one subject; it may remember earlier calls.

    Attributes
    ----------
    arguments
        Returns the call that is made in the place of this one, or None for no other.
    results
        Returns those results that are given in the place of the subject's.
    refuses
        Whether an `IndexError` is raised instead.
    bare
        Whether changed results are handed over as they are; else copies are.
    """

    arguments: Callable[[Call], Call | None] = _as_it_is
    results: Callable[[Call, Results], Results] = _none_changed
    refuses: Callable[[Call], bool] = _never
    bare: bool = False


@dataclass
class Watch:
    """What a mutation did so far.

    Attributes
    ----------
    cases
        Generated cases that were begun.
    changed
        In how many of them some number, shape or manner was another than the subject's.
    failed
        How many calls could not be made otherwise: the subject raised, or the shape was another.
    """

    cases: int = 0
    changed: int = 0
    failed: int = 0
    _fresh: bool = False

    def begin(self, case: Case) -> None:
        """Count a case."""
        self.cases += 1
        self._fresh = True

    def saw_change(self) -> None:
        """Count the case that was begun last, once."""
        self.changed += self._fresh
        self._fresh = False


@dataclass(frozen=True)
class Mutation:
    """One way to be wrong.

    Attributes
    ----------
    name
        What is wrong, in few words; no other mutation of the operation has the same.
    story
        In a sentence.
    kind
        ``result``, ``operand``, ``cotangent``, ``option``, ``rare`` or ``manners``.
    start
        Makes a tamper that remembers nothing yet.
    """

    name: str
    story: str
    kind: str
    start: Callable[[], Tamper]

    def make(self, op: Op, form: Form, watch: Watch) -> Op:
        """Return `op` with its subject made wrong."""
        made = _Mutant(op, form, self.start(), watch)
        return replace(
            op,
            forward=made.forward,
            backward=None if op.backward is None else made.backward,
            double_backward=None if op.double_backward is None else made.double_backward,
        )


class _Mutant:
    """The three functions of a subject, tampered with.

    The subject is asked as it would be last, so that one that keeps its arguments (a layer) has
    the right ones when its backward is called.
    """

    def __init__(self, op: Op, form: Form, tamper: Tamper, watch: Watch) -> None:
        self._op, self._form, self._tamper, self._watch = op, form, tamper, watch
        self._operands: Mapping[str, Array] = {}

    def forward(self, *arrays: Array, **options: Any) -> Any:
        call = forward_call(self._form, arrays, options)
        self._operands = call.operands
        return self._answer(call, lambda: self._op.forward(*arrays, **options))

    def backward(self, *arrays: Array, **options: Any) -> Any:
        assert self._op.backward is not None
        call = backward_call(self._op, self._operands, arrays, options)
        return self._answer(call, lambda: self._op.backward(*arrays, **options))  # type: ignore[misc]

    def double_backward(self, *arrays: Array | None, **options: Any) -> Any:
        assert self._op.double_backward is not None
        call = double_backward_call(self._op, self._operands, arrays, options)
        return self._answer(call, lambda: self._op.double_backward(*arrays, **options))  # type: ignore[misc]

    def _answer(self, call: Call, ask: Callable[[], Any]) -> Any:
        if self._tamper.refuses(call):
            self._watch.saw_change()
            raise IndexError("this call is refused")
        instead = self._asked_otherwise(call)
        returned = ask()
        true = results_of(self._op, call, returned)
        if not all(isinstance(array, np.ndarray) for array in true.values()):
            return returned  # wrong as it is
        fitted = self._fitted(instead, true)
        changed = {
            n: array for n, array in fitted.items() if _by_more_than_rounding(array, true[n])
        }
        changed |= self._tampered(call, {**true, **changed})
        if not call.symbolic and (changed if self._tamper.bare else _differ(changed, true)):
            self._watch.saw_change()
        given = changed if self._tamper.bare else {n: np.array(a) for n, a in changed.items()}
        return with_results(self._op, call, returned, given) if given else returned

    def _asked_otherwise(self, call: Call) -> Results:
        """Return the results of the call that the tamper makes of this one."""
        try:
            other = self._tamper.arguments(call)
            return {} if other is None else self._asked(call, other)
        except Exception:  # whatever a subject raises that is asked what it cannot do
            self._watch.failed += 1
            return {}

    def _asked(self, call: Call, other: Call) -> Results:
        op = self._op
        if other.options != call.options:
            other = _meant(op, other)
        function = getattr(op, other.function)
        try:
            if other.function != "forward":
                op.forward(*_copies(other.operands), **other.options)
            returned = function(*_copies(other.arrays), **other.options)
        finally:
            if other.function != "forward":
                op.forward(*call.operands.values(), **call.options)
        return results_of(op, other, returned)

    def _fitted(self, found: Results, true: Results) -> Results:
        both = {name: array for name, array in true.items() if name in found}
        fitted = {name: fit(found[name], a.shape, a.dtype) for name, a in both.items()}
        self._watch.failed += any(array is None for array in fitted.values())
        return {name: array for name, array in fitted.items() if array is not None}

    def _tampered(self, call: Call, results: Results) -> Results:
        try:
            return self._tamper.results(call, results)
        except Exception:  # symbols have no signs, powers or parts
            self._watch.failed += 1
            return {}


def _copies(arrays: Mapping[str, Any]) -> list[Any]:
    return [None if array is None else array.copy() for array in arrays.values()]


def _meant(op: Op, call: Call) -> Call:
    """Return a call with other options whose cotangent has the shape of their result.

    Code that trusts its arguments, in C for one, is asked nothing that has no answer.

    Raises
    ------
    ValueError, IndexError
        If the definition has no result for these shapes and options.
    """
    polynomial = op.definition.polynomial
    if polynomial is None:
        return call
    shapes = tuple(array.shape for array in call.operands.values())
    shape = _shape(op, shapes, tuple(call.options.items()))
    if COTANGENT not in call.arrays:
        return call
    cotangent = call.arrays[COTANGENT]
    fitted = fit(cotangent, shape, cotangent.dtype)
    if fitted is None:
        raise ValueError(f"no cotangent has {len(shape)} axes")
    return call.having(COTANGENT, fitted)


@lru_cache(maxsize=1024)
def _shape(
    op: Op, shapes: tuple[tuple[int, ...], ...], options: tuple[tuple[str, Any], ...]
) -> tuple[int, ...]:
    polynomial = op.definition.polynomial
    assert polynomial is not None
    zeros = [np.zeros(shape, dtype=object) for shape in shapes]
    shape: tuple[int, ...] = polynomial.formula(zeros, dict(options)).shape
    return shape


def fit(array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
    """Return `array` in another shape, cropped or with zeros behind; None for other axes."""
    if not isinstance(array, np.ndarray | np.generic) or np.ndim(array) != len(shape):
        return None
    found = np.zeros(shape, dtype)
    common = tuple(slice(min(a, b)) for a, b in zip(np.shape(array), shape, strict=True))
    found[common] = np.asarray(array)[common]
    return found


def _differ(changed: Results, true: Results) -> bool:
    return any(differs(array, true[name]) for name, array in changed.items())


_ROUNDINGS = 64


def _by_more_than_rounding(array: Array, true: Array) -> bool:
    """Return whether another call gave another result, and not the same in another order of sums.

    Zeros that are added, or other memory, may change the last bits: that is no error.
    """
    if array.dtype.kind != "f" or array.dtype != true.dtype:
        return True
    finite = np.isfinite(array) & np.isfinite(true)
    if differs(np.where(finite, 0, array), np.where(finite, 0, true)):
        return True
    with np.errstate(all="ignore"):
        apart, size = np.abs(array - true)[finite], np.abs(true)[finite]
    return bool(apart.max(initial=0) > _ROUNDINGS * np.finfo(true.dtype).eps * size.max(initial=0))


def differs(one: Any, other: Any) -> bool:
    """Return whether two arrays differ in shape, dtype or a number; zeros have no sign here."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return True
    if one.dtype.kind not in "fc":
        return bool((one != other).any())
    return not np.array_equal(one, other, equal_nan=True)
