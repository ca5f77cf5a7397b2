"""One run: what is to be measured, and what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import checks, convolutions, growth, rates
from benchmarks.arguments import PARTS
from benchmarks.contenders import Contender
from benchmarks.machine import Machine, machine


@dataclass(frozen=True)
class Settings:
    """What is to be measured, and how often.

    Attributes
    ----------
    parts
        Out of `PARTS`.
    rounds
        Turns of each contender in (a).
    select
        Only shapes of (a) whose name holds this text.
    checks
        Cases of each size in (b).
    cases
        Cases of each operation in (c).
    most
        Multiply-adds of the largest point of (d).
    """

    parts: tuple[str, ...] = tuple(PARTS)
    rounds: int = 3
    select: str = ""
    checks: int = 12
    cases: int = 80
    most: float = float("inf")


@dataclass(frozen=True)
class Results:
    """What one run measured, and the command that made it; parts left out are empty."""

    command: str
    machine: Machine
    convolutions: tuple[convolutions.Row, ...] = ()
    checks: tuple[checks.Checks, ...] = ()
    rates: rates.Rates | None = None
    growth: growth.Growth | None = None


def run(command: str, wanted: Settings, *, progress: Callable[[str], None]) -> Results:
    """Measure the parts one after the other; `progress` gets each row when it is there."""
    rows: list[convolutions.Row] = []
    costs: list[checks.Checks] = []
    speeds = grown = None
    where = this_machine()
    if "a" in wanted.parts:
        progress(f"\n(a) {PARTS['a']}\n")
        rows = convolutions.measure(
            convolutions.DTYPES, wanted.rounds, select=wanted.select, progress=progress
        )
    if "b" in wanted.parts:
        progress(f"\n(b) {PARTS['b']}\n")
        costs = checks.measure(wanted.checks, progress=progress)
    if "c" in wanted.parts:
        progress(f"\n(c) {PARTS['c']}\n")
        speeds = rates.measure(wanted.cases, progress=progress)
    if "d" in wanted.parts:
        progress(f"\n(d) {PARTS['d']}\n")
        grown = growth.measure(most=wanted.most, progress=progress)
    return Results(command, where, tuple(rows), tuple(costs), speeds, grown)


def this_machine() -> Machine:
    """Return where this run takes place."""
    contender = Contender("manualgrad")
    try:
        return machine(contender.least)
    finally:
        contender.close()
