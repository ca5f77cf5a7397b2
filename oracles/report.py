"""What a run found: frozen records that renderers show and compute nothing from."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oracles.changes import Changes
from oracles.environment import Environment
from oracles.evidence import LatticeRecord, Proof
from oracles.places import Place
from oracles.wrong_cases import Defect, Failure

SCHEMA_VERSION = 4

VISIBLE = 1e-3
"""A check that could not have seen a relative error of this size is no evidence."""


@dataclass(frozen=True)
class Tally:
    """All comparisons of one participant's operand with exact truth, added up.

    Attributes
    ----------
    participant
        ``subject`` or a witness's name.
    operand
        ``y``, ``grad_x``, ...
    cases, elements
        How many cases and elements were compared.
    wrong_cases, wrong_elements
        How many of them lie outside the bound (or have a wrong shape or dtype).
    worst_ratio
        The largest error/bound of all elements; infinite for a wrong shape.
    worst_probable_ratio
        The same against the bound that holds but for a probability of 2**-40 for each element
        (`oracles.bounds.probable_gamma`). Above 1 no rounding is likely, though it is possible.
    resolution
        The smallest relative error of an element that could not have been taken for rounding
        in any of the cases: twice the bound over the true value, smallest of all; NaN if every
        element had to be zero, where an error of any size shows.
    """

    participant: str
    operand: str
    cases: int
    elements: int
    wrong_cases: int
    wrong_elements: int
    worst_ratio: float
    worst_probable_ratio: float = 0.0
    resolution: float = math.inf

    @property
    def vacuous(self) -> bool:
        """Whether an error of one part in a thousand could have passed for rounding everywhere."""
        return self.elements > 0 and self.resolution > VISIBLE


@dataclass(frozen=True)
class Pairing:
    """The subject beside one witness, operand by operand, added up over the cases.

    Attributes
    ----------
    witness, operand
        Who, and what.
    elements, apart
        How many elements both gave, and on how many they differ by more than rounding allows.
    worst_ratio
        The largest difference over what rounding allows the two.
    """

    witness: str
    operand: str
    elements: int
    apart: int
    worst_ratio: float


@dataclass(frozen=True)
class Attendance:
    """How one witness answered: counts by kind of answer, and why it was missing if it was."""

    witness: str
    answered: int = 0
    rejected: int = 0
    crashed: int = 0
    timed_out: int = 0
    missing: str = ""


@dataclass(frozen=True)
class OpReport:
    """One operation in one dtype.

    Attributes
    ----------
    op, subject, dtype
        What was checked.
    cases
        Number of cases generated (those of the shrinking not counted).
    elements
        Number of the subject's elements compared with truth.
    seconds
        Wall time, in seconds.
    tallies
        Subject and witnesses, operand by operand.
    pairings
        The subject beside each witness, operand by operand.
    attendance
        How each asked witness answered.
    defects
        The witnesses' defects.
    failure
        Why the subject is convicted, or None.
    lattice
        Equality on the lattice, for a polynomial operation.
    proof
        Proof by symbols, for a polynomial operation.
    laws
        Structural laws that were checked: how many cases each held in.
    limits
        Limits on the generated options, the subject's own included.
    refused
        Number of further cases that the subject refused as it had said it would.
    kept_passed
        Number of counterexamples kept from earlier runs on which the subject is right.
    notes
        What became of counterexamples that could not be read or kept.
    ground
        What a comparison with truth rests on: ``bound``, derived for each element, or
        ``tolerance``, set by hand.
    place
        Where the subject's source stands, or None if that is not known.
    seed
        From which its cases follow, where that is not the report's, as after a merge.
    spec
        Where a command found the subject, ``module:name`` or ``path/to/file.py:name``; "" for the
        catalog's own, and for one that Python code gave.
    backward
        Full name of the backward of a user's subject, which `subject` names by its forward; "" for
        the catalog's own, and where there is none.
    """

    op: str
    subject: str
    dtype: str
    cases: int
    elements: int
    seconds: float
    tallies: tuple[Tally, ...]
    pairings: tuple[Pairing, ...]
    attendance: tuple[Attendance, ...]
    defects: tuple[Defect, ...] = ()
    failure: Failure | None = None
    lattice: LatticeRecord | None = None
    proof: Proof | None = None
    laws: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, object] = field(default_factory=dict)
    refused: int = 0
    kept_passed: int = 0
    notes: tuple[str, ...] = ()
    ground: str = "bound"
    place: Place | None = None
    seed: int | None = None
    spec: str = ""
    backward: str = ""

    @property
    def passed(self) -> bool:
        """Whether the subject is right on every case, and its polynomials are."""
        return self.failure is None and not (self.proof and self.proof.refutation)

    @property
    def loses_digits(self) -> bool:
        """Whether the subject is wrong in nothing but lost digits (`Cause.digits`)."""
        if self.failure is None or (self.proof and self.proof.refutation):
            return False
        lost = {cause.operand for cause in self.failure.causes if cause.digits}
        wrong = {each.operand for each in self.failure.comparisons if not each.agrees}
        others = {cause.operand for cause in self.failure.causes} - lost
        return bool(wrong) and wrong <= lost and not others

    @property
    def mostly_refused(self) -> bool:
        """Whether the subject refused more cases than it answered."""
        return self.refused > self.cases

    @property
    def vacuous(self) -> tuple[str, ...]:
        """The subject's operands on which no error of one part in a thousand could be seen.

        All of them if it refused most of the cases. None if it was exact on the lattice, where
        every error could. The parameters of a network count together, whatever the layer:
        ``grad_0.w`` and ``grad_3.w`` are ``grad_w``.
        """
        if self.mostly_refused:
            return (f"everything ({self.refused} of {self.refused + self.cases} cases refused)",)
        if self.lattice is not None and self.lattice.holds_for("subject"):
            return ()
        finest: dict[str, float] = {}
        for tally in self.tallies:
            if tally.participant == "subject" and tally.elements:
                name = re.sub(r"\d+\.", "", tally.operand)
                # NaN, all zeros and rightly so, is as good as the finest.
                seen = 0.0 if math.isnan(tally.resolution) else tally.resolution
                finest[name] = min(finest.get(name, math.inf), seen)
        return tuple(name for name, resolution in finest.items() if resolution > VISIBLE)

    def worst_ratio(self, participant: str) -> float:
        """Return the participant's largest error/bound over its operands (0 if none)."""
        mine = [tally.worst_ratio for tally in self.tallies if tally.participant == participant]
        return max(mine, default=0.0)

    def wrong_cases(self, participant: str) -> int:
        """Return the participant's largest number of wrong cases over its operands."""
        mine = [tally.wrong_cases for tally in self.tallies if tally.participant == participant]
        return max(mine, default=0)


