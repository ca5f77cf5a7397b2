"""A framework-neutral forward as an exact definition: run on a tape of balls, or on a ring."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from flint import arb, ctx

from oracles.bounds import rounding_bound
from oracles.exact.bounded import Approximate, balls, object_array
from oracles.exact.definition import WORKING_PRECISION, Format, Options, Polynomial
from oracles.exact.namespace import Array, Exact, exact_array, namespace
from oracles.exact.number import SLACK, Number
from oracles.exact.spaces import Reals
from oracles.exact.tape import Tape
from oracles.op import Case

Forward = Callable[..., Any]


@dataclass(frozen=True)
class Neutral:
    """An operation defined by ``formula(xp, *arrays, **options)``.

    Attributes
    ----------
    formula
        Written against the array API standard.
    polynomial
        The formula as polynomials if it is some, else None.
    compares
        Whether the formula compares numbers, so that there may be ties.
    indices
        The positions of the operands that are ints, which have no derivative.
    takes_cotangent
        False for a loss, whose cotangent is 1 and has no derivative.
    """

    formula: Forward
    polynomial: Polynomial | None = None
    compares: bool = False
    indices: tuple[int, ...] = ()
    takes_cotangent: bool = True
    lift: Callable[[Array], Approximate] = balls

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the formula's result."""
        return _approximate(self._evaluate(operands, options, dtype).y, dtype)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Sweep back once; an operand of ints gets zeros."""
        found = self._evaluate(operands, options, dtype)
        along = list(zip(found.y.flat, _numbers(found.tape, grad_y).flat, strict=True))
        adjoints = found.tape.gradients(along)
        return [_approximate(g, dtype, found.tape) for g in found.adjoints(adjoints)]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate | None, Sequence[Approximate]]:
        """Sweep back over the first sweep."""
        found = self._evaluate(operands, options, dtype)
        g = _leaves(found.tape, grad_y)
        first = found.adjoints(found.tape.gradients(list(zip(found.y.flat, g.flat, strict=True))))
        roots = [
            pair
            for gradient, along in zip(first, directions, strict=True)
            if along is not None
            for pair in zip(gradient.flat, _numbers(found.tape, along).flat, strict=True)
        ]
        second = found.tape.gradients(roots)
        along_g = _approximate(_adjoints_of(g, second, found.tape), dtype, found.tape)
        seconds = [_approximate(a, dtype, found.tape) for a in found.adjoints(second)]
        return along_g if self.takes_cotangent else None, seconds

    def _evaluate(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Evaluation:
        return evaluate(self.formula, operands, options, dtype, self.indices)

    def along_shift(self, case: Case, name: str) -> Any:
        """Return the derivative of ``<cotangent, y>`` by a shift of all elements of an operand.

        Returns
        -------
        arb or None
            None if the case has no ties, so that gradients say as much, or if a tie has
            decided what the tape cannot follow.
        """
        with ctx.workprec(WORKING_PRECISION):
            operands = [_lifted(array) for array in case.operands.values()]
            dtype = None if case.lattice else case.dtype
            found = self._evaluate(operands, case.options, dtype)
            if not found.tape.ties or found.tape.settled:
                return None
            moved = found.operands[list(case.operands).index(name)]
            if not isinstance(moved, Exact):
                return None
            tangents = found.tape.tangents({number.index for number in moved.flat})
            pairs = zip(found.y.flat, case.cotangent.ravel().tolist(), strict=True)
            return sum((arb(g) * tangents[y.index] for y, g in pairs if y.index >= 0), arb(0))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A formula evaluated on a tape."""

    tape: Tape
    operands: Sequence[Any]
    y: Array

    def adjoints(self, found: Sequence[Number | None]) -> list[Array]:
        """Return the adjoints of the operands as object arrays of numbers."""
        return [_adjoints_of(each, found, self.tape) for each in self.operands]


def evaluate(
    formula: Forward,
    operands: Sequence[Approximate],
    options: Options,
    dtype: Format,
    indices: Sequence[int] = (),
) -> Evaluation:
    """Evaluate a formula on a tape; the operands at `indices` are ints and stay what they are."""
    tape = Tape(dtype)
    arrays = [
        each.value.astype(np.int64) if position in indices else _leaves(tape, each)
        for position, each in enumerate(operands)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the mean of nothing
        y = formula(namespace, *arrays, **options)
    return Evaluation(tape, arrays, _numbers_of(tape, y))


def adjoint_sizes(formula: Forward, operands: Sequence[Approximate], options: Options) -> float:
    """Return the largest size on the way to a result or gradient, with a cotangent of ones."""
    found = evaluate(formula, operands, options, None)
    ones = Approximate(object_array([1.0] * found.y.size, found.y.shape), np.zeros(found.y.shape))
    cotangent = _leaves(found.tape, ones)
    found.tape.gradients(list(zip(found.y.flat, cotangent.flat, strict=True)))
    return max((node.size for node in found.tape.nodes), default=0.0)


def ties(
    formula: Forward,
    shapes: Sequence[tuple[int, ...]],
    options: Options,
    indices: Sequence[int] = (),
) -> int:
    """Return how many ties there are where every operand is zero.

    Raises
    ------
    Exception
        Whatever the formula raises on exact numbers.
    """
    zeros = [Approximate(object_array([0] * prod(s), s), np.zeros(s)) for s in shapes]
    with ctx.workprec(WORKING_PRECISION):
        tape = evaluate(formula, zeros, options, np.dtype(np.float64), indices).tape
    return tape.ties + tape.settled


def _lifted(array: Array) -> Approximate:
    if array.dtype.kind == "f":
        return balls(array)
    return Approximate(array.astype(object), np.zeros(array.shape))


def _leaves(tape: Tape, given: Approximate) -> Exact:
    """Return an operand as leaves of the tape."""
    items = given.value.ravel().tolist()
    return exact_array(Reals(tape), [tape.leaf(item) for item in items], given.shape)


def _numbers(tape: Tape, given: Approximate) -> Array:
    items = [Number(tape, -1, arb(v), float(abs(arb(v)).upper()), 0) for v in given.value.ravel()]
    return object_array(items, given.shape)


def _numbers_of(tape: Tape, y: Any) -> Array:
    plain = np.asarray(y).view(np.ndarray)
    return object_array([tape.constant(item) for item in plain.ravel().tolist()], plain.shape)


def _adjoints_of(operand: Any, found: Sequence[Number | None], tape: Tape) -> Array:
    nothing = tape.constant(0)
    if not isinstance(operand, np.ndarray) or operand.dtype != object:
        return object_array([nothing] * operand.size, operand.shape)
    items = [nothing if found[n.index] is None else found[n.index] for n in operand.flat]
    return object_array(items, operand.shape)


def _approximate(numbers: Array, dtype: Format, tape: Tape | None = None) -> Approximate:
    """Return numbers with their bounds: none if a tie has decided what the tape cannot follow."""
    flat = list(numbers.flat)
    sizes = np.array([n.size for n in flat], np.float64).reshape(numbers.shape)
    if tape is not None and tape.settled:
        sizes = np.full(numbers.shape, np.inf)
    terms = np.array([n.terms for n in flat], np.float64).reshape(numbers.shape)
    value = object_array([n.value for n in flat], numbers.shape)
    return Approximate(value, rounding_bound(SLACK * terms, sizes, dtype))
