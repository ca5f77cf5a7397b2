"""The article's lines: their names coloured, what is missing in a published one marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MATRICES = ("x", "w1", "w2", "w3", "l1", "a1", "l2", "a2", "h", "l3", "out", "y", "cost", "k",
            "d3", "g3", "d2", "g2", "dA1", "d1", "g1")  # fmt: skip
"""The names in the lines that are matrices."""

_WORD = re.compile(r"\*v|\^T|\^2|[A-Za-z]+\d*'?|\d+|\s+|.")


@dataclass(frozen=True)
class Piece:
    """A piece of a line.

    Attributes
    ----------
    text
        As written.
    kind
        ``matrix``, ``convolution``, ``exponent``, ``text``, or ``slope``: an ``f1'``, which
        multiplies cell by cell.
    missing
        Whether the other line that it was compared with lacks it.
    gap
        Whether something is missing just before it, which the other line has.
    """

    text: str
    kind: str
    missing: bool = False
    gap: bool = False


def pieces(line: str, other: str = "") -> list[Piece]:
    """Return a line in pieces, compared with an `other` if there is one."""
    mine, theirs = _WORD.findall(line), _WORD.findall(other or line)
    marks = list(_marks(mine, theirs))
    found = [
        Piece(text, _kind(text), missing, gap)
        for text, (missing, gap) in zip([*mine, ""], marks, strict=True)
    ]
    return found if found[-1].gap else found[:-1]


def _marks(mine: list[str], theirs: list[str]) -> Iterator[tuple[bool, bool]]:
    """Yield for each of my words, and for the end, whether they lack it, and I one before it."""
    lacked, gaps = set(), set()
    for tag, start, end, _, _ in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag in ("delete", "replace"):
            lacked |= set(range(start, end))
        if tag in ("insert", "replace"):
            gaps.add(start)
    for index in range(len(mine) + 1):
        yield index in lacked, index in gaps


def _kind(text: str) -> str:
    if text in MATRICES:
        return "matrix"
    if text.endswith("'"):
        return "slope"
    return {"*v": "convolution", "^T": "exponent", "^2": "exponent"}.get(text, "text")
