"""What a soak has found, added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oracles.soak.chunk import DIGEST, Done
from oracles.soak.plan import Plan
from oracles.soak.state import Finished


@dataclass(frozen=True)
class Row:
    """One operation in one dtype.

    Attributes
    ----------
    op, dtype
        What was examined.
    asked
        How many cases it was to have.
    cases, refused
        How many were drawn, and how many of them the subject refused.
    different
        How many of the drawn differ from each other.
    draws, elements, worst_ratio, seconds
        Those of `Done`, added up; the largest ratio.
    failure
        The account of the case that convicts, or "".
    """

    op: str
    dtype: str
    asked: int
    cases: int
    refused: int
    different: int
    draws: int
    elements: int
    worst_ratio: float
    seconds: float
    failure: str = ""

    @property
    def convicted(self) -> int:
        """1 or 0: after the first conviction no more is examined."""
        return int(bool(self.failure))

    @property
    def empty(self) -> bool:
        """Whether nothing was compared, or less than the subject refused."""
        return self.elements == 0 or 2 * self.refused > self.cases


@dataclass(frozen=True)
class Summary:
    """All rows, of those operations and dtypes that have cases; sums over them."""

    plan: Plan
    rows: tuple[Row, ...]
    interrupted: bool = False

    @property
    def total(self) -> Row:
        """All rows as one."""
        return Row(
            op="all",
            dtype="",
            asked=self.plan.examples,
            cases=sum(row.cases for row in self.rows),
            refused=sum(row.refused for row in self.rows),
            different=sum(row.different for row in self.rows),
            draws=sum(row.draws for row in self.rows),
            elements=sum(row.elements for row in self.rows),
            worst_ratio=max((row.worst_ratio for row in self.rows), default=0.0),
            seconds=sum(row.seconds for row in self.rows),
        )

    @property
    def failures(self) -> list[Row]:
        """The rows with a conviction."""
        return [row for row in self.rows if row.failure]

    @property
    def empty(self) -> list[Row]:
        """The rows in which nothing was compared, or too little."""
        return [row for row in self.rows if row.empty]

    @property
    def judged(self) -> int:
        """Number of cases that were judged: drawn, and not refused."""
        return self.total.cases - self.total.refused

    @property
    def fewest(self) -> int:
        """The same of the operation and dtype that has fewest."""
        return min((row.cases - row.refused for row in self.rows), default=0)


def rate_bound(cases: int) -> float:
    """Return what the rate of an event is below, at 95% confidence, if none came in `cases`.

    The rule of three: with rates p_i in strata of n_i cases, no event in any case has
    probability prod (1 - p_i)^n_i <= exp(-sum n_i p_i). At a mean rate of 3 / n that is
    exp(-3) < 0.05.
    """
    return 3 / cases


def summarize(plan: Plan, finished: Finished, *, interrupted: bool = False) -> Summary:
    """Add up the chunks: of each operation and dtype those up to the first that convicts.

    Which these are does not depend on the order in which chunks were finished: all before the
    first one that convicts are run, and those behind it that had been begun do not count.
    """
    parts: dict[tuple[str, str], list[Done]] = {pair: [] for pair in plan.pairs}
    ended: set[tuple[str, str]] = set()
    for chunk in plan.chunks():
        done = finished.get(chunk.name)
        if done is not None and chunk.pair not in ended:
            parts[chunk.pair].append(done)
            ended |= {chunk.pair} if done.failure else set()
    rows = [_row(plan, pair, share, parts[pair]) for pair, share in plan.shares().items() if share]
    return Summary(plan, tuple(rows), interrupted)


def _row(plan: Plan, pair: tuple[str, str], asked: int, parts: Sequence[Done]) -> Row:
    failure = next((done.failure for done in parts if done.failure), "")
    return Row(
        *pair,
        asked=asked,
        cases=sum(done.cases for done in parts),
        refused=sum(done.refused for done in parts),
        different=len({each for done in parts for each in _digests(done)}),
        draws=sum(done.draws for done in parts),
        elements=sum(done.elements for done in parts),
        worst_ratio=max((done.worst_ratio for done in parts), default=0.0),
        seconds=sum(done.seconds for done in parts),
        failure=failure,
    )


def _digests(done: Done) -> Iterator[bytes]:
    return (done.digests[at : at + DIGEST] for at in range(0, len(done.digests), DIGEST))
