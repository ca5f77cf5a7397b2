"""Runs one chunk of a soak, and says what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from oracles.case_file import dump_arrays
from oracles.catalog import ops
from oracles.counterexamples import Kept, keep
from oracles.environment import environment
from oracles.op import Case, Op
from oracles.report import OpReport
from oracles.reporting.failure import failure_text
from oracles.runner import Runner
from oracles.soak.plan import Chunk, Plan
from oracles.user_ops import load_op
from oracles.verdict import SUBJECT

DIGEST = 8
"""Bytes of a case's digest: among a million cases two share one with probability 3e-8."""


@dataclass(frozen=True)
class Done:
    """What became of a chunk.

    Attributes
    ----------
    cases
        How many were drawn, up to the one that convicts if one does.
    refused
        How many of them the subject refused as it had said it would.
    elements
        Numbers compared with truth, those of the draws not counted.
    draws
        Different draws on the lattice. A shape that comes again in the chunk has the same.
    worst_ratio
        The largest error/bound.
    seconds
        Of its process.
    digests
        Of the different cases, `DIGEST` bytes each.
    failure
        The account of a conviction, or "".
    """

    cases: int
    refused: int
    elements: int
    draws: int
    worst_ratio: float
    seconds: float
    digests: bytes
    failure: str = ""


def operation(name: str) -> Op:
    """Return an operation of the catalog, or the user's own.

    Raises
    ------
    NotFound
        If there is none.
    """
    return ops[name] if name in ops else load_op(name)


def evidence_of(op: Op, plan: Plan) -> Sequence[str]:
    """Return the kinds of evidence that drawn cases give; a proof draws none."""
    lattice = plan.lattice and op.definition.polynomial is not None
    return ("bound", "lattice") if lattice else ("bound",)


def run_chunk(chunk: Chunk, plan: Plan, directory: str) -> Done:
    """Examine the cases of a chunk; a counterexample is kept in `directory`.

    Counterexamples of earlier runs are not tried: a chunk is the same wherever it runs.

    Raises
    ------
    KeyboardInterrupt
        If an interrupt cut it short.
    """
    op, start = operation(chunk.op), time.perf_counter()
    asked: dict[bool, set[bytes]] = {True: set(), False: set()}
    with Runner(
        oracles=(),
        max_examples=chunk.cases,
        seed=chunk.seed,
        directory=directory,
        limits=plan.limits,
        evidence=evidence_of(op, plan),
        keep=False,
        asked=lambda case: asked[bool(case.lattice)].add(digest(case)),
    ) as runner:
        entry = runner.examine(op, chunk.dtype)
    if runner.interrupted:
        raise KeyboardInterrupt
    return Done(
        cases=entry.cases + entry.refused,
        refused=entry.refused,
        elements=entry.elements,
        draws=len(asked[True]),
        worst_ratio=entry.worst_ratio(SUBJECT),
        seconds=time.perf_counter() - start,
        digests=b"".join(sorted(asked[False])),
        failure=_account(entry, runner, op, chunk),
    )


def digest(case: Case) -> bytes:
    """Return a digest of everything that the subject is given."""
    told = repr((sorted(case.options.items()), sorted(case.layouts.items())))
    return blake2b(dump_arrays({"told": told}, case.arrays), digest_size=DIGEST).digest()


def _account(entry: OpReport, runner: Runner, op: Op, chunk: Chunk) -> str:
    """Keep the counterexample, if there is one, and return the account of it."""
    if entry.failure is None:
        return ""
    failure, notes = keep(
        runner.directory,
        op,
        entry.failure,
        Kept(),
        limits=runner.limits_of(op),
        seed=runner.seed,
        versions=environment({}, {}).versions,
    )
    return "\n\n".join(
        [failure_text(replace(entry, failure=failure)), *notes, _alone(chunk, runner)]
    )


def _alone(chunk: Chunk, runner: Runner) -> str:
    """Return how to run the cases of a chunk once more."""
    limits = "".join(f" --limit {name}={value}" for name, value in runner.limits.stated().items())
    return (
        f"the chunk alone (number {chunk.number} of {chunk.op} {chunk.dtype}):\n"
        f"    oracle-diff run {chunk.op} --dtypes {chunk.dtype} --seed {chunk.seed} --no-keep "
        f"--max-examples {chunk.cases}{limits} --evidence {','.join(runner.evidence or ())}"
    )
