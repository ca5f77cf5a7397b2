"""Memory layouts in which a subject is given its arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

LAYOUTS = ("C", "Fortran", "strided", "reversed", "read-only")
"""C order; Fortran order; every second element of a larger array; negative strides; frozen."""


def arranged(array: Array, layout: str) -> Array:
    """Return a copy of `array`, equal in every element, in the memory layout `layout`.

    Raises
    ------
    ValueError
        If `layout` is none of `LAYOUTS`.
    """
    if layout == "C" or (array.ndim == 0 and layout in LAYOUTS[:-1]):
        return array.copy(order="C")  # a single number has no order
    if layout == "Fortran":
        return array.copy(order="F")
    if layout == "strided":
        return _strided(array)
    if layout == "reversed":
        backwards = (slice(None, None, -1),) * array.ndim
        return array[backwards].copy(order="C")[backwards]
    if layout == "read-only":
        frozen = array.copy(order="C")
        frozen.setflags(write=False)
        return frozen
    raise ValueError(f"`layout` (={layout!r}) must be one of {', '.join(LAYOUTS)}")


def _strided(array: Array) -> Array:
    """Every second element of a buffer whose other elements would be seen at once if read."""
    every_second = (slice(None, None, 2),) * array.ndim
    wide = np.full([2 * n for n in array.shape], -99, dtype=array.dtype)
    wide[every_second] = array
    return wide[every_second]
