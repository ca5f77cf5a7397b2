"""Lists of lines: what is wrong in short, evidence, limits, laws; each no longer than fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from oracles.changes import Change
from oracles.report import OpReport, Report
from oracles.reporting.cells import defect_lines, evidence_lines, kept_lines, scope_lines
from oracles.reporting.page.budget import few
from oracles.reporting.page.safe_text import clip

MOST_SUMMARIES = 100
_BYTES = 60_000
_LINE = 1500


@dataclass(frozen=True)
class Summary:
    """A failure in a line or two."""

    place: int
    op: str
    dtype: str
    what: str
    why: str
    linked: bool
    change: str


def summaries(
    report: Report,
    changes: Mapping[tuple[str, str, str], Change],
    linked: Collection[int],
) -> list[Summary]:
    """Return the first failures in short; those in `linked` have their detail in the page."""
    wrong = [(place, e) for place, e in enumerate(report.entries) if not e.passed]
    found = []
    for place, entry in wrong[:MOST_SUMMARIES]:
        change = changes.get((entry.op, entry.subject, entry.dtype))
        kind = change.kind if change else ""
        what, why = _what(entry), _why(entry)
        found.append(Summary(place, entry.op, entry.dtype, what, why, place in linked, kind))
    return found


def _what(entry: OpReport) -> str:
    """Return what is wrong, without who says otherwise: the detail has that."""
    if entry.failure is None:
        return f"refuted on symbols: {entry.proof.refutation if entry.proof else ''}"
    sentences = entry.failure.sentences
    found = next((s for s in sentences if ": WRONG" in s), sentences[0] if sentences else "")
    others = sum(": WRONG" in s for s in sentences) - 1
    more = f" (and {others} more wrong)" if others > 0 else ""
    return found.partition("; ")[0].partition(", worst at")[0] + more


def _why(entry: OpReport) -> str:
    causes = entry.failure.causes if entry.failure else ()
    return next((cause.sentence for cause in causes if cause.confirmed), "")


def evidence_lists(report: Report) -> list[tuple[str, list[str], int]]:
    """Return titles, lines, and how many lines are left out."""
    every = [("What stands behind it", evidence_lines(report) if report.cases else []),
             ("Limits on the cases", scope_lines(report)),
             ("Laws that held, without any framework, in so many cases", list(_laws(report))),
             ("Further apart than rounding allows; exact arithmetic says who is wrong",
              list(_apart(report))),
             ("Counterexamples kept from earlier runs", kept_lines(report))]  # fmt: skip
    return [(title, *few((clip(line, _LINE) for line in lines), _BYTES)) for title, lines in every]


def defect_list(report: Report) -> list[str]:
    """Return for each witness the operations in which it differs."""
    return few((clip(line, _LINE) for line in defect_lines(report)), _BYTES)[0]


def _laws(report: Report) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for entry in report.entries:
        counts.update(entry.laws)
    return (f"{law}: {count:,}" for law, count in counts.items())


def _apart(report: Report) -> Iterator[str]:
    for entry in report.entries:
        for pair in entry.pairings:
            if pair.apart:
                count = f"{pair.apart:,} of {pair.elements:,} numbers"
                yield f"{entry.op} {entry.dtype} {pair.operand}, {pair.witness}: {count}"
