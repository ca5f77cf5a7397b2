"""How many cases it takes until a subject is convicted, and by what: nothing shrunk or explained.

What measures the strength of a check asks this of many wrong subjects, one after another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from oracles.answer import Answer
from oracles.compare import Comparison
from oracles.examination import Examination
from oracles.judging import judge_subject
from oracles.laws import broken
from oracles.op import Case, Op
from oracles.runner import Runner
from oracles.search import until_convicted
from oracles.verdict import convicts


@dataclass(frozen=True, eq=False)
class Conviction:
    """The first time that a subject was found wrong.

    Attributes
    ----------
    cases
        Generated cases in that dtype up to then, that one included.
    dtype
        Of the case; "" of a proof, which has none.
    by
        ``no answer``, ``bound``, ``tolerance``, ``lattice``, ``law``, ``proof``, or ``once``: wrong
        on a case, and right when it was asked again.
    what
        Names of what was wrong: results, laws; of an answer that may not be used, why.
    case
        That convicts; None if the proof does.
    """

    cases: int
    dtype: str
    by: str
    what: tuple[str, ...]
    case: Case | None = None


@dataclass(frozen=True, eq=False)
class Hunt:
    """One subject in the cases of some dtypes.

    Attributes
    ----------
    cases
        Generated cases in all.
    seconds
        Wall time, in seconds.
    conviction
        None if the subject got away.
    worst_ratio
        The subject's largest error/bound up to then, off the lattice.
    """

    cases: int
    seconds: float
    conviction: Conviction | None
    worst_ratio: float = 0.0


def hunt(
    runner: Runner,
    op: Op,
    dtypes: Sequence[str],
    begin: Callable[[Case], None] = lambda case: None,
) -> Hunt:
    """Put the cases of `runner` to the subject of `op`, dtype by dtype, until one convicts.

    The cases, their order and the evidence are those of ``runner.examine``, with the proof last.

    Parameters
    ----------
    runner
        Its seed, number of examples, limits, evidence and time limit are meant.
    op
        With the subject.
    dtypes
        In this order; those that the subject does not take are left out.
    begin
        Called with each generated case before it is put to the subject.
    """
    start, cases, worst = time.perf_counter(), 0, 0.0
    asked = replace(op, time_limit=runner.time_limit)
    for dtype in (dtype for dtype in dtypes if dtype in op.dtypes):
        found = runner.examination(asked)
        done = _search(runner, asked, dtype, found, begin)
        cases += done
        worst = max([worst, *(t.worst_ratio for t in found.ledger.tallies.values())])
        if found.failing:
            conviction = _conviction(asked, found.failing[0], done, dtype)
            return Hunt(cases, time.perf_counter() - start, conviction, worst)
    proof = runner.proof(op, runner.limits_of(op))
    refuted = None
    if proof is not None and proof.refutation:
        refuted = Conviction(cases, "", "proof", (proof.refutation,))
    return Hunt(cases, time.perf_counter() - start, refuted, worst)


def _search(
    runner: Runner, op: Op, dtype: str, found: Examination, begin: Callable[[Case], None]
) -> int:
    """Examine cases until one convicts; return how many there were."""
    done = 0

    def examine(case: Case) -> None:
        nonlocal done
        if not found.failing:  # Hypothesis asks once more about the case that convicts
            done += 1
            begin(case)
        found.convict(case)

    strategy = op.cases(dtype, runner.limits_of(op))
    until_convicted(strategy, examine, start=runner.seed, most=runner.max_examples)
    return done


def _conviction(op: Op, case: Case, cases: int, dtype: str) -> Conviction:
    """Return by what a case convicts, having asked once more."""
    answer, _, comparisons = judge_subject(op, case)
    laws = tuple(name for name, breach in broken(op, case, answer).items() if breach)
    return Conviction(cases, dtype, *_ground(op, case, answer, comparisons, laws), case)


def _ground(
    op: Op, case: Case, answer: Answer, comparisons: Sequence[Comparison], laws: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    if answer.kind != "value":
        return "no answer", (answer.detail,)
    if convicts(answer, comparisons):
        wrong = tuple(each.operand for each in comparisons if not each.agrees)
        return "lattice" if case.lattice else getattr(op.definition, "ground", "bound"), wrong
    return ("law", laws) if laws else ("once", ())
