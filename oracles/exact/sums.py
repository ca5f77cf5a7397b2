"""Sums of products of float64 numbers, without rounding.

The numbers of an array are whole multiples of a power of two, its grain. Cut into digits of
few bits, every product of two digits, and every sum of those that are added up, is a whole
number of at most 2**53, which float64 holds. What is left is one short sum for each result:
of its terms `two_sum` keeps all that rounding drops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import frexp, isfinite, ldexp
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import fmpq

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]

_MANTISSA = 53
_FEW = 4
"""Digits of each factor, if both are cut."""
_MANY = 6
"""Digits of one factor, if the other is whole."""
_MARGIN = 1000
"""Exponents beyond this are left to other arithmetic: nothing here may over- or underflow."""


class Span(NamedTuple):
    """All numbers are multiples of `grain`, a power of two, and at most `largest` in size."""

    grain: float
    largest: float

    @property
    def units(self) -> int:
        """The largest size in grains."""
        return int(self.largest / self.grain)

    @property
    def bits(self) -> int:
        """Number of bits that every number fits into, in grains."""
        return frexp(self.largest)[1] - frexp(self.grain)[1] + 1


@dataclass(frozen=True, eq=False)
class Expansion:
    """Exact numbers, each the sum of float64 numbers.

    Attributes
    ----------
    parts
        ``parts[0]`` holds the sums as float64 has them, the others what that leaves, the
        largest first; where ``parts[0]`` is NaN or infinite the others are 0.
    whole
        Whether every number is whole.
    """

    parts: Array
    whole: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of numbers."""
        return self.parts.shape[1:]

    def reshape(self, shape: tuple[int, ...]) -> Expansion:
        """Return the same numbers in another shape."""
        return Expansion(self.parts.reshape(len(self.parts), *shape), self.whole)

    def __getitem__(self, part: slice) -> Expansion:
        """Return a part of the numbers along their first axis."""
        return Expansion(self.parts[:, part], self.whole)

    def overlaid(self, signs: Array) -> Expansion:
        """Return the numbers with NaN and infinities where `signs` has them."""
        parts = np.where(np.isfinite(signs), self.parts, 0.0)
        parts[0] = np.where(np.isfinite(signs), parts[0], signs)
        return Expansion(parts, self.whole)

    def doubles(self) -> tuple[Array, Array]:
        """Return each number as the nearest float64 and what that leaves, rounded."""
        head, *rests = self.parts
        rest = rests.pop()
        while rests:
            rest = rests.pop() + rest
        with np.errstate(invalid="ignore"):
            total, left = two_sum(head, rest)
        return total, np.where(np.isfinite(total), left, 0.0)

    def exact(self) -> Array:
        """Return the numbers as an object array: ints if all are whole, else rationals."""
        columns = self.parts.reshape(len(self.parts), -1).T.tolist()
        numbers = np.empty(len(columns), dtype=object)
        numbers[:] = [self._number(column) for column in columns]
        return numbers.reshape(self.shape)

    def _number(self, column: list[float]) -> Any:
        if not isfinite(column[0]):
            return column[0]
        if self.whole:
            return sum(int(part) for part in column)
        return sum((fmpq(*part.as_integer_ratio()) for part in column), start=fmpq(0))


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return the sum rounded, and exactly what rounding drops (D. E. Knuth, TAOCP 2, 4.2.2 B)."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def span_of(numbers: FloatArray) -> Span:
    """Return grain and largest size of finite numbers; the grain is at most 1."""
    largest = float(np.abs(numbers).max(initial=0.0))
    if (numbers == np.trunc(numbers)).all():
        return Span(1.0, largest)
    mantissas, exponents = np.frexp(numbers[numbers != 0])
    whole = np.ldexp(mantissas, _MANTISSA).astype(np.int64)
    lowest = np.ldexp((whole & -whole).astype(np.float64), exponents - _MANTISSA)
    return Span(float(lowest.min(initial=1.0)), largest)


