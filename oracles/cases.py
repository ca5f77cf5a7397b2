"""Hypothesis strategies of cases: valid by construction, nothing drawn and thrown away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
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
from oracles.layouts import LAYOUTS
from oracles.limits import Limits
from oracles.op import Case

Shape = tuple[int, ...]
Shapes = dict[str, Shape]

# One stratum in four has special values, so that the others stay free of NaN and can show
# small errors.
_STRATA = ("plain", "plain", "plain", "special")

# Few shapes, since a compiling witness pays for each of them, and no operation here looks
# at the shape beyond its size: scalars, vectors, an empty and a three-axis array.
_ELEMENTWISE_SHAPES: tuple[Shape, ...] = ((3,), (), (2, 3, 4), (2, 0))


@st.composite
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
    specials: tuple[float, ...] | None = None,
    constants: Mapping[str, Any] | None = None,
    with_cotangent: bool = True,
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
        The special values of the special stratum; empty for none.
    constants
        Operands that are not floats (class indices), by name.
    with_cotangent
        False gives the cotangent 1.
    """
    drawn = {name: draw(numbers(shape, dtype, patterns)) for name, shape in shapes.items()}
    if with_cotangent:
        drawn["cotangent"] = draw(numbers(y_shape, dtype, patterns))
    else:
        drawn["cotangent"] = Numbers(np.ones(y_shape, dtype), "1")
    values = special_values(dtype) if specials is None else specials
    if limits.special_values and values and draw(st.sampled_from(_STRATA)) == "special":
        target = draw(st.sampled_from(sorted(shapes)))
        drawn[target] = draw(overlaid(drawn[target], values))
    layouts = draw(_layouts(sorted(drawn), limits))
    arrays: dict[str, npt.NDArray[Any]] = {name: drawn[name].array for name in shapes}
    return Case(
        op=op,
        operands={**arrays, **(constants or {})},
        options=dict(options),
        cotangent=drawn["cotangent"].array,
        layouts=layouts,
        origin="; ".join(f"{name}: {drawn[name].origin}" for name in drawn),
    )


def _layouts(names: Sequence[str], limits: Limits) -> st.SearchStrategy[dict[str, str]]:
    if not limits.layouts:
        return st.just({})
    odd = st.dictionaries(st.sampled_from(names), st.sampled_from(LAYOUTS[1:]), max_size=2)
    return st.one_of(st.just({}), odd)


# --- convolution and its transpose ----------------------------------------------------------


def convolution_cases(op: str, axes: int) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a convolution over `axes` axes."""
    return lambda dtype, limits: _convolution(op, dtype, limits, axes, transposed=False)


def transposed_cases(op: str, axes: int) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a transposed convolution over `axes` axes."""
    return lambda dtype, limits: _convolution(op, dtype, limits, axes, transposed=True)


@st.composite
def _convolution(
    draw: st.DrawFn, op: str, dtype: str, limits: Limits, axes: int, *, transposed: bool
) -> Case:
    shapes, y_shape, options = draw(convolution_shapes(limits, axes, transposed=transposed))
    return draw(build_case(op, dtype, limits, shapes=shapes, y_shape=y_shape, options=options))


