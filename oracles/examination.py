"""One operation in one dtype: each case is put to everybody, and what was said is added up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from oracles.answer import Answer
from oracles.compare import Comparison, distances
from oracles.counterexamples import Kept, retry
from oracles.exact.bounded import Approximate
from oracles.exact.definition import Polynomial
from oracles.inexact import cause
from oracles.judging import against, judge_subject
from oracles.lattice import lattice_cases, lattice_of
from oracles.laws import broken
from oracles.op import Case, Op
from oracles.search import Convicted
from oracles.tally import Ledger
from oracles.verdict import SUBJECT, convicts

Ask = Callable[[Op, Case, Collection[str]], None]
Answers = Callable[[Op, Case, Mapping[str, Approximate]], dict[str, Answer]]
Said = tuple[Answer, Sequence[Comparison]]


class Examination:
    """Examines an operation case by case, until one convicts; then that one and smaller ones.

    Parameters
    ----------
    op
        The operation.
    polynomial
        Its definition for the lattice, or None if that is not wanted.
    seed
        Of the draws on the lattice.
    ask, answers
        ``ask(op, case, without)`` puts a case to the witnesses, ``answers(op, case, truth)``
        collects what they say.

    Attributes
    ----------
    ledger
        What was seen up to the first case that convicts.
    failing
        The cases that convict, the last one the smallest.
    """

    def __init__(
        self, op: Op, polynomial: Polynomial | None, *, seed: int, ask: Ask, answers: Answers
    ) -> None:
        self.ledger = Ledger()
        self.failing: list[Case] = []
        self._op, self._polynomial, self._seed = op, polynomial, seed
        self._ask, self._answers = ask, answers
        self._dead: set[str] = set()

    def retry(self, earlier: Kept) -> None:
        """Ask the subject about the counterexamples of earlier runs."""
        tried = retry(self._op, earlier, lattice=self._polynomial is not None)
        self.ledger.kept_passed = tried.passed
        self.ledger.notes = (*earlier.notes, *tried.notes)
        if tried.case is not None:
            self.ledger.add_subject(tried.comparisons)
            self.failing.append(tried.case)
            raise Convicted

    def convict(self, case: Case) -> None:
        """Examine one case, and its shape on the lattice.

        Raises
        ------
        Convicted
            If the subject is wrong; the case is then in `failing`.
        """
        op, polynomial = self._op, self._polynomial
        if op.double_backward is None:  # drawn all the same, so that blobs fit both
            case = replace(case, directions={})
        self._dead = set()  # whoever dies of a shape is spared its draws
        self._examine(case)
        if polynomial is None or case.lattice:
            return
        lattice = lattice_of(polynomial, case)
        if lattice is not None and not self.failing:
            self.ledger.add_lattice_shape(lattice, bool(case.directions))
        for number, draw in enumerate(lattice_cases(op, polynomial, case, seed=self._seed)):
            self._examine(draw, laws=number == 0)

    def _examine(self, case: Case, *, laws: bool = True) -> None:
        op, shrinking = self._op, bool(self.failing)
        if not shrinking:
            self._ask(op, case, self._dead)
        answer, true, comparisons = judge_subject(op, case)
        if answer.unsupported:
            if not shrinking:
                self._answers(op, case, true)  # or they would be taken for those to the next case
                self.ledger.refused += not case.lattice
            return
        told = broken(op, case, answer) if laws else {}
        if not shrinking:
            self._record(case, (answer, comparisons), true)
            self.ledger.laws.update(name for name, breach in told.items() if not breach)
        if convicts(answer, comparisons) or any(told.values()):
            self.failing.append(case)
            raise Convicted

    def _record(self, case: Case, subject: Said, true: Mapping[str, Approximate]) -> None:
        said, comparisons = subject
        if case.lattice:
            self._record_draw(case, subject, true)
            return
        self.ledger.add_subject(comparisons)
        for witness, answer in self._answers(self._op, case, true).items():
            if answer.kind in ("crashed", "timed out"):
                self._dead.add(witness)
            self.ledger.add_witness(witness, case, answer, against(witness, answer, true, case))
            apart = distances(said.values, answer.values, true, answer.errors)
            self.ledger.add_pair(witness, apart)

    def _record_draw(self, case: Case, subject: Said, true: Mapping[str, Approximate]) -> None:
        """Record who was exact on a draw; a witness that was not is told why."""
        said, comparisons = subject
        found = {SUBJECT: (not convicts(said, comparisons), "")}
        for witness, answer in self._answers(self._op, case, true).items():
            compared = against(witness, answer, true, case)
            if answer.kind != "value":
                self.ledger.add_witness(witness, case, answer, compared)
                continue
            exact = not convicts(answer, compared)
            why = "" if exact else cause(self._op, case, answer, true)
            found[witness] = exact, why
            if not exact:
                self.ledger.add_lattice_defect(witness, case, compared, why)
        self.ledger.add_lattice_draw(found)
