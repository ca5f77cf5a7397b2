"""Which arrays the operations take: floating, complex or object, all of one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def common_dtype(**arrays: Any) -> np.dtype[Any]:
    """Return the dtype that all `arrays` share; those that are None do not count.

    Raises
    ------
    TypeError
        If an argument is not an array, holds integers or booleans, or if dtypes differ.
    """
    first = next(iter(arrays.values()))
    if type(first) is np.ndarray and first.dtype.kind in "fcO":
        for array in arrays.values():
            if array is not None and (type(array) is not np.ndarray or array.dtype != first.dtype):
                break
        else:
            return first.dtype
    return _common(arrays)


def _common(arrays: dict[str, Any]) -> np.dtype[Any]:
    """Return the dtype that all arrays share, or say which does not."""
    given = {name: array for name, array in arrays.items() if array is not None}
    for name, array in given.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"`{name}` (={array!r}) must be a NumPy array")
        if array.dtype.kind not in "fcO":
            raise TypeError(f"`{name}` (dtype={array.dtype}) must be floating, complex or object")
    dtypes = {array.dtype for array in given.values()}
    if len(dtypes) > 1:
        named = ", ".join(f"`{name}` (dtype={array.dtype})" for name, array in given.items())
        raise TypeError(f"{named} must have the same dtype")
    return dtypes.pop()
