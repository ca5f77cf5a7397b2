"""The commands that repeat a run, or one failure of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from oracles.report import OpReport, Report

_FEW = 6
_OURS = ("manualgrad", "oracles")

PLACEHOLDER = "module:op"
"""Stands for an operation that only its author can name."""


def repeat_command(report: Report, entries: Sequence[OpReport]) -> str:
    """Return the command that asks the same cases of `entries` again.

    Many operations of the catalog are not named: then the whole catalog is asked.
    """
    named = list(dict.fromkeys(map(_named, entries)))
    if len(named) > _FEW and not any(entry.spec or _foreign(entry) for entry in entries):
        named = []
    seeds = {report.seed if entry.seed is None else entry.seed for entry in entries}
    seed = seeds.pop() if len(seeds) == 1 else report.seed
    words = [
        *("oracle-diff", "run", *named),
        *("--seed", str(seed), "--max-examples", str(report.max_examples)),
    ]
    if report.oracles:
        words += ["--oracles", ",".join(report.oracles)]
    dtypes = ",".join(dict.fromkeys(entry.dtype for entry in entries))
    words += ["--dtypes", dtypes] * (dtypes not in ("", "float32,float64"))
    limits = entries[0].limits if len(entries) == 1 else report.limits  # a merged report has few
    for name, value in limits.items():
        words += ["--limit", f"{name}={str(value).lower()}"]
    return shlex.join(words)


def repeat_run(report: Report) -> str:
    """Return the command that repeats a run; of a merged one its first: notes name other seeds."""
    return repeat_command(report, [e for e in report.entries if e.seed == report.entries[0].seed])


def note(command: str) -> str:
    """Return what must be said of a command that has the placeholder, or ""."""
    return f"{PLACEHOLDER} stands for where your operation is." * (PLACEHOLDER in command)


def _named(entry: OpReport) -> str:
    return entry.spec or (PLACEHOLDER if _foreign(entry) else entry.op)


def _foreign(entry: OpReport) -> bool:
    """Return whether the subject is another than the one that the catalog has by this name."""
    here = entry.place is None or PurePosixPath(entry.place.path).parent.name in _OURS
    return not (here and entry.subject.startswith("manualgrad."))
