"""Who is right: every participant is judged against exact truth, never by majority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oracles.answer import Answer
from oracles.compare import Comparison

SUBJECT = "subject"


def convicts(answer: Answer, comparisons: Sequence[Comparison]) -> bool:
    """Return whether a participant is wrong: it did not answer, or some operand is off."""
    return answer.kind != "value" or not all(each.agrees for each in comparisons)


def sentences(
    subject: str,
    answer: Answer,
    comparisons: Sequence[Comparison],
    witnesses: Mapping[str, Sequence[Comparison]],
    truth: str = "exact arithmetic",
) -> tuple[str, ...]:
    """Return who is right and who is not, operand by operand.

    Parameters
    ----------
    subject
        Name of the subject.
    answer, comparisons
        Its answer, and its operands against truth.
    witnesses
        The same comparisons for each witness that gave a value.
    truth
        What truth is, in words.
    """
    if answer.kind != "value":
        return (f"{subject}: {answer.detail}",)
    lines = [
        _operand_sentence(subject, each, _of_operand(witnesses, each.operand), truth)
        for each in comparisons
    ]
    return (*lines, *_forward_note(comparisons))


def defect_sentence(witness: str, comparisons: Sequence[Comparison]) -> str:
    """Return in one sentence where a witness differs from truth."""
    parts = [f"{each.operand} {_how_wrong(each)}" for each in comparisons if not each.agrees]
    return f"{witness}: {'; '.join(parts)}"


def _of_operand(
    witnesses: Mapping[str, Sequence[Comparison]], operand: str
) -> dict[str, Comparison]:
    return {
        name: each
        for name, comparisons in witnesses.items()
        for each in comparisons
        if each.operand == operand
    }


def _operand_sentence(
    subject: str, mine: Comparison, others: Mapping[str, Comparison], truth: str
) -> str:
    right = [name for name, each in others.items() if each.agrees and each.tells]
    blind = [name for name, each in others.items() if each.agrees and not each.tells]
    wrong = [name for name, each in others.items() if not each.agrees]
    if mine.agrees:
        text = f"{mine.operand}: right, largest error/bound {mine.worst_ratio:.2g}"
        return f"{text} (but wrong: {_and(wrong)})" if wrong else text
    text = f"{mine.operand}: WRONG, {_how_wrong(mine)}"
    agree = f"{_and(right)} agree{'s' * (len(right) == 1)}"
    if wrong:
        text += f"; {_and(wrong)} differ{'s' * (len(wrong) == 1)} from {truth} too"
        text += f", {agree} with it" * bool(right)
    elif right:
        text += f"; {agree} with {truth}: {subject} is the outlier"
    return text + f"; {_and(blind)} cannot tell, being too coarse" * bool(blind)


def _how_wrong(each: Comparison) -> str:
    if each.problem:
        return each.problem
    text = f"differs in {each.wrong} of {each.elements} cells ({each.share})"
    cell = each.worst[0]
    place = f" at {cell.index}" if cell.index else ""
    return f"{text}, worst{place}: {cell.value!r} where truth is {cell.truth}"


def _forward_note(comparisons: Sequence[Comparison]) -> list[str]:
    forward, *gradients = comparisons
    if forward.agrees or not gradients:
        return []
    if all(each.agrees for each in gradients):
        return ["the forward is wrong though every gradient is right"]
    return ["the forward is wrong: the gradients may belong to that wrong forward"]


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
