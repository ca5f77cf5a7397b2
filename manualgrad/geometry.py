"""Sizes and options of convolutions, and every error that they can have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy.typing as npt

from manualgrad.dtypes import common_dtype

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
PerAxis = int | Sequence[int]
"""An option: an int for every spatial axis, or one int for each."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Sizes of one convolution ``x (N, C, *size) * w (O, C/groups, *kernel) -> (N, O, *out)``.

    Attributes
    ----------
    size, kernel, out
        Spatial sizes of x, w and y.
    stride, dilation
        Steps in x from one position of y, and of w, to the next.
    padding
        Zeros before the first element of each axis of x. Those behind the last one follow
        from `out`.
    groups
        Number of groups of channels that do not mix.
    """

    size: Shape
    kernel: Shape
    out: Shape
    stride: Shape
    padding: Shape
    dilation: Shape
    groups: int


def per_axis(name: str, option: Any, axes: int, least: int) -> Shape:
    """Return `option` as one int for each axis.

    Raises
    ------
    TypeError
        If it is neither an int nor a sequence of ints.
    ValueError
        If its length is not `axes` or an int is below `least`.
    """
    if type(option) is int and option >= least:
        return (option,) * axes
    each = (option,) * axes if isinstance(option, Integral) else option
    if not isinstance(each, Sequence) or isinstance(each, str):
        raise TypeError(f"`{name}` (={option!r}) must be an int or one int for each axis")
    if len(each) != axes:
        raise ValueError(f"`{name}` (={option!r}) must have {axes} ints, one for each axis")
    for value in each:
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"`{name}` (={option!r}) must hold ints")
        if value < least:
            raise ValueError(f"`{name}` (={option!r}) must be at least {least}")
    return tuple(int(value) for value in each)


def convolution_geometry(
    x: Array,
    w: Array,
    b: Array | None,
    *,
    axes: int,
    stride: PerAxis,
    padding: PerAxis | str,
    dilation: PerAxis,
    groups: int,
) -> Geometry:
    """Return the geometry of a convolution of x and w, or raise what is wrong with it.

    The same arguments give the same object, so what is worked out for it is worked out once.

    Raises
    ------
    TypeError
        If dtypes differ or are not floating, or an option is not made of ints.
    ValueError
        If a rank, a number of channels, an option or a size is out of range.
    """
    common_dtype(x=x, w=w, b=b)
    geometry = _convolution_geometry(
        x.shape,
        w.shape,
        axes,
        _hashable("stride", stride, axes, 1),
        padding if isinstance(padding, str) else _hashable("padding", padding, axes, 0),
        _hashable("dilation", dilation, axes, 1),
        groups,
    )
    _check_bias(b, w.shape[0])
    return geometry


def transposed_geometry(
    x: Array,
    w: Array,
    b: Array | None,
    *,
    axes: int,
    stride: PerAxis,
    padding: PerAxis,
    output_padding: PerAxis,
    dilation: PerAxis,
    groups: int,
) -> Geometry:
    """Return the geometry of the convolution whose dgrad is the transposed convolution.

    Its `size` is the size of the transposed convolution's result, its `out` that of x.

    Raises
    ------
    TypeError, ValueError
        As `convolution_geometry`, and if `output_padding` is not below both stride and
        dilation.
    """
    common_dtype(x=x, w=w, b=b)
    geometry = _transposed_geometry(
        x.shape,
        w.shape,
        axes,
        _hashable("stride", stride, axes, 1),
        _hashable("padding", padding, axes, 0),
        _hashable("output_padding", output_padding, axes, 0),
        _hashable("dilation", dilation, axes, 1),
        groups,
    )
    _check_bias(b, w.shape[1] * groups)
    return geometry


def _hashable(name: str, option: Any, axes: int, least: int) -> Any:
    """Return an int as it is, to be checked later, and anything else as checked ints."""
    return option if type(option) is int else per_axis(name, option, axes, least)


@lru_cache(maxsize=1024, typed=True)
def _convolution_geometry(
    x: Shape, w: Shape, axes: int, stride: Any, padding: Any, dilation: Any, groups: int,
) -> Geometry:  # fmt: skip
    channels = _check_operands(x, w, axes, groups)
    if channels != w[1] * groups:
        raise ValueError(
            f"`x` (shape={x}) has {channels} channels, `w` (shape={w}) with "
            f"`groups` (={groups}) takes {w[1] * groups}"
        )
    if w[0] % groups:
        raise ValueError(f"`groups` (={groups}) must divide the {w[0]} channels of the result")
    size, kernel = x[-axes:], w[2:]
    s, d = per_axis("stride", stride, axes, 1), per_axis("dilation", dilation, axes, 1)
    low, high = _padding(padding, kernel, s, d)
    out = tuple(
        (n + a + z - step * (k - 1) - 1) // t + 1
        for n, a, z, step, k, t in zip(size, low, high, d, kernel, s, strict=True)
    )
    _check_out(out)
    return Geometry(size, kernel, out, s, low, d, groups)


@lru_cache(maxsize=1024, typed=True)
def _transposed_geometry(
    x: Shape, w: Shape, axes: int, stride: Any, padding: Any, output_padding: Any, dilation: Any,
    groups: int,
) -> Geometry:  # fmt: skip
    channels = _check_operands(x, w, axes, groups)
    if channels != w[0]:
        raise ValueError(f"`x` (shape={x}) has {channels} channels, `w` (shape={w}) takes {w[0]}")
    if channels % groups:
        raise ValueError(f"`groups` (={groups}) must divide the {channels} channels of `x`")
    size, kernel = x[-axes:], w[2:]
    s, d = per_axis("stride", stride, axes, 1), per_axis("dilation", dilation, axes, 1)
    p, extra = (
        per_axis("padding", padding, axes, 0),
        per_axis("output_padding", output_padding, axes, 0),
    )
    for e, t, step in zip(extra, s, d, strict=True):
        if e >= max(t, step):
            raise ValueError(
                f"`output_padding` (={output_padding!r}) must be below max(stride, dilation) "
                f"(={max(t, step)})"
            )
    out = tuple(
        (n - 1) * t - 2 * a + step * (k - 1) + e + 1
        for n, t, a, step, k, e in zip(size, s, p, d, kernel, extra, strict=True)
    )
    _check_out(out)
    return Geometry(out, kernel, size, s, p, d, groups)


def check_grad_y(grad_y: Array, x: Array, channels: int, size: Shape) -> None:
    """Raise if the cotangent has not the dtype of x or the shape of the result."""
    common_dtype(grad_y=grad_y, x=x)
    batch = x.shape[: x.ndim - len(size) - 1]
    shape = (*batch, channels, *size)
    if grad_y.shape != shape:
        raise ValueError(f"`grad_y` (shape={grad_y.shape}) must have the result's shape {shape}")


def check_directions(
    v_x: Array, v_w: Array, v_b: Array | None, x: Array, w: Array, channels: int
) -> None:
    """Raise if a direction has not the dtype and shape of the gradient that it belongs to."""
    common_dtype(v_x=v_x, v_w=v_w, v_b=v_b, x=x)
    bias_shape = (channels,)
    for name, array, shape in (
        ("v_x", v_x, x.shape),
        ("v_w", v_w, w.shape),
        ("v_b", v_b, bias_shape),
    ):
        if array is not None and array.shape != shape:
            raise ValueError(f"`{name}` (shape={array.shape}) must have the shape {shape}")


def _check_operands(x: Shape, w: Shape, axes: int, groups: int) -> int:
    """Check ranks and sizes; return the number of channels of x."""
    if len(x) not in (axes + 1, axes + 2):
        raise ValueError(
            f"`x` (shape={x}) must have {axes + 2} axes (N, C, ...), or {axes + 1} unbatched"
        )
    if len(w) != axes + 2:
        raise ValueError(f"`w` (shape={w}) must have {axes + 2} axes")
    if 0 in w or 0 in x[-axes - 1 :]:
        empty, shape = ("w", w) if 0 in w else ("x", x)
        raise ValueError(f"`{empty}` (shape={shape}) may be empty along the batch alone")
    if not isinstance(groups, Integral) or isinstance(groups, bool):
        raise TypeError(f"`groups` (={groups!r}) must be an int")
    if groups < 1:
        raise ValueError(f"`groups` (={groups}) must be at least 1")
    return x[-axes - 1]


def _check_bias(b: Array | None, channels: int) -> None:
    if b is not None and b.shape != (channels,):
        raise ValueError(f"`b` (shape={b.shape}) must have shape ({channels},)")


def _check_out(out: Shape) -> None:
    if min(out) < 1:
        raise ValueError(f"the result would have the spatial size {out}, which must be at least 1")


def _padding(padding: Any, kernel: Shape, stride: Shape, dilation: Shape) -> tuple[Shape, Shape]:
    """Return the padding before and behind each axis."""
    if padding == "valid":
        return (0,) * len(kernel), (0,) * len(kernel)
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"`padding` (='same') needs `stride` (={stride}) to be 1")
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
    if isinstance(padding, str):
        raise ValueError(f"`padding` (={padding!r}) must be 'same', 'valid' or ints")
    both = per_axis("padding", padding, len(kernel), 0)
    return both, both
