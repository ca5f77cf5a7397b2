"""One counterexample as a folder: ``case.json``, ``arrays.npz``, ``reproduce.py``. No pickle.

`oracles.counterexample_reading` reads what this module writes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from oracles.answer import Answer, kind_of
from oracles.array_bundle import write_arrays
from oracles.case_file import tuples
from oracles.files import sync
from oracles.literals import writable
from oracles.op import Case

Array = npt.NDArray[Any]

SCHEMA_VERSION = 1

CASE, ARRAYS, SCRIPT = "case.json", "arrays.npz", "reproduce.py"

SUBJECT = "subject_"
"""Before the names of what the subject answered."""


@dataclass(frozen=True, eq=False)
class Counterexample:
    """A case on which a subject was wrong, and what it answered.

    Attributes
    ----------
    op, subject
        What was checked, as reports show it.
    spec
        Where the subject is found again (`oracles.user_ops.load_op`), or "".
    case
        The case.
    limits
        Limits on the generated options that were in force.
    seed
        Of the run that found it.
    answer
        What the subject answered; of its values those that are arrays of numbers.
    sentences
        The verdict.
    truth
        By compared name, the elements as text in C order.
    worst
        By compared name, the worst cells, their floats also by `float.hex`.
    versions
        Of the packages.
    path
        The folder, once there is one.
    """

    op: str
    subject: str
    spec: str
    case: Case
    limits: Mapping[str, Any]
    seed: int
    answer: Answer
    sentences: tuple[str, ...] = ()
    truth: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    worst: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


def write(folder: Path, found: Counterexample, script: str) -> None:
    """Write `found` to a new folder, whole or not at all; one that exists stays as it is.

    Raises
    ------
    OSError
        If it cannot be written.
    ValueError
        If its options are not what JSON can hold, or a name is taken.
    """
    if folder.exists():
        return
    arrays = _arrays(found)
    text = json.dumps(_record(found, arrays), indent=1, allow_nan=False)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        (temporary / CASE).write_text(text, encoding="utf-8")
        (temporary / SCRIPT).write_text(script, encoding="utf-8")
        write_arrays(temporary / ARRAYS, arrays)
        for path in temporary.iterdir():
            with path.open("r+b") as file:
                sync(file)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if not folder.exists():  # else another run was first with the same
            raise


def _arrays(found: Counterexample) -> dict[str, Array]:
    values = {f"{SUBJECT}{n}": a for n, a in found.answer.values.items() if writable(a)}
    for name in found.case.arrays:
        if name.startswith(SUBJECT):
            raise ValueError(f"an operand of the name {name!r} cannot be written")
    return {**found.case.arrays, **values}


def _record(found: Counterexample, arrays: Mapping[str, Array]) -> dict[str, Any]:
    case, answer = found.case, found.answer
    left_out = {n: kind_of(v) for n, v in answer.values.items() if not writable(v)}
    options = json.loads(json.dumps(dict(case.options), allow_nan=False))
    if tuples(options) != dict(case.options):
        raise ValueError(f"the options {dict(case.options)!r} are not what JSON can hold")
    return {
        "schema_version": SCHEMA_VERSION,
        "op": found.op,
        "subject": found.subject,
        "spec": found.spec,
        "dtype": str(case.dtype),
        "options": options,
        "layouts": dict(case.layouts),
        "origin": " ".join(case.origin.split()),
        "lattice": case.lattice,
        "operands": list(case.operands),
        "directions": list(case.directions),
        "arrays": {n: {"dtype": str(a.dtype), "shape": list(a.shape)} for n, a in arrays.items()},
        "answer": {"kind": answer.kind, "detail": answer.detail, "left_out": left_out},
        "limits": dict(found.limits),
        "seed": found.seed,
        "sentences": list(found.sentences),
        "worst": found.worst,
        "truth": {name: list(texts) for name, texts in found.truth.items()},
        "versions": dict(found.versions),
    }
