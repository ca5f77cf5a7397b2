"""Python text of arrays and options gives the same bits back."""

import keyword

import numpy as np
import pytest

from oracles.literals import DTYPES, literal, name_of, option, writable


def payload():
    """Return NaNs that carry a number, as no arithmetic here makes them."""
    return np.array([0x7FF8000000000123, 0xFFF0000000000001, 0], np.uint64).view(np.float64)


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, -0.0, 5e-324, np.inf, -np.inf, np.nan, -np.nan, 3.0, 2.0**60]),
        np.array([[0.1, 2, -np.nan]], dtype=np.float32),
        np.array([0.1, -np.nan], dtype=np.float16),
        np.array(7, dtype=np.int64),
        np.array([[2**64 - 1]], dtype=np.uint64),
        np.array([True, False]),
        np.array([complex(0.1, -np.inf), complex(np.nan, -0.0)]),
        np.zeros((0, 3)),
        payload(),
        payload().reshape(3, 1)[::-1],
        np.array(0.1).T,
        np.arange(6.0).reshape(2, 3).T,
    ],
)
def test_literals_keep_every_bit(array):
    other = eval(literal(array), {"np": np})
    assert (other.dtype, other.shape) == (array.dtype, array.shape)
    assert other.tobytes() == array.tobytes()
    assert str(array.dtype) in DTYPES


def test_whole_numbers_are_written_as_such():
    assert literal(np.array([1.0, -2])) == "np.array([1, -2], dtype=np.float64)"


@pytest.mark.parametrize("value", [[1.0], np.array([None]), np.array(["a"]), np.float64(1), None])
def test_what_is_no_array_of_numbers_is_not_written(value):
    assert not writable(value)


def test_options_come_back():
    options = {"a": (1, 2), "b": "same", "c": -np.inf, "d": (0.1,), "e": {"f": ((), None, True)}}
    assert eval(option(options)) == options
    assert np.isnan(eval(option(np.nan)))


def test_operands_are_python_names():
    for operand, name in [("x", "x"), ("0.w", "w_0"), ("v_12.b", "v_b_12"), ("lambda", "lambda_"),
                          ("options", "options_"), ("a.b", "a_b")]:  # fmt: skip
        assert name_of(operand) == name
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
