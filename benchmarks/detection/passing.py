"""What one passing case costs: right code, the same shapes, every tool."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.checks import LIMITS, OP, fresh_cases
from benchmarks.detection.asking import Asked
from benchmarks.detection.harness import NAME
from benchmarks.detection.questions import SEED, question
from benchmarks.detection.tools import TOOLS
from benchmarks.helper import Helper
from benchmarks.stats import Times
from oracles.catalog import ops
from oracles.op import Case
from oracles.runner import Runner

SIZES = ((35, 70), (750, 1350))
"""Least and largest number of elements of the cases."""


@dataclass(frozen=True)
class Passing:
    """Seconds for each case of about one size, by tool.

    Attributes
    ----------
    elements
        Of each case: operands and cotangent.
    """

    elements: tuple[int, ...]
    times: Mapping[str, Times]


def measure(count: int, progress: Callable[[str], None]) -> tuple[Passing, ...]:
    """Time every tool on `count` cases of each size."""
    cases = [fresh_cases(ops[OP], count + 1, least=least, most=most) for least, most in SIZES]
    seconds: dict[str, list[list[float]]] = {}
    for name in TOOLS:
        with Helper(serving, name) as helper:
            seconds[name] = [helper.ask(count + 1, *ends) for ends in SIZES]
        progress(f"a passing case: {name}")
    seconds[NAME] = _harness(cases)
    progress(f"a passing case: {NAME}")
    # With the first case processes start and modules are imported.
    return tuple(
        Passing(
            tuple(case.size for case in cases[at][1:]),
            {name: Times(tuple(found[at][1:])) for name, found in seconds.items()},
        )
        for at in range(len(SIZES))
    )


def serving(name: str) -> Callable[[int, int, int], list[float]]:
    """Return, in a process of its own, what times one tool on the cases of one size."""
    tool = TOOLS[name]
    tool.prepare()

    def answer(count: int, least: int, most: int) -> list[float]:
        op, seconds = ops[OP], []
        for number, case in enumerate(fresh_cases(op, count, least=least, most=most)):
            asked = Asked(op, question(op, case, tool.dtype, number))
            start = time.perf_counter()
            tool.check(asked)
            seconds.append(time.perf_counter() - start)
        return seconds

    return answer


def _harness(cases: Sequence[Sequence[Case]]) -> list[list[float]]:
    """Time the harness with PyTorch as the witness: laws, and draws on the lattice, as well."""
    with (
        tempfile.TemporaryDirectory() as home,
        Runner(oracles=("torch",), seed=SEED, directory=home, limits=LIMITS) as runner,
    ):
        return [[_judged(runner, case) for case in each] for each in cases]


def _judged(runner: Runner, case: Case) -> float:
    found = runner.examination(ops[OP])
    start = time.perf_counter()
    found.convict(case)
    return time.perf_counter() - start
