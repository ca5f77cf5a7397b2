"""A polynomial as one thing: NumPy would unpack the polynomials of python-flint as sequences."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq

from oracles.exact.bounded import object_array

Array = npt.NDArray[Any]


class Symbol:
    """A polynomial with sum, difference and product, and quotient by numbers; it has no order.

    Parameters
    ----------
    polynomial
        Of python-flint.
    """

    __slots__ = ("polynomial",)

    def __init__(self, polynomial: Any) -> None:
        self.polynomial = polynomial

    def __add__(self, other: Any) -> Any:
        known = number(other)
        return NotImplemented if known is None else Symbol(self.polynomial + known)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        known = number(other)
        return NotImplemented if known is None else Symbol(self.polynomial - known)

    def __rsub__(self, other: Any) -> Any:
        known = number(other)
        return NotImplemented if known is None else Symbol(known - self.polynomial)

    def __mul__(self, other: Any) -> Any:
        known = number(other)
        return NotImplemented if known is None else Symbol(self.polynomial * known)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        known = None if isinstance(other, Symbol) else number(other)
        if known is None:
            return NotImplemented
        return Symbol(self.polynomial * (1 / fmpq(known)))

    def __neg__(self) -> Symbol:
        return Symbol(-self.polynomial)

    def __pos__(self) -> Symbol:
        return self

    def __pow__(self, power: int) -> Symbol:
        return Symbol(self.polynomial**power)

    def conjugate(self) -> Symbol:
        """Return the polynomial itself: its variables are real."""
        return self

    def __repr__(self) -> str:
        return str(self.polynomial)


def number(item: Any) -> Any:
    """Return an element as a ring of python-flint takes it, None if it is no number."""
    if isinstance(item, Symbol):
        return item.polynomial
    if isinstance(item, bool | np.bool_ | int | np.integer):
        return int(item)
    if isinstance(item, float | np.floating):
        return fmpq(*float(item).as_integer_ratio()) if np.isfinite(item) else None
    return fmpq(item.numerator, item.denominator) if isinstance(item, Fraction) else None


def wrapped(array: Array) -> Array:
    """Return an array of polynomials as one of symbols; other arrays as they are."""
    if array.dtype != object:
        return array
    items = [item if number(item) is not None else Symbol(item) for item in array.ravel()]
    return object_array(items, array.shape)


def unwrapped(array: Any) -> Any:
    """Return an array of symbols as one of polynomials; what is no array as it is."""
    if isinstance(array, Symbol):
        return object_array([array.polynomial], ())
    if not isinstance(array, np.ndarray) or array.dtype != object:
        return array
    items = [item.polynomial if isinstance(item, Symbol) else item for item in array.ravel()]
    return object_array(items, array.shape)
