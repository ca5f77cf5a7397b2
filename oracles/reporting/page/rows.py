"""The table: one row for each operation and dtype, with the words of every other format."""

from __future__ import annotations

from dataclasses import dataclass

from oracles.report import OpReport, Report
from oracles.reporting.cells import TITLES, evidence_cell, subject_cell, witness_cell

FULL_WEIGHT = 4
_WEIGHTS = {"proof": 4, "lattice": 3, "bound": 2, "tolerance": 1}
_SIGNS = {"WRONG": "\N{BALLOT X}", "ok": "\N{CHECK MARK}"}


@dataclass(frozen=True)
class Row:
    """One operation in one dtype.

    Attributes
    ----------
    entry
        What was found.
    kind
        ``wrong``, ``vacuous``, ``nothing`` or ``right``.
    sign, subject
        The subject's verdict, as a sign and in words.
    weight, evidence
        How strong the evidence is, from 0 to 4, and its kinds.
    witnesses
        Each witness's cell, and whether something is to be seen there.
    change
        What became of it since an earlier report, or "".
    """

    entry: OpReport
    kind: str
    sign: str
    subject: str
    weight: int
    evidence: str
    witnesses: tuple[tuple[str, bool], ...]
    change: str


def row(entry: OpReport, report: Report, change: str = "") -> Row:
    """Return the row of an entry; `change` is what became of it since an earlier report."""
    subject, _ = subject_cell(entry)
    evidence, _ = evidence_cell(entry)
    kind = kind_of(entry)
    return Row(
        entry=entry,
        kind=kind,
        sign="\N{WHITE CIRCLE}" if kind == "vacuous" else _SIGNS.get(subject.split(" ")[0], ""),
        subject=subject.removeprefix("ok ") if kind == "vacuous" else subject,
        weight=max((w for word, w in _WEIGHTS.items() if word in evidence), default=0),
        evidence=evidence,
        witnesses=tuple(_witness(entry, name) for name in report.oracles),
        change=change,
    )


def kind_of(entry: OpReport) -> str:
    """Return what an entry comes to, in a word."""
    if not entry.passed:
        return "wrong"
    if not entry.cases:
        return "nothing"
    return "vacuous" if entry.vacuous else "right"


def _witness(entry: OpReport, name: str) -> tuple[str, bool]:
    text, style = witness_cell(entry, name)
    return text, style in ("yellow", "red") and text != "SKIPPED"


def columns(report: Report) -> list[tuple[str, str, str]]:
    """Return for each column its key, its title, and what it sorts by."""
    return [
        ("op", "operation", "text"),
        ("dtype", "dtype", "text"),
        ("subject", "hand-written", "number"),
        ("evidence", "evidence", "evidence"),
        *((name, TITLES.get(name, name), "number") for name in report.oracles),
        ("cases", "cases", "number"),
        ("cells", "cells", "number"),
        ("s", "s", "number"),
        *([("since", "since", "text")] if report.changes else []),
    ]
