"""A report as Markdown, to be attached to a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oracles.report import Report
from oracles.reporting.cells import (
    evidence_lines,
    kept_lines,
    repeat_lines,
    scope_lines,
)
from oracles.reporting.changes import change_lines, change_title
from oracles.reporting.details import (
    LAWS_LEGEND,
    PAIRINGS_LEGEND,
    RESOLUTION_LEGEND,
    RESOLUTION_TITLES,
    environment_lines,
    law_lines,
    pairing_lines,
    resolution_rows,
)
from oracles.reporting.failure import failure_text
from oracles.reporting.markdown_parts import (
    NUMBERS,
    code,
    defect_items,
    escaped,
    fenced,
    head,
    results_head,
    results_row,
    table_row,
)
from oracles.reporting.names import Names
from oracles.reporting.repeating import note, repeat_run
from oracles.reporting.terminal import verdict_line


def markdown(report: Report) -> str:
    """Return the whole report as Markdown, with what users named escaped."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# oracle-diff"
    yield ""
    yield f"**{escaped(verdict_line(report))}**"
    yield ""
    if report.changes is not None:
        yield from (escaped(f"The {change_title(report.changes)}:"), "")
        yield from (*_items(change_lines(report.changes)), "")
    yield NUMBERS
    yield ""
    yield from results_head(report)
    names = Names(report)
    yield from (results_row(report, entry, names.op(entry)) for entry in report.entries)
    if evidence := evidence_lines(report):
        yield from ("", "## Evidence", "", *_items(evidence))
    scope = scope_lines(report)
    if scope:
        yield from ("", "## Limits on the cases", "", *_items(scope))
    yield from _resolutions(report)
    if kept := kept_lines(report):
        yield from ("", "Counterexamples:", "", *_items(kept))
    yield from _laws(report)
    yield from _pairings(report)
    yield from _missing(report)
    yield from _defects(report)
    for entry in report.failures:
        yield from ("", f"## {escaped(names.title(entry))} is wrong", "")
        yield from fenced(failure_text(entry))
    yield from _environment(report)


def _items(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {escaped(line)}" for line in lines)


def _resolutions(report: Report) -> Iterator[str]:
    yield from ("", RESOLUTION_LEGEND, "")
    yield from head(3, list(RESOLUTION_TITLES))
    for cells in resolution_rows(report):
        yield table_row(list(cells))


def _laws(report: Report) -> Iterator[str]:
    lines = law_lines(report)
    if lines:
        yield from ("", LAWS_LEGEND, "")
    yield from _items(lines)


def _pairings(report: Report) -> Iterator[str]:
    lines = pairing_lines(report)
    if lines:
        yield from ("", PAIRINGS_LEGEND, "")
    yield from _items(lines)


def _missing(report: Report) -> Iterator[str]:
    for name, reason in report.missing.items():
        yield ""
        yield escaped(f"SKIPPED {name}: {reason}")


def _defects(report: Report) -> Iterator[str]:
    if found := defect_items(report):
        yield from ("", "## Witnesses that differ from exact arithmetic", "")
        yield "None of these is a fault of the subject. The case is the smallest seen."
        yield from ("", *found)


def _environment(report: Report) -> Iterator[str]:
    yield from ("", "## To repeat", "")
    command = repeat_run(report)
    yield code(command)
    yield ""
    if told := note(command):
        yield from (escaped(told), "")
    if lines := repeat_lines(report):
        yield from (*_items(lines), "")
    yield from _items(environment_lines(report))
