"""Numbers on a tape (`oracles.exact.tape`): their arithmetic and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any

from flint import arb

from oracles.bounds import CALL
from oracles.exact.functions import FUNCTIONS, Unbounded, taylor
from oracles.exact.partials import (
    Linked,
    ToFunction,
    to_difference,
    to_negative,
    to_nothing,
    to_product,
    to_sign,
    to_sum,
)

if TYPE_CHECKING:
    from oracles.exact.tape import Tape

SLACK = 4
"""Roundings that a subject's own formula may have for each on the tape."""


class Number:
    """A number on a tape, or a constant.

    Attributes
    ----------
    tape, index
        Where it stands; -1 for a constant.
    value
        The ball that holds it.
    size, terms
        Bound the error of an evaluation: see the module.
    parents, links
        What it was made of, and ``links(self)``: those with the partial derivatives.
    hull
        For a number that a tie has chosen, a ball of all that it may be chosen to be; else None.
    """

    __slots__ = ("hull", "index", "links", "parents", "size", "tape", "terms", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        tape: Tape,
        index: int,
        value: Any,
        size: float,
        terms: int,
        parents: tuple[Number, ...] = (),
        links: Linked | None = None,
        hull: Any = None,
    ) -> None:
        self.tape, self.index, self.value = tape, index, value
        self.size, self.terms, self.parents = size, terms, parents
        self.links: Linked = links or to_nothing
        self.hull = hull

    def __repr__(self) -> str:
        return f"Number({self.value.str(8)})"

    def __add__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        if other is None:
            return NotImplemented
        if is_zero(other):
            return self
        if is_zero(self):
            return other
        terms, size = max(self.terms, other.terms) + 1, self.size + other.size
        made = self.tape.record(self.value + other.value, size, terms, (self, other), to_sum)
        return _hulled(made, add, self, other)

    __radd__ = __add__

    def __neg__(self) -> Number:
        made = self.tape.record(-self.value, self.size, self.terms, (self,), to_negative)
        return made if self.hull is None else _hulled(made, mul, self, self.tape.minus_one)

    def __pos__(self) -> Number:
        return self

    def __sub__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        if other is None:
            return NotImplemented
        if is_zero(other):
            return self
        terms, size = max(self.terms, other.terms) + 1, self.size + other.size
        value = self.value - other.value
        made = self.tape.record(value, size, terms, (self, other), to_difference)
        return _hulled(made, sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        return NotImplemented if other is None else other - self

    def __mul__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        if other is None:
            return NotImplemented
        terms, size = self.terms + other.terms + 1, self.size * other.size
        value = self.value * other.value
        made = self.tape.record(value, size, terms, (self, other), to_product)
        return _hulled(made, mul, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        if other is None:
            return NotImplemented
        return self * other.reciprocal()

    def __rtruediv__(self, other: Any) -> Any:
        other = _lifted(self.tape, other)
        return NotImplemented if other is None else other / self

    def __pow__(self, other: Any) -> Any:
        power = _lifted(self.tape, other)
        if power is None:
            return NotImplemented
        whole = power.index < 0 and power.value == int(float(power.value))
        if whole and abs(float(power.value)) <= _PRODUCTS:
            return self._to_the(int(float(power.value)))
        return (power * self.call("log")).call("exp")

    def __rpow__(self, other: Any) -> Any:
        base = _lifted(self.tape, other)
        return NotImplemented if base is None else base**self

    def _to_the(self, power: int) -> Number:
        if power < 0:
            return self._to_the(-power).reciprocal()
        made = self if power else self.tape.one
        for _ in range(power - 1):
            made = made * self
        return made

    def reciprocal(self) -> Number:
        """Return ``1 / self``."""
        return self.call("reciprocal", roundings=1)

    def call(self, name: str, order: int = 0, roundings: int = CALL) -> Number:
        """Return the derivative of an order (0: itself) of the function of that name."""
        tape, terms = self.tape, self.terms + roundings
        spread = tape.gamma(terms) * self.size
        if not spread < inf:
            return tape.unbounded((self,))
        try:
            value = taylor(name, self.value, order)
            around = taylor(name, self.value + arb(0, spread), order)
        except Unbounded:
            return tape.unbounded((self,))
        moved = float((around - value).abs_upper()) / tape.gamma(terms)
        size = float(value.abs_upper()) + moved
        if order and FUNCTIONS[name].cancels:
            size += order + 1  # as 1 - y^2 for the derivative of tanh
        return tape.record(value, size, terms, (self,), ToFunction(name, order, roundings))

    def __abs__(self) -> Number:
        side = order_of(self, self.tape.constant(0))
        if side:
            return self if side > 0 else -self
        self.tape.ties += 1
        return self.tape.record(abs(self.value), self.size, self.terms, (self,), to_sign)

    def sign(self) -> Any:
        """Return the sign; at a tie it may be chosen."""
        side = order_of(self, self.tape.constant(0))
        if side or is_zero(self):
            return side
        self.tape.ties += 1
        return Number(self.tape, -1, arb(0), 1.0, 0, hull=arb(0, 1))

    def choices(self) -> Number:
        """Return the number, or if a tie has chosen it all that it may be chosen to be."""
        if self.hull is None:
            return self
        size = float(self.hull.abs_upper())
        return Number(self.tape, -1, self.hull, size, self.terms)

    def conjugate(self) -> Number:
        """Return the number: it is real."""
        return self

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, lambda side: side < 0)

    def __le__(self, other: Any) -> Any:
        return self._compared(other, lambda side: side <= 0)

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, lambda side: side > 0)

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, lambda side: side >= 0)

    def __eq__(self, other: object) -> Any:
        number = _lifted(self.tape, other)
        return NotImplemented if number is None else bool((self.value - number.value).contains(0))

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __bool__(self) -> bool:
        return bool(self.value != 0)

    def __float__(self) -> float:
        raise TypeError("a number on the tape cannot be cast to a float")

    def _compared(self, other: Any, holds: Callable[[int], bool]) -> Any:
        other = _lifted(self.tape, other)
        if other is None:
            return NotImplemented
        if self is other:
            return holds(0)
        side = order_of(self, other)
        if side:
            return holds(side)
        apart = self.value - other.value
        truth = holds(int(apart > 0) - int(apart < 0))
        return Decision(self.tape, truth, not (self.terms or other.terms))


