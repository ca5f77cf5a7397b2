"""How time and memory of manualgrad grow: measured, fitted, and held against what is claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10

from benchmarks.growth_points import OPS, Question, questions
from benchmarks.stats import Fit, Times, fit
from benchmarks.workspace import Found, found

MOST = 2**26
"""Bytes of workspace that no shape may exceed."""

OVERHEAD = 10
"""A call is not dominated by overhead if it takes so many times as long as the fastest."""

SLACK = 0.1
"""By how much a fitted exponent may differ from 1 to be called linear."""

COUNTED = 2 * MOST
"""Bytes of input plus output from which workspace no longer hides how memory grows."""


@dataclass(frozen=True)
class Point:
    """A question and what was found."""

    question: Question
    found: Found

    @property
    def multiply_adds(self) -> int:
        return self.question.shape.multiply_adds

    @property
    def times(self) -> Times:
        return Times(self.found.seconds)

    @property
    def peak(self) -> int:
        """Bytes of operands, results and workspace."""
        return self.found.in_and_out + self.found.workspace


@dataclass(frozen=True)
class Grown:
    """One series: what grows, in one operation; `time` is None if it has too few points."""

    op: str
    series: str
    points: tuple[Point, ...]
    time: Fit | None

    @property
    def decades(self) -> float:
        """Of multiply-adds, all points counted."""
        sizes = [point.multiply_adds for point in self.points]
        return log10(max(sizes) / min(sizes))


@dataclass(frozen=True)
class Claim:
    """A sentence, whether what was measured bears it out (None: it cannot tell), and what was."""

    text: str
    holds: bool | None
    found: str


@dataclass(frozen=True)
class Growth:
    """All series, the large shapes, and how memory grows over all of them.

    Attributes
    ----------
    memory
        Peak against input plus output, where those are not small beside the workspace.
    """

    series: tuple[Grown, ...]
    large: tuple[Point, ...]
    memory: Fit | None
    claims: tuple[Claim, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        return (*(point for each in self.series for point in each.points), *self.large)


def measure(*, most: float = float("inf"), progress: Callable[[str], None]) -> Growth:
    """Ask all questions of at most `most` multiply-adds, each in a fresh process."""
    points = []
    for question in questions(most=most):
        answer = found(question.shape, question.dtype, timed=question.timed)
        points.append(Point(question, answer))
        progress(line(points[-1]))
    return growth(points)


def growth(points: Sequence[Point]) -> Growth:
    """Fit what was measured, and hold it against what is claimed."""
    grown = [point for point in points if point.question.timed]
    large = tuple(point for point in points if not point.question.timed)
    series = tuple(
        each for op in OPS for each in _series(op, [p for p in grown if p.question.shape.op == op])
    )
    counted = [p for p in points if p.found.in_and_out >= COUNTED]
    memory = fit([(p.found.in_and_out, p.peak) for p in counted])
    claims = (_time_claim(series), _memory_claim(memory), _workspace_claim(points))
    return Growth(series, large, memory, claims)


def _series(op: str, points: Sequence[Point]) -> list[Grown]:
    floor = OVERHEAD * min((point.times.median for point in points), default=0.0)
    found = []
    for name in dict.fromkeys(point.question.series for point in points):
        these = tuple(point for point in points if point.question.series == name)
        slow = [(p.multiply_adds, p.times.median) for p in these if p.times.median >= floor]
        found.append(Grown(op, name, these, fit(slow)))
    return found


def _time_claim(series: Sequence[Grown]) -> Claim:
    fits = {f"{each.op}, {each.series}": each.time for each in series if each.time}
    exponents = {name: each.exponent for name, each in fits.items()}
    told = ", ".join(f"{name} {exponent:.2f}" for name, exponent in exponents.items())
    return Claim(
        f"Time grows no faster than linearly in the number of multiply-adds: exponents of at most "
        f"{1 + SLACK:g}",
        max(exponents.values()) <= 1 + SLACK if exponents else None,
        told or "nothing was fitted",
    )


def _memory_claim(memory: Fit | None) -> Claim:
    return Claim(
        f"Memory grows linearly in the size of input plus output: exponent within {SLACK:g} of 1",
        None if memory is None else abs(memory.exponent - 1) <= SLACK,
        "nothing was fitted" if memory is None else (
            f"{memory.exponent:.3f}, over {memory.decades:.1f} decades from "
            f"{COUNTED // 2**20} MiB of input plus output on"
        ),
    )  # fmt: skip


def _workspace_claim(points: Sequence[Point]) -> Claim:
    worst = max(points, key=lambda point: point.found.workspace)
    return Claim(
        f"Workspace beyond inputs and outputs is at most {MOST // 2**20} MiB",
        worst.found.workspace <= MOST,
        f"at most {worst.found.workspace / 2**20:.1f} MiB, for {worst.question.shape.op} "
        f"{worst.question.shape.name} in {worst.question.dtype}",
    )


# --- tables ---------------------------------------------------------------------------------

_HEAD = (
    "| operation | what grows | shape | dtype | multiply-adds | time | quartiles "
    "| per multiply-add | input + output | workspace | resident beyond |\n"
    "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


def line(point: Point) -> str:
    """Return a row of the table."""
    shape, times = point.question.shape, point.times
    low, high = times.quartiles
    sizes = (point.found.in_and_out, point.found.workspace, point.found.resident)
    cells = [
        shape.op,
        point.question.series,
        shape.name,
        point.question.dtype,
        f"{point.multiply_adds:.2g}",
        f"{1e3 * times.median:.3g} ms",
        f"{1e3 * low:.3g} to {1e3 * high:.3g} ms" if point.question.timed else "one call",
        f"{1e12 * times.median / point.multiply_adds:.3g} ps",
        *(f"{size / 2**20:.3g} MiB" for size in sizes),
    ]
    return f"| {' | '.join(cells)} |"


def points_table(grown: Growth) -> str:
    """Return all points as Markdown."""
    return "\n".join([_HEAD, *map(line, grown.points)])


def fits_table(grown: Growth) -> str:
    """Return the exponents as Markdown."""
    lines = ["| operation | what grows | decades | exponent of time | over decades |"]
    lines += ["|---|---|--:|--:|--:|"]
    for each in grown.series:
        fitted = "too short" if each.time is None else f"{each.time.exponent:.2f}"
        over = "" if each.time is None else f"{each.time.decades:.1f}"
        lines.append(f"| {each.op} | {each.series} | {each.decades:.1f} | {fitted} | {over} |")
    return "\n".join(lines)


_VERDICTS = {True: "confirmed", False: "REFUTED", None: "open"}


def claims_list(grown: Growth) -> str:
    """Return the claims and what became of them as Markdown."""
    return "\n".join(
        f"- **{_VERDICTS[each.holds]}**: {each.text}. Measured: {each.found}."
        for each in grown.claims
    )
