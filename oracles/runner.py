"""The loop: one operation x cases x witnesses -> `OpReport`."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Self

from hypothesis.errors import Flaky

from oracles.answer import Answer
from oracles.choices import IN_PROCESS, check_evidence, check_numbers, check_oracles
from oracles.counterexamples import Kept, keep, kept
from oracles.diagnosis import diagnose
from oracles.environment import environment, now
from oracles.evidence import Proof
from oracles.exact.bounded import Approximate
from oracles.exact.definition import Polynomial
from oracles.examination import Examination
from oracles.judging import account, tells_what_is_wrong
from oracles.limits import Limits, make_limits
from oracles.op import FORWARD, Case, Op
from oracles.places import backward_of, place_of_subject
from oracles.proof_grid import quick
from oracles.proving import polynomial_of, prove, prove_apart
from oracles.report import OpReport, Report
from oracles.search import Convicted, blob_of, search
from oracles.workers import WITNESSES, Workers, missing_reason
from oracles.wrong_cases import Failure


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
        check_numbers(max_examples, time_limit)
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
        ledger, failing = found.ledger, found.failing
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
        except KeyboardInterrupt:
            self.interrupted = True
        failure = self.account(op, failing[-1], limits, found_blob) if failing else None
        if failure is not None and (fickle or not tells_what_is_wrong(failure)):
            failure = replace(failure, sentences=(_FICKLE, *failure.sentences))
        notes = ledger.notes
        if failure is not None and self.keep:
            versions = environment(self.workers.versions(), {}).versions
            settled = {"limits": limits, "seed": self.seed, "versions": versions}
            failure, unsaved = keep(self.directory, given, failure, earlier, **settled)
            notes += unsaved
        return OpReport(
            op=op.name,
            subject=op.subject or op.name,
            dtype=dtype,
            cases=ledger.cases,
            elements=ledger.elements,
            seconds=time.perf_counter() - start,
            tallies=ledger.ordered_tallies(),
            pairings=tuple(ledger.pairings.values()),
            attendance=tuple(ledger.attendance(self.oracles, self.missing)),
            defects=tuple(ledger.defects.values()),
            failure=failure,
            lattice=ledger.lattice,
            proof=self.proof(given, limits) if blob is None else None,
            laws=dict(ledger.laws),
            limits=limits.stated(),
            refused=ledger.refused,
            kept_passed=ledger.kept_passed,
            notes=notes,
            ground=getattr(op.definition, "ground", "bound"),
            place=place_of_subject(op),
            spec=op.spec,
            backward=backward_of(op),
        )

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

    def account(self, op: Op, case: Case, limits: Limits, blob: str = "") -> Failure:
        """Ask everybody (once more) about one case; write down who says what, and why."""
        self.workers.ask(op, case)
        found = account(op, case, partial(self._answers, op, case), blob)
        return replace(found, causes=diagnose(op, case, limits, seed=self.seed))
