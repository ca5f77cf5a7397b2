"""A cause: what the subject does instead, as a prediction that can be refuted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from oracles.diagnosis.circumstance import Circumstance
from oracles.diagnosis.question import Expected, Question

Predict = Callable[[Question], Expected | None]

FEWEST = 5
"""Cases that a cause must explain before it is named."""


@dataclass(frozen=True)
class Candidate:
    """A possible cause.

    Attributes
    ----------
    claim
        What would be seen, in words that follow the operand's name: ``equals ...``.
    meaning
        What that says about the code, or "".
    predict
        What the subject says if this is the cause; None where the cause says nothing, and
        nothing may be wrong there unless there is a `scope`.
    scope
        In words, on which cases the cause says something, or "" for all.
    of_nothing
        Whether empty arrays are what the cause is about; any other must explain numbers.
    """

    claim: str
    meaning: str
    predict: Predict
    scope: str = ""
    of_nothing: bool = False


@dataclass(frozen=True)
class Cause:
    """A cause that was confirmed, or what can be said without one.

    Attributes
    ----------
    operand
        What is wrong: ``y``, ``grad_w``, ...
    sentence
        The whole account of it.
    cases
        Number of cases that it explains, all on which the subject was seen to be wrong.
    confirmed
        Whether it is a cause; if not, it says where the subject is wrong.
    digits
        Whether nothing but digits is lost: every error is a few eps beside the cotangent, as in
        a right formula that is evaluated in an unfortunate way.
    """

    operand: str
    sentence: str
    cases: int
    confirmed: bool
    digits: bool = False


def explains(candidate: Candidate, name: str, asked: Sequence[Question]) -> bool:
    """Return whether the candidate predicts all that the subject said, right or wrong."""
    if not all(_fits(candidate, name, each) for each in asked):
        return False
    told = within(candidate, name, asked) if candidate.scope else asked
    return candidate.of_nothing or sum(_has_numbers(each, name) for each in told) >= FEWEST


def _has_numbers(question: Question, name: str) -> bool:
    """Return whether the subject is wrong in numbers, and not in giving none."""
    return question.wrong(name) and np.size(question.said(name)) > 0


def within(candidate: Candidate, name: str, asked: Sequence[Question]) -> list[Question]:
    """Return the wrong questions of which the candidate says something other than the truth."""
    return [each for each in asked if each.wrong(name) and _says_more(candidate, name, each)]


def _says_more(candidate: Candidate, name: str, question: Question) -> bool:
    predicted, true = candidate.predict(question), question.true[name]
    return predicted is not None and predicted.differs_from(true, question.case.dtype)


def _fits(candidate: Candidate, name: str, question: Question) -> bool:
    predicted = candidate.predict(question)
    if predicted is None:
        return bool(candidate.scope) or not question.wrong(name)
    if question.wrong(name) and not candidate.scope and not np.isfinite(predicted.error).all():
        return False  # that would explain anything
    return predicted.is_given_by(question.said(name), question.case.dtype)


def first_that_explains(
    candidates: Iterable[Candidate], name: str, asked: Sequence[Question]
) -> Candidate | None:
    """Return the first candidate that explains everything, the hardest cases asked first."""
    hardest = sorted(asked, key=lambda each: (not each.wrong(name), -each.case.size))
    return next((each for each in candidates if explains(each, name, hardest)), None)


def given(candidate: Candidate, condition: Circumstance, name: str) -> Candidate:
    """Return the cause: the candidate where the circumstance holds, nothing wrong elsewhere."""

    def predict(question: Question) -> Expected | None:
        return candidate.predict(question) if condition.holds(question) else question.true[name]

    claim = f"{candidate.claim} where {condition.words}, and is right elsewhere,"
    return replace(candidate, claim=claim, predict=predict)


def confirmed(candidate: Candidate, name: str, wrong: Sequence[Question]) -> Cause:
    """Return the cause in a sentence."""
    count = len(within(candidate, name, wrong) if candidate.scope else wrong)
    scope = f" {candidate.scope}" if candidate.scope else ""
    sentence = f"{name} {candidate.claim} on {count} of {count} cases{scope}"
    if candidate.meaning:
        sentence = f"{sentence}: {candidate.meaning}"
    return Cause(name, sentence, count, True)
