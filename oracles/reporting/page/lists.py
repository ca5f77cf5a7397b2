"""Lists of lines: what is wrong in short, evidence, limits, laws, what the bounds could see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

from oracles.report import OpReport, Report
from oracles.reporting.cells import evidence_lines, kept_lines, number, scope_lines
from oracles.verdict import SUBJECT


@dataclass(frozen=True)
class Summary:
    """A failure in a line or two: what is wrong, and why if that is known."""

    op: str
    dtype: str
    what: str
    why: str


def summary(entry: OpReport) -> Summary:
    """Return an entry's failure in short."""
    return Summary(entry.op, entry.dtype, _what(entry), _why(entry))


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


def evidence_lists(report: Report) -> list[tuple[str, list[str]]]:
    """Return titles and lines."""
    return [
        ("What stands behind it", evidence_lines(report) if report.cases else []),
        ("Limits on the cases", scope_lines(report)),
        ("Laws that held, without any framework, in so many cases", list(_laws(report))),
        (
            "Further apart than rounding allows; exact arithmetic says who is wrong",
            list(_apart(report)),
        ),
        ("Counterexamples kept from earlier runs", kept_lines(report)),
    ]


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


@dataclass(frozen=True)
class Resolution:
    """What the bounds could see of one operand of the subject, in words."""

    op: str
    dtype: str
    operand: str
    ratio: str
    probable: str
    seen: str


def resolutions(report: Report) -> list[Resolution]:
    """Return for each operand what the bounds could see."""
    found = []
    for entry in report.entries:
        for tally in (tally for tally in entry.tallies if tally.participant == SUBJECT):
            seen = "any" if isnan(tally.resolution) else f"{tally.resolution:.1e}"
            ratios = number(tally.worst_ratio), number(tally.worst_probable_ratio)
            shown = f"{seen} (vacuous)" if tally.vacuous else seen
            found.append(Resolution(entry.op, entry.dtype, tally.operand, *ratios, shown))
    return found
