"""Reads a counterexample's folder, wherever it may come from, and believes nothing.

Two fixed names are looked for in the folder; no path that the JSON names is opened; sizes are known
before an array is read; nothing is run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from oracles import case_file
from oracles.answer import Answer
from oracles.array_bundle import declared, listed, read_arrays
from oracles.counterexample_file import ARRAYS, CASE, SCHEMA_VERSION, SUBJECT, Counterexample
from oracles.layouts import LAYOUTS
from oracles.limits import make_limits
from oracles.op import Case
from oracles.user_ops import NotFound, check_recorded

Array = npt.NDArray[Any]

_MOST_TEXT = 2**26
"""Bytes of JSON."""

_FLOATS = ("float32", "float64")
_KINDS = ("value", "rejected", "crashed", "timed out")


class Unreadable(ValueError):  # noqa: N818 - says what became of reading
    """A folder that is no counterexample of this version; one line says why."""


def read(path: str | Path) -> Counterexample:
    """Return the counterexample of a folder, or of the ``case.json`` in it.

    Raises
    ------
    Unreadable
        If it is none: truncated, of another version, too large, or not what it says.
    """
    given = Path(path)
    _refuse_request(given)
    folder = given.parent if given.name == CASE else given
    try:
        for name in (CASE, ARRAYS):
            if not (folder / name).is_file():
                raise ValueError(f"there is no file {name}")
        record = _json(folder / CASE)
        arrays = read_arrays(folder / ARRAYS, declared(_get(record, "arrays", dict)))
        return _counterexample(record, arrays, str(folder))
    except (ValueError, OSError, NotFound, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        line = " ".join(_printable(reason).split())[:300]
        raise Unreadable(f"{folder} is no counterexample: {line}") from error


def _refuse_request(path: Path) -> None:
    """Raise if this is what a worker keeps when its framework dies or hangs."""
    try:
        found = path.is_file() and case_file.is_case_file(path)
    except OSError:
        return
    if found:
        raise Unreadable(
            f"{path} is no counterexample: it is the case that killed a witness, or kept it too "
            "long, as the worker was given it, and says nothing against the subject. The report of "
            "that run has it in numbers, with what became of the witness: oracle-diff report "
            "REPORT.json --verbose, and in its JSON the defect whose case_file this is"
        )


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_TEXT:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, more than {_MOST_TEXT}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError(f"{path.name} holds a {type(record).__name__}, not an object")
    version = record.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise ValueError(f"schema version {str(version)[:40]}, this is {SCHEMA_VERSION}")
    return record


def _get(record: Mapping[str, Any], name: str, kind: type) -> Any:
    value = record.get(name)
    if type(value) is not kind:
        raise ValueError(f"`{name}` (={str(value)[:40]!r}) must be a {kind.__name__}")
    return value


def _text(record: Mapping[str, Any], name: str) -> str:
    """Return a text that can go to a terminal."""
    value: str = _get(record, name, str)
    if _printable(value) != value:
        raise ValueError(f"`{name}` holds characters that cannot be printed")
    return value


def _texts(record: Mapping[str, Any], name: str, kind: type) -> Any:
    """Return a list of str, or an object of them."""
    value = _get(record, name, kind)
    if not all(isinstance(item, str) for item in (value.values() if kind is dict else value)):
        raise ValueError(f"`{name}` must hold texts alone")
    return value


def _limits(record: Mapping[str, Any]) -> Mapping[str, Any]:
    limits: dict[str, Any] = _get(record, "limits", dict)
    try:
        make_limits(limits)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return limits


def _spec(record: Mapping[str, Any]) -> str:
    spec = _text(record, "spec")
    if spec:
        check_recorded(spec)
    return spec


def _answer(record: Mapping[str, Any], values: Mapping[str, Array]) -> Answer:
    said = _get(record, "answer", dict)
    if said.get("kind") not in _KINDS:
        raise ValueError(f"`kind` (={str(said.get('kind'))[:40]!r}) is no kind of answer")
    return Answer(said["kind"], values, detail=_get(said, "detail", str))


def _counterexample(
    record: Mapping[str, Any], arrays: dict[str, Array], folder: str
) -> Counterexample:
    values = {n.removeprefix(SUBJECT): a for n, a in arrays.items() if n.startswith(SUBJECT)}
    truth = _get(record, "truth", dict)
    return Counterexample(
        op=_text(record, "op"),
        subject=_text(record, "subject"),
        spec=_spec(record),
        case=_case(record, {n: a for n, a in arrays.items() if not n.startswith(SUBJECT)}),
        limits=_limits(record),
        seed=_get(record, "seed", int),
        answer=_answer(record, values),
        sentences=tuple(_texts(record, "sentences", list)),
        truth={name: tuple(_texts(truth, name, list)) for name in truth},
        worst=_get(record, "worst", dict),
        versions=_texts(record, "versions", dict),
        path=folder,
    )


def _case(record: Mapping[str, Any], arrays: dict[str, Array]) -> Case:
    operands, directions = (_texts(record, name, list) for name in ("operands", "directions"))
    wanted = [*operands, "cotangent", *(f"v_{name}" for name in directions)]
    if sorted(wanted) != sorted(arrays):
        raise ValueError(f"the case has {listed(wanted)}, the arrays are {listed([*arrays])}")
    _check_arrays(_get(record, "dtype", str), operands, directions, arrays)
    layouts, options = _texts(record, "layouts", dict), _get(record, "options", dict)
    for name, layout in layouts.items():
        if name not in wanted or layout not in LAYOUTS:
            raise ValueError(f"{name!r} cannot have the memory layout {layout!r}")
    for name in options:
        if not name.isidentifier():
            raise ValueError(f"no option has the name {name!r}")
    header = {
        "schema_version": case_file.SCHEMA_VERSION,
        "op": _text(record, "op"),
        "options": options,
        "layouts": layouts,
        "origin": _text(record, "origin"),
        "lattice": _get(record, "lattice", int),
        "directions": directions,
    }
    return case_file.case_of(header, {name: arrays[name] for name in wanted})


def _check_arrays(
    dtype: str, operands: list[str], directions: list[str], arrays: Mapping[str, Array]
) -> None:
    if dtype not in _FLOATS:
        raise ValueError(f"`dtype` (={dtype[:40]!r}) must be float32 or float64")
    for name, array in arrays.items():
        if array.dtype != dtype and not (array.dtype.kind in "iu" and name in operands):
            raise ValueError(f"the array {name} has dtype {array.dtype}, the case has {dtype}")
    for name in directions:
        if name not in operands or arrays[f"v_{name}"].shape != arrays[name].shape:
            raise ValueError(f"the direction v_{name} has not the shape of {name}")
