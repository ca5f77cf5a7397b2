"""This harness as a tool: its hunt, and `oracles.run` as users run it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence

from benchmarks.detection.questions import SEED
from benchmarks.detection.subjects import KINDS
from benchmarks.detection.trial import Trial
from oracles.catalog import ops
from oracles.hunting import hunt
from oracles.op import Op
from oracles.plugging import DTYPES
from oracles.report import Report
from oracles.runner import Runner

NAME = "oracles"


def hunted(kind: str, title: str, cases: int, budget: float) -> Trial:
    """Return what exact arithmetic, lattice, laws and proof make of a subject.

    No framework is asked. A conviction that comes after the budget is none.

    Parameters
    ----------
    cases
        Of both dtypes together.
    budget
        In seconds of the processor's.
    """
    op = KINDS[kind]()[title].make()
    with Runner(oracles=(), max_examples=cases // len(DTYPES), seed=SEED, keep=False) as runner:
        before = time.process_time()
        found = hunt(runner, op, DTYPES)
        spent = time.process_time() - before
    conviction = found.conviction
    said = f"{conviction.by}: {', '.join(conviction.what)}" if conviction else ""
    in_time = conviction is not None and spent <= budget
    return Trial(int(in_time), found.cases, 0, found.seconds, said)


def alarms(kind: str, title: str, dtype: str, cases: int) -> Trial:
    """Return on how many cases of right code the harness convicts: one ends the search."""
    op = KINDS[kind]()[title].make()
    with Runner(oracles=(), max_examples=cases, seed=SEED, keep=False) as runner:
        entry = runner.examine(op, dtype)
    said = "; ".join(entry.failure.sentences) if entry.failure else ""
    return Trial(int(bool(said)), entry.cases, entry.refused, entry.seconds, said)


def reports(
    titles: Sequence[str], progress: Callable[[str], None]
) -> dict[str, tuple[bool, float]]:
    """Return for each mutant whether it passed `oracles.run`, and the seconds to the report.

    PyTorch is the witness, in a process that was started before; what convicts is shrunk and
    explained, in both dtypes.
    """
    known, found = KINDS["mutant"](), {}
    with (
        tempfile.TemporaryDirectory() as home,
        Runner(oracles=("torch",), seed=SEED, directory=home, keep=False) as runner,
    ):
        _report(runner, ops["dense"])
        for title in titles:
            op = known[title].make()
            start = time.perf_counter()
            passed = _report(runner, op).passed
            found[title] = passed, time.perf_counter() - start
            progress(f"oracles.run: {title}: passed: {passed}, {found[title][1]:.2f} s")
    return found


def _report(runner: Runner, op: Op) -> Report:
    """Return the report of `oracles.run`, by a witness that stays."""
    return runner.report([runner.examine(op, dtype) for dtype in DTYPES if dtype in op.dtypes])
