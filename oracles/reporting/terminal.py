"""The table on the terminal: rows as they come, what matters below."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from rich.text import Text

from oracles.report import OpReport, Report
from oracles.reporting.cells import (
    TITLES,
    defect_lines,
    evidence_cell,
    evidence_lines,
    kept_lines,
    repeat_lines,
    scope_lines,
    subject_cell,
    witness_cell,
)
from oracles.reporting.changes import change_lines, change_title, news
from oracles.reporting.failure import failure_text

_COLUMNS = {"operation": -19, "dtype": -8, "evidence": -22, "cases": 5, "cells": 7, "subject": 10}
_WITNESS_WIDTH = 10
_SECONDS_WIDTH = 6


def header(oracles: Sequence[str]) -> Text:
    """Return the table's head: two lines that say what the numbers are."""
    names = [*_COLUMNS, *(TITLES[name] for name in oracles), "s"]
    line = "".join(_fit(n, w) for n, w in zip(names, _widths(oracles), strict=True))
    legend = "largest error/bound against exact arithmetic; above 1 is wrong"
    return Text.assemble((f"{legend}\n", "dim"), (line, "bold"))


def row(entry: OpReport, oracles: Sequence[str]) -> Text:
    """Return the line of one operation in one dtype."""
    cells = [
        (entry.op, ""),
        (entry.dtype, ""),
        evidence_cell(entry),
        (str(entry.cases), ""),
        (str(entry.elements), ""),
        subject_cell(entry),
        *(witness_cell(entry, name) for name in oracles),
        (f"{entry.seconds:.1f}", "dim"),
    ]
    text = Text()
    for (content, style), width in zip(cells, _widths(oracles), strict=True):
        text.append(_fit(content, width), style)
    return text


def footer(report: Report) -> Text:
    """Return what follows the table: defects, failures, what is missing, the verdict."""
    text = Text()
    defects = defect_lines(report)
    if defects:
        text.append("\nwitnesses that differ from exact arithmetic, no fault of the subject")
        text.append(" (each case is in the report):\n")
        text.append("".join(f"  {line}\n" for line in defects), "yellow")
    if report.cases:
        text.append("\nevidence\n")
        text.append("".join(f"{_wrapped(line)}\n" for line in evidence_lines(report)), "dim")
    scope = scope_lines(report)
    if scope:
        text.append("\nlimits on the cases\n")
        text.append("".join(f"{_wrapped(line)}\n" for line in scope), "dim")
    if kept := kept_lines(report):
        text.append("\ncounterexamples\n")
        text.append("".join(f"{_wrapped(line)}\n" for line in kept), "dim")
    for entry in report.failures:
        text.append(f"\n{'=' * 100}\n", "red")
        text.append(f"{failure_text(entry)}\n")
    for name, reason in report.missing.items():
        text.append(f"\nSKIPPED {name}: {reason}\n", "yellow")
    if report.changes is not None:
        text.append(f"\n{change_title(report.changes)}\n")
        text.append("".join(f"{_wrapped(line)}\n" for line in change_lines(report.changes)))
    text.append(f"\n{verdict_line(report)}\n", "bold green" if report.passed else "bold red")
    text.append(f"seed {report.seed}: repeat with --seed {report.seed}\n", "dim")
    text.append("".join(f"{line}\n" for line in repeat_lines(report)), "dim")
    return text


def whole(report: Report) -> str:
    """Return the table, what matters below it, and the verdict, as plain text."""
    rows = [row(entry, report.oracles) for entry in report.entries]
    return "\n".join(text.plain for text in (header(report.oracles), *rows, footer(report)))


def verdict_line(report: Report) -> str:
    """Return the whole report in one line."""
    operations = len({entry.op for entry in report.entries})
    scope = f"{report.cases} cases of {operations} operation{'s' * (operations != 1)}"
    cut = " (interrupted)" if report.interrupted else ""
    if report.cases == 0:
        return f"nothing was compared{cut}"
    vacuous = [f"{entry.op} {entry.dtype}" for entry in report.entries if entry.vacuous]
    if vacuous and not report.failures:
        new = news(report, "newly vacuous", len(vacuous))
        return f"VACUOUS, neither right nor wrong{new}: {_each_once(vacuous)}; {scope}{cut}"
    if report.passed:
        return f"right: every subject within its rounding bound on {scope}{cut}"
    wrong = [f"{entry.op} {entry.dtype}" for entry in report.failures]
    new = news(report, "new failure", len(wrong))
    return f"WRONG{new}: {_each_once(wrong)}; {scope}{cut}"


def _each_once(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _wrapped(line: str) -> str:
    return fill(line, width=100, initial_indent="  ", subsequent_indent="    ")


def _widths(oracles: Sequence[str]) -> list[int]:
    return [*_COLUMNS.values(), *(_WITNESS_WIDTH for _ in oracles), _SECONDS_WIDTH]


def _fit(content: str, width: int) -> str:
    """Pad to the right for a negative width, else to the left."""
    return f"{content:<{-width}}" if width < 0 else f"{content:>{width}}"
