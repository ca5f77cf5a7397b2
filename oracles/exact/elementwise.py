"""Activations, defined once as functions of Taylor series in real ball arithmetic.

Only the function itself is written down. Its derivatives come from the arithmetic of
truncated power series (`flint.arb_series`), so truth owes nothing to a derivative formula,
and every number is a ball proved to contain the real result.

Rounding bound: an evaluation is accepted if it is mixed forward-backward stable, that is
if it equals ``(1 + d1) f(x (1 + d2))`` with ``|d1|, |d2| <= gamma(n)``, where n counts the
roundings of a sensible formula (Higham, Accuracy and Stability, 2nd ed., section 1.5).
Hence ``|error| <= gamma(n) (|f| + |x f'|)``, and likewise for f' with f''.

Underflow adds one smallest subnormal number for each rounding (`oracles.bounds`). Those in the
evaluation of f' come before the product with g, those of f'' before that with v g, and are
multiplied by it. No formula does without, since f' or f'' may be no number of the dtype where
its product is one: sigmoid'' next to 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np
from flint import arb, arb_series, ctx

from oracles.bounds import CALL, round_up, rounding_bound, smallest_subnormal
from oracles.exact.bounded import Approximate, Array, as_ball, balls, object_array
from oracles.exact.definition import Format, Options, Polynomial

Function = Callable[[Any], Any]

BEYOND = arb(2) ** 2000
"""Stands for infinity in limits: far beyond every float, and its square still a number."""

SECOND = 8
"""Roundings that a formula for f'' may have beyond those of f', the second product included."""

_ENOUGH_BITS = 90
_PRECISIONS = (160, 320, 640, 1280, 2560, 5120)


@dataclass(frozen=True)
class Pieces:
    """A function in pieces: ``functions[i]`` holds between ``knots[i - 1]`` and ``knots[i]``.

    ``rational`` tells whether no piece calls an elementary function.
    """

    functions: tuple[Function, ...]
    knots: tuple[Any, ...] = ()
    rational: bool = False

    def touching(self, x: Any) -> list[Function]:
        """Return the pieces that apply somewhere in the ball `x`, a knot belonging to both."""
        low, high = [None, *self.knots], [*self.knots, None]
        return [
            function
            for function, left, right in zip(self.functions, low, high, strict=True)
            if (left is None or not x < left) and (right is None or not x > right)
        ]


@dataclass(frozen=True)
class Jet:
    """Value and derivatives at a point, as balls; the third where it was asked for."""

    value: Any
    slope: Any
    curvature: Any
    third: Any = None


@dataclass(frozen=True)
class Elementwise:
    """An activation.

    Attributes
    ----------
    pieces
        ``pieces(**parameters) -> Pieces``.
    calls, operations
        Elementary functions called and arithmetic operations done by a sensible formula of
        the costlier of f and f': the n of the rounding bound is
        ``operations + CALL * calls``, one more for the product with the cotangent.
    linear
        Whether the function is the identity, which is a polynomial.
    """

    pieces: Callable[..., Pieces]
    calls: int
    operations: int
    linear: bool = False
    lift: Callable[[Array], Approximate] = balls

    @property
    def polynomial(self) -> Polynomial | None:
        """The identity, if the function is that."""
        if not self.linear:
            return None
        return Polynomial(lambda operands, options: operands[0].copy(), 1, lambda *_: 1)

    @property
    def roundings(self) -> int:
        """The n of the rounding bound."""
        return self.operations + CALL * self.calls + 1

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return f(x)."""
        return self._each(_forward_element, options, [operands[0]], dtype)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return ``grad_y * f'(x)``."""
        return [self._each(_backward_element, options, [operands[0], grad_y], dtype)]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate, Sequence[Approximate]]:
        """Return ``v f'(x)`` and ``v g f''(x)``."""
        v = directions[0]
        assert v is not None
        arrays = [operands[0], grad_y, v]
        along = self._each(_backward_element, options, [operands[0], v], dtype)
        return along, [self._each(_second_element, options, arrays, dtype, SECOND)]

    def _each(
        self,
        element: Callable[..., _Element],
        options: Options,
        arrays: Sequence[Approximate],
        dtype: Format,
        more: int = 0,
    ) -> Approximate:
        pieces = replace(self.pieces(**options), rational=self.calls == 0)
        order = 3 if more else 2
        jets = _jets(self, tuple(sorted(options.items())), arrays[0], order, ctx.prec)
        flat = [part for a in arrays for part in (a.value.ravel(), a.error.ravel())]
        rows = [element(pieces, *numbers) for numbers in zip(jets, *flat, strict=True)]
        shape = arrays[0].shape
        value = object_array([row[0] for row in rows], shape)
        brought = np.array([row[1] for row in rows], dtype=np.float64).reshape(shape)
        size = np.array([row[2] for row in rows], dtype=np.float64).reshape(shape)
        error = rounding_bound(self.roundings + more, size, dtype) + round_up(brought)
        if dtype is not None:
            factor = np.array([row[3] for row in rows], dtype=np.float64).reshape(shape)
            # Where there is no size, the derivative is a zero that nobody has to compute.
            lost = np.where(size > 0, factor, 0.0) * smallest_subnormal(dtype)
            error += round_up((self.roundings + more) * lost)
        return Approximate(value, error)


