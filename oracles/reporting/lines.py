"""Lines for people: nothing hidden in them, cut or wrapped by what they take on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from oracles.visible import visible

NARROW = 80
"""Cells of a line where nothing else is known."""

WIDE = 100
"""Cells that a line of running text has at most, however wide the screen is."""


def counted(count: int, noun: str) -> str:
    """Return how many there are of what the noun names: ``1 case``, ``2 cases``."""
    return f"{count} {noun}{'s' * (count != 1)}"


def fit(content: str, width: int) -> str:
    """Return `content` in exactly so many cells of a screen: to the left for a negative width.

    What does not fit is cut, and an ellipsis says so.
    """
    shown = visible(content, keep="")
    room = abs(width)
    if cell_len(shown) > room:
        return set_cell_size(f"{set_cell_size(shown, room - 1).rstrip()}…", room)
    space = " " * (room - cell_len(shown))
    return shown + space if width < 0 else space + shown


def wrapped(text: str, width: int, first: str = "  ", then: str = "    ") -> str:
    """Return words in lines of at most `width` cells; a word that is longer stays whole.

    Parameters
    ----------
    first, then
        What the first line begins with, and the others.
    """
    return "\n".join(_filled(visible(text).split(), width, first, then))


def _filled(words: Sequence[str], width: int, first: str, then: str) -> Iterator[str]:
    start, line = first, ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if line and cell_len(start) + cell_len(longer) > width:
            yield start + line
            start, longer = then, word
        line = longer
    yield start + line


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines with right-aligned columns."""
    shown = [[visible(content, keep="") for content in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(map(fit, row, widths)) for row in shown]


def turned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return a table as lines of at most `width` cells: turned round if it is too wide.

    Then each of its rows is a column below the titles of the first, as many side by side as fit,
    the others below them after an empty line.
    """
    if not rows or cell_len(aligned(rows)[0]) <= width:
        return aligned(rows)
    head, *body = rows
    lines: list[str] = []
    while body:
        beside = next(
            (n for n in range(len(body), 1, -1) if _turned_width([head, *body[:n]]) <= width), 1
        )
        lines += [""] if lines else []
        lines += aligned(list(zip(head, *body[:beside], strict=True)))
        body = body[beside:]
    return lines


def _turned_width(rows: Sequence[Sequence[str]]) -> int:
    return sum(max(map(cell_len, row)) + 2 for row in rows) - 2
