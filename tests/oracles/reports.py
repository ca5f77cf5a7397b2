"""Reports without a run: entries of which a test says what matters to it."""

from dataclasses import replace

from oracles.environment import Environment
from oracles.evidence import LatticeRecord, Proof
from oracles.report import OpReport, Report, Tally

LATTICE = LatticeRecord(2, 4, 4, 100, 42.5, {"subject": 4}, {})
PROOF = Proof("conv2d", 3, 20, 0.1)
REFUTED = Proof("conv2d", 0, 0, 0.1, refutation="grad_w[0] differs")


def entry(op="conv2d", dtype="float64", *, ratio=0.25, wrong=False, blind=False, **fields):
    """Return an entry that is right (by bounds), wrong (on symbols) or vacuous."""
    resolution = 1.0 if blind else 1e-6
    tally = Tally("subject", "y", 40, 400, 0, 0, ratio, ratio, resolution)
    found = OpReport(op, f"mine.{op}", dtype, 40, 400, 2.0, (tally,), (), ())
    return replace(found, **{"proof": REFUTED if wrong else None, **fields})


def report(*entries, seed=7, started="2026-01-02T03:04:05.678+00:00", **fields):
    where = Environment({"numpy": "2.4"}, {"torch": 2}, "Linux", started)
    return replace(Report(seed, 40, ("torch",), {}, where, entries), **fields)
