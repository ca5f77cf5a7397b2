"""Mutate the source, line by line, and see which mutants no test kills.

mutmut does the work, in a copy of the repository; what survives has to be explained in
``tests/mutation/survivors.toml``. See ``docs/mutation.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.arguments import at_least_one
from benchmarks.survivors import (
    KILLED,
    SURVIVED,
    TIMED_OUT,
    Mutant,
    explanations,
    judged,
    told,
)
from benchmarks.undecorated import undecorated

ROOT = Path(__file__).parents[1]
COPY = ROOT / "mutants"
LIST = ROOT / "tests" / "mutation" / "survivors.toml"

_OUTCOMES = {
    "killed": KILLED, "segfault": KILLED, "timeout": TIMED_OUT, "survived": SURVIVED,
    "no tests": SURVIVED,
}  # fmt: skip
"""By mutmut's words; a mutant of any other was not run to its end."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as manualgrad.plan")
    parser.add_argument(
        "--max-children", type=at_least_one, default=os.cpu_count() or 1, metavar="N",
        help="processes side by side (default: one for each core)",
    )  # fmt: skip
    parser.add_argument(
        "--read", action="store_true",
        help="run nothing, but compare what the last run left with the list",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    if find_spec("mutmut") is None:
        parser.error("mutmut not installed: pip install -c constraints.txt -e '.[mutation]'")
    start = time.perf_counter()
    if not given.read:
        copy(ROOT, COPY)
        run(COPY, given.modules, given.max_children)
    found = judged(outcomes(COPY, given.modules), explanations(LIST))
    print(told(found))
    print(f"{time.perf_counter() - start:.0f} s in all")
    sys.exit(1 if found.unexplained else 0)


def copy(root: Path, to: Path) -> None:
    """Copy what mutmut needs, with decorators written out in what is mutated."""
    options = settings(root)
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    hidden = shutil.ignore_patterns("__pycache__")
    for name in (*options["source_paths"], *options["also_copy"], "tests", "pyproject.toml"):
        if (root / name).is_dir():
            shutil.copytree(root / name, to / name, ignore=hidden)
        else:
            shutil.copy2(root / name, to / name)
    for path in mutated(to):
        path.write_text(undecorated(path.read_text("utf-8")), "utf-8")


def settings(root: Path) -> Any:
    """Return what ``pyproject.toml`` says of mutmut."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]


def mutated(root: Path) -> list[Path]:
    """Return the files that mutmut changes."""
    options = settings(root)
    files = (path for name in options["source_paths"] for path in (root / name).rglob("*.py"))
    patterns = options["only_mutate"]
    return sorted(
        path
        for path in files
        if any(fnmatch(path.relative_to(root).as_posix(), pattern) for pattern in patterns)
    )


def run(copied: Path, modules: Sequence[str], processes: int) -> None:
    """Let mutmut make mutants in the copy, and run the tests that reach each."""
    command = Path(sys.executable).with_name("mutmut")
    patterns = [f"{module}.*" for module in modules]
    subprocess.run(
        [command, "run", "--max-children", str(processes), *patterns],
        cwd=copied, check=True,
        # Threads of BLAS wait for each other in a process that was forked; manualgrad's own are
        # asked for by the tests that need several.
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def outcomes(copied: Path, modules: Sequence[str]) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant that mutmut made in the copy, and what became of it.

    Raises
    ------
    ValueError
        If one was not run to its end.
    """
    for path in mutated(copied):
        source = path.relative_to(copied)
        module = ".".join(source.with_suffix("").parts)
        meta = copied / "mutants" / f"{source}.meta"
        if meta.exists() and (not modules or module in modules):
            yield from _outcomes_in(copied, source, json.loads(meta.read_text("utf-8")))


def _outcomes_in(
    copied: Path, source: Path, meta: Mapping[str, Any]
) -> Iterator[tuple[Mutant, str]]:
    """Yield the mutants of one file of the source."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    for name, code in meta["exit_code_by_key"].items():
        word = status_by_exit_code[code]
        if word not in _OUTCOMES:
            raise ValueError(f"{name} was not run to its end: {word}")
        with chdir(copied):
            diff = get_diff_for_mutant(name, path=source)
        yield parsed(name, diff), _OUTCOMES[word]


def parsed(name: str, diff: str) -> Mutant:
    """Return a mutant by mutmut's name of it and its diff."""
    mangled = name.partition("__mutmut_")[0]
    module, _, function = mangled.rpartition(".")
    plain = function.removeprefix("x").lstrip("ǁ").replace("ǁ", ".")
    plain = plain if "ǁ" in function else function.removeprefix("x_")
    changed = diff.split("\n")[2:]
    removed, added = (
        " ".join(" ".join(line[1:] for line in changed if line[:1] == sign).split())
        for sign in "-+"
    )
    return Mutant(f"{module}.{plain}", removed, added)


if __name__ == "__main__":
    main()
