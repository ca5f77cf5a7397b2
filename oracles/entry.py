"""The record of one operation in one dtype, from what was added up over its cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from oracles.limits import Limits
from oracles.op import Op
from oracles.places import backward_of, place_of_subject
from oracles.report import OpReport
from oracles.tally import Ledger


def entry_of(
    op: Op,
    dtype: str,
    limits: Limits,
    ledger: Ledger,
    oracles: Sequence[str],
    missing: Mapping[str, str],
) -> OpReport:
    """Return what a ledger holds, without failure, proof and seconds.

    Parameters
    ----------
    op, dtype, limits
        What was examined.
    ledger
        What was seen.
    oracles
        The witnesses that were to be asked.
    missing
        Those of them that cannot answer, with the reason.
    """
    return OpReport(
        op=op.name,
        subject=op.subject or op.name,
        dtype=dtype,
        cases=ledger.cases,
        elements=ledger.elements,
        seconds=0.0,
        tallies=ledger.ordered_tallies(),
        pairings=tuple(ledger.pairings.values()),
        attendance=tuple(ledger.attendance(oracles, missing)),
        defects=tuple(ledger.defects.values()),
        lattice=ledger.lattice,
        laws=dict(ledger.laws),
        limits=limits.stated(),
        refused=ledger.refused,
        kept_passed=ledger.kept_passed,
        ground=getattr(op.definition, "ground", "bound"),
        place=place_of_subject(op),
        spec=op.spec,
        backward=backward_of(op),
    )
