"""The ledger of the proofs on the grid of shapes, as text."""

from __future__ import annotations

from collections.abc import Sequence

from oracles.evidence import Proof
from oracles.reporting.lines import NARROW, fit, wrapped

LEDGER_HEAD = f"{'operation':<18}{'shapes':>7}{'terms':>10}{'s':>7}  verdict"


def ledger_row(proof: Proof) -> str:
    """Return one operation's line."""
    start = f"{fit(proof.op, -18)}{proof.shapes:>7}{proof.terms:>10}{proof.seconds:>7.1f}"
    if proof.refutation:
        return f"{start}  REFUTED:\n{wrapped(proof.refutation, NARROW)}"
    if proof.unproved:
        told = wrapped(f"the subject, run on symbols, {proof.unproved}", NARROW)
        return f"{start}  not proved:\n{told}"
    order = "first and second order" if proof.second_order else "first order"
    return f"{start}  proved, {order}"


def ledger_total(proofs: Sequence[Proof]) -> str:
    """Return the last line of the ledger, which says what the numbers are."""
    shapes, terms = sum(p.shapes for p in proofs), sum(p.terms for p in proofs)
    total = f"{'all':<18}{shapes:>7}{terms:>10}{sum(p.seconds for p in proofs):>7.1f}"
    return (
        f"{total}  shapes; terms compared; seconds of all processes\n\n"
        "Forward equals the definition and every gradient of the named orders its formal\n"
        "derivative, as polynomials: for each of these shapes, for all inputs, up to\n"
        "rounding."
    )
