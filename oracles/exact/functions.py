"""Elementary functions on real balls, and their derivatives from truncated power series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import Any

from flint import arb, arb_series


class Unbounded(Exception):  # noqa: N818 - tells where, not what failed
    """A function was asked outside its domain, or at a pole, or too near to one."""


@dataclass(frozen=True)
class Function:
    """A function of one variable.

    Attributes
    ----------
    of_ball
        The function of a ball.
    of_series
        The function of a power series, from whose coefficients the derivatives follow.
    cancels
        Whether everybody writes the derivative in terms of the result though that cancels.
    """

    of_ball: Callable[[Any], Any]
    of_series: Callable[[Any], Any]
    cancels: bool = False


def _both(name: str) -> Function:
    return Function(lambda x: getattr(x, name)(), lambda s: getattr(s, name)())


def _ball(name: str, series: Callable[[Any], Any], *, cancels: bool = False) -> Function:
    return Function(lambda x: getattr(x, name)(), series, cancels)


def _alike(function: Callable[[Any], Any]) -> Function:
    return Function(function, function)


FUNCTIONS = {
    **{name: _both(name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "erf", "erfc")},
    "reciprocal": _alike(lambda x: 1 / x),
    "expm1": _ball("expm1", lambda s: s.exp() - 1),
    "log1p": _ball("log1p", lambda s: (1 + s).log()),
    "tanh": _ball("tanh", lambda s: 1 - 2 / ((2 * s).exp() + 1), cancels=True),
    "sinh": _ball("sinh", lambda s: (s.exp() - (-s).exp()) / 2),
    "cosh": _ball("cosh", lambda s: (s.exp() + (-s).exp()) / 2),
    "arctan": _both("atan"),
    "arcsin": _both("asin"),
    "arccos": _both("acos"),
    "arcsinh": _ball("asinh", lambda s: (s + (s * s + 1).sqrt()).log()),
    "arccosh": _ball("acosh", lambda s: (s + (s * s - 1).sqrt()).log()),
    "arctanh": _ball("atanh", lambda s: ((1 + s) / (1 - s)).log() / 2),
    "exp2": _alike(lambda x: (x * arb(2).log()).exp()),
    "log2": _alike(lambda x: x.log() / arb(2).log()),
    "log10": _alike(lambda x: x.log() / arb(10).log()),
}
"""By NumPy's name, and erf and erfc."""


def taylor(name: str, x: Any, order: int) -> Any:
    """Return the derivative of an order of the function `name` over the ball `x`.

    Raises
    ------
    Unbounded
        If that is no bounded ball.
    """
    try:
        if order == 0:
            found = FUNCTIONS[name].of_ball(x)
        else:
            series = FUNCTIONS[name].of_series(arb_series([x, 1], order + 1))
            found = series[order] * factorial(order)
    except (ZeroDivisionError, ValueError) as error:
        raise Unbounded from error
    if not found.is_finite():
        raise Unbounded
    return found