_Element = tuple[Any, float, float, float]
"""A value, the error that it brings along, its size, by what underflow on the way is multiplied."""


@lru_cache(maxsize=64)  # forward and backward pass ask for the same ones
def _jets(
    of: Elementwise, options: tuple[Any, ...], x: Approximate, order: int, _precision: int
) -> list[tuple[Jet, Jet] | None]:
    """Return for each number its jet and that of all that lies within its error, if finite."""
    pieces, found = of.pieces(**dict(options)), list[tuple[Jet, Jet] | None]()
    for number, error in zip(x.value.ravel(), x.error.ravel(), strict=True):
        if isinstance(number, float):
            found.append(None)
            continue
        ball = as_ball(number)
        at = jet(pieces, ball, order=order)
        around = at if error == 0 else jet(pieces, _widened(ball, error), order=order)
        found.append((at, around))
    return found


def _forward_element(
    pieces: Pieces, jets: tuple[Jet, Jet] | None, x: Any, error: float
) -> _Element:
    """Return f(x), the error that the error of x causes, ``|f| + |x f'|``, and 0."""
    if jets is None:
        limit = _at_non_finite(pieces, x, lambda jet: jet.value)
        return limit, 0.0, _finite_size(limit), 0.0
    at, around = jets
    size = around.value.abs_upper() + (as_ball(x) * around.slope).abs_upper()
    return at.value, _spread(around.value, at.value, error), float(size), 0.0


def _backward_element(
    pieces: Pieces, jets: tuple[Jet, Jet] | None, x: Any, x_error: float, g: Any, g_error: float
) -> _Element:
    """Return ``g f'(x)``, the error brought along, ``|g f'| + |g x f''|``, and ``|g|``."""
    if jets is None or isinstance(g, float):
        # Where the slope is a choice between constants, NaN may choose any of them.
        free = pieces.rational and isinstance(x, float) and np.isnan(x)
        product = _times(g, _slope_of(pieces, x))
        return product, np.inf if free else 0.0, _finite_size(product), 0.0
    x, g = as_ball(x), as_ball(g)
    at, around = jets
    wide_g = _widened(g, g_error)
    value = g * at.slope
    brought = _spread(wide_g * around.slope, value, x_error + g_error)
    size = (wide_g * around.slope).abs_upper() + (wide_g * x * around.curvature).abs_upper()
    return value, brought, float(size), float(wide_g.abs_upper())


