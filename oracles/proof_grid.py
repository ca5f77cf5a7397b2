"""The shapes on which an operation is proved: every combination of small sizes and options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from oracles.combination import Combination
from oracles.convolution_cases import compact
from oracles.limits import Limits

Shape = tuple[int, ...]


@dataclass(frozen=True)
class _Axis:
    """Options of one axis, and how many elements x has beyond the smallest valid size."""

    kernel: int
    stride: int
    padding: int
    dilation: int
    output_padding: int
    more: int

    def size(self, *, transposed: bool) -> int:
        reach = self.dilation * (self.kernel - 1)
        if transposed:
            missing = 2 * self.padding - reach - self.output_padding
            return max(1, -(-missing // self.stride) + 1) + self.more
        return max(1, reach + 1 - 2 * self.padding) + self.more


def grid(op: str) -> Iterator[Combination]:
    """Yield every combination of the operation named `op`; none if it has no grid."""
    if op.startswith("conv"):
        yield from _convolutions(int(op[-2]), transposed="transpose" in op)
    elif op == "dense":
        for n, i, o, bias in product((0, 1, 2), (1, 2, 3), (1, 2, 3), (True, False)):
            yield Combination({"x": (n, i), "w": (i, o), **({"b": (o,)} if bias else {})}, {})
    elif op in ("half_squared_error", "mse_loss"):
        for shape in ((1,), (3,), (2, 3), (1, 4), (2, 1, 2), *([(0, 2)] if op[0] == "h" else [])):
            yield Combination({"prediction": shape, "target": shape}, {})
    elif op == "identity":
        for shape in ((1,), (3,), (2, 3), (0, 2)):
            yield Combination({"x": shape}, {})


def quick(op: str, limits: Limits, most: int = 60) -> list[Combination]:
    """Return up to `most` combinations within the limits, spread over the whole grid."""
    every = (_with_bias(op, each, limits.bias) for each in grid(op))
    allowed = [each for each in every if _within(each, limits)]
    step = max(1, len(allowed) // most)
    return allowed[::step][:most]


def _with_bias(op: str, each: Combination, bias: bool | None) -> Combination:
    """Return the combination with a bias or without one, where that is settled."""
    if bias is None or "w" not in each.shapes:
        return each
    shapes = {name: shape for name, shape in each.shapes.items() if name != "b"}
    if bias:
        w, groups = shapes["w"], each.options.get("groups", 1)
        behind = op == "dense" or "transpose" in op
        shapes["b"] = (w[1] * groups,) if behind else (w[0],)
    return Combination(shapes, each.options)


def _convolutions(axes: int, *, transposed: bool) -> Iterator[Combination]:
    settings = _AXES[axes]
    every = [each for each in settings if transposed or each.output_padding == 0]
    for number, combined in enumerate(product(every, repeat=axes)):
        batches = (1, 0, 2, None) if axes == 1 else _turn(number)
        for groups, batch in product((1, 2, _DEPTHWISE) if number % 3 == 0 else (1, 2), batches):
            yield _combination(combined, groups, batch, number % 2 == 0, transposed=transposed)


def _turn(number: int) -> tuple[int | None]:
    """Of several axes there are so many settings that each takes one batch size in turn."""
    return ((1, 2, 1, 0, 1, None)[number % 6],)


_DEPTHWISE = 3
"""So many groups have one channel each, in and out."""


def _axis_settings(
    kernels: Sequence[int], strides: Sequence[int], paddings: Sequence[int],
    dilations: Sequence[int], mores: Sequence[int],
) -> list[_Axis]:  # fmt: skip
    return [
        _Axis(k, s, p, d, e, m)
        for k, s, p, d, m in product(kernels, strides, paddings, dilations, mores)
        for e in range(max(s, d))
    ]


# A padding of 3 goes beyond every kernel but the largest, and sizes need not divide.
_AXES = {
    1: _axis_settings((1, 2, 3), (1, 2, 3), (0, 1, 3), (1, 2), (0, 1, 3)),
    2: [*_axis_settings((1, 2), (1, 2), (0, 2), (1, 2), (1,)), _Axis(3, 3, 1, 1, 0, 2)],
    3: [_Axis(1, 1, 0, 1, 0, 1), _Axis(2, 1, 0, 2, 1, 0), _Axis(2, 2, 1, 1, 0, 1),
        _Axis(1, 2, 1, 1, 1, 0), _Axis(2, 1, 2, 1, 0, 0), _Axis(3, 3, 0, 1, 0, 1)],
}  # fmt: skip


def _combination(
    combined: Sequence[_Axis], groups: int, batch: int | None, bias: bool, *, transposed: bool
) -> Combination:
    """Return the combination; channels differ in and out, unless each group has but one."""
    each_in, each_out = (1, 2) if len(combined) > 1 else (2, 3)
    if groups == _DEPTHWISE:
        each_in, each_out = 1, 1
    c_in, c_out = groups * each_in, groups * each_out
    w_channels = (c_in, c_out // groups) if transposed else (c_out, c_in // groups)
    size = tuple(axis.size(transposed=transposed) for axis in combined)
    x_shape = (c_in, *size) if batch is None else (batch, c_in, *size)
    shapes = {"x": x_shape, "w": (*w_channels, *(axis.kernel for axis in combined))}
    names = ["stride", "padding", "dilation", *(["output_padding"] if transposed else [])]
    options = {name: compact([getattr(axis, name) for axis in combined]) for name in names}
    biased = {**shapes, "b": (c_out,)} if bias else shapes
    return Combination(biased, {**options, "groups": groups})


def _within(each: Combination, limits: Limits) -> bool:
    """Whether a combination respects the user's limits, as generated cases do."""
    shapes, options = each.shapes, each.options
    if not _options_within(options, limits):
        return False
    if limits.bias is not None and "w" in shapes and ("b" in shapes) != limits.bias:
        return False
    if "groups" not in options:
        return True
    kernel, x = shapes["w"][2:], shapes["x"]
    batch = x[0] if len(x) == len(kernel) + 2 else None
    if not _batch_within(batch, limits):
        return False
    sizes = {limits.kernel} if limits.kernel is not None else range(1, limits.max_kernel + 1)
    return set(kernel) <= set(sizes) and _alike(limits, options, kernel, x[-len(kernel) :])


def _options_within(options: Mapping[str, Any], limits: Limits) -> bool:
    for name in ("stride", "padding", "dilation", "output_padding", "groups"):
        wanted, most = getattr(limits, name), getattr(limits, f"max_{name}", None)
        given = options.get(name, 1)
        values = given if isinstance(given, tuple) else (given,)
        if name in options and wanted is not None and set(values) != {wanted}:
            return False
        if name in options and most is not None and max(values) > most:
            return False
    return True


def _batch_within(batch: int | None, limits: Limits) -> bool:
    """Whether a batch size, None for an unbatched array, is allowed."""
    if batch is None:
        return not limits.batched
    return not limits.unbatched and limits.min_batch <= batch <= limits.max_batch


def _alike(
    limits: Limits, options: Mapping[str, Any], kernel: Sequence[int], size: Sequence[int]
) -> bool:
    """Whether what must be the same on each axis is."""
    if (limits.square or limits.square_kernel) and len(set(kernel)) > 1:
        return False
    if limits.square and len(set(size)) > 1:
        return False
    scalar = limits.square or limits.scalar_options
    return not scalar or not any(len(set(o)) > 1 for o in options.values() if isinstance(o, tuple))
