"""An earlier report beside a new one: what got worse, what got better, what is as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from oracles.changes import Change, Changes, Kind
from oracles.report import OpReport, Report
from oracles.strength import beyond_bounds, strength

GROWTH = 2.0
"""A largest error/bound that grew by more than this factor is mentioned,"""

NEAR = 0.1
"""if it is at least this now. Below, it is rounding of which the cases drawn happen to show more
or less."""

PACE = 2.0
"""Speeds are mentioned that differ by more than this factor,"""

LONG_ENOUGH = 1.0
"""if both were measured over at least so many seconds."""

BITS = 8.0
"""Exponents of the probability of a miss on the lattice are mentioned that differ by more: they
vary with the shapes that a seed draws."""

State = Literal["right", "wrong", "vacuous"]


def changes_since(before: Report, now: Report, *, against: str) -> Changes:
    """Return what has changed from one report to another.

    An entry is known again by its operation, subject and dtype, by where a command found it and
    by its backward (`_may_be`). Where a report has several of the same (as after a merge), those
    of the same place are compared, then the first of the one with the first of the other.

    What could not be seen (`OpReport.vacuous`, or no case at all) is neither right nor wrong: a
    subject that was right, or wrong, and now is vacuous has lost its evidence, and that is a
    regression. One that was vacuous and now is right is ``right`` with stronger evidence. A
    subject that was wrong and is wrong is ``still wrong``, be it in another way: a subject is
    asked no further once it is convicted.

    Parameters
    ----------
    before, now
        The two reports.
    against
        Path of the earlier one, as it was given.
    """
    paired, gone = _paired(before.entries, now.entries)
    changes = [_change(old, entry) for old, entry in zip(paired, now.entries, strict=True)]
    changes += [_change(entry, None) for entry in gone]
    started = before.environment.started
    return Changes(against, started, tuple(changes), tuple(_differences(before, now)))


def _paired(
    before: Sequence[OpReport], now: Sequence[OpReport]
) -> tuple[list[OpReport | None], list[OpReport]]:
    """Return for each entry of `now` what it was, or None; and what is there no more."""
    left: dict[tuple[str, str, str], list[int]] = {}
    for index, entry in enumerate(before):
        left.setdefault(_subject(entry), []).append(index)
    found: dict[int, OpReport] = {}
    for likeness in (_same_place, _same_file, _same_names, _may_be):
        for index, entry in enumerate(now):
            there = left.get(_subject(entry), []) if index not in found else []
            alike = next((each for each in there if likeness(before[each], entry)), None)
            if alike is not None:
                there.remove(alike)
                found[index] = before[alike]
    gone = sorted(index for indices in left.values() for index in indices)
    return [found.get(index) for index in range(len(now))], [before[index] for index in gone]


def _subject(entry: OpReport) -> tuple[str, str, str]:
    return entry.op, entry.subject, entry.dtype


def _same_names(before: OpReport, now: OpReport) -> bool:
    return (before.spec, before.backward) == (now.spec, now.backward)


def _same_file(before: OpReport, now: OpReport) -> bool:
    paths = [entry.place.path if entry.place else "" for entry in (before, now)]
    return paths[0] == paths[1] and _same_names(before, now)


def _same_place(before: OpReport, now: OpReport) -> bool:
    return before.place == now.place and _same_names(before, now)


def _may_be(before: OpReport, now: OpReport) -> bool:
    """Whether two entries of one operation, subject and dtype may be the same subject.

    Two that a command found are the same if it found them under the same name; others (checks
    from Python) if their backwards have the same name. What is not known is no difference.
    """
    if before.spec and now.spec:
        return before.spec == now.spec
    return not (before.backward and now.backward) or before.backward == now.backward


def _change(before: OpReport | None, now: OpReport | None) -> Change:
    known = now or before
    assert known is not None
    return Change(
        op=known.op,
        subject=known.subject,
        dtype=known.dtype,
        kind=_kind(_state(before) if before else None, _state(now) if now else None),
        ratio_before=_ratio(before),
        ratio_now=_ratio(now),
        rate_before=_rate(before),
        rate_now=_rate(now),
        evidence_before=strength(before) if before else "",
        evidence_now=strength(now) if now else "",
        notable=tuple(_notable(before, now)) if before and now else (),
        spec=known.spec,
        backward=known.backward,
    )


def _state(entry: OpReport) -> State:
    if not entry.passed:
        return "wrong"
    return "vacuous" if entry.vacuous or entry.cases == 0 else "right"


def _kind(before: State | None, now: State | None) -> Kind:
    if now is None:
        return "gone"
    if now == "wrong":
        return "still wrong" if before == "wrong" else "new failure"
    if now == "vacuous":
        return "still vacuous" if before == "vacuous" else "newly vacuous"
    if before is None:
        return "added"
    return "fixed" if before == "wrong" else "right"


def _ratio(entry: OpReport | None) -> float | None:
    if entry is None or not any(tally.participant == "subject" for tally in entry.tallies):
        return None
    return entry.worst_ratio("subject")


def _rate(entry: OpReport | None) -> float | None:
    if entry is None or _state(entry) == "wrong" or not (entry.cases and entry.seconds > 0):
        return None
    return entry.cases / entry.seconds


def _notable(before: OpReport, now: OpReport) -> Iterator[str]:
    """Yield what deserves mention of a subject that is right, and was not wrong."""
    if _state(before) == "wrong" or _state(now) != "right":
        return
    yield from _evidence(_ranks(before), _ranks(now))
    old, new = before.worst_ratio("subject"), now.worst_ratio("subject")
    if new >= NEAR and new > GROWTH * old:
        yield "closer to the bound"
    yield from _pace(before, now)


def _ranks(entry: OpReport) -> tuple[float, ...]:
    """Return what the evidence is made of; more is stronger."""
    if _state(entry) == "vacuous":
        return (0.0,) * 4
    more = beyond_bounds(entry)
    # Any lattice is more than none, however weak.
    bits = more["lattice"] + 2 * BITS if "lattice" in more else 0.0
    return 1.0, more.get("proof", 0.0), bits, float(entry.ground == "bound")


def _evidence(before: Sequence[float], now: Sequence[float]) -> Iterator[str]:
    slack = (0.0, 0.0, BITS, 0.0)
    each = list(zip(before, now, slack, strict=True))
    lost = any(new < old - most for old, new, most in each)
    gained = any(new > old + most for old, new, most in each)
    if lost or gained:
        yield "other evidence" if lost and gained else f"{'weak' if lost else 'strong'}er evidence"


def _pace(before: OpReport, now: OpReport) -> Iterator[str]:
    old, new = _rate(before), _rate(now)
    if old is None or new is None or min(before.seconds, now.seconds) < LONG_ENOUGH:
        return
    if max(old, new) > PACE * min(old, new):
        yield "slower" if new < old else "faster"


def _differences(before: Report, now: Report) -> Iterator[str]:
    then, here = _circumstances(before), _circumstances(now)
    for name in {**then, **here}:
        old, new = then.get(name, "none"), here.get(name, "none")
        if old != new:
            yield f"{name} {old} then, {new} now"
    if before.interrupted:
        yield "the earlier run was interrupted"


def _circumstances(report: Report) -> Mapping[str, str]:
    """Return by name what a run's numbers depend on beside the subject."""
    where = report.environment
    return {
        "seed": str(report.seed),
        "cases": f"{report.max_examples} each",
        "oracles": ", ".join(report.oracles) or "none",
        **{f"limit {name}": str(value) for name, value in report.limits.items()},
        **where.versions,
        **{f"threads of {name}": str(count) for name, count in where.threads.items()},
        "machine": where.platform,
    }
