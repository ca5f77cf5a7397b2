"""Forward and backward of convolutions: manualgrad beside PyTorch and jitted JAX, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from benchmarks.contenders import Contender
from benchmarks.shapes import SHAPES, Shape, operands

NAMES = ("manualgrad", "torch", "jax")
_QUIET = 0.15
"""Seconds after which the threads of a contender have gone to sleep."""


@dataclass(frozen=True)
class Timing:
    """Seconds for one call.

    Attributes
    ----------
    rounds
        The median of each round.
    """

    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the fastest and the slowest round, relative."""
        return (max(self.rounds) - min(self.rounds)) / 2 / self.seconds


@dataclass(frozen=True)
class Row:
    """A shape in one dtype; `peak` is the speed of a large matrix product in FLOP/s."""

    shape: Shape
    dtype: str
    flops: int
    peak: float
    timings: dict[str, Timing]

    def speed(self, name: str) -> float:
        return self.flops / self.timings[name].seconds

    def ratio(self, name: str) -> float:
        """How many times as fast manualgrad is."""
        return self.timings[name].seconds / self.timings["manualgrad"].seconds


def measure(
    dtypes: Sequence[str], rounds: int, *, select: str = "", progress: Callable[[str], None]
) -> list[Row]:
    """Time every shape; within a round, the contenders take turns."""
    contenders = [Contender(name) for name in NAMES]
    try:
        return [
            _row(contenders, shape, dtype, rounds, progress)
            for dtype in dtypes
            for shape in SHAPES
            if select in shape.name
        ]
    finally:
        for contender in contenders:
            contender.close()


def _row(
    contenders: list[Contender],
    shape: Shape,
    dtype: str,
    rounds: int,
    progress: Callable[[str], None],
) -> Row:
    calls = {c.name: _calls(c, shape, dtype) for c in contenders}
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    peaks = []
    for _ in range(rounds):
        for contender in contenders:
            time.sleep(_QUIET)
            found[contender.name].append(
                median(contender.seconds(shape, dtype, calls[contender.name]))
            )
    for _ in range(2):
        time.sleep(_QUIET)
        peaks.append(min(contenders[0].seconds("gemm", dtype, 3)))
    timings = {name: Timing(tuple(seconds)) for name, seconds in found.items()}
    row = Row(shape, dtype, _flops(shape), 2 * 2048**3 / min(peaks), timings)
    progress(line(row))
    return row


def _calls(contender: Contender, shape: Shape, dtype: str) -> int:
    """Return the calls that take some 100 ms, at least 2."""
    return max(2, min(1000, int(0.1 / median(contender.seconds(shape, dtype, 3)))))


def _flops(shape: Shape) -> int:
    import manualgrad

    x, w, b = operands(shape, "float32")
    return shape.flops(getattr(manualgrad, shape.op)(x, w, b, **shape.options).shape)


def line(row: Row) -> str:
    """Return a row of the table."""
    cells = [row.shape.name, row.dtype]
    for name in NAMES:
        timing = row.timings[name]
        cells.append(f"{timing.seconds * 1e3:.3g} ms +-{timing.spread:.0%}")
        cells.append(f"{row.speed(name) / 1e9:.3g}")
    cells += [f"{row.speed('manualgrad') / row.peak:.0%}"]
    cells += [f"{row.ratio(name):.2f}" for name in NAMES[1:]]
    return f"| {' | '.join(cells)} |"


def table(rows: Sequence[Row]) -> str:
    """Return all rows as Markdown, with the geometric means."""
    head = ["shape", "dtype"]
    for name in NAMES:
        head += [name, "GFLOP/s"]
    head += ["of gemm peak", *(f"times {name}" for name in NAMES[1:])]
    lines = [f"| {' | '.join(head)} |", "|---" * 2 + "|--:" * (len(head) - 2) + "|"]
    lines += [line(row) for row in rows]
    for dtype in dict.fromkeys(row.dtype for row in rows):
        these = [row for row in rows if row.dtype == dtype]
        peak = median(row.peak for row in these)
        means = {n: geometric_mean(row.ratio(n) for row in these) for n in NAMES[1:]}
        least = {n: min(row.ratio(n) for row in these) for n in NAMES[1:]}
        bound = [f"{r.speed('manualgrad') / r.peak:.0%}" for r in these if r.shape.compute_bound]
        lines.append(
            f"\n{dtype}: matrix product {peak / 1e9:.0f} GFLOP/s. manualgrad is "
            + ", ".join(
                f"{means[n]:.2f} times as fast as {n} (least {least[n]:.2f})" for n in means
            )
            + f", geometric mean; the compute-bound shapes reach {', '.join(bound)} of the product."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    rows = measure(
        ["float64", "float32"],
        int(sys.argv[1]),
        select=sys.argv[2] if len(sys.argv) > 2 else "",
        progress=lambda s: print(s, flush=True),
    )
    print(table(rows))
