"""When a subject gives no answer: what the cases have in common, and what would leave them out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from oracles.diagnosis.cause import FEWEST, Cause
from oracles.diagnosis.circumstance import Circumstance
from oracles.diagnosis.question import Question, questions
from oracles.diagnosis.when import together
from oracles.limits import Limits
from oracles.op import Case, Op

_ENOUGH = 80


def of_refusals(op: Op, case: Case, limits: Limits, seed: int) -> tuple[Cause, ...]:
    """Return where the subject gives no answer, if circumstances tell these cases apart.

    Parameters
    ----------
    op, case
        A subject, and a case that it does not answer.
    limits
        On further cases.
    seed
        From which these follow.
    """
    told: list[Question] = []
    for question in questions(op, case, limits, seed, plain=False):
        if question.answer.kind == "timed out":  # each would cost the whole time limit
            return ()
        told.append(question)
        if len(told) == _ENOUGH:
            break
    bad = [each for each in told if _refused(each)]
    spoilt = _of_manners(bad)
    if spoilt:
        return spoilt
    if len(bad) == len(told) or len(bad) < FEWEST:
        return ()
    found = together(op, told, _refused)
    return (Cause("", _sentence(bad, len(told), found), len(bad), True),) if found else ()


def _of_manners(bad: Sequence[Question]) -> tuple[Cause, ...]:
    """Return that the caller's arrays are changed or handed back, if that is always why."""
    # An array that is read-only cannot be changed: there the same code raises.
    told = [each.answer.detail for each in bad if "read-only" not in each.answer.detail]
    if len(told) < FEWEST or not all(detail.startswith(tuple(_MANNERS)) for detail in told):
        return ()
    counts = Counter(told)
    return tuple(
        Cause("", f"it {detail} on {count} of {len(told)} cases: {advice}", count, True)
        for detail, count in counts.most_common()
        for start, advice in _MANNERS.items()
        if detail.startswith(start)
    )


_MANNERS = {
    "modified": "the caller goes on with a changed array; work on a copy",
    "returned": "what the caller does to the one changes the other; return a copy",
}


def _refused(question: Question) -> bool:
    return question.answer.kind != "value"


def _sentence(bad: Sequence[Question], of: int, found: Sequence[Circumstance]) -> str:
    where = " or ".join(each.words for each in found)
    text = f"no answer exactly where {where}: in {len(bad)} of {of} cases"
    limits = [each.limit for each in found]
    advice = []
    if all(limits):
        advice.append(f"the limits {', '.join(limits)} leave such cases out")
    raised = re.match(r"\w+ raised (\w+)", bad[0].answer.detail)
    if raised and raised[1] in ("NotImplementedError", "TypeError", "ValueError"):
        advice.append(f"`unsupported={raised[1]}` counts them as refused")
    return f"{text}; if that is meant, {' and '.join(advice)}" if advice else text
