"""Which taps of a convolution have rows of their own in its matrix of columns.

Written as columns, what each position of the result sees of x is a matrix, with a row for each
tap and channel. Along the *first* axis, the columns that a later tap needs may be those of a
later row of positions: with stride s and dilation d, tap ``k + s`` sees at position p what tap k
sees at position ``p + d``. Such taps are not copied, but found in the same matrix, shifted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from manualgrad.blocks import Box, length, ranges
from manualgrad.geometry import Geometry, Shape

_FEW_ROWS = 32
"""With fewer rows all taps are copied: a product with so short sums does not pay."""

_NEAR = 8
"""With shifts further apart, more is copied for each block than its taps read."""

_FEW_POSITIONS = 2**12
"""With no more, even one channel in each group is a product of matrices, in fewer calls."""


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """How a matrix of columns is written.

    Attributes
    ----------
    geometry
        Of the convolution.
    kernel
        Numbers of taps that have rows: along the first axis, the last one, the others.
    shifts, shift
        Number of shifts, and rows of positions from one to the next.
    axes
        For each axis of the windows (groups, *kernel, channels, first, samples, *others) that of
        a block (samples, groups, channels, *size) along which it runs, and in which steps.
    depthwise
        Whether there is one channel in each group, and nothing to copy.
    """

    geometry: Geometry
    kernel: Shape
    shifts: int
    shift: int
    axes: tuple[tuple[int, int], ...]
    depthwise: bool


class Operands(NamedTuple):
    """What a layout and a plan depend on beside the geometry.

    Attributes
    ----------
    samples, results, channels
        Samples; channels of the result and of x, in each group.
    itemsize
        Bytes of a number.
    together
        Columns until which samples are taken together.
    scatters
        Whether columns are not read but added to x: one after the other, each tap by itself.
    """

    samples: int
    results: int
    channels: int
    itemsize: int
    together: int = 2**62
    scatters: bool = False


class Factor(NamedTuple):
    """Taps that are multiplied at once.

    Attributes
    ----------
    taps
        Which of the first axis; those of the others are all.
    rows
        Of the matrix of columns.
    shift
        Number of their shift.
    """

    taps: slice
    rows: slice
    shift: int


def layout(geometry: Geometry, operands: Operands) -> Layout:
    """Decide which taps are shifts."""
    axes = range(len(geometry.kernel))
    # With the last axis before the others, what a phase reads is a range of rows.
    order = sorted(axes, key=lambda axis: axis not in (axes[0], axes[-1]))
    first, *others = (geometry.kernel[axis] for axis in order)
    one_channel = max(operands.channels, operands.results, *geometry.stride) == 1
    slides = one_channel and geometry.groups * prod(geometry.out) > _FEW_POSITIONS
    if slides and not operands.scatters:
        return Layout(geometry, (first, *others), 1, 1, (), True)
    apart, shift = geometry.stride[0], geometry.dilation[0]
    shifts = -(-first // apart)
    rows = operands.channels * apart * prod(others)
    shared = 0 < shift * (shifts - 1) <= _NEAR and rows >= _FEW_ROWS
    if operands.scatters or not shared:
        apart, shifts = first, 1
    over_taps = [(3 + axis, geometry.dilation[axis]) for axis in order]
    over_positions = [(3 + axis, geometry.stride[axis]) for axis in axes]
    over = ((1, 1), *over_taps, (2, 1), over_positions[0], (0, 1), *over_positions[1:])
    return Layout(geometry, (apart, *others), shifts, shift, over, False)


def positions_read(of: Layout, first: int) -> int:
    """Return the rows of positions whose columns are written, so that `first` have theirs."""
    return first + of.shift * (of.shifts - 1)


def read(of: Layout, positions: Sequence[int]) -> list[int]:
    """Return the size of what so many positions read."""
    g = of.geometry
    first, *others = positions
    rows = [positions_read(of, first), *others]
    taps = [of.kernel[0], *g.kernel[1:]]
    return [
        s * (n - 1) + 1 + d * (k - 1)
        for n, s, d, k in zip(rows, g.stride, g.dilation, taps, strict=True)
    ]


def factors(of: Layout, channels: int, window: Box) -> Iterator[Factor]:
    """Yield what is multiplied at once of some taps.

    Parameters
    ----------
    window
        For each axis where the taps lie in the kernel of the layout.
    """
    apart, *others = of.kernel
    last, behind = (window[-1], prod(others[1:])) if others else ((0, 1), 1)
    for shift in range(of.shifts):
        low, high = max(window[0][0], apart * shift), min(window[0][1], apart * (shift + 1))
        first = range(length(window[0]))[low - window[0][0] :]
        # Rows of several taps of the first axis are a range if all taps of the last one are.
        step = max(1, high - low) if length(last) * behind == prod(others) else 1
        for start, stop in ranges(high - low, step):
            rows = [
                ((low + end - 1 - apart * shift) * prod(others) + edge * behind) * channels
                for end, edge in ((start + 1, last[0]), (stop, last[1]))
            ]
            some = first[start:stop]
            yield Factor(slice(some.start, some.stop), slice(*rows), shift)
