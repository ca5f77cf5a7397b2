"""Judges answers against truth, and gives the whole account of a case that convicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oracles.answer import Answer
from oracles.compare import Comparison, compare, is_blind_to
from oracles.exact.bounded import Approximate, text_of
from oracles.exact.truth import truth
from oracles.inexact import cause, departure
from oracles.laws import broken
from oracles.op import Case, Op
from oracles.portrait import portraits
from oracles.reproduce import script
from oracles.subject import ask_subject
from oracles.verdict import SUBJECT, convicts, sentences
from oracles.wrong_cases import Failure


def judge_subject(op: Op, case: Case) -> tuple[Answer, dict[str, Approximate], list[Comparison]]:
    """Return the subject's answer to a case, truth, and the one against the other."""
    answer = ask_subject(op, case)
    true = truth(op.definition, case, op.gradient_names(case), op.second_names(case))
    return answer, true, against(SUBJECT, answer, true, case)


def on_lattice(op: Op, case: Case, answer: Answer, true: Mapping[str, Approximate]) -> list[str]:
    """Return what the lattice adds to the account of a failure."""
    if not case.lattice:
        return []
    told = [
        "on the lattice every partial sum is a number of the dtype: a right answer is exact",
        departure(answer, true),
        cause(op, case, answer, true),
    ]
    return [sentence for sentence in told if sentence]


def against(
    participant: str, answer: Answer, true: Mapping[str, Approximate], case: Case
) -> list[Comparison]:
    """Compare what was answered with truth; a witness may leave ``y`` unanswered."""
    if answer.kind != "value":
        return []
    asked = true if participant == SUBJECT else {n: true[n] for n in true if n in answer.values}
    return compare(participant, answer.values, asked, case.dtype, answer.errors)


def account(
    op: Op, case: Case, ask: Callable[[Mapping[str, Approximate]], Mapping[str, Answer]], blob: str
) -> Failure:
    """Return who says what about a case on which the subject of `op` is wrong.

    Parameters
    ----------
    op, case
        What was asked.
    ask
        ``ask(truth)`` gives the witnesses' answers.
    blob
        That replays the case.
    """
    answer, true, comparisons = judge_subject(op, case)
    answers = ask(true)
    found = {
        name: _telling(against(name, said, true, case), comparisons, said)
        for name, said in answers.items()
    }
    answered = {name: each for name, each in found.items() if each}
    told = {name: tuple(map(text_of, t.value.ravel())) for name, t in true.items()}
    truth_is = getattr(op.definition, "told_as", "exact arithmetic")
    return Failure(
        case=case,
        sentences=(
            *sentences(op.subject or op.name, answer, comparisons, answered, truth_is),
            *on_lattice(op, case, answer, true),
            *(f"{_LAW}{n}: {b}" for n, b in broken(op, case, answer).items() if b),
        ),
        comparisons=tuple(comparisons),
        witness_comparisons=tuple(each for every in answered.values() for each in every),
        answers={SUBJECT: replace(answer, held={}), **answers},
        truth=told,
        portraits=portraits({SUBJECT: answer, **answers}, true),
        script=script(op, case, answer, told),
        blob=blob,
    )


def _telling(
    theirs: Sequence[Comparison], mine: Sequence[Comparison], said: Answer
) -> list[Comparison]:
    """Mark what a witness's method was too coarse to tell from what the subject says."""
    wrong = {each.operand: each for each in mine if not each.agrees}
    return [
        replace(each, tells=False)
        if each.agrees
        and each.operand in wrong
        and is_blind_to(wrong[each.operand], said.errors.get(each.operand))
        else each
        for each in theirs
    ]


_LAW = "law broken, "


def tells_what_is_wrong(failure: Failure) -> bool:
    """Return whether anything was wrong when the case was asked once more."""
    laws = any(sentence.startswith(_LAW) for sentence in failure.sentences)
    return laws or convicts(failure.answers[SUBJECT], failure.comparisons)
