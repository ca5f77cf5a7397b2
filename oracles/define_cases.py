"""Cases of a user's operation, by the words of its axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from oracles.cases import build_case
from oracles.define_axes import Axes, Shape
from oracles.draws import choice, drawable, integer
from oracles.limits import Limits
from oracles.op import Case

ShapeOf = Callable[[Mapping[str, Any], Mapping[str, Any]], Shape]


@dataclass(frozen=True)
class Drawing:
    """All that cases of an operation are drawn by.

    Attributes
    ----------
    name
        Of the operation.
    axes
        Its operands and options.
    shape_of
        ``shape_of(arrays, options)``: the shape of the result.
    patterns
        Of the numbers: see `oracles.data.make`.
    positive
        Operands whose numbers are at least 1/8.
    gradients
        Operands that have gradients.
    takes_cotangent
        False gives the cotangent 1.
    """

    name: str
    axes: Axes
    shape_of: ShapeOf
    patterns: tuple[str, ...]
    positive: tuple[str, ...] = ()
    gradients: tuple[str, ...] | None = None
    takes_cotangent: bool = True


def defined_cases(drawing: Drawing) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies.

    Special values (NaN, infinities, subnormals) are left out: what a user's operation should
    make of them nobody has said.
    """

    @drawable
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        axes = drawing.axes
        sizes = {word: _size(draw, *ends) for word, ends in axes.sizes.items()}
        offered = {n: v[:1] if limits.default_parameters else v for n, v in axes.options.items()}
        options = {name: choice(draw, values) for name, values in offered.items()}
        shapes = axes.shapes(sizes)
        constants = _indices(draw, axes, sizes)
        arrays = {**{name: np.zeros(shape) for name, shape in shapes.items()}, **constants}
        case = build_case(
            draw,
            drawing.name,
            dtype,
            limits,
            shapes=shapes,
            y_shape=drawing.shape_of(arrays, options),
            options=options,
            patterns=drawing.patterns,
            specials=(),
            constants=constants,
            with_cotangent=drawing.takes_cotangent,
            gradients=drawing.gradients,
        )
        return _made_positive(case, drawing.positive) if drawing.positive else case

    return strategy


def _size(draw: st.DrawFn, least: int, most: int) -> int:
    """Draw a size: the empty one last, since it shows nothing."""
    return choice(draw, [n for n in (*range(max(least, 1), most + 1), 0) if n >= least])


def _indices(draw: st.DrawFn, axes: Axes, sizes: Mapping[str, int]) -> dict[str, Any]:
    if not axes.constants:
        return {}
    rng = np.random.default_rng(integer(draw, 0, 2**16))
    told = axes.index_shapes(sizes)
    return {name: rng.integers(0, below, shape) for name, (shape, below) in told.items()}


def _made_positive(case: Case, names: Sequence[str]) -> Case:
    operands = dict(case.operands)
    for name in names:
        operands[name] = np.abs(operands[name]) + operands[name].dtype.type(0.125)
    words = f"{case.origin}; absolute values plus 1/8 for {', '.join(names)}"
    return replace(case, operands=operands, origin=words)
