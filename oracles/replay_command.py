"""``oracle-diff replay``: a kept counterexample once more, in another process."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from oracles.answer import Answer
from oracles.broken_pipe import say
from oracles.counterexample_file import Counterexample
from oracles.counterexample_reading import read
from oracles.exact.truth import truth
from oracles.exit_status import NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.foreign import error_text
from oracles.judging import judge_subject
from oracles.laws import broken
from oracles.op import Case, Op
from oracles.places import backward_of
from oracles.report import OpReport
from oracles.reporting.failure import failure_text
from oracles.reporting.lines import NARROW, wrapped
from oracles.runner import Runner
from oracles.user_ops import NotFound, load_op
from oracles.verdict import SUBJECT, convicts
from oracles.wrong_cases import Failure


def replay_command(options: Namespace, runner: Callable[[], Runner]) -> int:
    """Ask subject and witnesses about a kept case, print who is right, return the exit status.

    Raises
    ------
    Unreadable
        If the file is no counterexample; nothing has been imported then.
    NotFound
        If the subject is not where the file or ``--subject`` says, or is of another operation.
    """
    found = read(options.path)
    op = replace(_subject(options.subject, found), time_limit=options.time_limit)
    case = found.case if op.double_backward else replace(found.case, directions={})
    _check_fit(op, case)
    with runner() as asked:
        answer, _, comparisons = judge_subject(op, case)
        if answer.unsupported:
            say(f"{op.subject} refuses this case: {answer.detail}\n")
            return NOTHING
        wrong = convicts(answer, comparisons) or any(broken(op, case, answer).values())
        failure = replace(asked.account(op, case, asked.limits_of(op)), saved=found.path, kept=True)
        missing = asked.missing
    say(_text(op, failure, found, wrong=wrong))
    for name, reason in missing.items():
        told = wrapped(f"SKIPPED {name}: {reason}", NARROW, "", "  ")
        say(f"\n{told}\n")
    if wrong:
        return WRONG
    died = {n for n, said in failure.answers.items() if said.kind in ("crashed", "timed out")}
    return WITNESS_FAILED if died & set(options.require) else RIGHT


def _subject(given: str | None, found: Counterexample) -> Op:
    spec = given or found.spec
    if not spec:
        raise NotFound(
            f"{found.path} does not say where its subject {found.subject} is: "
            "name it, --subject module:name or path/to/file.py:name"
        )
    op = load_op(spec)
    if op.name != found.op:
        raise NotFound(f"{spec!r} is a subject for {op.name}, the case is one of {found.op}")
    return op


def _check_fit(op: Op, case: Case) -> None:
    """Raise unless the definition takes the case, which may come from anywhere."""
    try:
        truth(op.definition, case, op.gradient_names(case), op.second_names(case))
    except Exception as error:
        raise NotFound(f"the case is none of {op.name}: {error_text(error)}") from error


def _text(op: Op, failure: Failure, found: Counterexample, *, wrong: bool) -> str:
    case = failure.case
    told = f"{_bits(failure.answers[SUBJECT], found.answer)}\n"
    if wrong:
        entry = OpReport(op.name, op.subject or op.name, str(case.dtype), 1, 0, 0.0, (), (), ())
        entry = replace(entry, failure=failure, backward=backward_of(op))
        return f"{failure_text(entry)}\n\n{told}"
    head = f"{op.subject or op.name} is right as {op.name} in {case.dtype} on this case"
    lines = [wrapped(sentence, NARROW) for sentence in failure.sentences]
    return "\n".join([wrapped(head, NARROW, "", "  "), "", *lines, "", told])


def _bits(now: Answer, recorded: Answer) -> str:
    """Return whether the subject answers with the bits that were recorded."""
    if now.kind != recorded.kind:
        return f"the recorded answer was another: {recorded.kind} then, {now.kind} now"
    if now.kind != "value":
        same = now.detail == recorded.detail
        return f"the recorded answer was {'the same' if same else repr(recorded.detail)}"
    names = [name for name in recorded.values if not _same(now, recorded, name)]
    if not names:
        return "the subject's answer has the recorded bits"
    return f"the subject's answer has other bits than recorded: {', '.join(names)}"


def _same(now: Answer, recorded: Answer, name: str) -> bool:
    ours, then = now.values.get(name), recorded.values[name]
    return (
        isinstance(ours, np.ndarray)
        and (ours.dtype, ours.shape) == (then.dtype, then.shape)
        and ours.tobytes() == then.tobytes()
    )
