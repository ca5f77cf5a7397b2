"""A case as bytes: a JSON header and the raw arrays, read back to the same bits. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import Case

Array = npt.NDArray[Any]

SCHEMA_VERSION = 2
_MAGIC = b"oracles case\n"
_ALIGNMENT = 64
_DTYPES = ("<f2", "<f4", "<f8", "<i8", "<i4")


def pieces(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> list[memoryview]:
    """Return the bytes of `header`, which must be JSON, and of each array, without a copy.

    An array that is not contiguous, or not little-endian, is copied.
    """
    stored = {name: _little_endian(array) for name, array in arrays.items()}
    entries = [[name, array.dtype.str, list(array.shape)] for name, array in stored.items()]
    head = json.dumps({**header, "arrays": entries}).encode()
    start = len(_MAGIC) + 8
    head += b" " * (-(start + len(head)) % _ALIGNMENT)
    first = b"".join((_MAGIC, len(head).to_bytes(8, "little"), head))
    return [memoryview(first), *(a.reshape(-1).view(np.uint8).data for a in stored.values())]


def dump_arrays(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """Return `header` and `arrays` as bytes; `header` must be JSON."""
    return b"".join(pieces(header, arrays))


def is_case_file(path: Path) -> bool:
    """Return whether a file begins as one that `dump_arrays` wrote."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def load_arrays(data: bytes | memoryview) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the header and the arrays that `dump_arrays` wrote, views of `data` where aligned.

    Raises
    ------
    ValueError
        If `data` is truncated, has bytes other than 0 left over, or is something else.
    """
    if bytes(data[: len(_MAGIC)]) != _MAGIC:
        raise ValueError("not a case file: it does not begin with 'oracles case'")
    start = len(_MAGIC) + 8
    end = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    if len(data) < end:
        raise ValueError(f"truncated case file: {len(data)} bytes of at least {end}")
    header = json.loads(bytes(data[start:end]))
    arrays: dict[str, Array] = {}
    for name, dtype, shape in header.pop("arrays"):
        array, end = _read_array(memoryview(data), end, dtype, shape)
        arrays[name] = array
    if bytes(data[end:]).strip(b"\0"):  # a board has zeros behind
        raise ValueError(f"case file of {len(data)} bytes, of which {end} belong to the case")
    return header, arrays


def header_of(case: Case, **extra: Any) -> dict[str, Any]:
    """Return what `dump_case` says of `case` beside its arrays, and `extra`, which must be JSON."""
    return {
        **extra,
        "schema_version": SCHEMA_VERSION,
        "op": case.op,
        "options": dict(case.options),
        "layouts": dict(case.layouts),
        "origin": case.origin,
        "lattice": case.lattice,
        "directions": list(case.directions),
    }


def dump_case(case: Case) -> bytes:
    """Return `case` as bytes that `load_case` turns back into the same case, bit for bit."""
    return dump_arrays(header_of(case), case.arrays)


def load_case(data: bytes) -> Case:
    """Return the case that `dump_case` wrote.

    Raises
    ------
    ValueError
        If `data` is not a whole case file of this schema version.
    """
    return case_of(*load_arrays(data))


def case_of(header: Mapping[str, Any], arrays: dict[str, Array]) -> Case:
    """Return the case of a header and the arrays that belong to it.

    Raises
    ------
    ValueError
        If the header is of another schema version.
    """
    version = header.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ValueError(f"case file has schema version {version}, this is {SCHEMA_VERSION}")
    directions = {name: arrays.pop(f"v_{name}") for name in header["directions"]}
    operands = {name: array for name, array in arrays.items() if name != "cotangent"}
    return Case(
        op=header["op"],
        operands=operands,
        options=tuples(header["options"]),
        cotangent=arrays["cotangent"],
        layouts=header["layouts"],
        origin=header["origin"],
        directions=directions,
        lattice=header["lattice"],
    )


def _little_endian(array: Array) -> Array:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _read_array(data: memoryview, start: int, dtype: str, shape: list[int]) -> tuple[Array, int]:
    if dtype not in _DTYPES:
        raise ValueError(f"case file names the dtype {dtype!r}; known are {', '.join(_DTYPES)}")
    end = start + prod(shape) * np.dtype(dtype).itemsize
    if len(data) < end:
        raise ValueError(f"truncated case file: {len(data)} bytes of at least {end}")
    array = np.frombuffer(data[start:end], dtype).reshape(shape)
    native = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.aligned)
    return native, end


def tuples(value: Any) -> Any:
    """Turn the lists of JSON into the tuples that options hold."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return value
