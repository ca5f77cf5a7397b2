"""How a convolution is cut into blocks, so that its workspace is bounded and stays in cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from math import prod

Range = tuple[int, int]
Box = tuple[Range, ...]

CACHE = 2**22
"""Bytes of a matrix of columns, one for each thread: about what its caches hold."""

SLIDE = 2**19
"""Bytes of a block over which taps slide: three of them stay in the cache of one core."""

MOST = 2**23
"""Bytes that nothing in the workspace of all threads exceeds: seven things come to 56 MiB."""

ROWS = 2**12
"""Rows of a matrix of columns; if there are more, the channels are cut."""


def boxes(sizes: tuple[int, ...], most: int) -> Iterator[Box]:
    """Cut a box of indices into boxes of at most `most` numbers, whole along the last axes."""
    return product(*map(ranges, sizes, _steps(sizes, most)))


def ranges(size: int, step: int) -> list[Range]:
    """Cut indices into ranges of `step`."""
    return [(start, min(start + step, size)) for start in range(0, size, step)]


def tiles(groups: int, results: int, channels: int, *, rows: int, weights: int) -> Iterator[Box]:
    """Cut weights (groups, results, channels) into tiles.

    Parameters
    ----------
    rows
        The most that groups times channels may be.
    weights
        The most that all three may be.
    """
    for group, channel in boxes((groups, channels), rows):
        for (result,) in boxes((results,), weights // (length(group) * length(channel))):
            yield group, result, channel


def blocks(
    batch: int, positions: tuple[int, ...], *, columns: int, together: int,
    fits: Callable[[int, tuple[int, ...]], bool],
) -> Iterator[Box]:  # fmt: skip
    """Cut samples and positions into blocks of `columns` columns, or of fewer, until one fits.

    Parameters
    ----------
    together
        Columns until which samples are taken together.
    fits
        Whether a block with so many samples and positions is small enough.
    """
    samples = max(1, min(batch, columns // prod(positions), -(-together // prod(positions))))
    while columns > 1 and not fits(samples, _steps(positions, columns // samples)):
        columns //= 2
        samples = max(1, min(samples, columns // prod(positions)))
    for (some,) in boxes((batch,), samples):
        for box in boxes(positions, columns // samples):
            yield some, *box


def length(of: Range) -> int:
    """Return the number of indices in a range."""
    return of[1] - of[0]


def _steps(sizes: tuple[int, ...], most: int) -> tuple[int, ...]:
    steps: list[int] = []
    for size in reversed(sizes):
        steps.insert(0, max(1, min(size, most)))
        most //= steps[0]
    return tuple(steps)
