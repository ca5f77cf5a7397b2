"""An operand of a failing case as maps: what the subject says, truth, error/bound."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.portrait import Portrait
from oracles.reporting.cells import number
from oracles.reporting.failure import digits

Array = npt.NDArray[Any]

MOST_CELLS = 1024
"""Of one operand, in all its slices."""

_MOST_SLICES = 24
_LONGEST = 32
_READABLE = 16
_LONG_NUMBER = 8
_SHADES = 4


MANUAL = "hand-written"
"""What the subject is called where everybody's numbers stand side by side."""

RATIO = "error/bound"


@dataclass(frozen=True)
class Square:
    """A cell of a map: what is shown, all digits if that is less, and how it looks."""

    text: str
    exact: str
    look: str


@dataclass(frozen=True)
class Map:
    """One array over the cells of a slice, row by row."""

    title: str
    rows: tuple[tuple[Square, ...], ...]


@dataclass(frozen=True)
class Slice:
    """The last two axes at one place of the others.

    Attributes
    ----------
    index
        The place, for each leading axis.
    wrong
        Number of wrong cells in it, shown or not; None if there is nothing to compare.
    rows, columns
        Indices of what is shown.
    maps
        The arrays.
    """

    index: tuple[int, ...]
    wrong: int | None
    rows: range
    columns: range
    maps: tuple[Map, ...]


@dataclass(frozen=True)
class Grid:
    """All maps of an operand.

    Attributes
    ----------
    slices
        In the order of their index.
    first
        Which of them has the worst cell.
    axes
        How many axes a slice has: 2, or fewer if the operand has.
    readable
        Whether the numbers stand in the cells.
    left_out
        Number of cells that are not shown.
    """

    slices: tuple[Slice, ...]
    first: int
    axes: int
    readable: bool
    left_out: int


def grid(portrait: Portrait, said: Array | None, participant: str) -> Grid:
    """Return the maps of an operand.

    Parameters
    ----------
    portrait
        The operand.
    said
        What the participant says, or None if that is no array of this shape.
    participant
        Whose error/bound is shown.
    """
    if not portrait.truth.size:
        return Grid((), 0, 0, readable=True, left_out=0)
    layers = {MANUAL: said, "truth": portrait.truth, RATIO: portrait.ratios.get(participant)}
    stacks = {name: _stack(layer) for name, layer in layers.items() if layer is not None}
    ratio = stacks.get(RATIO, np.zeros(stacks["truth"].shape))
    at, *inside = (int(i) for i in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
    rows, columns = (_window(n, i) for n, i in zip(ratio.shape[1:], inside, strict=True))
    chosen = _slices(ratio, at, len(rows) * len(columns))
    scale = _scale(said, portrait.truth)
    part = np.s_[rows.start : rows.stop, columns.start : columns.stop]
    found = [
        Slice(
            index=_index(place, portrait.shape[:-2]),
            wrong=int((ratio[place] > 1).sum()) if RATIO in stacks else None,
            rows=rows,
            columns=columns,
            maps=_maps({n: s[place][part] for n, s in stacks.items()}, ratio[place][part], scale),
        )
        for place in chosen
    ]
    left_out = portrait.truth.size - len(chosen) * len(rows) * len(columns)
    axes = min(2, len(portrait.shape))
    return Grid(tuple(found), chosen.index(at), axes, len(columns) <= _READABLE, left_out)


def _stack(array: Array) -> Array:
    """Return the array as matrices one after another; one row if it is no matrix."""
    *leading, rows, columns = array.shape if array.ndim > 1 else (1, array.size)
    return array.reshape((prod(leading), rows, columns))


def _index(place: int, leading: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(place, leading)) if leading else ()


def _window(length: int, at: int) -> range:
    """Return the indices to show of an axis, `at` among them."""
    start = max(0, min(at - _LONGEST // 2, length - _LONGEST))
    return range(start, min(start + _LONGEST, length))


def _slices(ratio: Array, worst: int, cells: int) -> list[int]:
    """Return which slices to show: that of the worst cell, then the first with wrong ones."""
    most = max(1, min(_MOST_SLICES, MOST_CELLS // cells))
    wrong = np.asarray((ratio > 1).any(axis=(1, 2)))
    order = sorted(range(len(ratio)), key=lambda place: (place != worst, not wrong[place], place))
    return sorted(order[:most])


def _scale(*arrays: Array | None) -> float:
    """Return the largest finite number of all, in absolute value."""
    finite = [abs(a[np.isfinite(a)].astype(np.float64)) for a in arrays if a is not None]
    return max((float(a.max(initial=0.0)) for a in finite), default=0.0)


def _maps(layers: dict[str, Array], ratio: Array, scale: float) -> tuple[Map, ...]:
    found = []
    for name, layer in layers.items():
        if name == RATIO:
            squares = [[_ratio_square(float(r)) for r in line] for line in ratio]
        else:
            wrong = (ratio > 1) if name == MANUAL else np.zeros(ratio.shape, dtype=bool)
            squares = [
                [_square(n, scale, bad=bool(b)) for n, b in zip(line, bads, strict=True)]
                for line, bads in zip(layer, wrong, strict=True)
            ]
        found.append(Map(name, tuple(map(tuple, squares))))
    return tuple(found)


def _square(value: Any, scale: float, *, bad: bool) -> Square:
    exact = digits(value)
    text = exact if len(exact) <= _LONG_NUMBER else f"{float(value):.3g}"
    return Square(text, exact * (text != exact), _shade(float(value), scale) + " bad" * bad)


def _shade(value: float, scale: float) -> str:
    """Return the name of a colour: n4 ... n1, z, p1 ... p4, or x for what is no finite number."""
    if not np.isfinite(value):
        return "x"
    if value == 0 or scale == 0:
        return "z"
    return f"{'n' if value < 0 else 'p'}{max(1, int(np.ceil(abs(value) / scale * _SHADES)))}"


def _ratio_square(ratio: float) -> Square:
    """Return a cell of error/bound: g for right, w1 ... w3 for wrong, by the power of ten."""
    text = number(ratio)
    exact = f"{ratio:.6g}"
    shade = next((f"w{i}" for i, end in enumerate((1e3, 1e9), 1) if ratio <= end), "w3")
    look = f"{shade} bad" if ratio > 1 else "g"
    return Square(text, exact * (text != exact), look)
