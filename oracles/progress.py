"""Progress on standard error: what is being done, how much of it, how long it will still take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from oracles.op import Op
from oracles.reporting.lines import fit
from oracles.runner import Progress

_COSTS = {
    "conv": 55.0,
    "dense": 38.0,
    "softmax": 26.0,
    "log_softmax": 26.0,
    "cross_entropy": 80.0,
    "network": 85.0,
    "article": 46.0,
}
"""What a case costs, by the beginning of the operation's name: milliseconds, on one machine.

Only how they stand to one another matters: with equal shares, the time left would be four times
too long while convolutions are examined, which come first, and as much too short at the end.
"""

_CHEAP = 6.0
"""What a case costs of all other operations, which work number by number."""

_PATIENCE = 300.0
"""The time left follows from the speed of so many seconds."""


def cost(name: str) -> float:
    """Return what a case of an operation costs beside one of another."""
    return next((cost for start, cost in _COSTS.items() if name.startswith(start)), _CHEAP)


def bar(*, hidden: bool = False, clock: Callable[[], float] = time.monotonic) -> Bar:
    """Return a line of progress that vanishes at the end.

    It is drawn on standard error, and on a terminal alone.

    Parameters
    ----------
    hidden
        Whether it is not to be drawn even there.
    clock
        Tells the time, in seconds.
    """
    columns: list[str | ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    ]
    return Bar(
        *columns,
        console=Console(stderr=True),
        speed_estimate_period=_PATIENCE,
        refresh_per_second=4,
        transient=True,
        expand=True,
        disable=hidden or not sys.stderr.isatty(),
        get_time=clock,
    )


class RunBar:
    """How far a run has come: a context manager.

    Parameters
    ----------
    pairs
        What is to be examined, in this order.
    cases
        Of each.
    waiting
        What is told until the first case is done.
    bar
        To draw it with.
    """

    def __init__(self, pairs: Sequence[tuple[Op, str]], cases: int, waiting: str, bar: Bar) -> None:
        self._costs = [cost(op.name) for op, _ in pairs]
        self._cases = cases
        self._done = 0
        self._bar = bar
        self._task = self._bar.add_task(waiting, total=sum(self._costs) * cases, count="")

    def __enter__(self) -> RunBar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Show how far the present operation has come."""
        before = sum(self._costs[: self._done]) * self._cases
        self._bar.update(
            self._task,
            completed=before + self._costs[self._done] * progress.done,
            description=f"{fit(progress.op, -18).rstrip()} {progress.dtype}",
            count="shrinking" if progress.shrinking else f"{progress.done}/{progress.of} cases",
        )

    @contextmanager
    def row(self) -> Iterator[None]:
        """Step aside, since the present operation is done and its row is to be printed."""
        self._done += 1
        self._bar.stop()  # it stands on another stream, where the row is to go
        yield
        self._bar.start()