@st.composite
def convolution_shapes(
    draw: st.DrawFn,
    limits: Limits,
    axes: int,
    *,
    transposed: bool,
    channels: int | None = None,
    size: Shape | None = None,
    batch: int | None = None,
) -> tuple[Shapes, Shape, dict[str, Any]]:
    """Draw shapes and options; `channels`, `size` and `batch` of x may be settled before.

    Returns
    -------
    shapes, y_shape, options
    """
    each = draw(_axes(limits, axes, transposed=transposed, size=size))
    options = {name: _compact([e[name] for e in each]) for name in _OPTIONS if name in each[0]}
    if not transposed:
        options, each = draw(_named_padding(limits, options, each))
    terms = prod(e["kernel"] * min(e["size"], e["out"]) for e in each)
    n, groups, c_in, c_out = draw(_channels(limits, _MOST_TERMS // terms, channels, batch))
    kernel = tuple(e["kernel"] for e in each)
    w_channels = (c_in, c_out // groups) if transposed else (c_out, c_in // groups)
    x_shape = (n, c_in, *(e["size"] for e in each))
    y_shape = (n, c_out, *(e["out"] for e in each))
    if batch is None and not limits.batched and draw(st.sampled_from([False] * 7 + [True])):
        x_shape, y_shape = x_shape[1:], y_shape[1:]
    shapes = {"x": x_shape, "w": (*w_channels, *kernel)}
    if limits.bias if limits.bias is not None else draw(st.booleans()):
        shapes["b"] = (c_out,)
    return shapes, y_shape, {**options, "groups": groups}


_OPTIONS = ("stride", "padding", "dilation", "output_padding")

# Products that the exact witness sums for one case: batch and channels are drawn within it.
_MOST_TERMS = 4000


@st.composite
def _channels(
    draw: st.DrawFn, limits: Limits, most: int, channels: int | None, batch: int | None
) -> tuple[int, int, int, int]:
    """Draw batch, groups and channels so that their products stay within `most`, if they can."""
    groups = limits.groups or draw(st.integers(1, max(1, min(limits.max_groups, most))))
    groups = groups if channels is None or channels % groups == 0 else 1
    most //= groups
    c_in = channels or groups * draw(st.integers(1, max(1, min(limits.max_channels, most))))
    most //= c_in // groups
    c_out = groups * draw(st.integers(1, max(1, min(limits.max_channels, most))))
    most //= c_out // groups
    return draw(_batch(limits, most)) if batch is None else batch, groups, c_in, c_out


@st.composite
def _axes(
    draw: st.DrawFn, limits: Limits, axes: int, *, transposed: bool, size: Shape | None
) -> list[dict[str, int]]:
    """Draw the sizes and options of each axis; of three axes each is shorter."""
    if axes == 3:
        size_limit, padding_limit = min(limits.max_size, 2), min(limits.max_padding, 2)
        limits = replace(limits, max_size=size_limit, max_padding=padding_limit)
    axis = _transposed_axis if transposed else _convolution_axis
    if limits.square and size is None:
        return [draw(axis(limits, None))] * axes
    return [draw(axis(limits, None if size is None else size[a])) for a in range(axes)]


@st.composite
def _axis(draw: st.DrawFn, limits: Limits) -> dict[str, int]:
    """Draw what both directions share: kernel, stride, dilation, padding of one axis."""
    return {
        "kernel": draw(st.integers(1, limits.max_kernel)),
        "stride": limits.stride or draw(st.integers(1, limits.max_stride)),
        "dilation": limits.dilation or draw(st.integers(1, limits.max_dilation)),
        "padding": (
            limits.padding if limits.padding is not None
            else draw(st.sampled_from(range(limits.max_padding + 1)))
        ),
    }  # fmt: skip


@st.composite
def _convolution_axis(draw: st.DrawFn, limits: Limits, size: int | None) -> dict[str, int]:
    """Draw one axis: the input is the smallest that the kernel fits, plus some."""
    a = draw(_axis(limits))
    reach = a["dilation"] * (a["kernel"] - 1)
    smallest = max(1, reach + 1 - 2 * a["padding"])
    if size is not None and size < smallest:
        a |= {"kernel": 1}
        reach, smallest = 0, 1
    n = size if size is not None else smallest + draw(st.integers(0, limits.max_size))
    return a | {"size": n, "out": (n + 2 * a["padding"] - reach - 1) // a["stride"] + 1}


@st.composite
def _transposed_axis(draw: st.DrawFn, limits: Limits, size: int | None) -> dict[str, int]:
    """Draw one axis: the input is the smallest that padding leaves an output of, plus some."""
    a = draw(_axis(limits))
    most = max(a["stride"], a["dilation"]) - 1
    extra = (
        min(limits.output_padding, most)
        if limits.output_padding is not None
        else draw(st.integers(0, most))
    )
    reach = a["dilation"] * (a["kernel"] - 1) + extra
    smallest = max(1, -(-(2 * a["padding"] - reach) // a["stride"]) + 1)
    if size is not None and size < smallest:
        a |= {"padding": 0}
        smallest = 1
    n = size if size is not None else smallest + draw(st.integers(0, limits.max_size))
    out = (n - 1) * a["stride"] - 2 * a["padding"] + reach + 1
    return a | {"output_padding": extra, "size": n, "out": out}


@st.composite
def _named_padding(
    draw: st.DrawFn, limits: Limits, options: dict[str, Any], each: list[dict[str, int]]
) -> tuple[dict[str, Any], list[dict[str, int]]]:
    """Sometimes turn the padding into ``"valid"``, or into ``"same"``, which wants stride 1."""
    if not limits.named_padding or limits.padding is not None:
        return options, each
    name = draw(st.sampled_from(["numbers"] * 6 + ["same", "valid"]))
    if name == "same" and limits.stride in (None, 1):
        kept = [e | {"stride": 1, "out": e["size"]} for e in each]
        return {**options, "padding": name, "stride": 1}, kept
    fits = all(e["size"] > e["dilation"] * (e["kernel"] - 1) for e in each)
    if name == "valid" and fits:
        reach = [e["size"] - e["dilation"] * (e["kernel"] - 1) - 1 for e in each]
        outs = [r // e["stride"] + 1 for r, e in zip(reach, each, strict=True)]
        return {**options, "padding": name}, [
            e | {"out": o} for e, o in zip(each, outs, strict=True)
        ]
    return options, each


def _compact(values: list[int]) -> int | tuple[int, ...]:
    """Write an option that is the same on each axis as one int."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def _batch(limits: Limits, most: int = 3) -> st.SearchStrategy[int]:
    highest = max(1, limits.min_batch, min(limits.max_batch, most, 3))
    sizes = [n for n in (*range(1, highest + 1), 0) if limits.min_batch <= n <= limits.max_batch]
    return st.sampled_from(sizes or [limits.min_batch])


# --- the other operations -------------------------------------------------------------------


def elementwise_cases(
    op: str, parameters: Mapping[str, Sequence[Any]], *, exact: bool = False
) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for an activation with the given parameter values."""

    @st.composite
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape = draw(st.sampled_from(_ELEMENTWISE_SHAPES))
        options = {name: draw(st.sampled_from(values)) for name, values in parameters.items()}
        patterns = PATTERNS if exact else ACTIVATION_PATTERNS
        return draw(
            build_case(op, dtype, limits, shapes={"x": shape}, y_shape=shape, options=options,
                       patterns=patterns)
        )  # fmt: skip

    return strategy


@st.composite
def dense_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a case of the dense layer."""
    n = draw(_batch(limits))
    inputs, outputs = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    shapes: Shapes = {"x": (n, inputs), "w": (inputs, outputs)}
    if limits.bias if limits.bias is not None else draw(st.booleans()):
        shapes["b"] = (outputs,)
    return draw(build_case("dense", dtype, limits, shapes=shapes, y_shape=(n, outputs), options={}))


def softmax_cases(op: str) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for softmax or log-softmax."""

    @st.composite
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape = draw(st.sampled_from([(3,), (2, 4), (2, 3, 2), (0, 3), (1, 1)]))
        axes = [a for a in range(-len(shape), len(shape)) if shape[a] > 0]
        axis = draw(st.sampled_from(axes))
        return draw(
            build_case(op, dtype, limits, shapes={"x": shape}, y_shape=shape,
                       options={"axis": axis}, patterns=ACTIVATION_PATTERNS,
                       specials=_finite_specials(dtype))
        )  # fmt: skip

    return strategy


def squared_error_cases(op: str) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a loss of a prediction and a target of its shape."""

    @st.composite
    def strategy(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
        shape = draw(st.sampled_from([(3,), (2, 3), (1,), (2, 1, 4), (0, 2)]))
        return draw(
            build_case(op, dtype, limits, shapes={"prediction": shape, "target": shape},
                       y_shape=(), options={}, with_cotangent=False)
        )  # fmt: skip

    return strategy


@st.composite
def cross_entropy_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a case of the cross-entropy with class indices."""
    n, classes = draw(st.sampled_from([2, 1, 3])), draw(st.integers(2, 4))
    positions = draw(st.sampled_from([(), (2,), (2, 3)]))
    count = n * int(np.prod(positions))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    target = rng.integers(0, classes, count).reshape((n, *positions))
    return draw(
        build_case("cross_entropy", dtype, limits, shapes={"prediction": (n, classes, *positions)},
                   y_shape=(), options={}, patterns=ACTIVATION_PATTERNS,
                   specials=_finite_specials(dtype), constants={"target": target},
                   with_cotangent=False)
    )  # fmt: skip


def _finite_specials(dtype: str) -> tuple[float, ...]:
    """Return special values whose exponentials and differences stay finite."""
    return tuple(v for v in special_values(dtype) if abs(v) < 1e30)
