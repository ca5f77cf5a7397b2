"""A case, what the subject answered to it, and what is true: what a cause has to explain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from hypothesis.strategies import DrawFn

from oracles.answer import Answer
from oracles.draws import Draws, by_hand
from oracles.exact.bounded import Approximate
from oracles.exact.truth import truth
from oracles.lattice import lattice_cases
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.subject import ask_subject

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

WANTED = 20
"""Cases on which a cause is tried, of those on which the subject is wrong."""

_DRAWS = 300

_SECONDS = 60.0
"""For a subject that is slow. Below, what is found does not depend on the speed of the machine."""


@dataclass(frozen=True, eq=False)
class Expected:
    """An array that a cause predicts, and how far rounding may take the subject from it."""

    value: FloatArray
    error: FloatArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.value.shape

    def is_given_by(self, said: object, dtype: np.dtype[Any]) -> bool:
        """Return whether `said` is this array up to rounding."""
        if not isinstance(said, np.ndarray) or said.shape != self.shape:
            return False
        slack = self.error + _ROUNDINGS * np.finfo(dtype).eps * np.abs(self.value)
        with np.errstate(invalid="ignore"):
            apart = np.abs(said.astype(np.float64) - self.value)
            apart = np.where(np.isinf(slack), 0.0, apart)
            return bool(((apart <= slack) | (np.isnan(said) & np.isnan(self.value))).all())

    def differs_from(self, other: Expected, dtype: np.dtype[Any]) -> bool:
        """Return whether no subject could be taken for giving both."""
        return self.shape != other.shape or not self.is_given_by(other.value, dtype)


_ROUNDINGS = 4
"""That a cause may add to those of the operation: it scales or sums what the operation gives."""


def expected(true: Approximate) -> Expected:
    """Return a true array as the prediction of a subject that is right.

    At a kink the derivative is a ball that holds all that may be said there.
    """
    doubles = true.doubles
    if doubles is not None:
        return Expected(doubles.head, true.error)
    pairs = [_middle(item) for item in true.value.ravel()]
    value, radius = np.array(pairs, np.float64).reshape(-1, 2).T
    return Expected(value.reshape(true.shape), true.error + radius.reshape(true.shape))


def _middle(item: Any) -> tuple[float, float]:
    if hasattr(item, "mid"):
        return float(item.mid()), float(item.rad())
    try:
        return float(item), 0.0
    except OverflowError:  # a rational beyond the largest float
        return (np.inf if item > 0 else -np.inf), 0.0


@dataclass(frozen=True, eq=False)
class Question:
    """One case and the answers to it.

    Attributes
    ----------
    op, case
        What was asked.
    answer
        The subject's.
    true
        By compared name.
    """

    op: Op
    case: Case
    answer: Answer
    true: Mapping[str, Expected]

    def said(self, name: str) -> Any:
        """Return the subject's array of floats, or None if it gave none."""
        value = self.answer.values.get(name)
        return value if isinstance(value, np.ndarray) and value.dtype.kind == "f" else None

    @cached_property
    def wrongs(self) -> frozenset[str]:
        """Names of all in which the subject is wrong."""
        dtype = self.case.dtype
        given = (n for n, true in self.true.items() if not true.is_given_by(self.said(n), dtype))
        return frozenset(given)

    def wrong(self, name: str) -> bool:
        """Return whether the subject is wrong in `name`, which the case may lack."""
        return name in self.wrongs


def asked(op: Op, case: Case) -> Question:
    """Ask the subject of `op`, and exact arithmetic."""
    answer = ask_subject(op, case)
    true = truth(op.definition, case, op.gradient_names(case), op.second_names(case))
    said = answer.values
    return Question(op, case, answer, {n: _as_said(t, said.get(n)) for n, t in true.items()})


def _as_said(true: Approximate, said: object) -> Expected:
    """Return a true array, with NaN where the subject says so and that is right as well."""
    wanted = expected(true)
    if not isinstance(said, np.ndarray) or said.shape != true.shape or said.dtype.kind != "f":
        return wanted
    return replace(wanted, value=np.where(np.isnan(said) & true.or_nan, np.nan, wanted.value))


def questions(
    op: Op, first: Case, limits: Limits, seed: int, *, plain: bool = True
) -> Iterator[Question]:
    """Yield questions: `first` itself, then others of its form and of any.

    Parameters
    ----------
    op
        Whose subject is asked; it may be wrong on any of them or on none.
    first
        A case on which it was seen to be wrong.
    limits
        On the cases.
    seed
        From which they follow.
    plain
        Whether numbers are finite and arrays in C order and not empty; where there is a lattice
        the numbers but those of `first` are then whole, and nothing is rounded.
    """
    start = time.perf_counter()
    if plain:
        limits = replace(limits, special_values=False, layouts=False, second_order=False)
    for case in _cases(op, first, limits, seed, plain=plain):
        yield asked(op, case)
        if time.perf_counter() - start > _SECONDS:
            return


def _cases(op: Op, first: Case, limits: Limits, seed: int, *, plain: bool) -> Iterator[Case]:
    form = _whole if plain else _as_it_is
    if plain:
        first = replace(first, layouts={})
        yield from [first] if first.finite and not _is_empty(first) else []
    yield from form(op, first, seed)
    make = by_hand(op.cases(str(first.dtype), limits))
    if make is None:
        return
    random = Random(seed)
    for _ in range(_DRAWS):
        drawn = make(cast("DrawFn", Draws(random)))
        yield from form(op, drawn if first.directions else replace(drawn, directions={}), seed)


def _as_it_is(op: Op, case: Case, seed: int) -> list[Case]:
    return [case]


def _whole(op: Op, case: Case, seed: int) -> list[Case]:
    """Return the case with other numbers of the same form: whole ones if there is a lattice."""
    polynomial = op.definition.polynomial
    if _is_empty(case):
        return []
    found = lattice_cases(op, polynomial, case, seed=seed)[:1] if polynomial is not None else []
    return found or ([case] if case.finite else [])


def _is_empty(case: Case) -> bool:
    """Return whether an array has no elements: of nothing every cause says the same."""
    return not all(array.size for array in case.arrays.values())
