"""What has changed since an earlier report: frozen records; `oracles.baseline` makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "new failure",
    "newly vacuous",
    "still wrong",
    "still vacuous",
    "fixed",
    "added",
    "gone",
    "right",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of change, the most important first."""

REGRESSIONS = ("new failure", "newly vacuous")
"""The kinds of change of which ``--fail-on new`` makes a failure."""


@dataclass(frozen=True)
class Change:
    """One operation in one dtype, then and now.

    Attributes
    ----------
    op, subject, dtype
        What was checked.
    kind
        ``new failure`` (wrong now, and not then), ``still wrong``, ``fixed`` (wrong then, right
        now), ``right`` (now, and not wrong then), ``newly vacuous`` (nothing could be seen now,
        whatever was seen then), ``still vacuous``, ``added`` (not in the earlier report, and
        right) or ``gone`` (only there).
    ratio_before, ratio_now
        The subject's largest error/bound, or None on the side on which there is none.
    rate_before, rate_now
        Cases per second, or None likewise, and for a wrong subject, whose time went into the
        account of the failure.
    evidence_before, evidence_now
        How strong the evidence was, in the words of the table (``proof, lattice 2^-42``), or "".
    notable
        What deserves mention beyond the kind: ``weaker evidence``, ``stronger evidence``,
        ``other evidence``, ``closer to the bound``, ``slower``, ``faster``.
    spec, backward
        What else the subject is known by: see `oracles.report.OpReport`.
    """

    op: str
    subject: str
    dtype: str
    kind: Kind
    ratio_before: float | None = None
    ratio_now: float | None = None
    rate_before: float | None = None
    rate_now: float | None = None
    evidence_before: str = ""
    evidence_now: str = ""
    notable: tuple[str, ...] = ()
    spec: str = ""
    backward: str = ""


@dataclass(frozen=True)
class Changes:
    """A whole report beside an earlier one.

    Attributes
    ----------
    against
        Path of the earlier report, as it was given.
    started
        When its run began (ISO 8601, UTC).
    changes
        One for each operation and dtype of either.
    differences
        In what the two runs were not alike: seed, cases, limits, oracles, versions, machine.
    """

    against: str
    started: str
    changes: tuple[Change, ...]
    differences: tuple[str, ...] = ()

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def regressions(self) -> tuple[Change, ...]:
        """The changes that are for the worse: what is wrong now, or cannot be seen any more."""
        return tuple(change for change in self.changes if change.kind in REGRESSIONS)
