"""A report as Markdown, to be attached to a change."""

from __future__ import annotations

from collections.abc import Iterator

from oracles.report import OpReport, Report
from oracles.reporting.cells import (
    TITLES,
    evidence_cell,
    evidence_lines,
    kept_lines,
    repeat_lines,
    scope_lines,
    subject_cell,
    witness_cell,
)
from oracles.reporting.changes import change_lines, change_title
from oracles.reporting.details import (
    LAWS_LEGEND,
    PAIRINGS_LEGEND,
    RESOLUTION_LEGEND,
    RESOLUTION_TITLES,
    law_lines,
    pairing_lines,
    resolution_rows,
)
from oracles.reporting.failure import failure_text
from oracles.reporting.terminal import verdict_line


def markdown(report: Report) -> str:
    """Return the whole report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# oracle-diff"
    yield ""
    yield f"**{verdict_line(report)}**"
    yield ""
    if report.changes is not None:
        lines = change_lines(report.changes)
        yield from (f"The {change_title(report.changes)}:", "")
        yield from (*(f"- {line}" for line in lines), "")
    yield "Numbers are the largest error/bound against exact arithmetic; above 1 is wrong."
    yield ""
    names = ["operation", "dtype", "evidence", "cases", "cells", "subject",
             *(TITLES[name] for name in report.oracles), "s"]  # fmt: skip
    yield _row(names)
    yield _row(["---"] * 3 + ["---:"] * (len(names) - 3))
    for entry in report.entries:
        yield _row(_cells(report, entry))
    yield from ("", "## Evidence", "", *(f"- {line}" for line in evidence_lines(report)))
    scope = scope_lines(report)
    if scope:
        yield from ("", "## Limits on the cases", "", *(f"- {line}" for line in scope))
    yield from _resolutions(report)
    if kept := kept_lines(report):
        yield from ("", "Counterexamples:", "", *(f"- {line}" for line in kept))
    yield from _laws(report)
    yield from _pairings(report)
    yield from _missing(report)
    yield from _defects(report)
    for entry in report.failures:
        yield from ("", f"## {entry.op} in {entry.dtype} is wrong", "", "```text")
        yield from (failure_text(entry), "```")
    yield from _environment(report)


def _cells(report: Report, entry: OpReport) -> list[str]:
    witnesses = [witness_cell(entry, name)[0] for name in report.oracles]
    return [entry.op, entry.dtype, evidence_cell(entry)[0], str(entry.cases), str(entry.elements),
            subject_cell(entry)[0], *witnesses, f"{entry.seconds:.1f}"]  # fmt: skip


def _resolutions(report: Report) -> Iterator[str]:
    yield from ("", RESOLUTION_LEGEND, "")
    yield _row(list(RESOLUTION_TITLES))
    yield _row(["---"] * 3 + ["---:"] * 3)
    for cells in resolution_rows(report):
        yield _row(list(cells))


def _laws(report: Report) -> Iterator[str]:
    lines = law_lines(report)
    if lines:
        yield from ("", LAWS_LEGEND, "")
    yield from (f"- {line}" for line in lines)


def _pairings(report: Report) -> Iterator[str]:
    lines = pairing_lines(report)
    if lines:
        yield from ("", PAIRINGS_LEGEND, "")
    yield from (f"- {line}" for line in lines)


def _missing(report: Report) -> Iterator[str]:
    for name, reason in report.missing.items():
        yield ""
        yield f"SKIPPED {name}: {reason}"


def _defects(report: Report) -> Iterator[str]:
    found = [(entry, defect) for entry in report.entries for defect in entry.defects]
    if not found:
        return
    yield from ("", "## Witnesses that differ from exact arithmetic", "")
    yield "None of these is a fault of the subject. The case is the smallest seen."
    yield ""
    for entry, defect in found:
        kept = f" (kept in `{defect.case_file}`)" if defect.case_file else ""
        yield f"- {entry.op} {entry.dtype}, {defect.count} cases: {defect.sentence}{kept}"


def _environment(report: Report) -> Iterator[str]:
    where = report.environment
    yield from ("", "## To repeat", "")
    limits = "".join(f" --limit {name}={value}" for name, value in report.limits.items())
    yield f"`oracle-diff --seed {report.seed} --max-examples {report.max_examples}{limits}`"
    yield ""
    if lines := repeat_lines(report):
        yield from (*(f"- {line}" for line in lines), "")
    yield ", ".join(f"{name} {version}" for name, version in where.versions.items())
    yield ""
    threads = ", ".join(f"{name} {count}" for name, count in where.threads.items())
    yield f"threads: {threads}; {where.platform}; {where.started}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
