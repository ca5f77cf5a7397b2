"""Tables say who sees whom; only small convolutions have one."""

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import lookup
from manualgrad.geometry import Geometry

# Positions 0, 1, 2 see at taps 0, 1: (padding, 1), (1, 3), (3, padding), of numbers 0 to 3.
STRIDED = Geometry((4,), (2,), (3,), (2,), (1,), (2,), 1)


def test_table_of_a_strided_convolution():
    table = lookup.table(STRIDED, 1, 2)
    assert table.seen.tolist() == [[4, 1, 3], [1, 3, 4]]
    assert table.pads
    # Number 1 is seen in places 1 and 3, number 3 in 2 and 4; 0 and 2 nowhere.
    assert table.seen_at.tolist() == [[6, 1, 6, 2], [6, 3, 6, 4]]
    assert table.varies


def test_places_of_a_number_are_in_order():
    table = lookup.table(Geometry((9, 8), (4, 5), (9, 8), (1, 1), (1, 2), (1, 1), 1), 1, 2)
    assert len(table.seen_at) == 4 * 5
    places = np.where(table.seen_at < table.seen.size, table.seen_at, 10**9)
    assert (np.diff(places, axis=0) >= 0).all()


def test_table_without_padding_has_no_zero():
    table = lookup.table(Geometry((3,), (1,), (3,), (1,), (0,), (1,), 1), 1, 2)
    assert table.seen.tolist() == table.seen_at.tolist() == [[0, 1, 2]]
    assert not table.pads
    assert not table.varies


def test_padding_alone():
    table = lookup.table(Geometry((1,), (1,), (1,), (1,), (5,), (1,), 1), 1, 2)
    assert table.seen.tolist() == [[1]]
    assert table.seen_at.shape == (0, 1)
    x, w, g = np.full((2, 1, 1), 2.0), np.full((1, 1, 1), 3.0), np.full((2, 1, 1), 5.0)
    y, grad_w = lookup.fprop_wgrad(x, w, g, table)
    assert not y.any()
    assert not grad_w.any()
    assert lookup.dgrad(g, w, table).tolist() == [[[0.0]], [[0.0]]]


def test_what_is_large_has_none():
    most = lookup._NUMBERS // 6  # numbers of a table of 2 taps and 3 positions
    assert lookup.table(STRIDED, 1, most) is not None
    assert lookup.table(STRIDED, 1, most + 1) is None
    assert lookup.table(STRIDED, most // 2 + 1, 2) is None

    def long(size, positions):
        return Geometry((size,), (2,), (positions,), (2,), (1,), (2,), 1)

    assert lookup.table(long(lookup._TABLE // 2 + 1, 3), 1, 2) is None
    assert lookup.table(long(4, lookup._TABLE // 2 + 1), 1, 2) is None


def test_limits_of_tables_are_within():
    # Of 2 taps and 4 positions there are 8 numbers for each sample and channel.
    four = Geometry((8,), (2,), (4,), (2,), (0,), (1,), 1)
    sizes = [(1, 4095), (1, 4096), (1, 4097), (2, 2048), (2, 2049)]
    found = [lookup.table(four, samples, channels) is not None for samples, channels in sizes]
    assert found == [True, True, False, True, False]
    # 2 taps times the larger of 4096 numbers and as many positions, one more, one less.
    for n, short in ((4095, True), (4096, True), (4097, False)):
        for size, positions, padding in ((n, n // 2, 0), (n // 2, n, n // 2)):
            long = Geometry((size,), (2,), (positions,), (2,), (padding,), (1,), 1)
            assert (lookup.table(long, 1, 1) is not None) == short


def test_zeros_are_appended_where_one_sees_padding_alone(monkeypatch):
    monkeypatch.setattr(lookup, "_with_zero", None)
    table = lookup.table(Geometry((4,), (2,), (3,), (1,), (0,), (1,), 1), 1, 2)
    y = lookup.fprop(np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.array([[[10.0, 1.0]]]), table)
    assert y.tolist() == [[[12.0, 23.0, 34.0]]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
def test_dtypes_are_kept(dtype):
    x, w, g = (np.ones(shape, dtype) for shape in ((2, 1, 4), (3, 1, 2), (2, 3, 3)))
    table = lookup.table(STRIDED, 2, 4)
    results = [*lookup.fprop_wgrad(x, w, g, table), lookup.dgrad(g, w, table)]
    assert [each.dtype for each in results] == [dtype] * 3


def test_it_is_as_exact_as_the_general_way(monkeypatch):
    rng = np.random.default_rng(8)
    x, w = rng.integers(-9, 10, (2, 4, 7, 6)).astype(float), rng.integers(-9, 10, (6, 2, 3, 2))
    w, options = w.astype(float), {"stride": (2, 1), "padding": 1, "dilation": (1, 2), "groups": 2}
    y = mg.conv2d(x, w, **options)
    g = rng.integers(-9, 10, y.shape).astype(float)
    found = mg.conv2d_backward(g, x, w, **options)
    monkeypatch.setattr(lookup, "_NUMBERS", -1)
    assert np.array_equal(mg.conv2d(x, w, **options), y)
    for one, other in zip(mg.conv2d_backward(g, x, w, **options), found, strict=True):
        assert np.array_equal(one, other)
