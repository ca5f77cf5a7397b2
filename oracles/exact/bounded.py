"""Exact numbers beside the error that a floating-point evaluation of them may have.

A true value is a Python int, a rational (`flint.fmpq`), a real ball that contains it
(`flint.arb`), or, where IEEE arithmetic leaves the reals, the float NaN or an infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import copysign, isfinite, ulp
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from flint import arb, ctx, fmpq

from oracles.exact.once import once
from oracles.exact.sums import Expansion, Span, span_of

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Doubles(NamedTuple):
    """Exact numbers as float64: `head` is the nearest, `rest` what it leaves, rounded.

    Where it leaves anything `rest` is not 0, though that be less than every float64. A single 0
    stands for no rest at all.
    """

    head: FloatArray
    rest: FloatArray


@dataclass(frozen=True, eq=False)
class Approximate:
    """A true array, and how far from it a rightly computed one may lie.

    Attributes
    ----------
    numbers
        Object array of exact numbers, a float64 array of which each number is exact, or sums
        of float64 numbers.
    error
        float64 array of the same shape: bound on the absolute error of each element.
    or_nan
        Where NaN is right in place of the number, which is right as well: for each element, or
        for all. Who multiplies a zero with an infinity or NaN gets NaN, who skips it does not;
        and who pads with zeros meets more of them.
    probable
        A smaller bound that holds for each element but for a probability of at most 2**-40
        (`oracles.bounds.probable_gamma`), or None if there is none that is smaller.
    """

    numbers: Array | Expansion
    error: FloatArray
    or_nan: bool | BoolArray = False
    probable: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.numbers.shape

    @once
    def value(self) -> Array:
        """The numbers as an object array: of floats or their sums, ints if all are whole."""
        if isinstance(self.numbers, Expansion):
            return self.numbers.exact()
        return _exact(self.numbers) if self.plain is not None else self.numbers

    @once
    def plain(self) -> FloatArray | None:
        """The numbers if they are a float64 array."""
        numbers = self.numbers
        return None if isinstance(numbers, Expansion) or numbers.dtype == object else numbers

    @once
    def finite(self) -> FloatArray | None:
        """The numbers as float64, NaN and infinities as 0; None if float64 does not hold them."""
        if self.doubles is None or self.doubles.rest.any():
            return None
        head = self.doubles.head
        return head if self.is_finite else np.where(np.isfinite(head), head, 0.0)

    @once
    def span(self) -> Span:
        """Grain and largest size of the `finite` numbers."""
        assert self.finite is not None
        return span_of(self.finite)

    @once
    def is_finite(self) -> bool:
        """Whether no number is NaN or an infinity."""
        return not non_finite(self.value if self.plain is None else self.plain).any()

    @property
    def magnitude(self) -> FloatArray:
        """Upper bound on the absolute value of a rightly computed array."""
        return self.size + self.error

    @once
    def doubles(self) -> Doubles | None:
        """The numbers as float64, or None if one is a ball or too large."""
        if isinstance(self.numbers, Expansion):
            return Doubles(*self.numbers.doubles())
        return _doubles(self.numbers) if self.plain is None else Doubles(self.plain, _NOTHING)

    @once
    def size(self) -> FloatArray:
        """Upper bounds on the absolute values: infinite for infinities, NaN for NaN."""
        if self.doubles is None:
            return magnitude(self.value)
        head, rest = self.doubles
        if rest is _NOTHING:
            return np.abs(head)
        with np.errstate(over="ignore"):  # above the largest float64 there is infinity alone
            return np.where(rest, np.nextafter(np.abs(head), np.inf), np.abs(head))

    @once
    def finite_size(self) -> FloatArray:
        """The sizes, 0 for NaN and infinities."""
        finite = np.isfinite(self.size)
        return self.size if finite.all() else np.where(finite, self.size, 0.0)

    @once
    def is_off(self) -> bool:
        """Whether any element may be off."""
        return bool(np.count_nonzero(self.error))

    @once
    def reach(self) -> FloatArray:
        """Upper bounds on the finite sizes of a rightly computed array."""
        return self.finite_size + self.error if self.is_off else self.finite_size

    @once
    def finest(self) -> float:
        """The least error relative to its number; NaN if no number is other than zero."""
        return least_relative(self.error, self.size)

    def reshape(self, shape: tuple[int, ...]) -> Approximate:
        """Return the same elements in another shape."""
        probable = None if self.probable is None else self.probable.reshape(shape)
        or_nan = self.or_nan if isinstance(self.or_nan, bool) else self.or_nan.reshape(shape)
        return Approximate(self.numbers.reshape(shape), self.error.reshape(shape), or_nan, probable)


_NOTHING = np.zeros(())


def object_array(items: list[Any], shape: tuple[int, ...]) -> Array:
    """Return `items` as an object array of `shape`, never interpreting them as sequences."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


