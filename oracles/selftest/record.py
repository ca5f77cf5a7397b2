"""What a self-test found: frozen records that renderers show and compute nothing from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

Verdict = Literal["killed", "survived", "not reached"]

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Trial:
    """One mutation in the cases of a configuration.

    Attributes
    ----------
    mutation, kind, story
        Which, and what is wrong with it.
    verdict
        ``killed``; ``survived``, though some case showed it; or ``not reached``: none did.
    cases
        Of a killed one the number of cases, in `dtype`, up to the one that convicts; else of all.
    changed
        In how many of them a number, a shape or a manner was another than the subject's.
    dtype
        In which it was killed; "" by a proof.
    by
        What killed it: see `oracles.hunting.Conviction`.
    what
        Names of what was wrong.
    remedy
        Of one that was not killed: what would have caught it, or "".
    why
        Likewise: why it was not seen, or why nothing would have caught it.
    """

    mutation: str
    kind: str
    story: str
    verdict: Verdict
    cases: int
    changed: int
    dtype: str = ""
    by: str = ""
    what: tuple[str, ...] = ()
    remedy: str = ""
    why: str = ""


@dataclass(frozen=True)
class OpTrials:
    """All mutations of one subject.

    Attributes
    ----------
    op, subject
        Of the operation.
    limits
        On the cases, the subject's own included.
    trials
        In the order in which they were made.
    left_out
        Names of mutations that change nothing in any case that can be drawn of the operation.
    seconds
        Wall time, in seconds.
    wrong
        Why the subject is convicted as it is, or "": kills would then mean nothing, and there
        are none.
    command
        That shows the whole of it.
    """

    op: str
    subject: str
    limits: Mapping[str, Any]
    trials: tuple[Trial, ...]
    left_out: tuple[str, ...]
    seconds: float
    wrong: str = ""
    command: str = ""

    def of(self, verdict: Verdict) -> tuple[Trial, ...]:
        """Return the trials with a verdict."""
        return tuple(trial for trial in self.trials if trial.verdict == verdict)

    @property
    def median_cases(self) -> float:
        """Median of the cases that a kill took; 0 without kills."""
        return median([trial.cases for trial in self.of("killed")] or [0])


@dataclass(frozen=True)
class SelfTest:
    """A whole self-test.

    Attributes
    ----------
    seed, max_examples, dtypes, limits, evidence
        The configuration; ``evidence`` is None for all that an operation allows.
    entries
        By operation.
    interrupted
        Whether it was stopped before its end.
    """

    seed: int
    max_examples: int
    dtypes: tuple[str, ...]
    limits: Mapping[str, Any]
    evidence: tuple[str, ...] | None
    entries: tuple[OpTrials, ...]
    interrupted: bool = False
    schema_version: int = SCHEMA_VERSION

    @property
    def trials(self) -> int:
        """Number of mutations that were tried."""
        return sum(len(entry.trials) for entry in self.entries)

    @property
    def wrong(self) -> bool:
        """Whether a subject is wrong as it is, or a mutation survived."""
        return any(entry.wrong or entry.of("survived") for entry in self.entries)
