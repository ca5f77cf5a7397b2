"""The two kinds of exact elements: real numbers on a tape, and the elements of a ring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cmp_to_key
from operator import and_, ge, gt, le, lt, or_
from typing import Any

import numpy as np
from flint import fmpq

from oracles.exact.bounded import rational
from oracles.exact.functions import FUNCTIONS
from oracles.exact.namespace import Array, Exact, NotExact, exact_array, wrapped
from oracles.exact.number import Decision, Number, order_of
from oracles.exact.tape import Tape
from oracles.exact.ties import chosen, greater, lesser, tied


class Reals:
    """Numbers on a tape.

    Parameters
    ----------
    tape
        Theirs.
    """

    refused = frozenset({"floor", "ceil", "trunc", "rint", "copysign", "arctan2", "remainder",
                         "fmod", "floor_divide", "divmod", "nextafter", "spacing"})  # fmt: skip

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.elements: Mapping[str, Callable[..., Any]] = {
            **{name: self._calling(name) for name in FUNCTIONS},
            "maximum": self._of_two(greater),
            "minimum": self._of_two(lesser),
            "clip": lambda x, low, high: lesser(greater(self.lift(x), self.lift(low)),
                                                self.lift(high)),
            "absolute": lambda x: abs(self.lift(x)),
            "sign": lambda x: self.lift(x).sign(),
            "hypot": lambda x, y: (self.lift(x) ** 2 + self.lift(y) ** 2).call("sqrt"),
            "logaddexp": self._of_two(_logaddexp),
            "logical_and": and_,
            "logical_or": or_,
            "logical_not": lambda x: ~x if isinstance(x, Decision) else not x,
            "greater": gt, "greater_equal": ge, "less": lt, "less_equal": le,
            "isnan": lambda x: False,
            "isinf": lambda x: False,
            "isfinite": lambda x: True,
        }  # fmt: skip
        self.whole: Mapping[str, Callable[..., Any]] = {"where": _where, "sort": _sort}

    def lift(self, element: Any) -> Number:
        """Return an element of an array as a number on the tape."""
        return self.tape.constant(element)

    def constants(self, array: Array) -> Array:
        """Return the array: Python's own numbers mix with those on the tape."""
        return array

    def _calling(self, name: str) -> Callable[[Any], Number]:
        return lambda x: self.lift(x).call(name)

    def _of_two(self, function: Callable[[Number, Number], Any]) -> Callable[[Any, Any], Any]:
        return lambda a, b: function(self.lift(a), self.lift(b))


def _logaddexp(a: Number, b: Number) -> Any:
    high, low = (a, b) if a.value >= b.value else (b, a)
    return high + (low - high).call("exp").call("log1p")


def _where(space: Reals, condition: Any, a: Any, b: Any) -> Any:
    def pick(truth: Any, one: Any, other: Any) -> Any:
        return chosen(truth, space.lift(one), space.lift(other))

    plain = [x.view(np.ndarray) if isinstance(x, Exact) else x for x in (condition, a, b)]
    return wrapped(space, np.frompyfunc(pick, 3, 1)(*plain))


def _sort(space: Reals, array: Any, axis: int = -1, **options: Any) -> Any:
    """Sort; equal numbers may stand in each other's place."""
    last = np.moveaxis(np.asarray(array).view(np.ndarray), axis, -1)
    rows = [_sorted([space.lift(x) for x in row]) for row in last.reshape(-1, last.shape[-1])]
    flat = [number for row in rows for number in row]
    return np.moveaxis(exact_array(space, flat, last.shape), -1, axis)


def _by_value(a: Number, b: Number) -> int:
    return int(a.value > b.value) - int(a.value < b.value)


def _sorted(row: list[Number]) -> list[Number]:
    row = sorted(row, key=cmp_to_key(_by_value))
    groups: list[list[Number]] = []
    for number in row:
        if groups and order_of(groups[-1][-1], number) == 0:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [
        number if len(group) == 1 else tied(group, number.value)
        for group in groups
        for number in group
    ]


class Ring:
    """Elements of any ring: polynomials, rationals, Python's ints.

    Attributes
    ----------
    fractions
        Whether a formula has used a constant that is not whole, or divided by one.
    """

    refused = frozenset({
        "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "maximum",
        "minimum", "clip", "absolute", "sign", "logical_and", "logical_or", "logical_not",
        "isnan", "isinf", "isfinite", "floor", "ceil", "trunc", "rint", "copysign", "arctan2",
        "remainder", "fmod", "floor_divide", "divmod", "logaddexp", "hypot", *FUNCTIONS,
    })  # fmt: skip

    def __init__(self) -> None:
        self.fractions = False
        self.elements: Mapping[str, Callable[..., Any]] = {
            "divide": self._divide,
            "reciprocal": lambda x: self._divide(1, x),
            "power": self._power,
            "conjugate": lambda x: x,
        }
        self.whole: Mapping[str, Callable[..., Any]] = {
            name: _refuse(name) for name in ("sort", "argsort", "argmax", "argmin")
        }

    def constants(self, array: Array) -> Array:
        """Return a float array as ints, or as rationals where one is not whole."""
        if array.dtype.kind != "f":
            return array
        if (array == np.trunc(array)).all():
            numbers: Sequence[Any] = [int(x) for x in array.ravel().tolist()]
        else:
            self.fractions = True
            numbers = [rational(x) for x in array.ravel().tolist()]
        made = np.empty(len(numbers), dtype=object)
        made[:] = numbers
        return made.reshape(array.shape)

    def _divide(self, a: Any, b: Any) -> Any:
        if not isinstance(b, int | float | fmpq | np.integer) or b == 0:
            raise NotExact("a polynomial is divided by a number alone")
        self.fractions = True
        return a * (1 / (fmpq(int(b)) if isinstance(b, int | np.integer) else _rational(b)))

    def _power(self, a: Any, b: Any) -> Any:
        if isinstance(b, float) and b.is_integer():
            b = int(b)
        if not isinstance(b, int | np.integer) or b < 0:
            raise NotExact("the power of a polynomial is a natural number")
        return a ** int(b)


def _rational(number: Any) -> Any:
    return rational(number) if isinstance(number, float) else number


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **options: Any) -> Any:
        raise NotExact(f"xp.{name} compares, and polynomials have no order")

    return refuse
