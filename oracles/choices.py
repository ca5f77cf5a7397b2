"""What a run may be asked for, and every error in asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oracles.ranges import check_seed, check_time_limit
from oracles.witnesses import complex_step, finite_difference
from oracles.workers import WITNESSES

IN_PROCESS: Mapping[str, Any] = {
    "complex_step": complex_step,
    "finite_difference": finite_difference,
}
"""Witnesses that ask the subject's own forward, and so need no process of their own."""

KNOWN_ORACLES = (*WITNESSES, *IN_PROCESS)

EVIDENCE = ("bound", "lattice", "proof")
"""Kinds of evidence, the weakest first."""


def check_numbers(max_examples: int, time_limit: float, seed: int | None) -> None:
    """Raise unless there is at least one case, time for it, and a seed that generators take."""
    if isinstance(max_examples, bool) or not isinstance(max_examples, int) or max_examples < 1:
        raise ValueError(f"`max_examples` (={max_examples!r}) must be an int of at least 1")
    check_time_limit(time_limit)
    check_seed(seed)


def check_evidence(evidence: Sequence[str] | None) -> None:
    """Raise unless `evidence` is None or names kinds of evidence."""
    if isinstance(evidence, str):
        raise TypeError(f"`evidence` (={evidence!r}) must be a sequence of names, not one string")
    for name in evidence or ():
        if name not in EVIDENCE:
            raise ValueError(f"`evidence` holds {name!r}; known are {', '.join(EVIDENCE)}")


def check_oracles(oracles: Sequence[str]) -> None:
    """Raise unless `oracles` names witnesses."""
    if isinstance(oracles, str):
        raise TypeError(f"`oracles` (={oracles!r}) must be a sequence of names, not one string")
    for name in oracles:
        if name not in KNOWN_ORACLES:
            known = ", ".join(KNOWN_ORACLES)
            raise ValueError(f"`oracles` holds {name!r}; known are {known}")
