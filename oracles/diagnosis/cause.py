"""A cause: what the subject does instead, as a prediction that can be refuted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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
        What the subject says if this is the cause; None where the cause says nothing.
    """

    claim: str
    meaning: str
    predict: Predict


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
    """

    operand: str
    sentence: str
    cases: int
    confirmed: bool


def explains(candidate: Candidate, name: str, asked: Sequence[Question]) -> bool:
    """Return whether the candidate predicts all that the subject said, right or wrong."""
    return all(_fits(candidate, name, each) for each in asked)


def _fits(candidate: Candidate, name: str, question: Question) -> bool:
    predicted = candidate.predict(question)
    if predicted is None:
        return not question.wrong(name)
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
    return Candidate(claim, candidate.meaning, predict)


def confirmed(candidate: Candidate, name: str, cases: int) -> Cause:
    """Return the cause in a sentence."""
    sentence = f"{name} {candidate.claim} on {cases} of {cases} cases"
    if candidate.meaning:
        sentence = f"{sentence}: {candidate.meaning}"
    return Cause(name, sentence, cases, True)
