"""Cases per second: by operation, and by the number of elements of a case.

The harness's own loop is timed, drawing and laws included. A drawn case counts once, when it is
done; the draws on the lattice that its shape gets as well are timed, but counted apart.
"""

from __future__ import annotations

import gc
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from hypothesis.strategies import DrawFn

from benchmarks.checks import SEED, form, without_programs
from benchmarks.stats import Times
from oracles.catalog import ops
from oracles.draws import by_hand, drawable
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.report import OpReport
from oracles.runner import Runner

OPERATIONS = ("conv2d", "conv_transpose2d", "dense", "tanh", "network")
WITNESSES: tuple[tuple[str, ...], ...] = (("torch",), ("torch", "jax"))
BY_SIZE = (
    ("conv2d", ("torch",)),
    ("conv_transpose2d", ("torch",)),
    ("conv_transpose2d", ("torch", "jax")),
)
BINS = (0, 100, 300, 1000, 3000)
"""Least number of elements of each bin."""

_PLAIN = Limits(special_values=False, second_order=False, min_batch=1, layouts=False)
_LIMITS = tuple(
    replace(_PLAIN, max_size=size, max_channels=channels)
    for size, channels in ((4, 2), (8, 4), (24, 4), (48, 4))
)
_ROUNDS = 2
_BOUND, _LATTICE = ("bound",), ("bound", "lattice")


@dataclass(frozen=True)
class Rate:
    """Cases of one operation in the default limits.

    Attributes
    ----------
    bound, again
        Cases per second by the rounding bounds alone: new to all, and the same once more with
        new processes, for which JAX has kept its programs.
    cases, draws
        Drawn cases with all evidence; draws on the lattice beside them.
    seconds
        That those took.
    """

    op: str
    witnesses: tuple[str, ...]
    bound: float
    again: float
    cases: int
    draws: int
    seconds: float


@dataclass(frozen=True)
class Bin:
    """Cases of about one size.

    Attributes
    ----------
    least
        Elements.
    elements
        Of each case that was judged by the rounding bounds alone.
    shapes
        How many different shapes and options they had.
    bound, lattice
        Seconds for each case: by the bounds alone; with the lattice draws of its shape.
    """

    op: str
    witnesses: tuple[str, ...]
    least: int
    elements: tuple[int, ...]
    shapes: int
    bound: Times
    lattice: Times


@dataclass(frozen=True)
class Rates:
    """Both tables."""

    operations: tuple[Rate, ...]
    sizes: tuple[Bin, ...]


