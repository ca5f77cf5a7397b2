"""Reads back what `oracles.reporting.json_form` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from oracles.answer import NotAnArray
from oracles.compare import Comparison
from oracles.evidence import LatticeRecord
from oracles.op import Case
from oracles.portrait import CLASSES, Portrait
from oracles.report import SCHEMA_VERSION, Report
from oracles.wrong_cases import Failure


def load_report(path: str) -> Report:
    """Return the report in a file.

    Raises
    ------
    ValueError
        If there is no such file, or no report of this schema version in it; the text names the
        path and says why, in one line.
    """
    try:
        return read_report(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read {path!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path!r} is no report: it is not UTF-8") from error
    except ValueError as error:
        raise ValueError(f"{path!r} is no report: {error}") from error


def read_report(text: str) -> Report:
    """Return the report that `oracles.reporting.json_form.json_text` wrote as `text`.

    What JSON has not (an option that is no number, say) comes back as its text; all else as it
    was, arrays to the bit (but for the payload of NaN). What it has beyond a report is left out.

    Raises
    ------
    ValueError
        If `text` is no JSON, of another schema version, or not of the types of a report; the
        text is one line that says where.
    """
    try:
        stored = json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(stored, dict) or "schema_version" not in stored:
        raise ValueError("JSON without a schema_version")
    version = stored["schema_version"]
    if version != SCHEMA_VERSION:
        raise ValueError(f"report has schema version {version!r}, this is {SCHEMA_VERSION}")
    report: Report = _read(Report, stored, "report")
    return report


def _read(kind: Any, value: Any, where: str) -> Any:
    """Return the JSON `value` as an object of the annotated type `kind`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:  # of something and None
        return None if value is None else _read(inner[0], value, where)
    if is_dataclass(kind) and isinstance(kind, type):
        return _record(kind, _checked(dict, value, where), where)
    if origin is tuple:
        items = _checked(list, value, where)
        return tuple(_read(inner[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if origin is Mapping:
        stored = _checked(dict, value, where).items()
        names = (_checked(str, name, where) for name, _ in stored)
        items = (_read(inner[1], item, f"{where}.{name}") for name, item in stored)
        return dict(zip(names, items, strict=True))
    return _leaf(kind, value, where)


def _leaf(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is Literal:
        known = get_args(kind)
        return value if value in known else _refuse(f"one of {', '.join(known)}", value, where)
    if kind is float:
        return _number(value, where)
    return _checked(kind, value, where) if kind in _PLAIN else _untyped(kind, value, where)


_PLAIN = (str, int, bool)
_WORDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    bool: "true or false",
}


def _record(kind: type, stored: Mapping[str, Any], where: str) -> Any:
    hints = _hints(kind)
    found = {}
    for field in fields(kind):
        if field.name in stored:
            place = f"{where}.{field.name}"
            found[field.name] = _read(hints[field.name], stored[field.name], place)
        elif not _has_default(field):
            raise ValueError(f"{_short(where)} has no {field.name!r}")
    record = kind(**found)
    if not _agrees_with_itself(record):
        raise ValueError(f"{_short(where)} does not agree with itself")
    return record


def _agrees_with_itself(record: object) -> bool:
    """Return whether whoever shows the record finds each cell where it says there is one."""
    if isinstance(record, Comparison):
        return all(_is_within(cell.index, record.shape) for cell in record.worst)
    if isinstance(record, Portrait):
        arrays = [record.truth, record.bound, *record.ratios.values()]
        complete = all(len(counts) == len(CLASSES) for counts in record.counts.values())
        return complete and all(_shape(array) == record.shape for array in arrays)
    if isinstance(record, Case):
        return all(isinstance(array, np.ndarray) for array in record.arrays.values())
    if isinstance(record, Failure):
        pictures = [(p.operand, p.shape, name) for p in record.portraits for name in p.ratios]
        tables = [(c.operand, c.shape, c.participant) for c in record.comparisons if c.worst]
        return all(
            name in record.answers
            and getattr(record.answers[name].values.get(operand), "shape", None) == shape
            for operand, shape, name in (*pictures, *tables)
        )
    return not isinstance(record, LatticeRecord) or isfinite(record.miss_bits)


def _shape(value: object) -> tuple[int, ...] | None:
    return value.shape if isinstance(value, np.ndarray) else None


def _is_within(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(index) == len(shape) and all(0 <= i < n for i, n in zip(index, shape, strict=True))


_hints = cache(get_type_hints)


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _checked(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        _refuse(_WORDS[kind], value, where)
    if kind is int:
        _number(value, where)  # such as no float can count is none
    return value


def _number(value: Any, where: str) -> float:
    """Return a float; JSON has no NaN and no infinities, which are texts."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    if not plain and value not in ("nan", "inf", "-inf"):
        _refuse("a number", value, where)
    try:
        return float(value)
    except OverflowError:
        return _refuse("a float64", value, where)


def _untyped(kind: Any, value: Any, where: str) -> Any:
    """Return arrays as arrays, and lists as the tuples that they were."""
    if isinstance(value, dict) and value.keys() == {"dtype", "shape", "hex"}:
        return _array(value, where)
    if get_origin(kind) is np.ndarray:
        if isinstance(value, dict) and value.keys() == {"kind"}:
            return NotAnArray(_checked(str, value["kind"], where))
        return _refuse("an array", value, where)
    if isinstance(value, list):
        return tuple(_untyped(Any, item, where) for item in value)
    return _checked(str, value, where) if isinstance(value, str) else value


def _array(stored: Mapping[str, Any], where: str) -> npt.NDArray[Any]:
    try:
        dtype = np.dtype(stored["dtype"])
        if dtype.kind not in "biufc":
            raise TypeError  # of these alone are there arrays in a report
        items = [_element(item, dtype) for item in stored["hex"]]
        return np.array(items, dtype).reshape(stored["shape"])
    except (TypeError, ValueError, OverflowError, SyntaxError) as error:
        raise ValueError(f"{_short(where)} is no array of numbers") from error


def _element(item: Any, dtype: np.dtype[Any]) -> Any:
    if not isinstance(item, str):
        return item
    if dtype.kind == "c":
        return complex(item)
    return np.longdouble(item) if dtype.itemsize > 8 else float.fromhex(item)


def _refuse(wanted: str, value: Any, where: str) -> Any:
    raise ValueError(f"{_short(where)} is {_short(repr(value))}, not {wanted}")


def _short(text: str) -> str:
    """Return a text that may be of any length, and hold anything, as one line."""
    return ascii(text)[1:-1] if len(text) <= 200 else f"{ascii(text[:200])[1:-1]}..."
