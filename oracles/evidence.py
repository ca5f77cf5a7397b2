"""What stands behind a pass, beyond rounding bounds: records of proofs and of lattice draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """What running the subject on symbols has shown.

    Attributes
    ----------
    op
        Name of the operation.
    shapes
        Combinations of shapes and options for which forward and gradients equal the definition
        and its formal derivatives as polynomials, hence for every input.
    terms
        Number of terms of those polynomials.
    seconds
        Time, in seconds, of all processes together.
    refutation
        Where and how the subject's polynomial differs, or "".
    unproved
        Why the subject could not be run on symbols, or "".
    second_order
        Whether second derivatives were among what was proved.
    refused
        Number of combinations that the subject refused as it had said it would.
    """

    op: str
    shapes: int
    terms: int
    seconds: float
    refutation: str = ""
    unproved: str = ""
    second_order: bool = False
    refused: int = 0

    @property
    def holds(self) -> bool:
        """Whether every shape was proved, and there was one."""
        return self.shapes > 0 and not self.refutation and not self.unproved


@dataclass(frozen=True)
class LatticeRecord:
    """What equality on the integer lattice has shown; `oracles.lattice` has the derivation.

    Attributes
    ----------
    shapes, cases
        How many shapes with their options, and how many draws of all of them.
    degree
        D: errors that are polynomials of at most this total degree are meant.
    smallest
        The smallest L of all shapes; numbers were drawn from -L to L.
    miss_bits
        For every shape, an error is missed with probability at most ``2**-miss_bits``.
    exact
        For each participant, the number of draws that it answered exactly, bit for bit.
    inexact
        For each participant that was not exact on some draw: what is known of the cause.
    second_order
        Number of shapes that had second derivatives among the compared.
    """

    shapes: int
    cases: int
    degree: int
    smallest: int
    miss_bits: float
    exact: Mapping[str, int]
    inexact: Mapping[str, str]
    second_order: int = 0

    def holds_for(self, participant: str) -> bool:
        """Whether a participant was exact on every draw, and answered each."""
        return self.exact.get(participant, 0) == self.cases > 0
