"""The loop: one operation x cases x witnesses -> `OpReport`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from hypothesis.errors import Flaky

from oracles.answer import Answer
from oracles.choices import IN_PROCESS, check_evidence, check_numbers, check_oracles
from oracles.counterexamples import Kept, keep, kept
from oracles.diagnosis import diagnose
from oracles.entry import entry_of
from oracles.environment import environment, now
from oracles.evidence import Proof
from oracles.exact.bounded import Approximate
from oracles.exact.definition import Polynomial
from oracles.examination import Examination
from oracles.foreign import error_text
from oracles.judging import account, tells_what_is_wrong
from oracles.limits import Limits, make_limits
from oracles.op import FORWARD, Case, Op
from oracles.proof_grid import quick
from oracles.proving import polynomial_of, prove, prove_apart
from oracles.report import OpReport, Report
from oracles.search import Convicted, blob_of, search
from oracles.workers import WITNESSES, CannotAsk, Workers, missing_reason
from oracles.wrong_cases import Failure

_T = TypeVar("_T")


@dataclass(frozen=True)
class Progress:
    """How far one operation in one dtype has come, in cases; then whether one is being shrunk."""

    op: str
    dtype: str
    done: int
    of: int
    shrinking: bool = False


_FICKLE = "its answers change from call to call: what follows is one call of several"


class Runner:
    """Examines operations one after another with the same witnesses.

    Parameters are those of `run`; ``progress`` is called after each case, ``asked`` with each case
    and each draw on its lattice before it is asked (those of the shrinking left out).

    Attributes
    ----------
    seed
        The seed in use.
    missing
        Witnesses that cannot answer here, with the reason.
    interrupted
        Whether an interrupt cut `examine` short; what it had found is in its result.
    trouble
        What cut it short if that was no interrupt: a full disk, say.
    when_interrupted
        Called then, before what was found is put together: further interrupts are to be put off.
    started
        When the runner was made (ISO 8601, UTC).
    """

    def __init__(
        self,
        *,
        oracles: Sequence[str] = ("torch", "jax"),
        max_examples: int = 100,
        seed: int | None = None,
        time_limit: float = 30.0,
        directory: str = ".oracles",
        limits: Limits | None = None,
        progress: Callable[[Progress], None] | None = None,
        evidence: Sequence[str] | None = None,
        keep: bool = True,
        asked: Callable[[Case], None] = lambda _: None,
    ) -> None:
        check_oracles(oracles)
        check_evidence(evidence)
        check_numbers(max_examples, time_limit, seed)
        self.oracles = tuple(oracles)
        self.max_examples = max_examples
        self.seed = random.SystemRandom().randrange(2**32) if seed is None else seed
        self.limits = limits or Limits()
        self.time_limit = time_limit
        self.directory, self.keep = directory, keep
        self.evidence = tuple(evidence) if evidence is not None else None
        self._proofs: dict[Op, Proof | None] = {}
        self.progress = progress or (lambda _: None)
        self.asked = asked
        self.interrupted = False
        self.trouble: Exception | None = None
        self.when_interrupted: Callable[[], None] = lambda: None
        self.started = now()
        reasons = {name: missing_reason(name) for name in self.oracles if name in WITNESSES}
        self.missing = {name: reason for name, reason in reasons.items() if reason}
        self.present = [name for name in self.oracles if name not in self.missing]
        in_workers = [name for name in self.present if name in WITNESSES]
        self.workers = Workers(in_workers, time_limit=time_limit, directory=directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.workers.close()

    def examine(
        self, op: Op, dtype: str, examples: Sequence[Case] = (), blob: str | None = None
    ) -> OpReport:
        """Return what was found of `op` in `dtype`: `examples` of that dtype first, or `blob`."""
        start = time.perf_counter()
        limits = self.limits_of(op)
        given, op = op, replace(op, time_limit=self.time_limit)
        found = self.examination(op)
        found_blob, fickle = "", False
        wanted = self.keep and blob is None
        earlier = kept(self.directory, op, dtype, limits) if wanted else Kept()
        try:
            for case in (case for case in examples if str(case.dtype) == dtype):
                found.convict(case)
            found.retry(earlier)
            self._explore(found, op, limits, dtype, blob)
        except Convicted as conviction:
            found_blob = blob_of(conviction)
        except Flaky:
            fickle = True
        except (KeyboardInterrupt, CannotAsk) as error:
            self._cut_short(error)
        failure, notes = None, found.ledger.notes
        if found.failing:
            failure = self._account(op, found.failing[-1], limits, found_blob)
            if fickle or not tells_what_is_wrong(failure):
                failure = replace(failure, sentences=(_FICKLE, *failure.sentences))
            if self.keep:
                failure, unsaved = self._in_spite(
                    partial(self._kept, given, failure, earlier, limits)
                )
                notes += unsaved
        seconds = time.perf_counter() - start  # of the cases, which a later run may be held to
        proof = self._proof_so_far(given, limits) if blob is None else None
        asked = self.oracles, self.missing
        entry = self._in_spite(lambda: entry_of(op, dtype, limits, found.ledger, *asked))
        return replace(entry, seconds=seconds, failure=failure, proof=proof, notes=notes)

    def _cut_short(self, cause: BaseException) -> None:
        self.when_interrupted()
        self.interrupted = True
        if isinstance(cause, CannotAsk):
            self.trouble = cause

    def _in_spite(self, do: Callable[[], _T]) -> _T:
        """Do what takes a moment and must not be lost: once more, if an interrupt comes in it."""
        try:
            return do()
        except KeyboardInterrupt as error:
            self._cut_short(error)
            return do()

    def _account(self, op: Op, case: Case, limits: Limits, blob: str) -> Failure:
        """Return the account of a case that convicts, or what there is time for of it.

        After an interrupt subject and truth are all: witnesses may have to be started again, and
        a diagnosis takes seconds.
        """
        failure = None
        if not self.interrupted:
            try:
                failure = self._said(op, case, blob)
                return self._explained(failure, op, limits)
            except (KeyboardInterrupt, CannotAsk) as error:
                self._cut_short(error)
        return failure or self._in_spite(lambda: account(op, case, lambda _: {}, blob))

    def _kept(
        self, op: Op, failure: Failure, earlier: Kept, limits: Limits
    ) -> tuple[Failure, tuple[str, ...]]:
        versions = environment(self.workers.versions(), {}).versions
        settled = {"limits": limits, "seed": self.seed, "versions": versions}
        return keep(self.directory, op, failure, earlier, **settled)

    def _proof_so_far(self, op: Op, limits: Limits) -> Proof | None:
        try:
            return self.proof(op, limits)
        except KeyboardInterrupt as error:
            self._cut_short(error)
            return None

    def limits_of(self, op: Op) -> Limits:
        """Return the subject's own limits, and the user's over them."""
        return make_limits({**op.limits, **self.limits.stated()}) if op.limits else self.limits

    def examination(self, op: Op) -> Examination:
        """Return a new examination of `op`, by the evidence that is wanted."""
        polynomial = self._polynomial(op)
        return Examination(op, polynomial, seed=self.seed, ask=self._ask, answers=self._answers)

    def _polynomial(self, op: Op) -> Polynomial | None:
        """Return the definition for the lattice, if there is one and it is wanted.

        Raises
        ------
        NotPolynomial
            If lattice or proof was asked for by name, and there is none.
        """
        if self.evidence is None:
            return op.definition.polynomial
        if "lattice" in self.evidence or "proof" in self.evidence:
            found = polynomial_of(op)
            return found if "lattice" in self.evidence else None
        return None

    def proof(self, op: Op, limits: Limits) -> Proof | None:
        """Prove the subject on a slice of the grid, once for all dtypes; None if not wanted."""
        wanted = self.evidence is None or "proof" in self.evidence
        polynomial = op.definition.polynomial
        if polynomial is None or not wanted or self.interrupted:
            return None
        if op not in self._proofs:
            shapes = list(polynomial.grid) or quick(op.name, limits)
            ours = op.plug is None and op.subject.startswith("manualgrad.")
            self._proofs[op] = (
                prove(op, shapes) if ours else prove_apart(op, shapes, time_limit=self.time_limit)
            )
        return self._proofs[op]

    def report(self, entries: Sequence[OpReport]) -> Report:
        """Return the report of `entries`."""
        return Report(
            seed=self.seed,
            max_examples=self.max_examples,
            oracles=self.oracles,
            limits=self.limits.stated(),
            environment=environment(
                self.workers.versions(), self.workers.threads(), started=self.started
            ),
            entries=tuple(entries),
            missing=self.missing,
            interrupted=self.interrupted,
            notes=() if self.trouble is None else (f"cut short: {error_text(self.trouble)}",),
        )

    def _explore(
        self, found: Examination, op: Op, limits: Limits, dtype: str, blob: str | None
    ) -> None:
        """Generate cases, and shrink the first on which the subject is wrong."""

        def examine(case: Case) -> None:
            shrinking = bool(found.failing)
            try:
                found.convict(case)
            finally:
                done = found.ledger.cases
                self.progress(Progress(op.name, dtype, done, self.max_examples, shrinking))

        strategy = op.cases(dtype, limits)
        search(strategy, examine, start=self.seed, most=self.max_examples, blob=blob)

    def _ask(self, op: Op, case: Case, without: Collection[str]) -> None:
        self.asked(case)
        self.workers.ask(op, case, without=without)

    def _answers(self, op: Op, case: Case, true: Mapping[str, Approximate]) -> dict[str, Answer]:
        """Collect the witnesses' answers to a case that the workers have been asked."""
        mine = [IN_PROCESS[n] for n in self.present if n in IN_PROCESS and not case.lattice]
        answers = {
            witness.__name__.rpartition(".")[2]: witness.answer(op, case, true[FORWARD].error)
            for witness in mine
            if witness.applies(op, case, true[FORWARD].error)
        }
        return {**self.workers.answers(), **answers}

    def account(self, op: Op, case: Case, limits: Limits) -> Failure:
        """Ask everybody (once more) about one case; write down who says what, and why."""
        return self._explained(self._said(op, case, ""), op, limits)

    def _said(self, op: Op, case: Case, blob: str) -> Failure:
        self.workers.ask(op, case)
        return account(op, case, partial(self._answers, op, case), blob)

    def _explained(self, failure: Failure, op: Op, limits: Limits) -> Failure:
        return replace(failure, causes=diagnose(op, failure.case, limits, seed=self.seed))
