"""Reads back what `oracles.reporting.json_form` wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from oracles.report import SCHEMA_VERSION, Report


def read_report(text: str) -> Report:
    """Return the report that `oracles.reporting.json_form.json_text` wrote as `text`.

    What JSON has not (a subject's answer that is no array, say) comes back as its text; all
    else as it was, arrays to the bit (but for the payload of NaN).

    Raises
    ------
    ValueError
        If `text` is no JSON, or of another schema version.
    """
    stored = json.loads(text)
    version = stored.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"report has schema version {version}, this is {SCHEMA_VERSION}")
    report: Report = _read(Report, stored)
    return report


def _read(kind: Any, value: Any) -> Any:
    """Return the JSON `value` as an object of the annotated type `kind`."""
    if value is None:
        return None
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        return kind(**{f.name: _read(hints[f.name], value[f.name]) for f in fields(kind)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:  # of something and None
        return _read(inner[0], value)
    if origin is tuple:
        return tuple(_read(inner[0], item) for item in value)
    if origin is Mapping:
        return {name: _read(inner[1], item) for name, item in value.items()}
    return float(value) if kind is float else _untyped(value)


_hints = cache(get_type_hints)


def _untyped(value: Any) -> Any:
    """Return arrays as arrays, and lists as the tuples that they were."""
    if isinstance(value, list):
        return tuple(_untyped(item) for item in value)
    if isinstance(value, dict):
        return _array(value) if value.keys() == {"dtype", "shape", "hex"} else value
    return value


def _array(stored: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    items = [float.fromhex(i) if isinstance(i, str) else i for i in stored["hex"]]
    return np.array(items, stored["dtype"]).reshape(stored["shape"])
