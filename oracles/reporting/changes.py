"""What has changed since an earlier report, as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from oracles.changes import KINDS, Change, Changes, Kind
from oracles.report import Report
from oracles.reporting.cells import number
from oracles.reporting.names import whose

NAMED = 5
"""So many entries that are only in the earlier report are named."""

MOST = 20
"""So many changes of one kind are listed; the JSON report has all."""


def change_title(changes: Changes) -> str:
    """Return with what the report is compared."""
    return f"changes since the run of {changes.started} ({changes.against})"


def change_lines(changes: Changes) -> list[str]:
    """Return the changes by kind, what else deserves mention, the counts, what else differed."""
    lines: list[str] = []
    for kind, told in _LISTED.items():
        lines += _listed(kind, changes.of(kind), told)
    for word, told in _NOTABLE.items():
        lines += _listed(word, [c for c in changes.changes if word in c.notable], told)
    lines += _gone(changes.of("gone"))
    counts = [_counted(kind, len(changes.of(kind))) for kind in KINDS]
    lines.append(", ".join(filter(None, counts)) or "nothing in both")
    if changes.differences:
        lines.append(f"the runs differ in {'; '.join(changes.differences)}")
    return lines


def news(report: Report, kind: Kind, count: int) -> str:
    """Return how many of `count` are new, to follow a verdict; "" without an earlier report."""
    if report.changes is None:
        return ""
    new = len(report.changes.of(kind))
    return f", {new} of {count} new" if new else ", none of it new"


def _gone(found: Sequence[Change]) -> Iterator[str]:
    if found:
        named = [f"{change.op} {change.dtype} ({whose(change)})" for change in found[:NAMED]]
        more = [f"{len(found) - NAMED} more"] * (len(found) > NAMED)
        yield f"only in the earlier report: {', '.join([*named, *more])}"


def _listed(word: str, found: Sequence[Change], told: Callable[[Change], str]) -> Iterator[str]:
    for change in found[:MOST]:
        yield f"{word}: {change.op} {change.dtype} ({whose(change)}){told(change)}"
    if len(found) > MOST:
        yield f"{word}: and {len(found) - MOST} more"


def _counted(kind: str, count: int) -> str:
    words = {
        "new failure": f"new failure{'s' * (count != 1)}",
        "gone": "only in the earlier report",
    }
    return f"{count} {words.get(kind, kind)}" * bool(count)


def _ratios(change: Change) -> str:
    return _both("error/bound", *_written(number, change.ratio_before, change.ratio_now))


def _evidence(change: Change) -> str:
    return _both("evidence", change.evidence_before, change.evidence_now)


def _rates(change: Change) -> str:
    return _both("cases/s", *_written("{:.1f}".format, change.rate_before, change.rate_now))


def _written(form: Callable[[float], str], *values: float | None) -> list[str]:
    return ["" if value is None else form(value) for value in values]


def _both(name: str, before: str, now: str) -> str:
    sides = [f"{before} then"] * bool(before) + [f"{now} now"] * bool(now)
    return f", {name} {', '.join(sides)}" if sides else ""


_LISTED: Mapping[Kind, Callable[[Change], str]] = {
    "new failure": _ratios,
    "newly vacuous": _evidence,
    "fixed": _ratios,
    "still wrong": _ratios,
    "still vacuous": lambda _: "",
}
_NOTABLE: Mapping[str, Callable[[Change], str]] = {
    "weaker evidence": _evidence,
    "other evidence": _evidence,
    "stronger evidence": _evidence,
    "closer to the bound": _ratios,
    "slower": _rates,
    "faster": _rates,
}
