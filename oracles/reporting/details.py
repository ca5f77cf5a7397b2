"""What a run has found beyond the table: all that ``--verbose`` shows, and Markdown always."""

from __future__ import annotations

from collections import Counter
from math import floor, isnan

from oracles.report import OpReport, Report
from oracles.reporting.cells import number
from oracles.reporting.lines import NARROW, WIDE, counted, fit, wrapped
from oracles.reporting.names import Names

RESOLUTION_TITLES = (
    "operation", "dtype", "operand", "error/bound", "error/probable", "could see",
)  # fmt: skip
RESOLUTION_LEGEND = (
    "What the bounds could see, for each operand of the subject: the largest error over the sure "
    "bound, gamma(n) |a||b|; the same over the bound that holds but for a probability of 2^-40 "
    "for each element, which grows as the root of n; and the smallest relative error that rounding "
    "cannot explain."
)
LAWS_LEGEND = "Laws that held, without any framework, in so many cases:"
PAIRINGS_LEGEND = (
    "Elements on which the subject and a witness are further apart than rounding allows both; "
    "exact arithmetic says who is wrong:"
)


def resolution_rows(report: Report) -> list[tuple[str, ...]]:
    """Return for each operand of each subject what the bounds could see, as a row of a table."""
    names = Names(report)
    return [
        (
            names.op(entry),
            entry.dtype,
            tally.operand,
            number(tally.worst_ratio),
            number(tally.worst_probable_ratio),
            ("any" if isnan(tally.resolution) else f"{tally.resolution:.1e}")
            + " (vacuous)" * tally.vacuous,
        )
        for entry in report.entries
        for tally in entry.tallies
        if tally.participant == "subject"
    ]


def law_lines(report: Report) -> list[str]:
    """Return the laws that held, each with the number of cases."""
    counts: Counter[str] = Counter()
    for entry in report.entries:
        counts.update(entry.laws)
    return [f"{law}: {count}" for law, count in counts.items()]


def pairing_lines(report: Report) -> list[str]:
    """Return where the subject and a witness are further apart than rounding allows."""
    names = Names(report)
    return [
        f"{names.row(entry)} {pair.operand}, {pair.witness}: {pair.apart} of {pair.elements}"
        for entry in report.entries
        for pair in entry.pairings
        if pair.apart
    ]


def attendance_lines(report: Report) -> list[str]:
    """Return for each entry how much was compared, in what time, and who answered."""
    names = Names(report)
    return [f"{names.row(entry)}: {_attendance(entry)}" for entry in report.entries]


def _attendance(entry: OpReport) -> str:
    compared = f"{counted(entry.elements, 'number')} of {counted(entry.cases, 'case')}"
    parts = [f"{compared} in {entry.seconds:.1f} s"]
    if entry.lattice is not None:
        lattice = entry.lattice
        draws = (
            f"{counted(lattice.cases, 'draw')} of {counted(lattice.shapes, 'shape')} on the lattice"
        )
        parts.append(f"{draws}, 2^-{floor(entry.lattice.miss_bits)}")
    for seen in entry.attendance:
        counts = {
            "answered": seen.answered,
            "refused": seen.rejected,
            "crashed": seen.crashed,
            "timed out": seen.timed_out,
        }
        told = ", ".join(f"{word} {count}" for word, count in counts.items() if count)
        parts.append(f"{seen.witness} {told or ('missing' if seen.missing else 'not asked')}")
    return "; ".join(parts)


def defect_rows(report: Report) -> list[str]:
    """Return every witness's defect in full, with where its case is kept."""
    names = Names(report)
    return [
        f"{names.row(entry)}, {counted(defect.count, 'case')}: {defect.sentence}"
        + (f" (kept in {defect.case_file})" if defect.case_file else "")
        for entry in report.entries
        for defect in entry.defects
    ]


def environment_lines(report: Report) -> list[str]:
    """Return versions, threads, platform and time of the start."""
    where = report.environment
    threads = ", ".join(f"{name} {count}" for name, count in where.threads.items())
    return [
        ", ".join(f"{name} {version}" for name, version in where.versions.items()),
        *([f"threads: {threads}"] if threads else []),
        f"{where.platform}, {where.started}",
    ]


def details(report: Report, width: int = NARROW) -> str:
    """Return what the table leaves out, as text in lines of at most `width` cells."""
    wide = min(width, WIDE)
    sections = {
        "who answered": attendance_lines(report),
        PAIRINGS_LEGEND: pairing_lines(report),
        LAWS_LEGEND: law_lines(report),
        "what witnesses did, where they differ from exact arithmetic": defect_rows(report),
        "versions": environment_lines(report),
    }
    parts = [_resolutions(report, wide)] if resolution_rows(report) else []
    parts += [
        "\n".join([wrapped(title, wide, "", ""), *(wrapped(line, wide) for line in lines)])
        for title, lines in sections.items()
        if lines
    ]
    return "\n\n".join(parts)


_WIDTHS = (-18, -7, -16, 11, 14, 9)


def _resolutions(report: Report, width: int) -> str:
    rows = [(*cells, _short(seen)) for *cells, seen in resolution_rows(report)]
    lines = (" ".join(map(fit, cells, _WIDTHS)) for cells in (RESOLUTION_TITLES, *rows))
    return "\n".join([wrapped(RESOLUTION_LEGEND, width, "", ""), *lines])


def _short(seen: str) -> str:
    return "VACUOUS" if seen.endswith("(vacuous)") else seen
