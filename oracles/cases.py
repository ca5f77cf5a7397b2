"""Hypothesis strategies of cases: valid by construction, nothing drawn and thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from oracles.data import (
    ACTIVATION_PATTERNS,
    PATTERNS,
    Numbers,
    numbers,
    overlaid,
    special_values,
)
from oracles.draws import choice, deal, drawable, integer
from oracles.layouts import LAYOUTS
from oracles.limits import Limits
from oracles.op import Case

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

# One stratum in three has special values, so that the others stay free of NaN and can show
# small errors.
_STRATA = ("plain", "plain", "special")

_ODD_LAYOUTS = (0, 0, 0, 1, 1, 2)

# One case in four asks for second derivatives: a compiling witness takes twice the time.
_ORDERS = ("first", "first", "first", "second")

# Few shapes, since a compiling witness pays for each of them, and no operation here looks
# at the shape beyond its size: scalars, vectors, an empty and a three-axis array; and, seldom, one
# of several vector registers and a rest.
_ELEMENTWISE_SHAPES: tuple[Shape, ...] = (
    *4 * ((3,), (), (2, 3, 4), (2, 0)),
    (3, 37),
)


def build_case(
    draw: st.DrawFn,
    op: str,
    dtype: str,
    limits: Limits,
    *,
    shapes: Shapes,
    y_shape: Shape,
    options: Mapping[str, Any],
    patterns: tuple[str, ...] = PATTERNS,
    specials: tuple[tuple[float, ...], ...] | None = None,
    constants: Mapping[str, Any] | None = None,
    with_cotangent: bool = True,
    gradients: Sequence[str] | None = None,
) -> Case:
    """Draw the numbers and memory layouts of a case whose shapes and options are settled.

    Parameters
    ----------
    op, dtype, limits
        Of the case.
    shapes
        Of the float operands, by name.
    y_shape
        Of the result.
    options
        Of the call.
    patterns
        From which numbers are drawn.
    specials
        The special values of the special stratum, kind by kind; empty for none.
    constants
        Operands that are not floats (class indices), by name.
    with_cotangent
        False gives the cotangent 1.
    gradients
        Operands that have gradients, and in a case of second order directions; None for all
        of `shapes`.
    """
    seed = integer(draw, 0, 2**16)  # one for all: another seed is no simpler case

    def drawn_as(shape: Shape, number: int) -> Numbers:
        return numbers(draw, shape, dtype, seed + number, patterns, number + 1)

    drawn = {name: drawn_as(shape, at) for at, (name, shape) in enumerate(shapes.items())}
    if with_cotangent:
        drawn["cotangent"] = drawn_as(y_shape, len(shapes))
    else:
        drawn["cotangent"] = Numbers(np.ones(y_shape, dtype), "1")
    kinds = special_values(dtype) if specials is None else specials
    if limits.special_values and kinds and deal(draw, "stratum", _STRATA) == "special":
        names = [name for name in sorted(shapes) if drawn[name].array.size]
        places = [(name, kind) for kind in kinds for name in names]
        for _ in range(integer(draw, 1, 3) if places else 0):
            target, kind = deal(draw, "special values", places)
            drawn[target] = overlaid(draw, drawn[target], kind, target)
    layouts = _layouts(draw, sorted(drawn)) if limits.layouts else {}
    along = [name for name in shapes if gradients is None or name in gradients]
    second = limits.second_order and choice(draw, _ORDERS) == "second"
    directions = {
        name: drawn_as(shapes[name], len(shapes) + 1 + at)
        for at, name in enumerate(along if second else ())
    }
    arrays: dict[str, npt.NDArray[Any]] = {name: drawn[name].array for name in shapes}
    return Case(
        op=op,
        operands={**arrays, **(constants or {})},
        options=dict(options),
        cotangent=drawn["cotangent"].array,
        layouts=layouts,
        origin="; ".join(
            [f"{name}: {drawn[name].origin}" for name in drawn]
            + [f"v_{name}: {directions[name].origin}" for name in directions]
        ),
        directions={name: directions[name].array for name in directions},
    )


def batch_size(draw: st.DrawFn, limits: Limits, most: int | None = None) -> int:
    """Draw a batch size: 1 first, the empty batch last, at most `most`."""
    highest = limits.max_batch if most is None else min(limits.max_batch, max(1, most))
    sizes = [n for n in (*range(1, highest + 1), 0) if n >= limits.min_batch]
    return choice(draw, sizes or [limits.min_batch])


def _layouts(draw: st.DrawFn, names: Sequence[str]) -> dict[str, str]:
    """Draw the odd memory layouts: half of the cases have none."""
    odd = range(choice(draw, _ODD_LAYOUTS))
    places = [(name, layout) for layout in LAYOUTS[1:] for name in names]
    return dict(deal(draw, "layouts", places) for _ in odd)


def elementwise_cases(
    op: str, parameters: Mapping[str, Sequence[Any]], *, exact: bool = False
) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for an activation with the given parameter values."""

    @drawable
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape = deal(draw, "shape", _ELEMENTWISE_SHAPES)
        known = {n: v[:1] if limits.default_parameters else v for n, v in parameters.items()}
        options = {name: choice(draw, values) for name, values in known.items()}
        patterns = PATTERNS if exact else ACTIVATION_PATTERNS
        return _of_one_array(draw, op, dtype, limits, shape, options=options, patterns=patterns)

    return strategy