def _method(name: str) -> Callable[[Number], Number]:
    return lambda number: number.call(name)


for _name in FUNCTIONS:  # np.exp of an object array calls the method exp of each element
    if not hasattr(Number, _name):
        setattr(Number, _name, _method(_name))


class Decision(Number):
    """The outcome of a comparison that is a tie.

    Attributes
    ----------
    truth
        The outcome in exact arithmetic.
    sure
        Whether an evaluation has the same outcome, since it compares exact numbers.
    """

    __slots__ = ("sure", "truth")

    def __init__(self, tape: Tape, truth: bool, sure: bool) -> None:
        either = arb(0.5, 0.5)
        super().__init__(tape, -1, arb(int(truth)) if sure else either, 1.0, 0, hull=either)
        self.truth, self.sure = truth, sure
        tape.ties += 1

    def __bool__(self) -> bool:
        self.tape.settled = True
        return self.truth

    def __invert__(self) -> Decision:
        return Decision(self.tape, not self.truth, self.sure)

    def __and__(self, other: Any) -> Any:
        if isinstance(other, Decision):
            return Decision(self.tape, self.truth and other.truth, self.sure and other.sure)
        return self if other else False

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        if isinstance(other, Decision):
            return Decision(self.tape, self.truth or other.truth, self.sure and other.sure)
        return True if other else self

    __ror__ = __or__


_PRODUCTS = 8
"""Powers up to this one are repeated products."""


def order_of(a: Number, b: Number) -> int:
    """Return 1 or -1 as `a` is greater or less whatever rounding does, 0 for a tie."""
    apart = a.value - b.value
    off = a.tape.off(a) + a.tape.off(b)
    if not off < inf:
        return 0
    if apart > off:
        return 1
    return -1 if apart < -off else 0


def _lifted(tape: Tape, other: Any) -> Any:
    if isinstance(other, Number):
        return other
    try:
        return tape.constant(other)
    except TypeError:
        return None


def is_zero(number: Number) -> bool:
    """Return whether a number is the constant 0."""
    return number.index < 0 and number.size == 0


def _hulled(made: Number, operation: Callable[[Any, Any], Any], a: Number, b: Number) -> Number:
    """Let a number made of what a tie has chosen be chosen likewise."""
    if a.hull is not None or b.hull is not None:
        hulls = (n.value if n.hull is None else n.hull for n in (a, b))
        made.hull = operation(*hulls)
    return made
