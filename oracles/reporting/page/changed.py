"""What has changed since an earlier report, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from oracles.changes import KINDS, Change, Changes
from oracles.reporting.cells import number


@dataclass(frozen=True)
class ChangedRow:
    """One operation in one dtype, then and now, in words."""

    op: str
    dtype: str
    kind: str
    told: str
    evidence: str
    ratio: str
    rate: str


@dataclass(frozen=True)
class Changed:
    """Against what, how many of each kind, all of them, the most important first, and why else."""

    against: str
    started: str
    counts: tuple[tuple[str, int], ...]
    rows: tuple[ChangedRow, ...]
    differences: tuple[str, ...]


def changed(changes: Changes) -> Changed:
    """Return what has changed, in words."""
    counts = ((kind, len(changes.of(kind))) for kind in KINDS)
    ordered = sorted(
        changes.changes, key=lambda change: (KINDS.index(change.kind), not change.notable)
    )
    return Changed(
        against=changes.against,
        started=changes.started,
        counts=tuple((kind, count) for kind, count in counts if count),
        rows=tuple(_row(change) for change in ordered),
        differences=changes.differences,
    )


def _row(change: Change) -> ChangedRow:
    return ChangedRow(
        change.op,
        change.dtype,
        change.kind,
        ", ".join((change.kind, *change.notable)),
        _both(change.evidence_before or "-", change.evidence_now or "-"),
        _ratios(change.ratio_before, change.ratio_now),
        _rates(change.rate_before, change.rate_now),
    )


def _ratios(before: float | None, now: float | None) -> str:
    return _both(_or_dash(before), _or_dash(now))


def _both(then: str, after: str) -> str:
    return then if then == after else f"{then} \N{RIGHTWARDS ARROW} {after}"


def _or_dash(ratio: float | None) -> str:
    return "-" if ratio is None else number(ratio)


def _rates(before: float | None, now: float | None) -> str:
    if before is None or now is None:
        return "-" if now is None else _rate(now)
    share = f" ({100 * (now / before - 1):+.0f}%)" if before else ""
    return f"{_rate(before)} \N{RIGHTWARDS ARROW} {_rate(now)}{share}"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"
