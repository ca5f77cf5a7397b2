"""One tool on one subject: question after question, until it convicts or its time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.detection.asking import Asked
from benchmarks.detection.questions import Question
from oracles.op import Op
from oracles.surroundings import restored

Check = Callable[[Asked], None]
"""Raises if the tool convicts."""


@dataclass(frozen=True)
class Trial:
    """What a tool made of a subject.

    Attributes
    ----------
    convicted
        On how many cases.
    cases
        That it was asked, the convicting ones included.
    skipped
        Cases that the subject does not support, or that are a loss of nothing; no conviction.
    seconds
        Of all checks; of a trial that ends with a conviction, until that was raised.
    said
        First line of the first conviction.
    """

    convicted: int
    cases: int
    skipped: int
    seconds: float
    said: str = ""


def tried(check: Check, op: Op, asked: Iterable[Question], *, budget: float, once: bool) -> Trial:
    """Put questions to a tool.

    Parameters
    ----------
    check
        Of the tool.
    op
        With the subject.
    asked
        The questions, in order.
    budget
        Seconds of the processor's after which no further question is begun.
    once
        Whether the first conviction ends it.
    """
    convicted = cases = skipped = 0
    seconds, spent, said = 0.0, 0.0, ""
    for question in asked:
        if spent > budget:
            break
        if question.hollow:
            skipped += 1
            continue
        before = time.process_time()
        found, refused, took = _judged(check, Asked(op, question))
        seconds, spent = seconds + took, spent + time.process_time() - before
        skipped += refused
        if refused:
            continue
        cases += 1
        convicted += bool(found)
        said = said or found
        if found and once:
            break
    return Trial(convicted, cases, skipped, seconds, said)


def _judged(check: Check, asked: Asked) -> tuple[str, bool, float]:
    """Return what the tool said against the subject, if that refused, and the seconds."""
    start, found = time.perf_counter(), ""
    try:
        with restored():
            check(asked)
    except Exception as error:  # whatever a tool raises counts as a conviction
        found = f"{type(error).__name__}: {_first_line(str(error))}"
    return found, asked.refused, time.perf_counter() - start


def _first_line(text: str) -> str:
    """Return the first line that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
