"""What is wrong in short: a few lines for each operation, whatever the number of dtypes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oracles.compare import Comparison
from oracles.diagnosis.cause import Cause
from oracles.report import OpReport
from oracles.reporting.failure import short
from oracles.reporting.findings import wrong_sentences
from oracles.wrong_cases import Failure

_MOST = 3
"""Lines, and causes, of one operation."""


@dataclass(frozen=True)
class Summary:
    """One operation and subject that are wrong.

    Attributes
    ----------
    entry
        The first of its entries, of which the lines tell.
    places
        Where its entries stand in the report, by dtype.
    lines
        What is wrong, who says so, and with which numbers.
    whys
        Why, as far as that is known.
    """

    entry: OpReport
    places: tuple[tuple[str, int], ...]
    lines: tuple[str, ...]
    whys: tuple[str, ...]


def summaries(entries: Sequence[OpReport]) -> list[Summary]:
    """Return the failures among all `entries` of a report, in its order."""
    grouped: dict[tuple[object, ...], list[int]] = {}
    for place, entry in enumerate(entries):
        if not entry.passed:
            grouped.setdefault((entry.op, entry.subject, entry.place), []).append(place)
    return [_summary(entries, places) for places in grouped.values()]


def _summary(entries: Sequence[OpReport], places: Sequence[int]) -> Summary:
    first = entries[places[0]]
    causes = first.failure.causes if first.failure else ()
    return Summary(
        entry=first,
        places=tuple((entries[place].dtype, place) for place in places),
        lines=tuple(_lines(first)),
        whys=tuple(_whys(causes)),
    )


def _whys(causes: Sequence[Cause]) -> Iterator[str]:
    known = [cause for cause in causes if cause.confirmed or cause.digits]
    yield from (cause.sentence for cause in known[:_MOST])
    unknown = [cause.operand for cause in causes if cause not in known and cause.operand]
    if unknown:
        yield f"no known cause explains {', '.join(unknown[:_MOST])}; the smallest case is below"


def _lines(entry: OpReport) -> Iterator[str]:
    if entry.failure is not None:
        yield from _of_case(entry.subject, entry.failure)
    if entry.proof and entry.proof.refutation:
        yield f"run on symbols: {entry.proof.refutation}"


def _of_case(subject: str, failure: Failure) -> Iterator[str]:
    wrong = [each for each in failure.comparisons if not each.agrees]
    if not wrong:  # no value was given, or a law is broken
        yield from wrong_sentences(failure)[:_MOST]
    for each in wrong[:_MOST]:
        yield _of_operand(subject, failure, each)
    if len(wrong) > _MOST:
        yield f"and {len(wrong) - _MOST} more"


def _of_operand(subject: str, failure: Failure, mine: Comparison) -> str:
    """Return what the subject says where it is most wrong, and what others say of that."""
    sentences = (s for s in failure.sentences if s.startswith(f"{mine.operand}: "))
    _, _, others = next(sentences, "").partition("; ")
    others = others.replace(f": {subject} is the outlier", "")
    if mine.worst:
        cell = mine.worst[0]
        told = f"{mine.operand}: {_apart(cell.value, cell.truth)}"
    else:
        told = f"{mine.operand} {mine.problem}"
    return f"{told}; {others}" if others else told


def _apart(value: float, truth: str) -> str:
    """Return what is said and what is true, with so many digits that they are seen to differ."""
    try:
        true = float(truth)
    except ValueError:  # one of several numbers that would be right, at a kink
        return f"{value:.6g} where truth is {short(truth)}"
    pairs = ((f"{value:.{n}g}", f"{true:.{n}g}") for n in (6, 9, 13, 17))
    said, told = next((pair for pair in pairs if pair[0] != pair[1]), (repr(value), short(truth)))
    return f"{said} where truth is {told}"
