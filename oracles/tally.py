"""Adds up, case by case, what the participants of one operation answered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.compare import Comparison
from oracles.evidence import LatticeRecord
from oracles.lattice import DEGREE, Lattice
from oracles.op import Case
from oracles.report import Attendance, Pairing, Tally
from oracles.verdict import SUBJECT, defect_sentence
from oracles.wrong_cases import Defect, DefectKind


@dataclass
class Ledger:
    """What has been seen of one operation in one dtype so far."""

    cases: int = 0
    elements: int = 0
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    pairings: dict[tuple[str, str], Pairing] = field(default_factory=dict)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    defects: dict[tuple[str, str], Defect] = field(default_factory=dict)
    lattice: LatticeRecord | None = None
    laws: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    kept_passed: int = 0
    notes: tuple[str, ...] = ()

    def add_subject(self, comparisons: Sequence[Comparison]) -> None:
        """Count a case and the subject's comparisons on it."""
        self.cases += 1
        self.elements += sum(each.elements for each in comparisons)
        self._add(comparisons)

    def add_witness(
        self, witness: str, case: Case, answer: Answer, comparisons: Sequence[Comparison]
    ) -> None:
        """Count a witness's answer, and keep the smallest case on which it is wrong."""
        self.kinds.setdefault(witness, Counter())[answer.kind] += 1
        self._add(comparisons)
        if answer.kind in ("crashed", "timed out"):
            sentence = f"{witness}: {answer.kind}, {answer.detail}"
            self._defect(Defect(witness, answer.kind, sentence, 1, case, (), answer.case_file))
        elif not all(each.agrees for each in comparisons):
            kind = kind_of_difference(case, comparisons)
            sentence = defect_sentence(witness, comparisons)
            self._defect(Defect(witness, kind, sentence, 1, case, tuple(comparisons)))
        elif answer.kind == "rejected":
            sentence = f"{witness}: rejected, {answer.detail}"
            self._defect(Defect(witness, answer.kind, sentence, 1, case))

    def add_lattice_shape(self, lattice: Lattice, second_order: bool) -> None:
        """Count a shape that is about to be drawn on its lattice."""
        old = self.lattice or LatticeRecord(0, 0, DEGREE, lattice.largest, math.inf, {}, {})
        self.lattice = replace(
            old,
            shapes=old.shapes + 1,
            smallest=min(old.smallest, lattice.largest),
            miss_bits=min(old.miss_bits, lattice.miss_bits),
            second_order=old.second_order + second_order,
        )

    def add_lattice_draw(self, said: Mapping[str, tuple[bool, str]]) -> None:
        """Count one draw: for each participant whether it was exact, and if not, the cause."""
        assert self.lattice is not None
        exact, inexact = dict(self.lattice.exact), dict(self.lattice.inexact)
        for participant, (right, cause) in said.items():
            if right:
                exact[participant] = exact.get(participant, 0) + 1
            else:
                inexact[participant] = inexact.get(participant) or cause
        self.lattice = replace(
            self.lattice, cases=self.lattice.cases + 1, exact=exact, inexact=inexact
        )

    def add_lattice_defect(
        self, witness: str, case: Case, comparisons: Sequence[Comparison], cause: str
    ) -> None:
        """Keep the smallest draw on which a witness is not exact."""
        sentence = defect_sentence(witness, comparisons)
        told = f"{sentence}; {cause}" if cause else sentence
        self._defect(Defect(witness, "not exact on the lattice", told, 1, case, tuple(comparisons)))

    def add_pair(self, witness: str, ratios: Mapping[str, npt.NDArray[Any]]) -> None:
        """Count how far subject and witness are apart, operand by operand."""
        for operand, ratio in ratios.items():
            key = (witness, operand)
            old = self.pairings.get(key, Pairing(*key, 0, 0, 0.0))
            self.pairings[key] = Pairing(
                *key,
                elements=old.elements + ratio.size,
                apart=old.apart + int((ratio > 1).sum()),
                worst_ratio=max(old.worst_ratio, float(ratio.max(initial=0.0))),
            )

    def attendance(self, witnesses: Sequence[str], missing: Mapping[str, str]) -> list[Attendance]:
        """Return how each of `witnesses` answered."""
        return [self._attendance(name, missing.get(name, "")) for name in witnesses]

    def _attendance(self, witness: str, missing: str) -> Attendance:
        kinds = self.kinds.get(witness, Counter())
        return Attendance(
            witness,
            kinds["value"],
            kinds["rejected"],
            kinds["crashed"],
            kinds["timed out"],
            missing,
        )

    def _add(self, comparisons: Sequence[Comparison]) -> None:
        for each in comparisons:
            key = (each.participant, each.operand)
            old = self.tallies.get(key, Tally(*key, 0, 0, 0, 0, 0.0))
            self.tallies[key] = Tally(
                *key,
                cases=old.cases + 1,
                elements=old.elements + each.elements,
                wrong_cases=old.wrong_cases + (not each.agrees),
                wrong_elements=old.wrong_elements + each.wrong,
                worst_ratio=max(old.worst_ratio, each.worst_ratio),
                worst_probable_ratio=max(old.worst_probable_ratio, each.worst_probable_ratio),
                resolution=_finer(old, each.resolution),
            )

    def _defect(self, new: Defect) -> None:
        key = (new.witness, new.kind)
        old = self.defects.get(key)
        if old is None:
            self.defects[key] = new
        else:
            smallest = min(old, new, key=lambda defect: defect.case.size)
            self.defects[key] = replace(smallest, count=old.count + 1)

    def ordered_tallies(self) -> tuple[Tally, ...]:
        """Return the tallies, the subject's first."""
        return tuple(sorted(self.tallies.values(), key=lambda t: t.participant != SUBJECT))


def kind_of_difference(case: Case, comparisons: Sequence[Comparison]) -> DefectKind:
    """Return in what numbers a witness differs from truth: a user minds some less than others."""
    if not case.finite and any(map(_beyond_floats, comparisons)):
        return "differs on NaN or infinity"
    slack = UNDERFLOWS * np.finfo(case.dtype).tiny
    if all(each.worst_error <= slack for each in comparisons):
        return "differs next to underflow"
    return "differs"


UNDERFLOWS = 1024
"""Errors of so many smallest normal numbers are listed as coming from what underflows or is flushed
to zero. Set by hand: it says under which heading a defect stands, and enters no verdict."""


def _beyond_floats(each: Comparison) -> bool:
    """Return whether a cell is wrong in which somebody says NaN or infinity."""
    return any(not math.isfinite(cell.value) or cell.truth in _ENDLESS for cell in each.worst)


_ENDLESS = ("inf", "-inf", "nan")


def _finer(old: Tally, resolution: float) -> float:
    """Return the smaller resolution; that of zeros, NaN, counts while there is no other."""
    if old.cases == 0 or math.isnan(old.resolution):
        return resolution
    return old.resolution if math.isnan(resolution) else min(old.resolution, resolution)
