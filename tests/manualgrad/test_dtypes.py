"""Which arrays are welcome, and what the others are told."""

import re

import numpy as np
import pytest

from manualgrad.dtypes import common_dtype


class Named(np.ndarray):
    """An array of a class of its own."""


LONG, SHORT = np.ones(2), np.ones(2, np.float32)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "O"])
def test_the_dtype_that_all_share(dtype):
    a = np.ones(2, dtype)
    assert common_dtype(a=a) == common_dtype(a=a, b=None, c=a) == common_dtype(a=None, b=a) == dtype
    assert common_dtype(a=a.view(Named), b=a) == common_dtype(a=a, b=a.view(Named)) == dtype


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": [1.0]}, "`a` (=[1.0]) must be a NumPy array"),
        ({"a": LONG, "b": 2.0}, "`b` (=2.0) must be a NumPy array"),
        ({"a": np.arange(2)}, "`a` (dtype=int64) must be floating, complex or object"),
        ({"a": LONG, "b": LONG > 0}, "`b` (dtype=bool) must be floating, complex or object"),
        ({"a": LONG, "b": None, "c": SHORT},
         "`a` (dtype=float64), `c` (dtype=float32) must have the same dtype"),
    ],
)  # fmt: skip
def test_others_are_refused(arrays, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        common_dtype(**arrays)
