"""Matrices of operands: what is copied part by part is copied whole."""

import numpy as np
import pytest

from manualgrad import matrices, scratch
from manualgrad.matrices import _tap_order, by_row, write_weights


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch):
    monkeypatch.setattr(matrices, "SMALL", 0)
    monkeypatch.setattr(scratch, "SMALL", 0)


def numbers(*shape):
    return np.random.default_rng(len(shape)).integers(-99, 100, shape).astype(float)


def test_rows_are_ordered_by_the_first_axis_the_last_one_and_the_others():
    orders = [_tap_order.__wrapped__(axes) for axes in (4, 5, 6, 7)]
    assert orders == [(3,), (3, 4), (3, 5, 4), (3, 6, 4, 5)]


SHAPES = [(2, 50, 3, 4), (2, 3, 50, 4), (2, 3, 4, 5, 2), (1, 40, 40, 2, 3, 4)]
"""(groups, results, channels, *taps), of more rows than are copied at once."""


def in_rows(w):
    """Order taps as rows are: by the first axis, the last one, the others."""
    others = range(4, w.ndim - 1)
    last = [w.ndim - 1] if w.ndim > 4 else []
    return w.transpose(0, 1, 3, *last, *others, 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("parts", [1, 2])
def test_weights_of_several_parts_stand_row_by_row(shape, turned, parts):
    each = [numbers(*shape) + 200 * i for i in range(parts)]
    if turned:
        each = [w.swapaxes(1, 2).copy().swapaxes(1, 2) for w in each]
    room = np.full(parts * each[0].size, np.nan)
    found = by_row(each, room)
    assert np.array_equal(found, np.concatenate([in_rows(w) for w in each], axis=1))


@pytest.mark.parametrize("shape", SHAPES)
def test_sums_are_written_to_where_weights_are_read(shape):
    w = numbers(*shape)
    rows = in_rows(w)
    sums = np.moveaxis(rows, 1, -1).reshape(shape[0], -1, shape[1])
    place = np.full(shape, np.nan)
    write_weights(sums, place)
    assert np.array_equal(place, w)
