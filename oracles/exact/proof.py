"""Proof by symbols: a subject run on polynomials, compared with the definition's derivatives.

Every operand, the cotangent and the directions are arrays of distinct variables of a polynomial
ring over the rationals. What the subject returns is then a polynomial for each element, and so
is the definition; the gradients are compared with formal derivatives. Two equal polynomials are
equal for every number: for the shape and options in hand, nothing is left to test but rounding.
The subject cannot branch on the order of values, since symbols have none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import Ordering, fmpq_mpoly_ctx

from oracles.exact.bounded import object_array
from oracles.exact.definition import Polynomial
from oracles.exact.symbol import number
from oracles.foreign import shown
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, gradient_of, second_gradient_of

Array = npt.NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Symbols:
    """A polynomial ring, and a case whose arrays hold its variables.

    Attributes
    ----------
    ring
        The ring, a context of python-flint.
    case
        Operands, cotangent and directions, each an object array of variables.
    place
        For each array by name, the number of its first variable.
    """

    ring: Any
    case: Case
    place: Mapping[str, int]


def symbols(op: str, shapes: Shapes, options: Mapping[str, Any], cotangent: Any = None) -> Symbols:
    """Return the variables ``x_0, x_1, ...`` for arrays of the given shapes.

    Parameters
    ----------
    op
        Name of the operation.
    shapes
        Of the operands, of the cotangent under ``cotangent`` and of directions under ``v_x``,
        ...
    options
        Of the call.
    cotangent
        A number in place of a symbol, for a loss.
    """
    names = [f"{name}_{i}" for name, shape in shapes.items() for i in range(prod(shape))]
    ring = fmpq_mpoly_ctx.get(names or ["unused"], Ordering.lex)
    variables, place, first = ring.gens(), {}, 0
    arrays = {}
    for name, shape in shapes.items():
        place[name], count = first, prod(shape)
        arrays[name] = object_array(list(variables[first : first + count]), shape)
        first += count
    directions = {n.removeprefix("v_"): arrays.pop(n) for n in shapes if n.startswith("v_")}
    g = arrays.pop("cotangent") if "cotangent" in arrays else object_array([cotangent], ())
    return Symbols(ring, Case(op, arrays, options, g, directions=directions), place)


def derivatives(
    polynomial: Polynomial, made: Symbols, gradients: Sequence[str], second: Sequence[str]
) -> dict[str, Array]:
    """Return the definition's result and its formal derivatives, by compared name.

    Parameters
    ----------
    polynomial
        The definition.
    made
        The symbols.
    gradients, second
        Operands whose gradients, and second gradients, are wanted.
    """
    case, ring = made.case, made.ring
    y = polynomial.formula(list(case.operands.values()), case.options)
    along_y = _paired(ring, case.cotangent, y)
    found = {FORWARD: y}
    for name in gradients:
        found[gradient_of(name)] = _derivative(made, along_y, name)
    if not second:
        return found
    total = ring.from_dict({})
    for name, direction in case.directions.items():
        total = total + _paired(ring, direction, found[gradient_of(name)])
    if "cotangent" in made.place:
        found[GRAD_GRAD_Y] = _derivative(made, total, "cotangent")
    return found | {second_gradient_of(name): _derivative(made, total, name) for name in second}


def _paired(ring: Any, a: Array, b: Array) -> Any:
    """Return the sum of products of two arrays, a polynomial."""
    total = ring.from_dict({})
    for one, other in zip(a.ravel(), b.ravel(), strict=True):
        total = total + one * other
    return total


def _derivative(made: Symbols, polynomial: Any, name: str) -> Array:
    """Return the formal derivatives by each variable of an array, in its shape."""
    array = made.case.operands.get(name, made.case.cotangent)
    first = made.place[name]
    items = [polynomial.derivative(first + i) for i in range(array.size)]
    return object_array(items, array.shape)


def difference(ring: Any, said: Any, true: Array) -> tuple[tuple[int, ...], str] | None:
    """Return the first cell where two arrays of polynomials differ, and how; None if nowhere."""
    if not isinstance(said, np.ndarray):
        said = object_array([said], ())
    if said.shape != true.shape:
        return (), f"has shape {said.shape}, the definition has {true.shape}"
    zero = ring.from_dict({})
    for flat, (one, other) in enumerate(zip(said.ravel(), true.ravel(), strict=True)):
        index = tuple(int(i) for i in np.unravel_index(flat, true.shape))
        try:
            apart = (zero + _number(one)) - (zero + _number(other))
        except Exception:  # an element of the subject's may be anything
            return index, f"is no polynomial but {shown(one)}"
        if apart != 0:
            return index, f"differs from the definition's by {apart}"
    return None


def count_terms(ring: Any, arrays: Mapping[str, Array]) -> int:
    """Return the number of terms of all polynomials, each of which was compared."""
    zero = ring.from_dict({})
    return sum(len(zero + _number(item)) for array in arrays.values() for item in array.ravel())


def _number(item: Any) -> Any:
    """Return an element as the ring takes it; half a sum of nothing is a plain Fraction."""
    known = number(item)
    return item if known is None else known