def _second_element(
    pieces: Pieces,
    jets: tuple[Jet, Jet] | None,
    x: Any,
    x_error: float,
    g: Any,
    g_error: float,
    v: Any,
    v_error: float,
) -> _Element:
    """Return ``v g f''(x)``, the error brought along, ``|v g f''| + |v g x f'''|``, ``|v g|``."""
    if jets is None or isinstance(g, float) or isinstance(v, float):
        free = pieces.rational and isinstance(x, float) and np.isnan(x)
        product = _times(v, _times(g, _curvature_of(pieces, x)))
        return product, np.inf if free else 0.0, _finite_size(product), 0.0
    x, g, v = as_ball(x), as_ball(g), as_ball(v)
    at, around = jets
    factor, wide = v * g, _widened(v, v_error) * _widened(g, g_error)
    value = factor * at.curvature
    brought = _spread(wide * around.curvature, value, x_error + g_error + v_error)
    size = (wide * around.curvature).abs_upper() + (wide * x * around.third).abs_upper()
    return value, brought, float(size), float(wide.abs_upper())


def _curvature_of(pieces: Pieces, x: Any) -> Any:
    if isinstance(x, float):
        return _at_non_finite(pieces, x, lambda jet: jet.curvature)
    return jet(pieces, x, order=3).curvature


def _finite_size(number: Any) -> float:
    """Return the absolute value of a number, 0 for NaN and infinities."""
    return 0.0 if isinstance(number, float) else float(number.abs_upper())


def _spread(around: Any, at: Any, error: float) -> float:
    return 0.0 if error == 0 else float((around - at).abs_upper())


def _widened(x: Any, error: float) -> Any:
    """Return the ball `x` with `error` added to its radius."""
    return x if error == 0 else x + arb(0, error)


def jet(pieces: Pieces, x: Any, *, order: int = 2) -> Jet:
    """Return f and its derivatives over the ball `x`: their union where a knot lies in it.

    The last of the `order` derivatives may be a wider ball than the others.
    """
    coefficients = [_taylor(function, x, order) for function in pieces.touching(x)]
    united = coefficients[0]
    for others in coefficients[1:]:
        united = [a.union(b) for a, b in zip(united, others, strict=True)]
    value, slope, *higher = united
    return Jet(value, slope, *(factorial(n) * each for n, each in enumerate(higher, start=2)))


def _taylor(function: Function, x: Any, order: int) -> list[Any]:
    """Return the Taylor coefficients up to `order`, with as much precision as it takes."""
    exact = x.rad() == 0
    for precision in _PRECISIONS if exact else _PRECISIONS[:1]:
        with ctx.workprec(precision):
            series = arb_series([x, 1], order + 1)
            result = function(series)
            found = [result[i] for i in range(order + 1)]
        if all(_settled(coefficient) for coefficient in found[:order]):
            break
    return found


def _settled(number: Any) -> bool:
    return bool(number.rel_accuracy_bits() >= _ENOUGH_BITS or number.rad() < arb(2) ** -1200)


def _at_non_finite(pieces: Pieces, x: float, part: Callable[[Jet], Any]) -> Any:
    """Return NaN at NaN, and at an infinity the limit: a number or an infinity."""
    if np.isnan(x):
        return x
    limit = part(jet(pieces, BEYOND if x > 0 else -BEYOND))
    if limit.abs_lower() > arb(2) ** 1100:
        return float("inf") if limit > 0 else float("-inf")
    return limit


def _slope_of(pieces: Pieces, x: Any) -> Any:
    if isinstance(x, float):
        return _at_non_finite(pieces, x, lambda jet: jet.slope)
    return jet(pieces, x).slope


def _times(g: Any, slope: Any) -> Any:
    """Multiply as IEEE does, of numbers at least one of which may be NaN or infinite."""
    if not isinstance(g, float) and not isinstance(slope, float):
        return g * slope
    with np.errstate(invalid="ignore"):
        return float(np.float64(_sign(g)) * np.float64(_sign(slope)))


def _sign(number: Any) -> float:
    if isinstance(number, float):
        return number
    ball = as_ball(number)
    if not (ball > 0 or ball < 0):
        return 0.0
    # A limit that no float can tell from zero counts as zero.
    tiny = ball.abs_upper() < arb(2) ** -1200
    return 0.0 if tiny else float(ball.sgn())
