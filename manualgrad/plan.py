"""What a convolution multiplies with what: worked out from shapes alone, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import Any, NamedTuple

from manualgrad.blocks import CACHE, MOST, ROWS, SLIDE, Box, Range, blocks, length, ranges, tiles
from manualgrad.geometry import Geometry, Shape
from manualgrad.layout import Factor, Layout, Operands, factors, layout, positions_read, read
from manualgrad.phases import Window
from manualgrad.threads import cores, threads

Index = tuple[Any, ...]

_MANY_RESULTS = 192
"""Rows with which products outweigh copies: BLAS had better divide the products."""

_FEW_STEPS = 64
"""Longer plans are made anew each time."""

_STEP = 2**23
"""Multiplications that are worth a step: with fewer, more samples are taken together."""

_LONG = 64
"""Positions of one axis alone that are copied fast; of fewer, several samples are."""


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
    positions
        Of the result: (first, samples, *others).
    shifts
        The columns that each shift needs.
    """

    of_x: Index
    of_y: Index
    size: Shape
    place: Index | None
    windows: Shape
    matrix: Shape
    positions: Shape
    shifts: tuple[slice, ...]


class Share(NamedTuple):
    """What a tile does for one phase.

    Attributes
    ----------
    phase
        Its number.
    taps, window
        For each axis which of the phase's taps, and where they lie in the tile's window.
    factors
        The products of matrices whose sum it is.
    of_w
        Index of weights (groups, results, channels, *kernel).
    room
        Where its weights lie among those of the tile.
    """

    phase: int
    taps: Box
    window: Box
    factors: tuple[Factor, ...] = ()
    of_w: Index = ()
    room: slice = slice(0)


@dataclass(frozen=True, eq=False, slots=True)
class Tile:
    """A part of the weights, and the steps that need it.

    Attributes
    ----------
    layout
        Of the convolution with this part's taps alone.
    shares
        Of each phase that has taps here.
    """

    layout: Layout
    shares: tuple[Share, ...]
    steps: Iterable[Step]

    @property
    def weights(self) -> int:
        """Number of weights of all shares."""
        return self.shares[-1].room.stop


