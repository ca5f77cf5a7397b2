"""The ledger of the proofs on the grid of shapes, as text."""

from __future__ import annotations

from collections.abc import Sequence

from oracles.evidence import Proof

LEDGER_HEAD = f"{'operation':<20}{'shapes':>8}{'terms':>12}{'s':>8}  verdict"


def ledger_row(proof: Proof) -> str:
    """Return one operation's line."""
    start = f"{proof.op:<20}{proof.shapes:>8}{proof.terms:>12}{proof.seconds:>8.1f}"
    if proof.refutation:
        return f"{start}  REFUTED: {proof.refutation}"
    if proof.unproved:
        return f"{start}  not proved: the subject, run on symbols, {proof.unproved}"
    order = "first and second order" if proof.second_order else "first order"
    return f"{start}  proved, gradients of {order}"


def ledger_total(proofs: Sequence[Proof]) -> str:
    """Return the last line of the ledger, which says what the numbers are."""
    shapes, terms = sum(p.shapes for p in proofs), sum(p.terms for p in proofs)
    total = f"{'all':<20}{shapes:>8}{terms:>12}{sum(p.seconds for p in proofs):>8.1f}"
    return (
        f"{total}  shapes; terms compared; seconds of all processes\n\n"
        "Forward equals the definition and every gradient its formal derivative, as polynomials:\n"
        "for each of these shapes, for all inputs, up to rounding."
    )
