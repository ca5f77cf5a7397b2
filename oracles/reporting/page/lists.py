"""Lists of lines: evidence, limits, laws, frameworks' defects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from oracles.report import OpReport, Report
from oracles.reporting.cells import evidence_lines, kept_lines, scope_lines
from oracles.wrong_cases import Defect


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


@dataclass(frozen=True, eq=False)
class DefectsTold:
    """Defects of one kind of one witness in one operation, whatever the dtypes.

    Attributes
    ----------
    entry, defect
        The first of them, which is shown.
    dtypes
        In which it was seen.
    count
        In how many cases.
    """

    entry: OpReport
    defect: Defect
    dtypes: tuple[str, ...]
    count: int


def defects(report: Report) -> list[DefectsTold]:
    """Return the defects of all witnesses; last what is next to underflow, NaN or infinity."""
    groups: dict[tuple[str, ...], list[tuple[OpReport, Defect]]] = {}
    for entry in report.entries:
        for defect in entry.defects:
            key = (entry.op, entry.subject, defect.witness, defect.kind)
            groups.setdefault(key, []).append((entry, defect))
    told = [
        DefectsTold(
            *group[0],
            dtypes=tuple(dict.fromkeys(entry.dtype for entry, _ in group)),
            count=sum(defect.count for _, defect in group),
        )
        for group in groups.values()
    ]
    return sorted(told, key=lambda each: _RARE.get(each.defect.kind, 0))


_RARE = {"rejected": 1, "differs on NaN or infinity": 2, "differs next to underflow": 3}
"""What a user minds least comes last."""
