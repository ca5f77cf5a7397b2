"""Put wrong implementations under what people use and under this harness; write down who sees."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.arguments import at_least_one
from benchmarks.detection.measuring import run
from benchmarks.detection.page import PAGE, page, table_in, with_table
from benchmarks.detection.results import Settings
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
    readme = with_table(README.read_text(encoding="utf-8"), table_in(text))
    write_files(str(README.parent), {README.name: readme})


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
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
