"""Whether a neutral formula is a polynomial in its operands, and what follows if it is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil, prod
from typing import Any

import numpy as np
from flint import Ordering, ctx, fmpq_mpoly_ctx

from oracles.combination import Combination
from oracles.exact.bounded import balls, object_array
from oracles.exact.definition import WORKING_PRECISION, Options, Polynomial
from oracles.exact.namespace import Array, exact_array, namespace
from oracles.exact.neutral import adjoint_sizes
from oracles.exact.number import SLACK
from oracles.exact.spaces import Ring
from oracles.lattice import DEGREE

Forward = Callable[..., Any]
Shape = tuple[int, ...]


def polynomial_in(formula: Forward, grid: Sequence[Combination]) -> Polynomial | None:
    """Return a formula as polynomials, or None if it is none of degree at most `DEGREE`.

    Parameters
    ----------
    formula
        ``formula(xp, *arrays, **options)``.
    grid
        Shapes and options on which it is tried, with symbols; the proof goes over them as well.
    """
    degree, fractions = 1, False
    for each in grid:
        ring = Ring()
        try:
            y = _on_ring(formula, ring, _variables(each.shapes), each.options)
        except Exception:  # a comparison, a function, a division: whatever symbols do not do
            return None
        degree = max([degree, *(_degree(element) for element in y.flat)])
        fractions = fractions or ring.fractions
    if degree > DEGREE:
        return None
    return Polynomial(
        lambda operands, options: _on_ring(formula, Ring(), operands, options),
        degree,
        _Largest(formula, fractions),
        grid=tuple(grid),
    )


def _variables(shapes: Mapping[str, Shape]) -> list[Array]:
    counts = [prod(shape) for shape in shapes.values()]
    names = [f"t_{i}" for i in range(sum(counts))]
    gens = iter(fmpq_mpoly_ctx.get(names or ["unused"], Ordering.lex).gens())
    return [
        object_array([next(gens) for _ in range(count)], shape)
        for count, shape in zip(counts, shapes.values(), strict=True)
    ]


def _on_ring(formula: Forward, ring: Ring, operands: Iterable[Array], options: Options) -> Array:
    arrays = [exact_array(ring, list(a.ravel()), a.shape) for a in operands]
    y = formula(namespace, *arrays, **options)
    plain = np.asarray(y).view(np.ndarray)
    return ring.constants(plain) if plain.dtype != object else plain


def _degree(element: Any) -> int:
    return int(element.total_degree()) if hasattr(element, "total_degree") else 0


class _Largest:
    """The largest sum of absolute values with every operand 1, by shapes and options."""

    def __init__(self, formula: Forward, fractions: bool) -> None:
        self._formula, self._fractions = formula, fractions
        self._known: dict[str, int] = {}

    def __call__(self, shapes: Sequence[Shape], options: Options) -> int | None:
        if self._fractions:
            return None
        key = repr((list(shapes), sorted(options.items())))
        if key not in self._known:
            ones = [balls(np.ones(shape)) for shape in shapes]
            with ctx.workprec(WORKING_PRECISION):
                largest = adjoint_sizes(self._formula, ones, options)
            self._known[key] = SLACK * ceil(max(1.0, largest))  # of another formula as well
        return self._known[key]
