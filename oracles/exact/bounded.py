"""Exact numbers beside the error that a floating-point evaluation of them may have.

A true value is a Python int, a rational (`flint.fmpq`), a real ball that contains it
(`flint.arb`), or, where IEEE arithmetic leaves the reals, the float NaN or an infinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, ctx, fmpq

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Approximate:
    """A true array, and how far from it a rightly computed one may lie.

    Attributes
    ----------
    value
        Object array of exact numbers.
    error
        float64 array of the same shape: bound on the absolute error of each element.
    or_nan
        Whether NaN is right in place of any number: an implementation that pads with zeros
        multiplies them with the infinities and NaN of the other operand.
    probable
        A smaller bound that holds for each element but for a probability of at most 2**-40
        (`oracles.bounds.probable_gamma`), or None if there is none.
    """

    value: Array
    error: FloatArray
    or_nan: bool = False
    probable: FloatArray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.value.shape

    @property
    def magnitude(self) -> FloatArray:
        """Upper bound on the absolute value of a rightly computed array."""
        return magnitude(self.value) + self.error

    def reshape(self, shape: tuple[int, ...]) -> Approximate:
        """Return the same elements in another shape."""
        probable = None if self.probable is None else self.probable.reshape(shape)
        return Approximate(
            self.value.reshape(shape), self.error.reshape(shape), self.or_nan, probable
        )


def object_array(items: list[Any], shape: tuple[int, ...]) -> Array:
    """Return `items` as an object array of `shape`, never interpreting them as sequences."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape)


def rationals(array: Array) -> Approximate:
    """Return the numbers of a float array as they are: ints if all are whole, else rationals."""
    items = array.ravel().tolist()
    whole = all(np.isfinite(item) and item == int(item) for item in items)
    number = int if whole else _rational
    return _without_error([number(item) for item in items], array.shape)


def balls(array: Array) -> Approximate:
    """Return the numbers of a float array as exact real balls."""
    items = [arb(item) if np.isfinite(item) else item for item in array.ravel().tolist()]
    return _without_error(items, array.shape)


def _without_error(items: list[Any], shape: tuple[int, ...]) -> Approximate:
    return Approximate(object_array(items, shape), np.zeros(shape))


def _rational(number: float) -> Any:
    return fmpq(*number.as_integer_ratio()) if np.isfinite(number) else number


def non_finite(value: Array) -> npt.NDArray[np.bool_]:
    """Return where `value` holds a float, that is NaN or an infinity."""
    flags = [isinstance(item, float) for item in value.ravel()]
    return np.array(flags, dtype=bool).reshape(value.shape)


def magnitude(value: Array) -> FloatArray:
    """Return upper bounds on the absolute values of exact numbers."""
    sizes = [_size(item) for item in value.ravel()]
    return np.array(sizes, dtype=np.float64).reshape(value.shape)


def error_to(true: Approximate, value: Array) -> FloatArray:
    """Return ``|value - truth|`` for each element.

    Where truth is a ball of positive radius (a kink, at which any one-sided derivative is
    right), the distance to the ball. Infinite where exactly one of the two is NaN or an
    infinity, or both are and differ.
    """
    pairs = zip(true.value.ravel(), value.ravel().tolist(), strict=True)
    errors = [
        0.0 if true.or_nan and np.isnan(number) else _distance(truth, number)
        for truth, number in pairs
    ]
    return np.array(errors, dtype=np.float64).reshape(value.shape)


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
        return str(ball.str(25, radius=False))


def as_ball(number: Any) -> Any:
    """Return an int, rational or ball as a ball."""
    return number if isinstance(number, arb) else arb(number)


def _size(number: Any) -> float:
    if isinstance(number, float):
        return abs(number)
    if isinstance(number, int):
        return _to_float(abs(number))
    return float(as_ball(number).abs_upper())


def _distance(truth: Any, number: float) -> float:
    if isinstance(truth, float):
        same = truth == number or (np.isnan(truth) and np.isnan(number))
        return 0.0 if same else np.inf
    if not np.isfinite(number):
        return np.inf
    if isinstance(truth, int) and number.is_integer():
        return _to_float(abs(int(number) - truth))
    difference = _rational(number) - truth if not isinstance(truth, arb) else arb(number) - truth
    return float(as_ball(difference).abs_lower())


def _to_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf


def widened(true: Approximate) -> Array:
    """Return the balls that hold every rightly computed array."""
    pairs = zip(true.value.ravel(), true.error.ravel().tolist(), strict=True)
    wide = [as_ball(v) + arb(0, e) if e else v for v, e in pairs]
    return object_array(wide, true.shape)
