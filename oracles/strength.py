"""How strong the evidence for a subject is: what any report says of it, and what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from oracles.report import OpReport


def beyond_bounds(entry: OpReport) -> Mapping[str, float]:
    """Return the evidence for the subject and every asked framework that is more than bounds.

    ``proof`` counts 1; ``lattice`` counts the b of its probability ``2**-b`` of a miss.
    """
    found = {}
    if entry.proof is not None and entry.proof.holds:
        found["proof"] = 1.0
    if entry.lattice is not None:
        frameworks = [a.witness for a in entry.attendance if a.witness in entry.lattice.exact]
        if all(entry.lattice.holds_for(name) for name in ("subject", *frameworks)):
            found["lattice"] = entry.lattice.miss_bits
    return found


def held(entry: OpReport) -> Mapping[str, float]:
    """Return the same for a subject that is right and could be seen, nothing for others."""
    seen = entry.passed and entry.cases > 0 and not entry.vacuous
    return beyond_bounds(entry) if seen else {}


def unseen(entry: OpReport) -> Mapping[str, str]:
    """Return why no error could be seen, by operand, or for ``""`` of all of them."""
    if entry.mostly_refused:
        return {"": f"the subject refused {entry.refused} of {entry.refused + entry.cases} cases"}
    return dict.fromkeys(entry.vacuous, _COARSE)


_COARSE = "an error of one part in a thousand could have passed for rounding in every case"


def strength(entry: OpReport) -> str:
    """Return the strongest evidence in words, e.g. ``proof, lattice 2^-42``, ``bound``.

    ``VACUOUS`` if no error could have been seen, ``REFUTED`` if the subject is wrong on symbols,
    ``-`` if a case is its refutation, or there was none.
    """
    if entry.failure is not None or entry.cases == 0:
        return "-"
    if entry.vacuous:
        return "VACUOUS"
    if entry.proof is not None and entry.proof.refutation:
        return "REFUTED"
    words = [
        f"lattice 2^-{floor(value)}" if kind == "lattice" else kind
        for kind, value in beyond_bounds(entry).items()
    ]
    return ", ".join(words) or entry.ground
