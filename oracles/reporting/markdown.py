"""A report as Markdown, to be attached to a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import isnan

from oracles.report import Report
from oracles.reporting.cells import (
    evidence_lines,
    kept_lines,
    number,
    repeat_lines,
    scope_lines,
)
from oracles.reporting.changes import change_lines, change_title
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
    yield from (results_row(report, entry) for entry in report.entries)
    yield from ("", "## Evidence", "", *_items(evidence_lines(report)))
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
        yield from ("", f"## {escaped(entry.op)} in {escaped(entry.dtype)} is wrong", "")
        yield from fenced(failure_text(entry))
    yield from _environment(report)


def _items(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {escaped(line)}" for line in lines)


def _resolutions(report: Report) -> Iterator[str]:
    yield from ("", "What the bounds could see, for each operand of the subject: the largest error "
                "over the sure bound, gamma(n) |a||b|; the same over the bound that holds but for "
                "a probability of 2^-40 for each element, which grows as the root of n; and the "
                "smallest relative error that rounding cannot explain.", "")  # fmt: skip
    names = ["operation", "dtype", "operand", "error/bound", "error/probable", "could see"]
    yield from head(3, names)
    for entry in report.entries:
        for tally in entry.tallies:
            if tally.participant == "subject":
                seen = "any" if isnan(tally.resolution) else f"{tally.resolution:.1e}"
                ratios = number(tally.worst_ratio), number(tally.worst_probable_ratio)
                shown = f"{seen} (vacuous)" if tally.vacuous else seen
                yield table_row([entry.op, entry.dtype, tally.operand, *ratios, shown])


def _laws(report: Report) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for entry in report.entries:
        counts.update(entry.laws)
    if counts:
        yield from ("", "Laws that held, without any framework, in so many cases:", "")
    yield from _items(f"{law}: {count}" for law, count in counts.items())


def _pairings(report: Report) -> Iterator[str]:
    apart = [(entry, pair) for entry in report.entries for pair in entry.pairings if pair.apart]
    if apart:
        yield from ("", "Elements on which the subject and a witness are further apart than "
                    "rounding allows both; exact arithmetic says who is wrong:", "")  # fmt: skip
    for entry, pair in apart:
        count = f"{pair.apart} of {pair.elements}"
        yield from _items([f"{entry.op} {entry.dtype} {pair.operand}, {pair.witness}: {count}"])


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
    where = report.environment
    yield from ("", "## To repeat", "")
    limits = "".join(f" --limit {name}={value}" for name, value in report.limits.items())
    yield code(f"oracle-diff --seed {report.seed} --max-examples {report.max_examples}{limits}")
    yield ""
    if lines := repeat_lines(report):
        yield from (*_items(lines), "")
    yield escaped(", ".join(f"{name} {version}" for name, version in where.versions.items()))
    yield ""
    threads = ", ".join(f"{name} {count}" for name, count in where.threads.items())
    yield escaped(f"threads: {threads}; {where.platform}; {where.started}")