@dataclass(frozen=True)
class Report:
    """A whole run.

    Attributes
    ----------
    seed
        The seed from which every case follows.
    max_examples
        Cases asked for each operation and dtype.
    oracles
        Witnesses that were asked, in order; exact truth always takes part.
    limits
        The user's limits on the generated options.
    environment
        Versions, threads, platform.
    entries
        One `OpReport` for each operation and dtype.
    missing
        Witnesses that were asked and cannot answer here, with the reason and the command
        that would install them.
    interrupted
        Whether the run was stopped before its end.
    changes
        What has changed since an earlier report, or None if there was none to compare with.
    notes
        What else is to be known of the whole: of which runs it is merged, in what they differ.
    schema_version
        Of the JSON form.
    """

    seed: int
    max_examples: int
    oracles: tuple[str, ...]
    limits: Mapping[str, object]
    environment: Environment
    entries: tuple[OpReport, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    interrupted: bool = False
    changes: Changes | None = None
    notes: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def passed(self) -> bool:
        """Whether something was compared, could be seen, and every subject is right."""
        sound = all(entry.passed and not entry.vacuous for entry in self.entries)
        return self.cases > 0 and sound

    def __str__(self) -> str:
        from oracles.reporting.terminal import whole  # noqa: PLC0415 - a renderer knows reports

        return whole(self)

    @property
    def cases(self) -> int:
        """Number of cases of all entries."""
        return sum(entry.cases for entry in self.entries)

    @property
    def failures(self) -> list[OpReport]:
        """The entries whose subject is wrong."""
        return [entry for entry in self.entries if not entry.passed]