def sum_products(
    target: Array,
    size: int,
    longest: int,
    left: tuple[FloatArray, Span, Array],
    right: tuple[FloatArray, Span, Array],
) -> Array | Expansion | None:
    """Add up products of finite numbers, exactly.

    Parameters
    ----------
    target
        For each product, the index of the sum that it is added to.
    size, longest
        Number of sums, and of products in the longest of them.
    left, right
        Numbers, their span, and for each product the index into them.

    Returns
    -------
    float64 array, Expansion or None
        The sums: in float64 if that holds them all; None if the numbers are too far apart.
    """
    (a, of_a, i), (b, of_b, j) = left, right
    lowest = frexp(of_a.grain)[1] + frexp(of_b.grain)[1]
    highest = frexp(of_a.largest)[1] + frexp(of_b.largest)[1] + 2 * _MANTISSA
    steps = _steps(of_a.bits, of_b.bits, longest)
    if steps is None or lowest < -_MARGIN or highest > _MARGIN:
        return None
    if longest * of_a.units * of_b.units <= 2**_MANTISSA:
        return np.bincount(target, a[i] * b[j], size)
    grain = of_a.grain * of_b.grain
    of_a_digits = [digit[i] for digit in _digits(a, of_a, steps[0])]
    of_b_digits = [digit[j] for digit in _digits(b, of_b, steps[1])]
    by_place: dict[int, FloatArray] = {}
    for k, x in enumerate(of_a_digits):
        for m, y in enumerate(of_b_digits):
            place = k * steps[0] + m * steps[1]
            by_place[place] = by_place[place] + x * y if place in by_place else x * y
    sums = [
        np.bincount(target, products, size) * ldexp(grain, place)
        for place, products in sorted(by_place.items())
    ]
    return _distilled(sums, whole=grain == 1)


def _steps(bits_a: int, bits_b: int, longest: int) -> tuple[int, int] | None:
    """Return the bits of a digit of either factor, so that every sum of products fits."""
    room = _MANTISSA - longest.bit_length()
    narrow, wide = sorted((bits_a, bits_b))
    if 2 * narrow <= room and wide <= _MANY * (room - narrow):
        rest = room - narrow
        return (narrow, rest) if bits_a == narrow else (rest, narrow)
    step = (room - _FEW.bit_length() + 1) // 2  # up to so many products come to one place
    return (step, step) if wide <= _FEW * step else None


def _digits(numbers: FloatArray, span: Span, step: int) -> list[FloatArray]:
    """Return the digits of `step` bits of the numbers in grains, the lowest first, signed.

    Scaling by powers of two, truncation, and taking off the digits above, are all exact.
    """
    left = numbers / span.grain
    found = []
    for place in reversed(range(step, span.bits, step)):
        digit = np.trunc(left * 2.0**-place)
        left = left - digit * 2.0**place
        found.append(digit)
    return [left, *reversed(found)]


def _distilled(sums: Sequence[Array], *, whole: bool) -> Array | Expansion:
    """Add up a few arrays, the lowest first, and keep all that rounding drops.

    An array holds multiples of its place, and is below 2**53 of them. So what one addition
    drops, and all that is added after it, are multiples of the last place of the sum before;
    half of that is the most that the addition before dropped. Of the parts so found each is 0
    or at least twice any below it, but the sum itself may have cancelled and be the least
    precise of them: the second round adds them up, where no two can cancel.
    """
    once = _added_up(sums)
    if len(once) == 1:
        return once[0]
    head, *rests = _added_up(once[::-1])
    return Expansion(np.stack([head, *rests]), whole) if rests else head


def _added_up(arrays: Sequence[Array]) -> list[Array]:
    """Add up arrays, the first first; return the sum and what was dropped, the last first."""
    total, dropped = arrays[0], []
    for array in arrays[1:]:
        total, rest = two_sum(array, total)
        dropped.append(rest)
    return [total, *(rest for rest in reversed(dropped) if rest.any())]
