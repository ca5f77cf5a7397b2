"""Matrices as grids of cells: what stands in each, how deep its colour is, whether it is wrong.

The script of the page writes grids by the same rules (``numbers.js``).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TONES = 8
"""Depths of colour on each side of zero."""

SMALLEST = 0.005
"""In the units of a grid: what is smaller would read as 0.00, and is none."""

PLAIN = 6
"""Decimals before the first digit, or digits before the point, that can still be read."""

MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Cell:
    """A cell of a grid.

    Attributes
    ----------
    row, column
        Counted from 0.
    text
        The number in units of the grid's power of ten.
    tone
        ``z`` for zero, else ``p`` (positive) or ``n`` and a depth up to `TONES`.
    wrong
        Whether it lies outside the bound around the truth.
    """

    row: int
    column: int
    text: str
    tone: str
    wrong: bool


@dataclass(frozen=True)
class Grid:
    """A matrix to look at.

    Attributes
    ----------
    name, version
        Which matrix, of which backward pass: ``right``, ``first`` or ``later``.
    rows
        Its cells.
    power
        Its cells are in units of ten to this.
    together
        The matrices whose power and colours it shares, as ``version:name`` and a space; "" if
        it has its own.
    """

    name: str
    version: str
    rows: tuple[tuple[Cell, ...], ...]
    power: int
    together: str = ""

    @property
    def unit(self) -> str:
        """``× 10⁻³``, or "" where the cells are the numbers themselves."""
        return unit(self.power)


def grid(
    name: str,
    matrix: Array | float,
    *,
    version: str = "right",
    wrong: Collection[int] = (),
    together: Iterable[tuple[str, Array]] = (),
) -> Grid:
    """Return a matrix as a grid.

    Parameters
    ----------
    name, version
        As in `Grid`.
    matrix
        Two axes; a number is a matrix of one cell.
    wrong
        Flat indices of the cells that are wrong.
    together
        Names (``version:name``) and matrices that are shown in the same units and colours.
    """
    table = np.atleast_2d(matrix)
    shared = dict(together)
    numbers = np.concatenate([np.ravel(each) for each in (table, *shared.values())])
    power, largest = power_of_ten(numbers), largest_of(numbers)
    whole = is_whole(numbers)
    cells = [
        Cell(
            row=flat // table.shape[1],
            column=flat % table.shape[1],
            text=cell_text(value, power, whole=whole),
            tone=tone(value, largest),
            wrong=flat in wrong,
        )
        for flat, value in enumerate(table.ravel().tolist())
    ]
    columns = table.shape[1]
    rows = tuple(tuple(cells[i : i + columns]) for i in range(0, len(cells), columns))
    return Grid(name, version, rows, power, " ".join(shared))


def unit(power: int) -> str:
    """Return a power of ten as a factor."""
    return f"× 10{str(power).translate(_SUPERSCRIPTS)}" if power else ""


def largest_of(numbers: Array) -> float:
    """Return the largest finite absolute value, 0 if there is none."""
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(finite.max(initial=0.0))


def is_whole(numbers: Array) -> bool:
    """Whether all are whole and short, as the pixels of an image are."""
    return bool(np.all(np.isfinite(numbers) & (numbers == np.rint(numbers)))) and (
        largest_of(numbers) < 99.5
    )


def power_of_ten(numbers: Array) -> int:
    """Return the power of ten to take out, so that the largest has one digit or two."""
    largest = largest_of(numbers)
    if largest == 0 or 0.1 <= largest < 99.5:
        return 0
    return int(f"{largest:e}".split("e")[1])


def cell_text(value: float, power: int, *, whole: bool) -> str:
    """Return a number in units of ten to the `power`, short enough for a cell."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{MINUS if value < 0 else ''}∞"
    if value == 0:
        return "0"
    scaled = value / float(f"1e{power}")
    if abs(scaled) < SMALLEST:
        return exponential(scaled)
    digits = 0 if whole else (1 if abs(scaled) >= 9.995 else 2)
    return f"{scaled:.{digits}f}".replace("-", MINUS)


def exponential(value: float) -> str:
    """Return a number to one digit as ``−4e−3``."""
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit}e{int(exponent)}".replace("-", MINUS)


def tone(value: float, largest: float) -> str:
    """Return the colour of a number among numbers of which the largest is given."""
    if not math.isfinite(value) or largest == 0:
        return "z"
    depth = math.floor(TONES * (abs(value) / largest) + 0.5)
    return "z" if depth == 0 else f"{'n' if value < 0 else 'p'}{depth}"


def factor(value: float, digits: int = 3) -> str:
    """Return a number as a factor of a product: in brackets where it is negative."""
    text = significant(value, digits)
    return f"({text})" if value < 0 else text


def plain(value: float, digits: int = 3) -> str:
    """Return a number to so many digits and without a power of ten, where it is not too long."""
    if not math.isfinite(value) or value == 0:
        return significant(value, digits)
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])
    if not -PLAIN <= exponent < PLAIN:
        return significant(value, digits)
    return f"{value:.{max(0, digits - 1 - exponent)}f}".replace("-", MINUS)


def significant(value: float, digits: int = 3) -> str:
    """Return a number to so many digits, with a true minus sign: ``−1.2e−16``."""
    if not math.isfinite(value):
        return cell_text(value, 0, whole=False)
    return f"{value:.{digits}g}".replace("-", MINUS)
