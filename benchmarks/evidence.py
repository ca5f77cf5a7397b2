"""The evidence of a whole run, as a table of a few rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from oracles.report import OpReport, Report
from oracles.reporting.cells import TITLES, number
from oracles.strength import beyond_bounds, strength

Group = dict[str, list[OpReport]]


def evidence_table(report: Report) -> str:
    """Return a row for each strength of evidence: which operations have it, how near the bound."""
    groups: dict[str, Group] = defaultdict(lambda: defaultdict(list))
    for entry in report.entries:
        groups[_kinds(entry)][entry.op].append(entry)
    names = ["evidence", "operations", "cases", "largest error/bound",
             *(f"{TITLES[name]} differs" for name in report.oracles)]  # fmt: skip
    rows = [
        _row(report, group) for _, group in sorted(groups.items(), key=lambda each: -len(each[0]))
    ]
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in [names, _rule(names), *rows]])


def _kinds(entry: OpReport) -> str:
    return re.sub(r" 2\^-\d+", "", strength(entry))


def _rule(names: Sequence[str]) -> list[str]:
    return ["---", "---", *["--:"] * (len(names) - 2)]


def _row(report: Report, group: Group) -> list[str]:
    entries = [entry for each in group.values() for entry in each]
    weakest = min(entries, key=lambda entry: beyond_bounds(entry).get("lattice", 0.0))
    return [
        strength(weakest),
        ", ".join(f"`{name}`" for name in group),
        str(sum(entry.cases for entry in entries)),
        number(max(entry.worst_ratio("subject") for entry in entries)),
        *(_differs(entries, witness) for witness in report.oracles),
    ]


def _differs(entries: Sequence[OpReport], witness: str) -> str:
    """Return in how many cases a witness is wrong, crashed or timed out, of those it was asked."""
    seen = [a for entry in entries for a in entry.attendance if a.witness == witness]
    asked = sum(a.answered + a.crashed + a.timed_out for a in seen)
    failed = sum(a.crashed + a.timed_out for a in seen)
    wrong = sum(entry.wrong_cases(witness) for entry in entries)
    return f"{wrong + failed} of {asked}" if asked else "-"
