"""Columns of the table on the terminal: how wide each is, and the words that fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len

from oracles.report import OpReport
from oracles.reporting.cells import TITLES, Cell, evidence_cell, subject_cell, witness_cell

_LEAST = {"operation": 16, "dtype": 5, "evidence": 8, "cases": 5, "cells": 0, "subject": 7, "s": 0}
_LEAST_WITNESS = 6
_WITNESS = "a witness"
_WIDER = (
    (_WITNESS, 7), ("evidence", 9), ("operation", 18), ("evidence", 13), ("dtype", 7),
    ("evidence", 20), (_WITNESS, 8), ("subject", 10), ("cells", 7), ("s", 6), (_WITNESS, 10),
    ("operation", 24), ("operation", 32), (_WITNESS, 12), ("operation", 40),
)  # fmt: skip
"""What columns grow to, in this order, as far as the line has room for it."""

_LEFT = ("operation", "dtype", "evidence")
"""Columns of words; those of numbers are aligned to the right."""

_SHORT = {
    "crashed": "died",
    "timed out": "late",
    "refused": "no",
    "SKIPPED": "SKIP",
    "dilated": "dilat.",
    "complex": "compl.",
}


def columns(oracles: Sequence[str], width: int) -> dict[str, int]:
    """Return the table's columns in order, each with its width, negative if it begins at the left.

    With up to five witnesses 80 cells are enough. What has no width has no place: the numbers of
    compared cells and of seconds, on a narrow line.
    """
    wide = {**_LEAST, _WITNESS: _LEAST_WITNESS}
    for name, wider in _WIDER:
        longer = {**wide, name: wider}
        if _length(longer, len(oracles)) > width:
            break
        wide = longer
    named = [*list(_LEAST)[:-1], *oracles, "s"]
    every = {name: wide[_WITNESS if name in oracles else name] for name in named}
    return {name: -w if name in _LEFT else w for name, w in every.items() if w}


def _length(wide: Mapping[str, int], witnesses: int) -> int:
    """Return the length of a line, with a space between two columns."""
    own = [w for name, w in wide.items() if w and name != _WITNESS]
    return sum(own) + len(own) - 1 + witnesses * (wide[_WITNESS] + 1)


def title(column: str, width: int) -> str:
    """Return what stands above a column."""
    name = TITLES.get(column, column)
    return fitting((name, _SHORT.get(name, name)), width)


def cell(entry: OpReport, column: str, width: int) -> Cell:
    """Return what stands in a column for an entry, in the longest words that fit, and its style."""
    texts, style = _texts(entry, column)
    return fitting(texts, width), style


def _texts(entry: OpReport, column: str) -> tuple[Sequence[str], str]:
    """Return what may stand in a column, from the longest on, and its style."""
    plain = {
        "operation": (entry.op,),
        "dtype": (entry.dtype, entry.dtype.replace("float", "f")),
        "cases": _count(entry.cases),
        "cells": _count(entry.elements),
    }
    if column in plain:
        return plain[column], ""
    if column == "s":
        return (f"{entry.seconds:.1f}", f"{entry.seconds:.0f}"), "dim"
    if column == "evidence":
        text, style = evidence_cell(entry)
        return (text, text.partition(",")[0], text.split()[0]), style
    if column == "subject":
        text, style = subject_cell(entry)
        return (text, _rounded(text)), style
    text, style = witness_cell(entry, column)
    return _shorter(text), style


def _shorter(text: str) -> Sequence[str]:
    """Return what a witness's cell may say: with the count, without it, in a word of four letters.

    The counts stand below the table.
    """
    word = text.partition(" ")[2] or text
    return text, word, _SHORT.get(word, _rounded(word))


def _rounded(text: str) -> str:
    """Return the last word with two decimals if it is a number."""
    start, _, number = text.rpartition(" ")
    try:
        return f"{start} {float(number):.2f}".strip()
    except ValueError:
        return text


def _count(number: int) -> tuple[str, str]:
    return str(number), f"{number:.0e}"


def fitting(texts: Iterable[str], width: int) -> str:
    """Return the first of the texts that fits, or the last."""
    room = abs(width)
    *longer, shortest = texts
    return next((text for text in longer if cell_len(text) <= room), shortest)