def rationals(array: Array) -> Approximate:
    """Return the numbers of a float array as they are: ints if all are whole, else rationals."""
    return Approximate(array.astype(np.float64), np.zeros(array.shape))


def balls(array: Array) -> Approximate:
    """Return the numbers of a float array as exact real balls."""
    items = [arb(item) if np.isfinite(item) else item for item in array.ravel().tolist()]
    return Approximate(object_array(items, array.shape), np.zeros(array.shape))


def _exact(array: FloatArray) -> Array:
    whole = bool(np.isfinite(array).all() and (array == np.trunc(array)).all())
    number = int if whole else rational
    return object_array([number(item) for item in array.ravel().tolist()], array.shape)


def rational(number: float) -> Any:
    """Return a float as a rational; NaN and infinities as they are."""
    return fmpq(*number.as_integer_ratio()) if isfinite(number) else number


def _doubles(value: Array) -> Doubles | None:
    items = value.ravel().tolist()
    try:
        pairs = [_EXPANSION[type(item)](item) for item in items]
    except (KeyError, OverflowError):
        return None
    head, rest = np.array(pairs, np.float64).reshape(-1, 2).T
    return Doubles(head.reshape(value.shape), rest.reshape(value.shape))


def _of_int(number: int) -> tuple[float, float]:
    head = float(number)
    return head, 0.0 if -_WHOLE < number < _WHOLE else float(number - int(head))


def _of_rational(number: Any) -> tuple[float, float]:
    p, q = int(number.p), int(number.q)
    head = p / q  # rounded correctly
    a, b = head.as_integer_ratio()
    left = p * b - a * q
    return head, left / (q * b) or copysign(_SMALLEST, left) * (left != 0)


_EXPANSION: dict[type, Callable[[Any], tuple[float, float]]] = {
    int: _of_int,
    fmpq: _of_rational,
    float: lambda number: (number, 0.0),
}
_WHOLE = 2**53
_SMALLEST = ulp(0.0)


def non_finite(value: Array) -> npt.NDArray[np.bool_]:
    """Return where `value` holds NaN or an infinity: as floats, in an object array."""
    if value.dtype != object:
        return ~np.isfinite(value)
    flags = [isinstance(item, float) for item in value.ravel()]
    return np.array(flags, dtype=bool).reshape(value.shape)


def magnitude(value: Array) -> FloatArray:
    """Return upper bounds on the absolute values of exact numbers."""
    sizes = [_size(item) for item in value.ravel()]
    return np.array(sizes, dtype=np.float64).reshape(value.shape)


def least_relative(error: FloatArray, size: FloatArray) -> float:
    """Return the least error/size where both are finite and the size is not zero, else NaN."""
    with np.errstate(all="ignore"):
        if size.max(initial=0.0) < np.inf:
            # A size of 0 or NaN, and an infinite error, give an infinity or NaN.
            least = float(np.fmin.reduce(error / size, axis=None, initial=np.inf))
            if least < np.inf:
                return least
        told = np.isfinite(size) & np.isfinite(error) & (size > 0)
        ratios = error[told] / size[told]
    return float(ratios.min()) if ratios.size else np.nan


def text_of(number: Any) -> str:
    """Return an exact number as text: ints whole, others to 25 significant digits.

    A ball of noticeable radius, truth at a kink, is shown as its two ends.
    """
    if isinstance(number, float | int):
        return str(number)
    ball = as_ball(number)
    if float(ball.abs_upper()) == 0:
        return "0"  # a limit below every float
    if ball.rad() > ball.abs_upper() * arb(2) ** -20:
        return f"{_rounded(ball.lower(), ball)} to {_rounded(ball.upper(), ball)}"
    return _digits(ball)


def _rounded(end: Any, ball: Any) -> str:
    """Return an end of a wide ball, whose radius has 30 bits, to six digits of its size."""
    size = float(ball.abs_upper()) or 1.0
    return f"{round(float(end) / size, 6) * size + 0.0:.6g}"


def _digits(ball: Any) -> str:
    with ctx.workprec(128):
        text = str(ball.str(25, radius=False))
    # A number that is short says so: 9, not 9.000000000000000000000000.
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def as_ball(number: Any) -> Any:
    """Return an int, rational or ball as a ball."""
    return number if isinstance(number, arb) else arb(number)


def _size(number: Any) -> float:
    if isinstance(number, float):
        return abs(number)
    if isinstance(number, int):
        return to_float(abs(number))
    return float(as_ball(number).abs_upper())


def to_float(number: int) -> float:
    """Return an int as a float, infinity where it is too large."""
    try:
        return float(number)
    except OverflowError:
        return np.inf


def widened(true: Approximate) -> Array:
    """Return the balls that hold every rightly computed array."""
    pairs = zip(true.value.ravel(), true.error.ravel().tolist(), strict=True)
    wide = [as_ball(v) + arb(0, e) if e else v for v, e in pairs]
    return object_array(wide, true.shape)
