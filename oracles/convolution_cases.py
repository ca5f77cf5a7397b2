"""Hypothesis strategies of convolutions and their transposes, valid by construction.

Kernel, stride, dilation and padding are drawn first; the input is then the smallest that they
allow, plus some. Nothing is drawn and thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from hypothesis import strategies as st

from oracles.cases import Shape, Shapes, batch_size, build_case
from oracles.draws import choice, deal, drawable, integer
from oracles.limits import Limits
from oracles.op import Case


def convolution_cases(op: str, axes: int) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a convolution over `axes` axes."""
    return lambda dtype, limits: _convolution(op, dtype, limits, axes, transposed=False)


def transposed_cases(op: str, axes: int) -> Callable[[str, Limits], st.SearchStrategy[Case]]:
    """Return the maker of strategies for a transposed convolution over `axes` axes."""
    return lambda dtype, limits: _convolution(op, dtype, limits, axes, transposed=True)


@drawable
def _convolution(
    draw: st.DrawFn, op: str, dtype: str, limits: Limits, axes: int, *, transposed: bool
) -> Case:
    shapes, y_shape, options = convolution_shapes(draw, limits, axes, transposed=transposed)
    return build_case(draw, op, dtype, limits, shapes=shapes, y_shape=y_shape, options=options)


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
    limits = _of_path(limits, deal(draw, "path", _PATHS))
    each = _axes(draw, limits, axes, transposed=transposed, size=size)
    options = {name: compact([e[name] for e in each]) for name in _OPTIONS if name in each[0]}
    if not transposed:
        options, each = _named_padding(draw, limits, options, each)
    terms = prod(e["kernel"] * min(e["size"], e["out"]) for e in each)
    n, groups, c_in, c_out = _channels(draw, limits, _MOST_TERMS // terms, channels, batch)
    kernel = tuple(e["kernel"] for e in each)
    w_channels = (c_in, c_out // groups) if transposed else (c_out, c_in // groups)
    x_shape = (n, c_in, *(e["size"] for e in each))
    y_shape = (n, c_out, *(e["out"] for e in each))
    if batch is None and _unbatched(draw, limits):
        x_shape, y_shape = x_shape[1:], y_shape[1:]
    shapes = {"x": x_shape, "w": (*w_channels, *kernel)}
    if limits.bias if limits.bias is not None else choice(draw, (False, True)):
        shapes["b"] = (c_out,)
    return shapes, y_shape, {**options, "groups": groups}


def _of_path(limits: Limits, path: str) -> Limits:
    """Return limits that lead to one of `_PATHS`, as far as the user's allow."""
    if path == "free":
        return limits
    if path == "same on each axis":
        return replace(limits, scalar_options=True, square_kernel=True)
    plain: dict[str, Any] = {"stride": 1, "dilation": 1, "padding": 0, "output_padding": 0}
    plain |= {"kernel": 1} if path == "1 x 1" else {}
    return replace(limits, **{n: v for n, v in plain.items() if getattr(limits, n) is None})


def _unbatched(draw: st.DrawFn, limits: Limits) -> bool:
    return limits.unbatched or (not limits.batched and choice(draw, _UNBATCHED))


_OPTIONS = ("stride", "padding", "dilation", "output_padding")

_PATHS = ("free",) * 7 + ("plain", "same on each axis", "1 x 1")
"""Implementations have code of their own for a plain convolution and for kernels of one tap, which
options that are drawn axis by axis hardly ever make."""

_UNBATCHED = (False,) * 7 + (True,)
_PADDINGS = ("numbers",) * 6 + ("same", "valid")

# Products that the exact witness sums for one case: batch and channels are drawn within it.
_MOST_TERMS = 4000


def _channels(
    draw: st.DrawFn, limits: Limits, most: int, channels: int | None, batch: int | None
) -> tuple[int, int, int, int]:
    """Draw batch, groups and channels so that their products stay within `most`, if they can."""
    groups = limits.groups or integer(draw, 1, max(1, min(limits.max_groups, most)))
    groups = groups if channels is None or channels % groups == 0 else 1
    most //= groups
    c_in = channels or groups * integer(draw, 1, max(1, min(limits.max_channels, most)))
    most //= c_in // groups
    c_out = groups * integer(draw, 1, max(1, min(limits.max_channels, most)))
    most //= c_out // groups
    return batch_size(draw, limits, most) if batch is None else batch, groups, c_in, c_out


def _axes(
    draw: st.DrawFn, limits: Limits, axes: int, *, transposed: bool, size: Shape | None
) -> list[dict[str, int]]:
    """Draw the sizes and options of each axis; of three axes each is shorter."""
    if axes == 3:
        size_limit, padding_limit = min(limits.max_size, 2), min(limits.max_padding, 2)
        limits = replace(limits, max_size=size_limit, max_padding=padding_limit)
    axis = _transposed_axis if transposed else _convolution_axis
    if limits.square and size is None:
        return [axis(draw, limits, None, 0)] * axes
    found = [axis(draw, limits, None if size is None else size[0], 0)]
    like = _like(limits, found[0])
    rest = [axis(draw, like, None if size is None else size[a], a) for a in range(1, axes)]
    return found + rest


def _like(limits: Limits, first: dict[str, int]) -> Limits:
    """Return limits that make other axes like the first where they must be."""
    if limits.scalar_options:
        fixed: dict[str, Any] = {name: first[name] for name in _OPTIONS if name in first}
        limits = replace(limits, **fixed)
    return replace(limits, kernel=first["kernel"]) if limits.square_kernel else limits


def _axis(draw: st.DrawFn, limits: Limits, place: int) -> dict[str, int]:
    """Draw what both directions share: kernel, stride, dilation, padding of axis number `place`.

    Each is dealt for itself after each choice of those before it, so that all combinations come
    about as often.
    """
    fixed = {
        "kernel": (limits.kernel, range(1, limits.max_kernel + 1)),
        "stride": (limits.stride, range(1, limits.max_stride + 1)),
        "dilation": (limits.dilation, range(1, limits.max_dilation + 1)),
        "padding": (limits.padding, range(limits.max_padding + 1)),
    }
    found: dict[str, int] = {}
    for name, (value, values) in fixed.items():
        before = ", ".join(f"{option} {chosen}" for option, chosen in found.items())
        found[name] = deal(draw, f"axis {place}: {before}", values) if value is None else value
    return found


def _convolution_axis(
    draw: st.DrawFn, limits: Limits, size: int | None, place: int
) -> dict[str, int]:
    """Draw one axis: the input is the smallest that the kernel fits, plus some."""
    a = _axis(draw, limits, place)
    reach = a["dilation"] * (a["kernel"] - 1)
    smallest = max(1, reach + 1 - 2 * a["padding"])
    if size is not None and size < smallest:
        a |= {"kernel": 1}
        reach, smallest = 0, 1
    n = size if size is not None else smallest + integer(draw, 0, limits.max_size)
    return a | {"size": n, "out": (n + 2 * a["padding"] - reach - 1) // a["stride"] + 1}


def _transposed_axis(
    draw: st.DrawFn, limits: Limits, size: int | None, place: int
) -> dict[str, int]:
    """Draw one axis: the input is the smallest that padding leaves an output of, plus some."""
    a = _axis(draw, limits, place)
    most = max(a["stride"], a["dilation"]) - 1
    extra = (
        min(limits.output_padding, most)
        if limits.output_padding is not None
        else integer(draw, 0, most)
    )
    reach = a["dilation"] * (a["kernel"] - 1) + extra
    smallest = max(1, -(-(2 * a["padding"] - reach) // a["stride"]) + 1)
    if size is not None and size < smallest:
        a |= {"padding": 0}
        smallest = 1
    n = size if size is not None else smallest + integer(draw, 0, limits.max_size)
    out = (n - 1) * a["stride"] - 2 * a["padding"] + reach + 1
    return a | {"output_padding": extra, "size": n, "out": out}


def _named_padding(
    draw: st.DrawFn, limits: Limits, options: dict[str, Any], each: list[dict[str, int]]
) -> tuple[dict[str, Any], list[dict[str, int]]]:
    """Sometimes turn the padding into ``"valid"``, or into ``"same"``, which wants stride 1."""
    if not limits.named_padding or limits.padding is not None:
        return options, each
    name = choice(draw, _PADDINGS)
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


def compact(values: Sequence[int]) -> int | tuple[int, ...]:
    """Write an option that is the same on each axis as one int."""
    return values[0] if len(set(values)) == 1 else tuple(values)
