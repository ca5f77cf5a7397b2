"""Put wrong implementations under what people use and under this harness; write down who sees."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arguments import at_least_one
from benchmarks.detection.measuring import run
from benchmarks.detection.named import measure as measure_loops
from benchmarks.detection.page import LOOPS, PAGE, TABLE, loops, page
from benchmarks.detection.results import Settings
from benchmarks.markers import part_of, with_part
from benchmarks.results import this_machine
from oracles.files import write_files

_BENCHMARKS = Path(__file__).parents[1]
README = _BENCHMARKS.parent / "README.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if another tool kills what this harness does not."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.budget > 0:
        parser.error(f"`--budget` (={given.budget:g}) must be positive")
    rest = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks.detection", *rest])
    if given.loops:
        write_loops(command)
        return 0
    wanted = Settings(given.cases, given.budget, given.only, jobs=given.jobs)
    results = run(command, wanted, _say)
    text = page(results)
    print(text)
    if not given.only:
        write(text)
    missed = results.missed_here()
    if missed:
        _say(f"killed by another tool, and not by this harness: {', '.join(missed)}")
    return 1 if missed else 0


def write(text: str) -> None:
    """Write the page, and its first table into the README."""
    write_files(str(_BENCHMARKS), {PAGE: text})
    readme = with_part(README.read_text(encoding="utf-8"), TABLE, part_of(text, TABLE))
    write_files(str(README.parent), {README.name: readme})


def write_loops(command: str) -> None:
    """Measure the slow code alone, and write that part of the page."""
    load = this_machine().load
    when = f"Measured by `{command}`, a run of its own, at a load average of {load:.2f} before it."
    text = loops(measure_loops(_say), when)
    print(text)
    whole = (_BENCHMARKS / PAGE).read_text(encoding="utf-8")
    write_files(str(_BENCHMARKS), {PAGE: with_part(whole, LOOPS, text)})


def _parser() -> argparse.ArgumentParser:
    wanted = Settings()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument(
        "--budget", type=float, default=wanted.budget, metavar="SECONDS",
        help="of the processor's for each tool and implementation (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--cases", type=at_least_one, default=wanted.cases,
        help="most for each tool and implementation (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=at_least_one, default=wanted.jobs,
        help="tools at work at the same time (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--only", default="", metavar="TEXT",
        help="only implementations whose title holds this; nothing is written then",
    )  # fmt: skip
    parser.add_argument(
        "--loops", action="store_true",
        help="only measure the mistake in slow code, and write that part of the page",
    )  # fmt: skip
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
