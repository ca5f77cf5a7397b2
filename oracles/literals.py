"""Arrays and options as Python text from which the same bits come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import iskeyword
from math import copysign, isfinite, isnan
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip
"""Of the arrays that can be written, here and to files."""

_TAKEN = ("np", "sys", "torch", "options", "arrays", "forward", "backward", "double_backward",
          "result", "gradients", "first", "second", "along")  # fmt: skip
"""Names that the script uses itself."""


def writable(value: object) -> bool:
    """Whether `value` is an array that `literal` can write."""
    return isinstance(value, np.ndarray) and str(value.dtype) in DTYPES


def literal(array: Array) -> str:
    """Return a NumPy expression that makes `array`, bit for bit and never elided.

    Numbers are whole numbers or `float.fromhex`; a NaN that carries more than a sign makes the
    whole array one of unsigned integers, viewed as floats.
    """
    flat = array.ravel()
    if flat.dtype.kind == "f" and not _plain_nans(flat):
        whole = f"uint{8 * flat.itemsize}"
        numbers = ", ".join(map(hex, flat.view(whole).tolist()))
        made = f"np.array([{numbers}], dtype=np.{whole}).view(np.{array.dtype})"
    else:
        numbers = ", ".join(map(_number, flat.tolist()))
        made = f"np.array([{numbers}], dtype=np.{array.dtype})"
    return made if array.ndim == 1 else f"{made}.reshape({array.shape})"


def _plain_nans(flat: Array) -> bool:
    plain = np.where(np.isnan(flat), np.copysign(flat.dtype.type(np.nan), flat), flat)
    return plain.tobytes() == flat.tobytes()


def _number(item: Any) -> str:
    if isinstance(item, complex):
        return f"complex({_number(item.real)}, {_number(item.imag)})"
    if isinstance(item, int):
        return repr(item)
    if isnan(item):
        return "-float('nan')" if copysign(1.0, item) < 0 else "float('nan')"
    if not isfinite(item):
        return f"float({str(item)!r})"
    if item.is_integer() and abs(item) < 2**53 and str(item) != "-0.0":
        return str(int(item))
    return f"float.fromhex({item.hex()!r})"


def option(value: Any) -> str:
    """Return an option's value as Python text; options are what JSON can hold."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name!r}: {option(item)}' for name, item in value.items())}}}"
    if isinstance(value, list | tuple):
        items = ", ".join(map(option, value))
        return f"({items}{',' * (len(value) == 1)})"
    return _number(value) if isinstance(value, float) and not isfinite(value) else repr(value)


def name_of(operand: str) -> str:
    """Return an operand's name as a Python name: ``0.w`` becomes ``w_0``."""
    match = re.fullmatch(r"(v_)?(\d+)\.(\w+)", operand)
    name = f"{match[1] or ''}{match[3]}_{match[2]}" if match else re.sub(r"\W", "_", operand)
    return f"{name}_" if iskeyword(name) or name in _TAKEN else name
