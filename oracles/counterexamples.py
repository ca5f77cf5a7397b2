"""Counterexamples last: each is kept in a folder, and tried first the next time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oracles.case_file import dump_case
from oracles.compare import Cell, Comparison
from oracles.counterexample_file import CASE, Counterexample, write
from oracles.counterexample_reading import Unreadable, read
from oracles.files import make_home
from oracles.foreign import error_text
from oracles.judging import judge_subject
from oracles.laws import broken
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.user_ops import spec_of
from oracles.verdict import SUBJECT, convicts
from oracles.wrong_cases import Failure

MOST = 20
"""So many are tried, the newest first."""


@dataclass(frozen=True, eq=False)
class Kept:
    """Counterexamples from earlier runs that a run tries, and what is to be said of others."""

    cases: Mapping[str, Case] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def path_of(self, case: Case) -> str:
        """Return the folder that a case came from, "" if from none."""
        return next((path for path, each in self.cases.items() if each is case), "")


@dataclass(frozen=True, eq=False)
class Tried:
    """What became of kept cases: how many passed, the first that convicts, what fits no more."""

    passed: int
    case: Case | None = None
    comparisons: Sequence[Comparison] = ()
    notes: tuple[str, ...] = ()


def kept(directory: str, op: Op, dtype: str, limits: Limits) -> Kept:
    """Return the cases kept of this operation, subject and dtype under the same limits.

    A folder that cannot be read is left alone and noted.
    """
    cases: dict[str, Case] = {}
    notes: list[str] = []
    home, subject, told = _home(directory), op.subject or op.name, dict(limits.stated())
    for folder in sorted(home.glob(f"{_stem(op, dtype)}-*"), key=_age):
        if len(cases) == MOST:
            break
        try:
            found = read(folder)
        except Unreadable as error:
            notes.append(f"not tried: {error}")
            continue
        same = (found.op, found.subject, str(found.case.dtype)) == (op.name, subject, dtype)
        if same and found.limits == told:
            # Second order is asked of a subject that has it, as it is of generated cases.
            first = op.double_backward is None
            cases[str(folder)] = replace(found.case, directions={}) if first else found.case
    return Kept(cases, tuple(notes))


def retry(op: Op, earlier: Kept, *, lattice: bool) -> Tried:
    """Ask the subject about kept cases until one convicts, those on the lattice if `lattice`."""
    passed, notes = 0, []
    for path, case in earlier.cases.items():
        if case.lattice and not lattice:  # evidence that was not asked for
            continue
        try:
            answer, _, comparisons = judge_subject(op, case)
            laws = broken(op, case, answer)
        except Exception as error:  # the file may have been changed since
            notes.append(f"not tried: {path} does not fit {op.name}: {error_text(error)}")
            continue
        if not answer.unsupported:
            if convicts(answer, comparisons) or any(laws.values()):
                return Tried(passed, case, comparisons, tuple(notes))
            passed += 1
    return Tried(passed, notes=tuple(notes))


def keep(
    directory: str, op: Op, failure: Failure, earlier: Kept, **settled: Any
) -> tuple[Failure, tuple[str, ...]]:
    """Return a failure with the folder where it is kept, and why if there is none.

    One that came from `earlier` is there already; `settled` is `save`'s.
    """
    if path := earlier.path_of(failure.case):
        return replace(failure, saved=path, kept=True), ()
    try:
        path = save(directory, op, failure, **settled)
    except (OSError, ValueError) as error:
        return failure, (f"this failure could not be kept: {error}",)
    return replace(failure, saved=path), ()


def _home(directory: str) -> Path:
    return Path(directory) / "failures"


def _stem(op: Op, dtype: str) -> str:
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', op.name)}-{dtype}"


def _age(folder: Path) -> tuple[float, str]:
    try:
        return -(folder / CASE).stat().st_mtime_ns, folder.name
    except OSError:
        return 0.0, folder.name


def save(
    directory: str,
    op: Op,
    failure: Failure,
    *,
    limits: Limits,
    seed: int,
    versions: Mapping[str, str],
) -> str:
    """Write a failure to a folder of its own and return that; an identical one stays as it is.

    Raises
    ------
    OSError, ValueError
        If it cannot be written.
    """
    case = failure.case
    found = Counterexample(
        op=op.name,
        subject=op.subject or op.name,
        spec=spec_of(op),
        case=case,
        limits=limits.stated(),
        seed=seed,
        answer=failure.answers[SUBJECT],
        sentences=failure.sentences,
        truth=failure.truth,
        worst={each.operand: _worst(each) for each in failure.comparisons if not each.agrees},
        versions=versions,
    )
    try:
        told = json.dumps([op.name, found.subject, dict(found.limits)], sort_keys=True).encode()
        digest = hashlib.sha256(told + b"\0" + dump_case(case)).hexdigest()[:12]
    except TypeError as error:
        raise ValueError(f"the options are not what JSON can hold: {error}") from error
    folder = _home(directory) / f"{_stem(op, str(case.dtype))}-{digest}"
    make_home(directory)
    write(folder, found, failure.script)
    return str(folder)


def _worst(comparison: Comparison) -> list[dict[str, Any]]:
    return [_cell(cell) for cell in comparison.worst]


def _cell(cell: Cell) -> dict[str, Any]:
    """Return a cell with each float to be read, and exactly."""
    numbers = {name: getattr(cell, name) for name in ("value", "error", "bound", "ratio")}
    told = {name: [f"{number:.9g}", number.hex()] for name, number in numbers.items()}
    return {"index": list(cell.index), "truth": cell.truth, **told}
