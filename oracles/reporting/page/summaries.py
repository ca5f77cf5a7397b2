"""What is wrong in short: a few lines for each operation, whatever the number of dtypes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oracles.compare import Comparison
from oracles.report import OpReport
from oracles.reporting.failure import short
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
    grouped: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        if not entry.passed:
            grouped.setdefault((entry.op, entry.subject), []).append(place)
    return [_summary(entries, places) for places in grouped.values()]


def _summary(entries: Sequence[OpReport], places: Sequence[int]) -> Summary:
    first = entries[places[0]]
    causes = first.failure.causes if first.failure else ()
    return Summary(
        entry=first,
        places=tuple((entries[place].dtype, place) for place in places),
        lines=tuple(_lines(first)),
        whys=tuple(c.sentence for c in causes if c.confirmed or c.digits)[:_MOST],
    )


def _lines(entry: OpReport) -> Iterator[str]:
    if entry.failure is not None:
        yield from _of_case(entry.subject, entry.failure)
    if entry.proof and entry.proof.refutation:
        yield f"run on symbols: {entry.proof.refutation}"


def _of_case(subject: str, failure: Failure) -> Iterator[str]:
    wrong = [each for each in failure.comparisons if not each.agrees]
    if not wrong:  # no value was given, or a law is broken
        yield from failure.sentences[:_MOST]
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
        told = f"{mine.operand}: {cell.value:.6g} where truth is {_brief(cell.truth)}"
    else:
        told = f"{mine.operand} {mine.problem}"
    return f"{told}; {others}" if others else told


def _brief(truth: str) -> str:
    try:
        return f"{float(truth):.6g}"
    except ValueError:  # one of several numbers that would be right, at a kink
        return short(truth)
