"""A message of arrays from one process to another, in a file that both have mapped.

The file holds the last message, as a whole case file with zeros behind it, and is written
before anyone computes with it: whoever dies of a case leaves it behind. What goes through a pipe
is the length of the message; no array does. The file grows and never shrinks: to cut it for each
message would wait, now and then, for the journal of the file system.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from oracles.case_file import load_arrays, pieces

Array = npt.NDArray[Any]

_LEAST = 2**16
"""Bytes that are mapped at first; a longer message maps twice its length."""


class Writer:
    """The side that writes; the file at `path` is created, or emptied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w+b", buffering=0)
        self._map: mmap.mmap | None = None
        self._length = 0

    def write(self, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> int:
        """Put a message in the place of the last one, and return its length in bytes.

        Raises
        ------
        OSError
            If the disk is full.
        """
        parts = pieces(header, arrays)
        length = sum(part.nbytes for part in parts)
        if self._map is None or len(self._map) < length:
            self._map = self._mapped(max(2 * length, _LEAST))
        start = 0
        for part in parts:
            self._map[start : start + part.nbytes] = part
            start += part.nbytes
        if length < self._length:
            self._map[length : self._length] = bytes(self._length - length)
        self._length = length
        return length

    def _mapped(self, size: int) -> mmap.mmap:
        """Make room; a full disk is told here, and not by a fatal signal later."""
        os.ftruncate(self._file.fileno(), size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file.fileno(), 0, size)
        return mmap.mmap(self._file.fileno(), size)

    def close(self) -> None:
        """Close the file, and leave it where it is."""
        self._map = None
        self._file.close()


class Reader:
    """The side that reads what a `Writer` has put at `path`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._map: mmap.mmap | None = None

    def read(self, length: int) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the message of `length` bytes: its arrays last until the next is written.

        Raises
        ------
        ValueError
            If it is no such message.
        """
        if self._map is None or len(self._map) < length:
            self._map = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ)
        return load_arrays(memoryview(self._map)[:length])

    def close(self) -> None:
        """Close the file; the mapping lasts as long as arrays of it."""
        self._map = None
        self._file.close()
