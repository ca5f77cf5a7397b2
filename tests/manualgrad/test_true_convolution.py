from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

from manualgrad.true_convolution import (
    check_matrices,
    convolve_valid,
    pad,
    rotate180,
    valid_shape,
)

ONES = np.ones((4, 4))


def integers(shape, seed):
    return np.random.default_rng(seed).integers(-9, 10, shape)


def definition(matrix, kernel):
    """out[i, j] = sum of m[i + h - 1 - u, j + w - 1 - v] k[u, v] over the h x w kernel."""
    height, width = kernel.shape
    rows, columns = matrix.shape[0] - height + 1, matrix.shape[1] - width + 1
    return [
        [
            sum(
                matrix[i + height - 1 - u, j + width - 1 - v] * kernel[u, v]
                for u, v in np.ndindex(height, width)
            )
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def test_rotate180_turns_a_matrix_upside_down_and_left_to_right():
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert rotate180(matrix).tolist() == [[6.0, 5.0, 4.0], [3.0, 2.0, 1.0]]


def test_pad_puts_one_ring_of_zeros_around_a_matrix():
    assert pad(np.array([[7.0, 8.0]])).tolist() == [[0, 0, 0, 0], [0, 7, 8, 0], [0, 0, 0, 0]]


def test_pad_takes_rows_and_columns_apart():
    matrix = np.array([[Fraction(7), Fraction(8)]])
    assert pad(matrix, rows=0, columns=1).tolist() == [[0, 7, 8, 0]]
    assert pad(matrix, rows=1, columns=0).tolist() == [[0, 0], [7, 8], [0, 0]]


def test_pad_adds_zeros_of_the_kind_that_the_matrix_holds():
    assert {type(n) for n in pad(np.array([[7]], dtype=object)).ravel()} == {int}
    assert pad(np.array([[7.0]], dtype=np.float32)).dtype == np.float32


def test_convolve_valid_rotates_the_kernel_before_it_slides():
    matrix = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    kernel = np.array([[1.0, 10.0], [100.0, 1000.0]])
    # The last tap, 1000, meets the first number of the window.
    assert convolve_valid(matrix, kernel).tolist() == [[1245.0, 2356.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, object])
@pytest.mark.parametrize(
    ("size", "kernel"),
    [((4, 4), (2, 2)), ((4, 7), (1, 3)), ((7, 5), (3, 1)), ((3, 2), (3, 2)), ((3, 4), (1, 1))],
)
def test_convolve_valid_follows_the_definition(size, kernel, dtype):
    m, k = integers(size, 1), integers(kernel, 2)
    found = convolve_valid(m.astype(dtype), k.astype(dtype))
    assert found.dtype == dtype
    assert found.tolist() == definition(m, k)


@pytest.mark.parametrize("strides", [(1, -1), (-1, 2)])
def test_any_strides_and_read_only_matrices_will_do(strides):
    rows, columns = strides
    view = integers((5, 8), 3).astype(float)[::rows, ::columns]
    view.setflags(write=False)
    kernel = integers((2, 2), 4).astype(float)
    assert convolve_valid(view, kernel).tolist() == convolve_valid(view.copy(), kernel).tolist()
    assert rotate180(view).tolist() == [row[::-1] for row in view.tolist()[::-1]]


def test_results_are_copies_and_inputs_stay_as_they_are():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    one = np.array([[1.0]])
    results = rotate180(matrix), pad(matrix, rows=0, columns=0), convolve_valid(matrix, one)
    assert not any(np.shares_memory(result, matrix) for result in results)
    assert matrix.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert one.tolist() == [[1.0]]


def test_overflow_does_not_warn():
    assert convolve_valid(np.array([[1e200]]), np.array([[1e200]])) == np.inf


def test_valid_shape_counts_the_places_of_the_kernel():
    assert valid_shape("w", (2, 1), "x", (4, 7)) == (3, 7)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: rotate180([[1.0]]),
            TypeError,
            "`matrix` (=[[1.0]]) must be a NumPy array",
        ),
        (
            lambda: rotate180(None),
            ValueError,
            "`matrix` shape (=()) must have two axes",
        ),
        (
            lambda: pad(np.ones(3)),
            ValueError,
            "`matrix` shape (=(3,)) must have two axes",
        ),
        (
            lambda: pad(ONES, rows=-1),
            ValueError,
            "`rows` (=-1) must be at least 0",
        ),
        (
            lambda: pad(ONES, columns=-2),
            ValueError,
            "`columns` (=-2) must be at least 0",
        ),
        (
            lambda: convolve_valid(np.ones((2, 2), dtype=np.int32), ONES),
            TypeError,
            "`matrix` (dtype=int32) must be floating, complex or object",
        ),
        (
            lambda: convolve_valid(ONES, np.ones((2, 5))),
            ValueError,
            "`kernel` shape (=(2, 5)) must fit in `matrix` shape (=(4, 4))",
        ),
        (
            lambda: convolve_valid(ONES, np.ones((0, 2))),
            ValueError,
            "`kernel` shape (=(0, 2)) must fit in `matrix` shape (=(4, 4))",
        ),
        (
            lambda: convolve_valid(ONES, np.ones((2, 2), dtype=np.float32)),
            TypeError,
            "`matrix` (dtype=float64), `kernel` (dtype=float32) must have the same dtype",
        ),
        (
            lambda: check_matrices(x=ONES, w1=np.ones((1, 4, 4))),
            ValueError,
            "`w1` shape (=(1, 4, 4)) must have two axes",
        ),
    ],
)
def test_bad_arguments_are_named(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
