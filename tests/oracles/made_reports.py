"""Reports made by hand, for what shows them: failures of any shape without a run."""

from dataclasses import replace

import numpy as np

from oracles.answer import Answer
from oracles.compare import compare
from oracles.diagnosis.cause import Cause
from oracles.evidence import LatticeRecord, Proof
from oracles.exact.bounded import Approximate
from oracles.op import Case
from oracles.places import Place
from oracles.portrait import portraits
from oracles.report import Attendance, Environment, OpReport, Report, Tally
from oracles.verdict import sentences
from oracles.wrong_cases import Defect, Failure


def failing(op="conv2d", dtype="float64", *, shape=(1, 1, 2, 3), wrong=(0, -1), **changes):
    """Return an entry whose grad_x is off by one in the cells `wrong` (flat), and torch right."""
    true = {"grad_x": approximate(np.arange(float(np.prod(shape))).reshape(shape) - 2)}
    right = true["grad_x"].value.astype(dtype)
    off = right.copy()
    off.ravel()[list(wrong)] += 1
    subject = changes.get("subject", f"mine.{op}")
    entry = right_entry(op, dtype, subject=subject, proof=None, lattice=None)
    return replace(entry, failure=failure(op, subject, off, right, true), **changes)


def approximate(numbers):
    exact = np.array(numbers.astype(int), dtype=object)
    return Approximate(exact, np.abs(numbers) * 2.0**-50)


def failure(op, subject, off, right, true):
    answers = {"subject": Answer("value", {"grad_x": off}),
               "torch": Answer("value", {"grad_x": right}),
               "jax": Answer("crashed", detail="killed by SIGABRT")}  # fmt: skip
    mine, torch = (compare(name, answers[name].values, true, off.dtype)
                   for name in ("subject", "torch"))  # fmt: skip
    return Failure(
        case=Case(op, {"x": right}, {"stride": 2}, off, origin="by hand"),
        sentences=sentences(subject, answers["subject"], mine, {"torch": torch}),
        comparisons=tuple(mine),
        witness_comparisons=tuple(torch),
        answers=answers,
        truth={"grad_x": tuple(map(str, true["grad_x"].value.ravel()))},
        portraits=portraits(answers, true),
        script="import numpy as np\nprint('again')\n",
        blob="AXic",
        causes=(Cause("grad_x", "grad_x equals the oracle's plus 1 on 20 of 20 cases", 20, True),),
        saved=".oracles/failures/it",
    )  # fmt: skip


def right_entry(op="dense", dtype="float64", **changes):
    """Return an entry that is right: by proof and on the lattice."""
    exact = {"subject": 9, "torch": 9}
    entry = OpReport(
        op, f"mine.{op}", dtype, cases=20, elements=400, seconds=1.5,
        tallies=(Tally("subject", "y", 20, 400, 0, 0, 0.25, 0.5, 1e-9),
                 Tally("torch", "y", 20, 400, 0, 0, 0.75, 0.9, 1e-9)),
        pairings=(),
        attendance=(Attendance("torch", answered=20), Attendance("jax", missing="not here")),
        lattice=LatticeRecord(3, 9, 4, 100, 40.5, exact, {}),
        proof=Proof(op, 12, 300, 0.5),
        laws={"the same call gives the same bits": 20},
        place=Place("mine/layers.py", 17),
    )  # fmt: skip
    return replace(entry, **changes)


def vacuous_entry(op="softmax", dtype="float32"):
    blind = Tally("subject", "y", 20, 400, 0, 0, 0.25, 0.5, 0.5)
    return right_entry(op, dtype, tallies=(blind,), lattice=None, proof=None)


def defect(witness="jax", sentence="jax: y differs in 1 of 1 cells", kind="differs", **changes):
    case = Case("dense", {"x": np.array([[np.nan]])}, {}, np.zeros((1, 1)), origin="by hand")
    return replace(Defect(witness, kind, sentence, 3, case), **changes)


def made_report(*entries, **changes):
    where = Environment({"python": "3.11.7", "torch": "2.13.0", "numpy": "2.4.6"}, {"torch": 2},
                        "Linux", "2026-01-02T03:04:05+00:00")  # fmt: skip
    report = Report(7, 20, ("torch", "jax"), {}, where, entries,
                    missing={"jax": "JAX is not installed: pip install jax"})  # fmt: skip
    return replace(report, **changes)