class _Anew(Iterable[Step]):
    """Steps that are made whenever they are needed."""

    def __init__(self, make: Callable[[], Iterator[Step]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Step]:
        return self._make()


class Plan(NamedTuple):
    """What is done, and by how many.

    Attributes
    ----------
    tiles
        Parts of the weights.
    adds
        Whether several of them have a share in the same results.
    threads
        That share the steps of each.
    small
        Whether products of matrices are to be so small that BLAS does not divide them.
    """

    tiles: tuple[Tile, ...]
    adds: bool
    threads: int
    small: bool


@lru_cache(maxsize=1024)
def plan(window: Window, operands: Operands) -> Plan:
    """Return the tiles of a convolution and their steps."""
    small = operands.results < _MANY_RESULTS and cores() > 1
    # Sums with one channel in each group wait for memory and not for a core.
    shared = small and not (operands.scatters or operands.results == operands.channels == 1)
    count = threads(_multiplications(window, operands)) if shared else 1
    parts = [len(phase.parts) for phase in window.phases]
    found = list(_tiles(window, operands, count))
    cache = CACHE if small else MOST
    if not small:
        operands = operands._replace(together=operands.samples * prod(window.geometry.out))
    summed = {(of, channel) for of, (_, _, channel), _ in found}
    tiles = tuple(
        Tile(
            of,
            tuple(_within(shares, parts, of, tile)),
            _steps(of, tile, operands, max(parts), count, cache),
        )
        for of, tile, shares in found
    )
    return Plan(tiles, len(summed) > 1, count, small)


def _multiplications(window: Window, operands: Operands) -> int:
    """Return the products that all phases of a window sum."""
    taps = sum(len(phase.parts) * prod(map(length, phase.reads)) for phase in window.phases)
    of, outer = window.geometry, operands.samples * operands.results * operands.channels
    return outer * of.groups * prod(of.out) * taps


def _tiles(
    window: Window, operands: Operands, count: int
) -> Iterator[tuple[Layout, Box, list[Share]]]:
    """Cut kernel and weights so that each part is small, also in several threads."""
    numbers = MOST // (operands.itemsize * count)
    parts = [len(phase.parts) for phase in window.phases]
    for cut, geometry in _cuts(window.geometry, numbers // sum(parts)):
        of, shares = layout(geometry, operands), list(_shares(window, cut))
        if not shares:
            continue
        taps = sum(parts[share.phase] * prod(map(length, share.taps)) for share in shares)
        size = prod(read(of, of.geometry.out if of.depthwise else [1] * len(cut)))
        rows = SLIDE // operands.itemsize if of.depthwise else numbers
        for tile in tiles(
            geometry.groups,
            operands.results,
            operands.channels,
            rows=min(ROWS // prod(of.kernel), rows // size),
            weights=numbers // taps,
        ):
            yield of, tile, shares


def _cuts(geometry: Geometry, most: int) -> Iterator[tuple[Box, Geometry]]:
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


def _shares(window: Window, cut: Box) -> Iterator[Share]:
    """Yield what each phase reads of a part of the window."""
    for number, phase in enumerate(window.phases):
        both = [
            (max(a, start), min(b, stop))
            for (a, b), (start, stop) in zip(phase.reads, cut, strict=True)
        ]
        if all(start < stop for start, stop in both):
            yield Share(number, _from(both, phase.reads), _from(both, cut))


def _from(ranges: Sequence[Range], box: Box) -> Box:
    """Count from where the ranges of a box begin."""
    return tuple((a - start, b - start) for (a, b), (start, _) in zip(ranges, box, strict=True))


def _within(
    shares: Iterable[Share], parts: Sequence[int], of: Layout, tile: Box
) -> Iterator[Share]:
    """Yield what shares are within a tile: (groups, results, channels)."""
    start = 0
    for share in shares:
        stop = start + parts[share.phase] * prod(map(length, (*tile, *share.taps)))
        yield share._replace(
            factors=tuple(factors(of, length(tile[2]), share.window)),
            of_w=_slices(*tile, *share.taps),
            room=slice(start, stop),
        )
        start = stop


def _steps(
    of: Layout, tile: Box, operands: Operands, parts: int, count: int, cache: int
) -> Iterable[Step]:
    """Return the steps of a tile, as they are if they are few."""
    groups, results, channels = map(length, tile)
    rows = groups * channels * prod(of.kernel)

    def fits(samples: int, positions: Shape) -> bool:
        first, *others = positions
        block = samples * groups * channels * prod(read(of, positions))
        copied = samples * rows * positions_read(of, first) * prod(others)
        written = samples * groups * results * parts * prod(positions)
        return max(block, copied, written) <= MOST // (operands.itemsize * count)

    columns = (SLIDE // groups if of.depthwise else cache // rows) // operands.itemsize
    every = operands.samples * prod(of.geometry.out)
    together = max(operands.together, _STEP // (rows * results * parts))
    turns = max(1, -(-every // (count * max(1, columns))))

    def make() -> Iterator[Step]:
        for block in blocks(
            operands.samples,
            of.geometry.out,
            columns=max(1, -(-every // (count * turns))),
            together=together if len(of.geometry.out) > 1 else _LONG,
            fits=fits,
        ):
            yield _step(of, tile, block)

    few = tuple(islice(make(), _FEW_STEPS + 1))
    return few if len(few) <= _FEW_STEPS else _Anew(make)


def _step(of: Layout, tile: Box, block: Box) -> Step:
    g, (group, result, channel), (samples, *box) = of.geometry, tile, block
    first, *others = (length(each) for each in box)
    low = [s * start - p for (start, _), s, p in zip(box, g.stride, g.padding, strict=True)]
    size = read(of, [first, *others])
    exists = [
        (min(max(start, 0), end), min(max(start + n, 0), end))
        for start, n, end in zip(low, size, g.size, strict=True)
    ]
    place = tuple(slice(a - start, b - start) for (a, b), start in zip(exists, low, strict=True))
    n, row = length(samples), length(samples) * prod(others)
    written = positions_read(of, first)
    shifts = [i * of.shift * row for i in range(of.shifts)]
    return Step(
        of_x=_slices(samples, group, channel, *exists),
        of_y=_slices(samples, group, result, *box),
        size=(n, length(group), length(channel), *size),
        place=None if [*map(length, exists)] == size else (..., *place),
        windows=(length(group), *of.kernel, length(channel), written, n, *others),
        matrix=(length(group), prod(of.kernel) * length(channel), written * row),
        positions=(first, n, *others),
        shifts=tuple(slice(start, start + first * row) for start in shifts),
    )


def _slices(*ranges: tuple[int, int]) -> Index:
    return tuple(slice(*each) for each in ranges)
