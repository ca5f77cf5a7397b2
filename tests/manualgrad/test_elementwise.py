"""Blocks and threads do not show in what an elementwise function returns."""

from fractions import Fraction

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import elementwise, threads

SHAPE = (3, 5, 7)
ELEMENTWISE = ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "hardswish"]
ALONG = ["softmax", "log_softmax"]


def numbers(dtype, seed):
    return np.random.default_rng(seed).normal(0, 3, SHAPE).astype(dtype)


def answers(name, dtype, **options):
    v, g, x = (numbers(dtype, seed) for seed in range(3))
    x[0, 0, 0], x[2, 4, 6] = np.nan, -0.0
    y = getattr(mg, name)(x, **options)
    grad_x = getattr(mg, f"{name}_backward")(g, x, **options)
    return y, grad_x, *getattr(mg, f"{name}_double_backward")(v, g, x, **options)


@pytest.fixture
def in_pieces(monkeypatch):
    """Take blocks of 8 numbers, in three threads."""
    monkeypatch.setattr(elementwise, "_BLOCK", 8)
    monkeypatch.setattr(threads, "cores", lambda: 3)
    monkeypatch.setattr(threads, "_WORTH", 1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize(
    ("name", "options"),
    [*((n, {}) for n in ELEMENTWISE), *((n, {"axis": a}) for n in ALONG for a in (0, 1, -1))],
)
def test_pieces_make_the_whole(request, name, options, dtype):
    whole = answers(name, dtype, **options)
    request.getfixturevalue("in_pieces")
    for one, other in zip(answers(name, dtype, **options), whole, strict=True):
        assert one.dtype == dtype
        assert one.shape == SHAPE
        assert one.flags.c_contiguous
        assert one.tobytes() == other.tobytes()


@pytest.mark.usefixtures("in_pieces")
def test_blocks_are_no_larger_than_they_may_be():
    seen = []
    elementwise.apply(lambda x: seen.append(x.shape) or x, numbers(float, 0))
    assert max(seen) == (8,)
    assert sum(size for (size,) in seen) == np.prod(SHAPE)
    seen.clear()
    elementwise.apply(lambda x: seen.append(x.shape) or x, numbers(float, 0), along=1)
    assert seen == [(1, 5)] * 21


@pytest.mark.usefixtures("in_pieces")
def test_exact_numbers_go_through_blocks():
    x = np.array([Fraction(n, 3) for n in range(-10, 11)], dtype=object)
    assert mg.relu(x).tolist() == [max(Fraction(n, 3), 0) for n in range(-10, 11)]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3)])
def test_shapes_without_an_axis_or_without_numbers(shape):
    x = np.zeros(shape, np.float32)
    for found in (mg.relu(x), mg.tanh_backward(x, x)):
        assert isinstance(found, np.ndarray)
        assert (found.shape, found.dtype) == (shape, np.float32)


@pytest.mark.parametrize(("shape", "axis"), [((0, 3), 1), ((3, 0, 2), 0)])
def test_no_lines(shape, axis):
    x = np.zeros(shape)
    assert mg.softmax(x, axis=axis).shape == shape
    assert mg.log_softmax_double_backward(x, x, x, axis=axis).grad_x.shape == shape


def test_any_layout_of_memory_will_do():
    x, g = numbers(float, 0), numbers(float, 1)
    for odd in (np.asfortranarray, lambda a: a[::-1].copy()[::-1]):
        assert np.array_equal(mg.silu(odd(x)), mg.silu(x))
        assert np.array_equal(mg.silu_backward(odd(g), odd(x)), mg.silu_backward(g, x))


def test_no_zero_of_relu_is_negative():
    y = mg.relu(np.array([-0.0, -1.0, 0.0, 2.0, np.nan, -np.inf]))
    assert not np.signbit(y[:4]).any()
    assert np.array_equal(y, [0, 0, 0, 2, np.nan, 0], equal_nan=True)
