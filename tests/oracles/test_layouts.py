import numpy as np
import pytest

from oracles.layouts import LAYOUTS, arranged


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 3, 4), (5,), (), (0, 3)])
def test_every_layout_holds_the_same_numbers_in_memory_of_its_own(layout, shape):
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    other = arranged(array, layout)
    assert other.dtype == array.dtype
    assert other.shape == array.shape
    assert (other == array).all()
    assert not np.shares_memory(other, array)


def test_layouts_are_what_they_are_called():
    array = np.arange(24.0).reshape(2, 3, 4)
    assert arranged(array, "C").flags.c_contiguous
    assert arranged(array, "Fortran").flags.f_contiguous
    assert not arranged(array, "strided").flags.c_contiguous
    assert arranged(array, "reversed").strides == (-96, -32, -8)
    assert not arranged(array, "read-only").flags.writeable


def test_unknown_layout():
    with pytest.raises(ValueError, match=r"`layout` \(='Z'\) must be one of C, Fortran"):
        arranged(np.zeros(2), "Z")