def measure(
    count: int,
    *,
    operations: Sequence[str] = OPERATIONS,
    by_size: Sequence[tuple[str, tuple[str, ...]]] = BY_SIZE,
    progress: Callable[[str], None],
) -> Rates:
    """Time `count` cases of each operation, and as many in each range of sizes."""
    # PyTorch, which earlier parts import, would make one collection last as long as many cases.
    gc.collect()
    gc.freeze()
    by_operation = []
    for name in operations:
        for witnesses in WITNESSES:
            by_operation.append(_rate(ops[name], witnesses, count))
            progress(_rate_line(by_operation[-1]))
    sizes = []
    for name, witnesses in by_size:
        found = _bins(ops[name], witnesses, max(2, count // (2 * _ROUNDS)))
        sizes += found
        for each in found:
            progress(_bin_line(each))
    return Rates(tuple(by_operation), tuple(sizes))


def _rate(op: Op, witnesses: tuple[str, ...], count: int) -> Rate:
    with without_programs() as home:
        with Runner(oracles=witnesses, directory=home) as runner:
            _started(op, runner)
            entry, took = _timed(op, runner, None, count, SEED + 1)
            bound, alone = _timed(op, runner, _BOUND, count, SEED + 2)
        with Runner(oracles=witnesses, directory=home) as runner:
            _started(op, runner)
            again, warm = _timed(op, runner, _BOUND, count, SEED + 2)
    draws = entry.lattice.cases if entry.lattice else 0
    rates = bound.cases / alone, again.cases / warm
    return Rate(op.name, witnesses, *rates, entry.cases, draws, took)


def _started(op: Op, runner: Runner) -> None:
    runner.max_examples, runner.seed = 3, SEED
    runner.examine(op, "float64")


def _timed(
    op: Op, runner: Runner, evidence: tuple[str, ...] | None, count: int, seed: int
) -> tuple[OpReport, float]:
    runner.evidence, runner.max_examples, runner.seed = evidence, count, seed
    start = time.perf_counter()
    entry = runner.examine(op, "float64")
    return entry, time.perf_counter() - start


def _bins(op: Op, witnesses: tuple[str, ...], count: int) -> list[Bin]:
    """Time cases in all limits, the two kinds of evidence in turn, and sort them into bins."""
    found: dict[tuple[str, ...], list[tuple[Case, float]]] = {_BOUND: [], _LATTICE: []}
    runs: list[tuple[tuple[str, ...], Limits]] = [
        (e, limits) for _ in range(_ROUNDS) for limits in _LIMITS for e in found
    ]
    with without_programs() as home, Runner(oracles=witnesses, directory=home) as runner:
        for number, (evidence, limits) in enumerate(runs):
            # Each run draws cases of its own, so that JAX has no program for them.
            runner.seed, runner.max_examples = SEED + number, count + 1
            runner.evidence, runner.limits = evidence, limits
            found[evidence] += _each(op, runner)
    return [_bin(op, witnesses, at, found) for at in range(len(BINS)) if _has_both(at, found)]


def _each(op: Op, runner: Runner) -> list[tuple[Case, float]]:
    """Return cases as the loop draws them, with the seconds from the end of the one before."""
    cases: list[Case] = []
    done: list[float] = []

    @drawable
    def kept(draw: DrawFn, dtype: str, limits: Limits) -> Case:
        make = by_hand(op.cases(dtype, limits))
        assert make is not None
        cases.append(make(draw))
        return cases[-1]

    runner.progress = lambda _: done.append(time.perf_counter())
    entry = runner.examine(replace(op, cases=kept), "float64")
    if entry.failure is not None or len(cases) != len(done):
        raise RuntimeError(f"{op.name} failed its check: {entry.failure}")
    # The first case is left out: with it the processes start.
    return [
        (case, end - start) for case, start, end in zip(cases[1:], done, done[1:], strict=False)
    ]


def _at(case: Case) -> int:
    """Return the number of the bin."""
    return bisect_right(BINS, case.size) - 1


def _has_both(at: int, found: dict[Any, list[tuple[Case, float]]]) -> bool:
    return all(any(_at(case) == at for case, _ in cases) for cases in found.values())


def _bin(
    op: Op, witnesses: tuple[str, ...], at: int,
    found: dict[tuple[str, ...], list[tuple[Case, float]]],
) -> Bin:  # fmt: skip
    inside = {e: [(c, s) for c, s in cases if _at(c) == at] for e, cases in found.items()}
    times = {e: Times(tuple(s for _, s in cases)) for e, cases in inside.items()}
    cases = [case for case, _ in inside[_BOUND]]
    return Bin(
        op.name, witnesses, BINS[at], tuple(case.size for case in cases),
        len({form(case) for case in cases}), times[_BOUND], times[_LATTICE],
    )  # fmt: skip


# --- tables ---------------------------------------------------------------------------------


def _rate_line(rate: Rate) -> str:
    return (
        f"| {rate.op} | {' and '.join(rate.witnesses)} | {rate.bound:.0f} | {rate.again:.0f} "
        f"| {rate.cases / rate.seconds:.0f} | {(rate.cases + rate.draws) / rate.seconds:.0f} |"
    )


def _bin_line(of: Bin) -> str:
    low, high = of.bound.quartiles
    return (
        f"| {of.op} | {' and '.join(of.witnesses)} | {_range(of.least)} "
        f"| {median(of.elements):.0f} | {len(of.elements)} | {of.shapes} "
        f"| {of.bound.rate:.0f} | {1e3 * of.bound.median:.3g} ms "
        f"| {1e3 * low:.3g} to {1e3 * high:.3g} ms | {of.lattice.rate:.0f} |"
    )


def _range(least: int) -> str:
    later = [edge for edge in BINS if edge > least]
    return f"{least} to {later[0] - 1}" if later else f"{least} and more"


def operations_table(rates: Rates) -> str:
    """Return the rates by operation as Markdown."""
    head = (
        "| operation | witnesses | cases/s, bounds | once more | cases/s, all evidence "
        "| lattice draws counted too |\n|---|---|--:|--:|--:|--:|"
    )
    return "\n".join([head, *map(_rate_line, rates.operations)])


def sizes_table(rates: Rates) -> str:
    """Return the rates by number of elements as Markdown."""
    head = (
        "| operation | witnesses | elements | median | cases | shapes | cases/s, bounds "
        "| median time | quartiles | cases/s, with lattice |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    return "\n".join([head, *map(_bin_line, rates.sizes)])
