"""Forward and backward of convolutions: manualgrad beside PyTorch and jitted JAX, in one run.

python -m benchmarks.convolutions
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import geometric_mean, median

from benchmarks.arguments import at_least_one
from benchmarks.contenders import Contender
from benchmarks.machine import Ceilings, ceilings
from benchmarks.shapes import SHAPES, Shape

NAMES = ("manualgrad", "torch", "jax")
DTYPES = ("float64", "float32")
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
    """A shape in one dtype; `ceilings` are measured right after it."""

    shape: Shape
    dtype: str
    flops: int
    ceilings: Ceilings
    timings: dict[str, Timing]

    def speed(self, name: str) -> float:
        return self.flops / self.timings[name].seconds

    def of_peak(self, name: str) -> float:
        """The speed as a part of that of a large matrix product."""
        return self.speed(name) / self.ceilings.gemm

    def ratio(self, name: str) -> float:
        """How many times as fast manualgrad is."""
        return self.timings[name].seconds / self.timings["manualgrad"].seconds


def measure(
    dtypes: Sequence[str], rounds: int, *, select: str = "", progress: Callable[[str], None]
) -> list[Row]:
    """Time every shape; within a round, the contenders take turns.

    Raises
    ------
    ValueError
        If no shape's name holds `select`.
    """
    shapes = selected(select)
    contenders = [Contender(name) for name in NAMES]
    try:
        return [
            _row(contenders, shape, dtype, rounds, progress) for dtype in dtypes for shape in shapes
        ]
    finally:
        for contender in contenders:
            contender.close()


def selected(text: str) -> list[Shape]:
    """Return the shapes whose name holds `text`.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = [shape for shape in SHAPES if text in shape.name]
    if not found:
        known = "; ".join(shape.name for shape in SHAPES)
        raise ValueError(f"`select` (={text!r}) is in no name of a shape; there are {known}")
    return found


def _row(
    contenders: list[Contender],
    shape: Shape,
    dtype: str,
    rounds: int,
    progress: Callable[[str], None],
) -> Row:
    calls = {c.name: _calls(c, shape, dtype) for c in contenders}
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(rounds):
        for contender in contenders:
            time.sleep(_QUIET)
            found[contender.name].append(
                median(contender.seconds(shape, dtype, calls[contender.name]))
            )
    time.sleep(_QUIET)
    limits = ceilings(contenders[0].least, dtype)
    timings = {name: Timing(tuple(seconds)) for name, seconds in found.items()}
    row = Row(shape, dtype, shape.flops, limits, timings)
    progress(line(row))
    return row


def _calls(contender: Contender, shape: Shape, dtype: str) -> int:
    """Return the calls that take some 200 ms, at least one."""
    return max(1, min(1000, int(0.2 / min(contender.seconds(shape, dtype, 2)))))


def line(row: Row) -> str:
    """Return a row of the table."""
    cells = [row.shape.name, row.dtype]
    for name in NAMES:
        timing = row.timings[name]
        cells.append(f"{timing.seconds * 1e3:.3g} ms +-{timing.spread:.0%}")
        cells.append(f"{row.speed(name) / 1e9:.3g}")
    cells += [f"{row.of_peak('manualgrad'):.0%}"]
    cells += [f"{row.ratio(name):.2f}" for name in NAMES[1:]]
    return f"| {' | '.join(cells)} |"


def table(rows: Sequence[Row]) -> str:
    """Return all rows as Markdown, with a sentence on each dtype."""
    head = ["shape", "dtype"]
    for name in NAMES:
        head += [name, "GFLOP/s"]
    head += ["of gemm peak", *(f"times {name}" for name in NAMES[1:])]
    lines = [f"| {' | '.join(head)} |", "|---" * 2 + "|--:" * (len(head) - 2) + "|"]
    lines += [line(row) for row in rows]
    for dtype in dict.fromkeys(row.dtype for row in rows):
        lines += ["", _sentence(dtype, [row for row in rows if row.dtype == dtype])]
    return "\n".join(lines)


def _sentence(dtype: str, rows: Sequence[Row]) -> str:
    gemm = median(row.ceilings.gemm for row in rows) / 1e9
    copy = median(row.ceilings.copy for row in rows) / 1e9
    in_cache = median(row.ceilings.copy_in_cache for row in rows) / 1e9
    ratios = {name: [row.ratio(name) for row in rows] for name in NAMES[1:]}
    compared = ", ".join(
        f"{geometric_mean(each):.2f} times as fast as {name} (least {min(each):.2f})"
        for name, each in ratios.items()
    )
    bound = [f"{row.of_peak('manualgrad'):.0%}" for row in rows if row.shape.compute_bound]
    reached = f"; the compute-bound shapes reach {', '.join(bound)} of the product" if bound else ""
    return (
        f"{dtype}: matrix product {gemm:.0f} GFLOP/s; copies read and write {copy:.1f} GB/s, in "
        f"the second level cache {in_cache:.1f} GB/s. manualgrad is {compared}, geometric "
        f"mean{reached}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.convolutions", description=__doc__)
    parser.add_argument("--rounds", type=at_least_one, default=3, help="turns of each contender")
    parser.add_argument("--select", default="", help="only shapes whose name holds this text")
    given = parser.parse_args(arguments)
    try:
        rows = measure(
            DTYPES, given.rounds, select=given.select, progress=lambda s: print(s, flush=True)
        )
    except ValueError as error:
        parser.error(str(error))
    print(table(rows))


if __name__ == "__main__":
    main()
