"""What is wrong in a report, operand by operand, for the formats that know rules and places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from oracles.op import FORWARD
from oracles.report import OpReport, Report
from oracles.strength import unseen
from oracles.verdict import SUBJECT
from oracles.wrong_cases import Failure

RULES: Mapping[str, str] = {
    "wrong-forward": "The forward pass differs from exact arithmetic by more than rounding.",
    "wrong-gradient": "A gradient differs from exact arithmetic by more than rounding.",
    "no-answer": "The subject raised, took too long, or spoilt what it was given.",
    "law-broken": "A law that every backward pass obeys does not hold.",
    "refuted": "Run on symbols, the subject gives other polynomials than the definition.",
    "vacuous": "No error of one part in a thousand could have been told from rounding, or most "
    "cases were refused: no pass.",
}
"""What can be found, each in one sentence."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could not have been seen to be.

    Attributes
    ----------
    rule
        One of `RULES`.
    entry
        The operation and dtype in which it was found.
    operand
        Which result or gradient, or "" if none in particular.
    sentence
        What is wrong, who says so and, if it is known, why.
    """

    rule: str
    entry: OpReport
    operand: str
    sentence: str


def findings(report: Report) -> list[Finding]:
    """Return everything that is wrong, or was not seen well enough, in the report's order."""
    return [finding for entry in report.entries for finding in findings_of(entry)]


def findings_of(entry: OpReport) -> list[Finding]:
    """Return what is wrong in one operation and dtype."""
    found = list(_of_failure(entry, entry.failure)) if entry.failure else []
    if entry.proof and entry.proof.refutation:
        found.append(Finding("refuted", entry, "", f"run on symbols, {entry.proof.refutation}"))
    return found or [
        Finding("vacuous", entry, operand, f"{operand}: " * bool(operand) + f"VACUOUS, {why}")
        for operand, why in unseen(entry).items()
    ]


def _of_failure(entry: OpReport, failure: Failure) -> Iterator[Finding]:
    answer = failure.answers.get(SUBJECT)
    if answer is not None and answer.kind != "value":
        yield Finding("no-answer", entry, "", " ".join(failure.sentences))
        return
    wrong = [each.operand for each in failure.comparisons if not each.agrees]
    told = {operand: _sentence(failure, operand) for operand in wrong}
    if wrong:  # then what the shrunk case lacks, or has right by chance
        for cause in failure.causes:
            told.setdefault(cause.operand, f"on other cases, {cause.sentence}")
    for operand, sentence in told.items():
        rule = "wrong-forward" if operand == FORWARD else "wrong-gradient"
        yield Finding(rule, entry, operand, sentence)
    if not wrong:
        laws = [said for said in failure.sentences if said.startswith("law broken")]
        yield Finding("law-broken", entry, "", "; ".join(laws or failure.sentences))


def wrong_sentences(failure: Failure) -> tuple[str, ...]:
    """Return of the verdict's sentences those that say what is wrong; the first if none does."""
    answer = failure.answers.get(SUBJECT)
    if answer is not None and answer.kind != "value":
        return failure.sentences
    starts = ("law broken", *(f"{c.operand}: " for c in failure.comparisons if not c.agrees))
    return tuple(s for s in failure.sentences if s.startswith(starts)) or failure.sentences[:1]


def _sentence(failure: Failure, operand: str) -> str:
    """Return what the verdict says of an operand, and why."""
    said = [each for each in failure.sentences if each.startswith(f"{operand}: ")]
    why = [cause.sentence for cause in failure.causes if cause.operand == operand]
    return ". ".join([*said, *why]) or f"{operand}: WRONG"
