"""What a convolution multiplies with what: worked out from shapes alone, and remembered.

Written as columns, what each position of the result sees of x is a matrix, with a row for each
tap and channel. With stride 1, the columns that the next tap of the *first* axis needs are those
of a later row of positions: such taps are not copied, but found in the same matrix, shifted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import Any, NamedTuple

from manualgrad.blocks import CACHE, MOST, ROWS, Box, Range, blocks, length, ranges, tiles
from manualgrad.geometry import Geometry, Shape

Index = tuple[Any, ...]

_FEW_ROWS = 32
"""With fewer rows all taps are copied: a product with so short sums does not pay."""

_NEAR = 8
"""With shifts further apart, more is copied for each block than its taps read."""

_FEW_POSITIONS = 2**12
"""With no more, even one channel in each group is a product of matrices, in fewer calls."""

_FEW_STEPS = 64
"""Longer plans are made anew each time."""


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """Which taps have rows of their own in the matrix of columns.

    Attributes
    ----------
    geometry
        Of the convolution.
    shifts
        Taps of the first axis that share rows; 1 if each has its own.
    kernel, taps
        The taps that are copied, 1 along the first axis if its taps are shifts; their number.
    axes
        For each axis of the windows (groups, *kernel, channels, first, samples, *others) that of
        a block (samples, groups, channels, *size) along which it runs, and in which steps.
    depthwise
        Whether there is one channel in each group, and nothing to copy.
    """

    geometry: Geometry
    shifts: int
    kernel: Shape
    taps: int
    axes: tuple[tuple[int, int], ...]
    depthwise: bool


class Operands(NamedTuple):
    """What a plan depends on beside the geometry.

    Attributes
    ----------
    samples, results, channels
        Samples; channels of the result and of x, in each group.
    itemsize
        Bytes of a number.
    parts
        Weights of that size that are laid out together.
    together
        Columns until which samples are taken together.
    slides
        Whether the taps of one channel in each group may slide over it (see `depthwise`).
    """

    samples: int
    results: int
    channels: int
    itemsize: int
    parts: int = 1
    together: int = 2**62
    slides: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One block: what is read, how it becomes a matrix, and where the result belongs.

    Attributes
    ----------
    of_x, of_y
        Indices of x and y by group: (samples, groups, channels or results, *axes).
    size, place
        The block in which what exists lies among zeros, and where; None if all exists.
    windows
        Shape of the windows, before they are reshaped to `matrix`.
    matrix
        (groups, taps * channels, columns).
    shifts
        The columns that each shift needs.
    """

    of_x: Index
    of_y: Index
    size: Shape
    place: Index | None
    windows: Shape
    matrix: Shape
    shifts: tuple[slice, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """A part of the weights, and the steps that need it.

    Attributes
    ----------
    layout
        Of the convolution with this part's taps alone.
    of_w
        Index of the weights (groups, results, channels, *kernel).
    adds
        Whether an earlier tile has begun the same sums.
    """

    layout: Layout
    of_w: Index
    adds: bool
    steps: Iterable[Step]


class _Anew(Iterable[Step]):
    """Steps that are made whenever they are needed."""

    def __init__(self, make: Callable[[], Iterator[Step]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Step]:
        return self._make()


@lru_cache(maxsize=1024)
def plan(geometry: Geometry, operands: Operands) -> tuple[Tile, ...]:
    """Return the tiles of a convolution and their steps."""
    numbers = MOST // operands.itemsize
    found: list[Tile] = []
    for taps, part in _parts(geometry, numbers // operands.parts):
        of = _layout(part, operands)
        for tile in tiles(
            geometry.groups,
            operands.results,
            operands.channels,
            rows=min(ROWS // of.taps, numbers // prod(_read(part, [1] * len(taps)))),
            weights=numbers // (of.taps * of.shifts * operands.parts),
        ):
            adds = any(start > 0 for start, _ in (tile[2], *taps))
            found.append(Tile(of, _slices(*tile, *taps), adds, _steps(of, tile, operands)))
    return tuple(found)


def _parts(geometry: Geometry, most: int) -> Iterator[tuple[Box, Geometry]]:
    """Cut the kernel, where a single position would read more than so many numbers."""
    each: list[list[Range]] = []
    for taps, dilation in zip(reversed(geometry.kernel), reversed(geometry.dilation), strict=True):
        step = min(taps, max(0, most - 1) // dilation + 1)
        most //= dilation * (step - 1) + 1
        each.insert(0, ranges(taps, step))
    for box in product(*each):
        kernel = tuple(map(length, box))
        steps = zip(geometry.padding, geometry.dilation, box, strict=True)
        padding = tuple(p - d * start for p, d, (start, _) in steps)
        yield box, replace(geometry, kernel=kernel, padding=padding)


def _layout(geometry: Geometry, operands: Operands) -> Layout:
    """Decide which taps are shifts."""
    one_channel = max(operands.channels, operands.results, *geometry.stride) == 1
    if operands.slides and one_channel and geometry.groups * prod(geometry.out) > _FEW_POSITIONS:
        return Layout(geometry, 1, geometry.kernel, 1, (), True)
    first, *others = geometry.kernel
    near = geometry.stride[0] == 1 and 0 < geometry.dilation[0] * (first - 1) <= _NEAR
    rows = geometry.groups * operands.channels * prod(others)
    shifted = near and rows >= _FEW_ROWS
    kernel = (1, *others) if shifted else geometry.kernel
    over_taps = [(3 + i, step) for i, step in enumerate(geometry.dilation)]
    over_positions = [(3 + i, step) for i, step in enumerate(geometry.stride)]
    axes = ((1, 1), *over_taps, (2, 1), over_positions[0], (0, 1), *over_positions[1:])
    return Layout(geometry, first if shifted else 1, kernel, prod(kernel), axes, False)


def _steps(of: Layout, tile: Box, operands: Operands) -> Iterable[Step]:
    """Return the steps of a tile, as they are if they are few."""
    groups, results, channels = map(length, tile)
    rows = groups * channels * of.taps

    def fits(samples: int, positions: Shape) -> bool:
        size = _read(of.geometry, positions)
        read = samples * groups * channels * prod(size)
        first = size[0] if of.shifts > 1 else positions[0]
        copied = samples * rows * first * prod(positions[1:])
        written = samples * groups * results * operands.parts * prod(positions)
        return max(read, copied, written) * operands.itemsize <= MOST

    def make() -> Iterator[Step]:
        columns = max(1, CACHE // (operands.itemsize * rows))
        for block in blocks(
            operands.samples,
            of.geometry.out,
            columns=columns,
            together=operands.together,
            fits=fits,
        ):
            yield _step(of, tile, block)

    few = tuple(islice(make(), _FEW_STEPS + 1))
    return few if len(few) <= _FEW_STEPS else _Anew(make)


def _read(g: Geometry, positions: Sequence[int]) -> list[int]:
    """Return the size of what so many positions read."""
    return [
        s * (n - 1) + d * (k - 1) + 1
        for n, s, d, k in zip(positions, g.stride, g.dilation, g.kernel, strict=True)
    ]


def _step(of: Layout, tile: Box, block: Box) -> Step:
    g, (group, result, channel), (samples, *box) = of.geometry, tile, block
    low = [s * start - p for (start, _), s, p in zip(box, g.stride, g.padding, strict=True)]
    size = _read(g, [*map(length, box)])
    exists = [
        (min(max(start, 0), end), min(max(start + n, 0), end))
        for start, n, end in zip(low, size, g.size, strict=True)
    ]
    place = tuple(slice(a - start, b - start) for (a, b), start in zip(exists, low, strict=True))
    first, *others = (length(each) for each in box)
    n, row = length(samples), length(samples) * prod(others)
    rows = of.taps * length(channel)
    read = size[0] if of.shifts > 1 else first
    every = [i * g.dilation[0] * row for i in range(of.shifts)]
    return Step(
        of_x=_slices(samples, group, channel, *exists),
        of_y=_slices(samples, group, result, *box),
        size=(n, length(group), length(channel), *size),
        place=None if [*map(length, exists)] == size else (..., *place),
        windows=(length(group), *of.kernel, length(channel), read, n, *others),
        matrix=(length(group), rows, read * row),
        shifts=tuple(slice(start, start + first * row) for start in every),
    )


def _slices(*ranges: tuple[int, int]) -> Index:
    return tuple(slice(*each) for each in ranges)
