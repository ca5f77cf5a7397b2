"""What the Markdown of `oracle-diff` is made of: names and sentences that stay text, the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from oracles.report import OpReport, Report
from oracles.reporting.cells import TITLES, evidence_cell, subject_cell, witness_cell
from oracles.reporting.lines import counted
from oracles.reporting.names import Names
from oracles.reporting.one_line import one_line
from oracles.visible import visible

NUMBERS = "Numbers are the largest error/bound against exact arithmetic; above 1 is wrong."
"""What heads the table of results."""

_SPECIAL = re.compile(
    r"""[\\`*\[\]<>|~$&]               # begins or ends something anywhere
    |(?<![^\W_])_|_(?![^\W_])          # emphasis, unless within a word
    |(?<=:)/(?=/)                      # an address
    """,
    re.VERBOSE,
)


_HEADING_OR_ITEM = re.compile(r"^(\d*)([#+=.)-])")


def escaped(text: str) -> str:
    """Return `text` as one line of Markdown that shows it, whatever it holds."""
    return _HEADING_OR_ITEM.sub(r"\1\\\2", _inline(text))


def _inline(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", one_line(text))


def code(text: str) -> str:
    """Return `text` as a code span."""
    shown = one_line(text)
    ticks = "`" * (_longest_run(shown) + 1)
    padding = " " * ("`" in (shown[:1], shown[-1:]))
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def fenced(text: str) -> list[str]:
    """Return the lines of a block of code."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return [f"{fence}text", visible(text), fence]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def table_row(cells: Sequence[str]) -> str:
    """Return a row of a table; its cells are escaped."""
    return f"| {' | '.join(map(_inline, cells))} |"


def head(words: int, names: Sequence[str]) -> list[str]:
    """Return the two lines that head a table of so many columns of words, then of numbers."""
    rule = ["---"] * words + ["---:"] * (len(names) - words)
    return [table_row(names), f"| {' | '.join(rule)} |"]


def results_head(report: Report) -> list[str]:
    """Return the head of the table of results."""
    witnesses = [TITLES.get(name, name) for name in report.oracles]
    return head(3, ["operation", "dtype", "evidence", "cases", "cells", "subject", *witnesses, "s"])


def results_row(report: Report, entry: OpReport, name: str) -> str:
    """Return one operation in one dtype, called `name`, as a row of that table."""
    witnesses = [witness_cell(entry, name)[0] for name in report.oracles]
    counts = [str(entry.cases), str(entry.elements)]
    cells = [evidence_cell(entry)[0], *counts, subject_cell(entry)[0], *witnesses]
    return table_row([name, entry.dtype, *cells, f"{entry.seconds:.1f}"])


def defect_items(report: Report, cut: Callable[[str], str] = str) -> list[str]:
    """Return each defect of a witness as an item of a list; `cut` shortens it before it is escaped.

    A code span that is cut afterwards has no end, and what is in it is Markdown.
    """
    items, names = [], Names(report)
    for entry in report.entries:
        for defect in entry.defects:
            kept = f" (kept in {code(cut(defect.case_file))})" if defect.case_file else ""
            told = f"{names.row(entry)}, {counted(defect.count, 'case')}: {defect.sentence}"
            items.append(f"- {escaped(cut(told))}{kept}")
    return items
