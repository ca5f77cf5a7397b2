"""Scratch memory that is used again, since memory fresh from the system costs more than sums.

The first touch of a page of fresh memory costs about a microsecond, which for a block of a
convolution adds up to half of its time. Each thread keeps one buffer for each purpose; nothing
that a caller gets to see lies in it.
"""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


SMALL = 2**12
"""Numbers up to which memory from the heap is as good."""


class _Buffers(threading.local):
    def __init__(self) -> None:
        self.of: dict[str, npt.NDArray[np.uint8]] = {}


_buffers = _Buffers()


def scratch(purpose: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an array of undefined values, valid until the next one for the same purpose."""
    numbers = prod(shape)
    if numbers <= SMALL or dtype.hasobject:
        return np.empty(shape, dtype)
    size = numbers * dtype.itemsize
    buffer = _buffers.of.get(purpose)
    if buffer is None or buffer.size < size:
        buffer = _buffers.of[purpose] = np.empty(size, np.uint8)
    return np.ndarray(shape, dtype, buffer)
