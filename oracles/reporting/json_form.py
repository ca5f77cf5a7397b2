"""A report as JSON: every number of every failure, with exact bits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from oracles.report import Report


def json_text(report: Report) -> str:
    """Return the whole report as JSON.

    Arrays are objects of ``dtype``, ``shape`` and ``hex``, the elements by `float.hex` (integers
    as they are) in C order. NaN and infinities, which JSON has not, are strings.
    """
    derived = {"passed": report.passed, "cases": report.cases}
    return json.dumps({**plain(report), **derived}, indent=1, allow_nan=False)


def plain(value: Any) -> Any:
    """Return `value` in the types that JSON has."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(float(value))
    return value if value is None or isinstance(value, str | int | bool) else repr(value)


def _array(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    texts = [_text(item) for item in array.ravel().tolist()]
    return {"dtype": str(array.dtype), "shape": list(array.shape), "hex": texts}


def _text(item: Any) -> Any:
    """Return an element: a long double or a complex number, which JSON has not, as text."""
    if isinstance(item, float):
        return item.hex()
    return item if isinstance(item, int) else str(item)
