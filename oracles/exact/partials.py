"""Partial derivatives of the numbers on a tape by the numbers that they were made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oracles.exact.number import Number

Links = Sequence[tuple["Number", "Number"]]
"""Operands of a number with the partial derivatives by them."""

Linked = Callable[["Number"], Links]


def to_nothing(node: Number) -> Links:
    """Tell nothing of the derivatives: all of them may be anything."""
    return [(parent, node.tape.unknown) for parent in node.parents]


def to_sum(node: Number) -> Links:
    """Return the derivatives of a sum."""
    return [(parent, node.tape.one) for parent in node.parents]


def to_difference(node: Number) -> Links:
    """Return the derivatives of a difference."""
    a, b = node.parents
    return [(a, node.tape.one), (b, node.tape.minus_one)]


def to_negative(node: Number) -> Links:
    """Return the derivative of ``-a``."""
    return [(node.parents[0], node.tape.minus_one)]


def to_product(node: Number) -> Links:
    """Return the derivatives of a product: the factors, or all that they may be chosen to be."""
    a, b = node.parents
    return [(a, b.choices()), (b, a.choices())]


def to_sign(node: Number) -> Links:
    """Return the derivative of ``|a|`` at 0: from -1 to 1."""
    return [(node.parents[0], node.tape.any_sign)]


def to_tied(node: Number) -> Links:
    """Give each of the alternatives any share from 0 to 1."""
    return [(parent, node.tape.any_share) for parent in node.parents]


class ToFunction:
    """Partial derivative of a function: the function of the next order."""

    __slots__ = ("name", "order", "roundings")

    def __init__(self, name: str, order: int, roundings: int) -> None:
        self.name, self.order, self.roundings = name, order, roundings

    def __call__(self, node: Number) -> Links:
        """Return it for the number that the function was called on."""
        (a,) = node.parents
        return [(a, a.call(self.name, self.order + 1, self.roundings + 1))]
