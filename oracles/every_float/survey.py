"""A survey of activations: worker processes, progress, results."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracles.every_float.engine import QUICK_KINDS, Scores, block_scores, quick_scores
from oracles.every_float.entries import PARTS
from oracles.every_float.inputs import FLOAT32
from oracles.every_float.kinks import Kink, kinks_of
from oracles.every_float.participants import SUBJECT
from oracles.every_float.score import Score
from oracles.every_float.second import SECOND, second_scores
from oracles.every_float.state import State, read_state, state_key, write_state

BLOCK = 2**24
"""Inputs between two writings of the state."""

PROCESSES = 2

MOST_ULPS = 2.0
"""What manualgrad may be off by in the formats of `JUDGED`."""

JUDGED = ("float32", "float16", "bfloat16", SECOND)
"""float64, which has no wider format to be computed in, is shown and not judged: the rounding
bounds of ``oracle-diff run`` do that."""


@dataclass(frozen=True)
class Row:
    """One participant's score on one kind of inputs, for an activation's value or derivative."""

    kind: str
    activation: str
    part: str
    participant: str
    score: Score


@dataclass(frozen=True)
class Survey:
    """All results; `participants` are those that were asked."""

    participants: tuple[str, ...]
    rows: tuple[Row, ...]
    kinks: tuple[Kink, ...]

    @property
    def failures(self) -> list[Row]:
        """Rows in which manualgrad is off by too much, or no number of the right kind."""
        return [row for row in self.rows if row.kind in JUDGED and _fails(row)]


@dataclass(frozen=True)
class Progress:
    """How far a survey is: steps done and in all, seconds since the start."""

    activation: str
    done: int
    steps: int
    seconds: float

    @property
    def seconds_left(self) -> float:
        """What is left at the pace so far."""
        return self.seconds / self.done * (self.steps - self.done)


Show = Callable[[Progress], None]


def worker_processes() -> Executor:
    """Return fresh processes, in each of which the frameworks are imported once."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_ignore_interrupts)


def quick(
    names: Sequence[str], participants: Sequence[str], *, executor: Executor, show: Show
) -> Survey:
    """Survey float16, bfloat16, telling float64 numbers, second derivatives and kinks."""
    asked = tuple(participants)
    tasks: dict[Future[Any], tuple[str, str]] = {}
    for name in names:
        for kind in QUICK_KINDS:
            tasks[executor.submit(quick_scores, name, kind, asked)] = kind, name
        tasks[executor.submit(second_scores, name, asked)] = SECOND, name
        tasks[executor.submit(kinks_of, name, asked)] = "kinks", name
    results = _collect(tasks, show, lambda _, __: None)
    rows = [
        row
        for kind in QUICK_KINDS
        for name in names
        for row in _rows(kind, name, results[kind, name], asked)
    ]
    rows += [
        Row(SECOND, name, part, who, score)
        for name in names
        for (who, part), score in results[SECOND, name].items()
    ]
    kinks = [kink for name in names for kink in results["kinks", name]]
    return Survey(asked, tuple(rows), tuple(kinks))


def exhaustive(
    names: Sequence[str],
    participants: Sequence[str],
    *,
    home: Path,
    executor: Executor,
    show: Show,
    inputs: int = FLOAT32,
    block: int = BLOCK,
) -> tuple[Row, ...]:
    """Survey all float32 numbers, going on where the last run with the same code stopped.

    Parameters
    ----------
    home
        Where the states are kept.
    inputs, block
        How many bit patterns there are, and how many between two writings of the state.
    """
    asked, key = tuple(participants), state_key(participants, block)
    states = {name: read_state(home, name, key) for name in names}
    tasks = {
        executor.submit(block_scores, name, number * block, block, asked): (number, name)
        for name in names
        for number in range(inputs // block)
        if number not in states[name].done
    }

    def keep(label: tuple[Any, str], scores: Scores) -> None:
        number, name = label
        states[name] = states[name].after(number, scores)
        write_state(home, name, states[name])

    _collect(tasks, show, keep)
    return tuple(row for name in names for row in _state_rows(name, states[name], asked))


def _collect(
    tasks: dict[Future[Any], tuple[Any, str]],
    show: Show,
    keep: Callable[[tuple[Any, str], Any], None],
) -> dict[tuple[Any, str], Any]:
    """Return the results by label, kept as they come; on an error cancel what is waiting."""
    start, results = time.perf_counter(), {}
    try:
        for done, future in enumerate(as_completed(tasks), 1):
            label = tasks[future]
            results[label] = future.result()
            keep(label, results[label])
            show(Progress(label[1], done, len(tasks), time.perf_counter() - start))
    except BaseException:
        for future in tasks:
            future.cancel()
        raise
    return results


def _state_rows(name: str, state: State, participants: Sequence[str]) -> list[Row]:
    return _rows("float32", name, state.scores, participants)


def _rows(kind: str, name: str, scores: Scores, participants: Sequence[str]) -> list[Row]:
    return [
        Row(kind, name, part, who, scores[who, part])
        for part in PARTS
        for who in participants
        if (who, part) in scores
    ]


def _fails(row: Row) -> bool:
    score = row.score
    wrong = score.ulps > MOST_ULPS or score.spurious > 0 or score.flushed > 0
    return row.participant == SUBJECT and wrong


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
