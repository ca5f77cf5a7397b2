"""What entries are called: by operation and dtype; by subject too, where there are several."""

from __future__ import annotations

from collections import defaultdict

from oracles.changes import Change
from oracles.report import OpReport, Report


def subject_name(entry: OpReport | Change) -> str:
    """Return the subject's name; its backward's too, where that does not follow from it."""
    name = entry.subject
    usual = ("", name, f"{name}_backward", name.replace("forward", "backward"))
    return name if entry.backward in usual else f"{name}, backward {entry.backward}"


def whose(entry: OpReport | Change) -> str:
    """Return what tells a subject from others: where a command found it, else its name."""
    return entry.spec or subject_name(entry)


class Names:
    """The names of a report's entries, each as long as it must be to be told from others."""

    def __init__(self, report: Report) -> None:
        subjects: dict[str, set[str]] = defaultdict(set)
        for entry in report.entries:
            subjects[entry.op].add(whose(entry))
        self._several = {op for op, found in subjects.items() if len(found) > 1}

    def op(self, entry: OpReport) -> str:
        """Return e.g. ``dense``, or ``dense (mine.py:first)`` if there is another ``dense``."""
        return f"{entry.op}{self._whose(entry)}"

    def row(self, entry: OpReport) -> str:
        """Return e.g. ``dense float64``, or ``dense float64 (mine.py:first)``."""
        return f"{entry.op} {entry.dtype}{self._whose(entry)}"

    def title(self, entry: OpReport) -> str:
        """Return e.g. ``dense in float64``, or ``dense in float64 (mine.py:first)``."""
        return f"{entry.op} in {entry.dtype}{self._whose(entry)}"

    def _whose(self, entry: OpReport) -> str:
        return f" ({whose(entry)})" if entry.op in self._several else ""


def subject_lines(report: Report) -> list[str]:
    """Return whose the rows of an operation in one dtype are, where there are several."""
    rows: dict[str, list[str]] = defaultdict(list)
    for entry in report.entries:
        rows[f"{entry.op} {entry.dtype}"].append(whose(entry))
    return [f"{row}: {'; '.join(found)}" for row, found in rows.items() if len(set(found)) > 1]
