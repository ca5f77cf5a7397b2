"""Words and numbers that every renderer shows the same way."""

from __future__ import annotations

from collections import defaultdict

from oracles.report import Attendance, OpReport, Report

TITLES = {
    "torch": "torch",
    "jax": "jax",
    "jax_dilated": "dilated",
    "complex_step": "complex",
    "finite_difference": "finite",
}
"""Short names of the witnesses."""

Cell = tuple[str, str]
"""Content and style."""


def subject_cell(entry: OpReport) -> Cell:
    """Return the subject's verdict."""
    if entry.failure is not None:
        return "WRONG", "bold red"
    if entry.cases == 0:
        return "-", "dim"
    return f"ok {number(entry.worst_ratio('subject'))}", "green"


def witness_cell(entry: OpReport, witness: str) -> Cell:
    """Return how a witness stands to truth: its largest error/bound, or what went wrong."""
    seen = next((a for a in entry.attendance if a.witness == witness), Attendance(witness))
    if seen.missing:
        return "SKIPPED", "yellow"
    for count, word in ((seen.crashed, "crashed"), (seen.timed_out, "timed out")):
        if count:
            return f"{count} {word}", "red"
    wrong = entry.wrong_cases(witness)
    if wrong:
        return f"{wrong} wrong", "yellow"
    if seen.answered:
        return number(entry.worst_ratio(witness)), ""
    return (f"{seen.rejected} refused", "dim") if seen.rejected else ("-", "dim")


def number(ratio: float) -> str:
    """Return a ratio with two digits, and 0 where it is nothing beside 1."""
    return "0" if ratio < 1e-9 else f"{ratio:.2g}"


def defect_lines(report: Report) -> list[str]:
    """Return for each witness the operations in which it differs, and each death in full."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    deaths = []
    for entry in report.entries:
        for defect in entry.defects:
            if defect.kind in ("crashed", "timed out"):
                times = f"{defect.count} of {entry.cases} cases"
                deaths.append(f"{entry.op} {entry.dtype}, {times}: {defect.sentence}; "
                              f"case kept in {defect.case_file}")  # fmt: skip
            else:
                counts[defect.witness, defect.kind][entry.op] += defect.count
    lines = [
        f"{witness} {kind}: {', '.join(f'{op} {count}' for op, count in by_op.items())}"
        for (witness, kind), by_op in counts.items()
    ]
    return [*deaths, *lines]
