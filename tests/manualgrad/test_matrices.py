"""Matrices of operands: what is copied part by part is copied whole."""

import numpy as np
import pytest

from manualgrad import matrices, scratch
from manualgrad.geometry import Geometry
from manualgrad.layout import Operands
from manualgrad.matrices import _tap_order, add_columns, by_position, by_row, rows, write_weights
from manualgrad.phases import whole
from manualgrad.plan import plan


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


def test_what_lies_as_a_matrix_is_not_copied():
    w = numbers(2, 5, 3, 4)
    plain = numbers(2, 5, 4, 3).transpose(0, 1, 3, 2)
    turned = numbers(2, 4, 3, 5).transpose(0, 3, 2, 1)
    one_channel = numbers(2, 5, 1, 3, 4)
    for each in (plain, turned, one_channel):
        assert np.shares_memory(by_row([each], np.empty(each.size)), each)
    assert not np.shares_memory(by_row([w], np.empty(w.size)), w)
    assert not np.shares_memory(by_row([plain, plain], np.empty(2 * plain.size)), plain)


def test_copied_weights_lie_in_the_order_of_those_they_are_copied_from():
    w = numbers(2, 20, 30, 4)
    for each, fastest in ((w, 3), (w.swapaxes(1, 2).copy().swapaxes(1, 2), 1)):
        found = by_row([each], np.empty(w.size))
        assert found.strides[fastest] == w.itemsize
        assert np.array_equal(found, in_rows(w))


class Recorder:
    """Stands for an array, and keeps where it was written to."""

    def __init__(self, size):
        self.size, self.written = size, []

    def __setitem__(self, index, value):
        self.written.append((index, value.shape))


@pytest.mark.parametrize(
    ("like", "written"),
    [
        (numbers(3, 40, 2).swapaxes(0, 1), [
            ((slice(None), slice(0, 16)), (40, 3, 2)),
        ]),
        (numbers(40, 3, 2).swapaxes(0, 1), [
            ((slice(None), slice(0, 16)), (3, 16, 2)),
            ((slice(None), slice(16, 32)), (3, 16, 2)),
            ((slice(None), slice(32, 48)), (3, 8, 2)),
        ]),
        (numbers(1, 17, 2), [  # an axis of one index is none
            ((slice(None), slice(0, 16)), (1, 16, 2)),
            ((slice(None), slice(16, 32)), (1, 1, 2)),
        ]),
        (numbers(2, 40), [((slice(0, 16),), (2, 40))]),
        (numbers(40, 20)[::-1], [
            ((slice(0, 16),), (16, 20)), ((slice(16, 32),), (16, 20)), ((slice(32, 48),), (8, 20)),
        ]),
    ],
)  # fmt: skip
def test_copies_go_along_what_is_furthest_apart_in_memory(monkeypatch, like, written):
    to = Recorder(like.size)
    matrices._copy(to, like, like=like)
    assert to.written == written
    monkeypatch.setattr(matrices, "SMALL", like.size)
    small = Recorder(like.size)
    matrices._copy(small, like, like=like)
    assert small.written == [(..., like.shape)]


def test_matrices_are_views_where_they_can_be(monkeypatch):
    asked, take = [], matrices.scratch
    monkeypatch.setattr(matrices, "scratch", lambda *each: asked.append(each[0]) or take(*each))
    lies = numbers(1, 2, 3, 7)
    assert np.shares_memory(rows(lies), lies)
    assert np.shares_memory(by_position([lies]), lies)
    assert asked == []
    rows(numbers(2, 2, 3, 7))
    by_position([lies[..., ::2]])
    by_position([lies, lies])
    assert asked == ["rows"] * 3
    monkeypatch.setattr(matrices, "SMALL", 2 * 2 * 3 * 7)
    rows(numbers(2, 2, 3, 7))
    assert asked == ["rows"] * 3


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("columns", [1, 30, 64, 100, 333])
def test_rows_lie_three_lines_of_a_cache_apart_from_a_multiple_of_eight(dtype, columns):
    found = matrices._spread("columns", (2, 3, columns), np.dtype(dtype))
    lines, rest = divmod(found.strides[1], 64)
    assert (lines % 8, rest) == (3, 0)
    assert 0 <= lines * 64 - columns * found.itemsize < 8 * 64


@pytest.mark.parametrize(("taps", "positions"), [((2, 3), (1, 2)), ((1, 2), (4, 5))])
def test_columns_are_added_by_taps_or_by_positions_whichever_are_fewer(
    monkeypatch, taps, positions
):
    size = tuple(k + 3 * (n - 1) for k, n in zip(taps, positions, strict=True))
    window = whole(Geometry(size, taps, positions, (3, 3), (0, 0), (1, 1), 1))
    (tile,) = plan.__wrapped__(window, Operands(1, 4, 5, 8, scatters=True)).tiles
    (step,) = tile.steps
    walked, ndindex = [], np.ndindex
    monkeypatch.setattr(np, "ndindex", lambda *each: walked.append(each) or ndindex(*each))
    total = np.zeros((1, 1, 5, *size))
    add_columns(np.ones(step.matrix), tile.layout, step, total)
    assert total.sum() == np.prod(step.matrix)
    assert [sorted(each) for each in walked] == [sorted(min(taps, positions, key=np.prod))]