def _of_one_array(
    draw: st.DrawFn, op: str, dtype: str, limits: Limits, shape: Shape, **given: Any
) -> Case:
    """Draw a case of one operand x and a result of its shape; `given` is `build_case`'s."""
    return build_case(draw, op, dtype, limits, shapes={"x": shape}, y_shape=shape, **given)


@drawable
def dense_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a case of the dense layer."""
    n = batch_size(draw, limits)
    inputs, outputs = integer(draw, 1, 5), integer(draw, 1, 4)
    shapes: Shapes = {"x": (n, inputs), "w": (inputs, outputs)}
    if limits.bias if limits.bias is not None else choice(draw, (False, True)):
        shapes["b"] = (outputs,)
    return build_case(draw, "dense", dtype, limits, shapes=shapes, y_shape=(n, outputs), options={})


def softmax_cases(op: str) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for softmax or log-softmax."""

    @drawable
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape: Shape = choice(draw, [(3,), (2, 4), (2, 3, 2), (0, 3), (1, 1)])
        axes = [a for a in range(-len(shape), len(shape)) if shape[a] > 0]
        axis = choice(draw, axes)
        given = {"patterns": ACTIVATION_PATTERNS, "specials": _finite_specials(dtype)}
        return _of_one_array(draw, op, dtype, limits, shape, options={"axis": axis}, **given)

    return strategy


def squared_error_cases(op: str) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a loss of a prediction and a target of its shape."""

    @drawable
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape: Shape = choice(draw, [(3,), (2, 3), (1,), (2, 1, 4), (0, 2)])
        return build_case(
            draw,
            op,
            dtype,
            limits,
            shapes={"prediction": shape, "target": shape},
            y_shape=(),
            options={},
            with_cotangent=False,
            gradients=("prediction",),
        )

    return strategy


@drawable
def cross_entropy_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a case of the cross-entropy with class indices."""
    n, classes = choice(draw, [2, 1, 3]), integer(draw, 2, 4)
    positions: Shape = choice(draw, [(), (2,), (2, 3)])
    count = n * int(np.prod(positions))
    rng = np.random.default_rng(integer(draw, 0, 2**16))
    target = rng.integers(0, classes, count).reshape((n, *positions))
    return build_case(
        draw,
        "cross_entropy",
        dtype,
        limits,
        shapes={"prediction": (n, classes, *positions)},
        y_shape=(),
        options={},
        patterns=ACTIVATION_PATTERNS,
        specials=_finite_specials(dtype),
        constants={"target": target},
        with_cotangent=False,
    )


def _finite_specials(dtype: str) -> tuple[tuple[float, ...], ...]:
    """Return special values whose exponentials and differences stay finite."""
    finite = (tuple(v for v in kind if abs(v) < 1e30) for kind in special_values(dtype))
    return tuple(kind for kind in finite if kind)
