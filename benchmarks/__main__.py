"""Measure speed, the cost of checks, and growth in one run; print it, and write it down."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.arguments import PARTS, at_least_one, parts
from benchmarks.convolutions import selected
from benchmarks.page import PAGE, PLOT, page
from benchmarks.panels import panels
from benchmarks.plot import svg
from benchmarks.results import Settings, run
from oracles.files import check_writable, write_files

_QUICK = Settings(rounds=1, checks=3, cases=16, most=1e8)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = _parser()
    given = parser.parse_args(arguments)
    whole = given.only == tuple(PARTS) and not given.select and not given.quick
    write = whole if given.write is None else given.write
    try:
        selected(given.select)
        _check(given.only, write=write, directory=given.directory)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    rest = sys.argv[1:] if arguments is None else arguments
    command = shlex.join(["python", "-m", "benchmarks", *_that_count(rest)])
    start = time.perf_counter()
    wanted = replace(
        _QUICK if given.quick else Settings(), parts=given.only, select=given.select
    )  # fmt: skip
    if given.rounds:
        wanted = replace(wanted, rounds=given.rounds)
    results = run(command, wanted, progress=_say)
    text = page(results)
    _say(f"\n{text}")
    if write:
        paths = write_files(given.directory, {PAGE: text, PLOT: svg(panels(results))})
        _say(f"written: {', '.join(paths)}")
    _say(f"{time.perf_counter() - start:.0f} s in all")


def _that_count(arguments: Sequence[str]) -> list[str]:
    """Return the arguments but that which says where to write: it changes nothing measured."""
    elsewhere = argparse.ArgumentParser(add_help=False)
    elsewhere.add_argument("--directory")
    return elsewhere.parse_known_args(arguments)[1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join(f"{part} {title}" for part, title in PARTS.items())
    parser.add_argument("--rounds", type=at_least_one, help="turns of each contender in (a)")
    parser.add_argument(
        "--only", type=parts, default=tuple(PARTS), metavar="a,b,c,d", help=f"only these: {names}"
    )
    parser.add_argument("--select", default="", help="only shapes of (a) whose name holds this")
    parser.add_argument("--quick", action="store_true", help="little of each, to try it out")
    parser.add_argument(
        "--write", action=argparse.BooleanOptionalAction,
        help=f"write {PAGE} and {PLOT}; without it they are written if nothing is left out",
    )  # fmt: skip
    parser.add_argument(
        "--directory", default=str(Path(__file__).parent), help="where (default: benchmarks/)"
    )
    return parser


def _check(wanted: Sequence[str], *, write: bool, directory: str) -> None:
    """Raise before anything is measured if something is missing."""
    needed = ["torch", "jax"] if set(wanted) & {"a", "b", "c"} else []
    needed += ["matplotlib"] if write else []
    missing = [package for package in needed if find_spec(package) is None]
    if missing:
        raise ValueError(
            f"{' and '.join(missing)} not installed: pip install -c constraints.txt -e '.[bench]'"
        )
    if write:
        check_writable(directory)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
