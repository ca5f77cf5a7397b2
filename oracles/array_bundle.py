"""Arrays in one ``.npz`` file, read back by someone who believes nothing: no pickle, no surprise.

What the file must hold, and how large it is, is known before an array is read.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.literals import DTYPES

Array = npt.NDArray[Any]
Declared = Mapping[str, tuple[str, tuple[int, ...]]]

MOST_BYTES = 2**30
"""Of all arrays together."""

_NPY_HEADER = 2**10
"""Bytes before the numbers in a file of one array, at most."""


def is_name(name: object) -> bool:
    """Whether an array may have this name: letters, digits, and dots between them."""
    return isinstance(name, str) and bool(re.fullmatch(r"\w+(\.\w+)*", name, re.ASCII))


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays of dtypes out of `oracles.literals.DTYPES` to a new file.

    Raises
    ------
    ValueError
        If a name is none.
    """
    for name in arrays:
        if not is_name(name):
            raise ValueError(f"an array of the name {name!r} cannot be written")
    with zipfile.ZipFile(path, "w") as bundle:
        for name, array in arrays.items():
            bundle.writestr(f"{name}.npy", _npy(array))


def _npy(array: Array) -> bytes:
    file = io.BytesIO()
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
    np.lib.format.write_array(file, little, (1, 0), allow_pickle=False)
    return file.getvalue()


def declared(said: Mapping[str, Any]) -> Declared:
    """Return dtype and shape of each array as a record says.

    Raises
    ------
    ValueError
        If it does not say them, or all together are larger than `MOST_BYTES`.
    """
    found = {name: _declared_array(name, each) for name, each in said.items()}
    size = sum(
        prod(n for n in shape if n) * np.dtype(dtype).itemsize for dtype, shape in found.values()
    )
    if size > MOST_BYTES:
        raise ValueError(f"its arrays have {size} bytes, more than {MOST_BYTES}")
    return found


def _declared_array(name: str, said: Any) -> tuple[str, tuple[int, ...]]:
    told = said if isinstance(said, dict) else {}
    shape, dtype = told.get("shape"), told.get("dtype")
    if not is_name(name):
        raise ValueError(f"an array cannot have the name {name!r}")
    if not isinstance(shape, list) or len(shape) > 16 or not all(map(_is_size, shape)):
        raise ValueError(f"the array {name} cannot have the shape {str(shape)[:80]}")
    if dtype not in DTYPES:
        raise ValueError(f"the array {name} cannot have the dtype {str(dtype)[:40]!r}")
    return str(dtype), tuple(shape)


def _is_size(number: object) -> bool:
    return type(number) is int and number >= 0


def read_arrays(path: Path, said: Declared) -> dict[str, Array]:
    """Return the arrays of a file, which must be those that are declared.

    Raises
    ------
    ValueError
        If the file is too large, truncated, compressed, or holds other arrays.
    OSError
        If it cannot be read.
    """
    most = MOST_BYTES + 2 * _NPY_HEADER * (len(said) + 1)
    if path.stat().st_size > most:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, more than {most}")
    try:
        with zipfile.ZipFile(path) as bundle:
            members = bundle.infolist()
            names = sorted(member.filename for member in members)
            wanted = sorted(f"{name}.npy" for name in said)
            if names != wanted:
                raise ValueError(f"{path.name} holds {listed(names)}, not {listed(wanted)}")
            found = {m.filename[:-4]: _member(bundle, m, *said[m.filename[:-4]]) for m in members}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, struct.error) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    return {name: found[name] for name in said}


def listed(names: list[str]) -> str:
    """Return the first of many names as text."""
    return ", ".join(map(repr, names[:8])) or "nothing"


def _member(
    bundle: zipfile.ZipFile, member: zipfile.ZipInfo, dtype: str, shape: tuple[int, ...]
) -> Array:
    """Return one array after its declared size, then its header, agree with the JSON."""
    name, size = member.filename, prod(shape) * np.dtype(dtype).itemsize
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError(f"{name} is compressed or encrypted")
    if not size < member.file_size <= size + _NPY_HEADER:
        raise ValueError(f"{name} has {member.file_size} bytes, an array of {shape} has not")
    file = io.BytesIO(bundle.read(member))
    said, fortran, found = _header(name, file)
    if (said, fortran, found) != (shape, False, np.dtype(dtype).newbyteorder("<")):
        raise ValueError(
            f"{name} is {found} of shape {said}, the JSON says {dtype} of shape {shape}"
        )
    file.seek(0)
    array: Array = np.lib.format.read_array(file, allow_pickle=False)
    if file.read(1):
        raise ValueError(f"{name} has bytes left over")
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(name: str, file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        if np.lib.format.read_magic(file) != (1, 0):
            raise ValueError("another version of the format")
        return np.lib.format.read_array_header_1_0(file)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from error
