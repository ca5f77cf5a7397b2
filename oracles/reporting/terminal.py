"""The table on the terminal: rows as they come, what matters below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from oracles.report import OpReport, Report
from oracles.reporting.cells import (
    defect_lines,
    evidence_lines,
    kept_lines,
    repeat_lines,
    scope_lines,
)
from oracles.reporting.changes import change_lines, change_title, news
from oracles.reporting.columns import cell, columns, title
from oracles.reporting.failure import failure_text
from oracles.reporting.lines import NARROW, WIDE, counted, fit, wrapped
from oracles.reporting.names import Names, subject_lines


def header(oracles: Sequence[str], width: int = NARROW) -> Text:
    """Return the table's head: two lines that say what the numbers are."""
    names = [fit(title(name, w), w) for name, w in columns(oracles, width).items()]
    legend = "largest error/bound against exact arithmetic; above 1 is wrong"
    return Text.assemble((f"{legend}\n", "dim"), (" ".join(names), "bold"))


def row(entry: OpReport, oracles: Sequence[str], width: int = NARROW) -> Text:
    """Return the line of one operation in one dtype."""
    text = Text()
    for name, wide in columns(oracles, width).items():
        content, style = cell(entry, name, wide)
        text.append(" " if text else "").append(fit(content, wide), style)
    return text


def footer(report: Report, width: int = NARROW) -> Text:
    """Return what follows the table: defects, failures, what is missing, the verdict."""
    wide = min(width, WIDE)
    text = Text(_section("subjects, in the order of the rows", subject_lines(report), wide))
    if defects := defect_lines(report):
        told = "witnesses that differ from exact arithmetic, no fault of the subject"
        text.append(_section(f"{told} (each case is in the report):", defects, wide), "yellow")
    for heading, lines in {
        "evidence": evidence_lines(report) if report.cases else [],
        "limits on the cases": scope_lines(report),
        "counterexamples": kept_lines(report),
    }.items():
        text.append(_section(heading, lines, wide))
    for entry in report.failures:
        text.append(f"\n{'=' * wide}\n", "red")
        text.append(f"{failure_text(entry, wide, here=True)}\n")
    for name, reason in report.missing.items():
        text.append(f"\n{wrapped(f'SKIPPED {name}: {reason}', wide, '', '  ')}\n", "yellow")
    if report.changes is not None:
        text.append(_section(change_title(report.changes), change_lines(report.changes), wide))
    told = wrapped(verdict_line(report), wide, "", "  ")
    right = "bold yellow" if report.interrupted else "bold green"
    text.append(f"\n{told}\n", right if report.passed else "bold red")
    text.append(f"seed {report.seed}: repeat with --seed {report.seed}\n", "dim")
    text.append("".join(f"{wrapped(line, wide)}\n" for line in repeat_lines(report)), "dim")
    return text


def _section(heading: str, lines: Iterable[str], width: int) -> str:
    """Return a heading and what stands below it, or nothing if nothing does."""
    below = "".join(f"{wrapped(line, width)}\n" for line in lines)
    return f"\n{wrapped(heading, width, '', '')}\n{below}" if below else ""


def whole(report: Report) -> str:
    """Return the table, what matters below it, and the verdict, as plain text."""
    rows = [row(entry, report.oracles) for entry in report.entries]
    return "\n".join(text.plain for text in (header(report.oracles), *rows, footer(report)))


def verdict_line(report: Report) -> str:
    """Return the whole report in one line; what may yet have come stands before all else."""
    return f"{'interrupted; ' * report.interrupted}{_verdict(report)}"


def _verdict(report: Report) -> str:
    operations = len({entry.op for entry in report.entries})
    scope = f"{counted(report.cases, 'case')} of {counted(operations, 'operation')}"
    name = Names(report).row
    if report.cases == 0 and not report.failures:  # one may be refuted on symbols alone
        return "nothing was compared"
    vacuous = [name(entry) for entry in report.entries if entry.vacuous]
    if vacuous and not report.failures:
        new = news(report, "newly vacuous", len(vacuous))
        return f"VACUOUS, neither right nor wrong{new}: {_each_once(vacuous)}; {scope}"
    if report.passed:
        right = f"right{' so far' * report.interrupted}"
        return f"{right}: every subject within its rounding bound on {scope}"
    wrong = [name(entry) for entry in report.failures]
    new = news(report, "new failure", len(wrong))
    return f"WRONG{new}: {_each_once(wrong)}; {scope}"


def _each_once(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))
