"""Boxes, tiles and blocks: whatever the sizes, each index lies in one of them, once."""

from collections import Counter
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manualgrad.blocks import blocks, boxes, length, tiles

SIZES = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


def indices(box):
    return product(*(range(*of) for of in box))


def counted(every):
    return Counter(index for box in every for index in indices(box))


def volume(box):
    return prod(map(length, box))


@given(SIZES, st.integers(-3, 300))
def test_boxes_cover_each_index_once_and_none_is_too_large(sizes, most):
    found = list(boxes(sizes, most))
    assert counted(found) == Counter(product(*map(range, sizes)))
    assert max(map(volume, found)) <= max(1, most)


def test_boxes_are_whole_along_the_last_axes():
    assert list(boxes((3, 2), 4)) == [((0, 2), (0, 2)), ((2, 3), (0, 2))]
    assert list(boxes((2, 3), 2))[:2] == [((0, 1), (0, 2)), ((0, 1), (2, 3))]


@given(*[st.integers(1, 5)] * 3, st.integers(0, 30), st.integers(0, 60))
def test_tiles_cover_each_weight_once(groups, results, channels, rows, weights):
    found = list(tiles(groups, results, channels, rows=rows, weights=weights))
    assert counted(found) == Counter(product(range(groups), range(results), range(channels)))
    for group, result, channel in found:
        assert length(group) * length(channel) <= max(1, rows)
        alone = length(result) == 1
        assert alone or volume((group, result, channel)) <= weights


@given(st.integers(0, 5), SIZES, st.integers(1, 99), st.integers(1, 99), st.integers(1, 50))
def test_blocks_cover_each_position_of_each_sample_once(batch, positions, columns, together, most):
    def fits(samples, size):
        return samples * prod(size) <= most

    found = list(blocks(batch, positions, columns=columns, together=together, fits=fits))
    assert counted(found) == Counter(product(range(batch), *map(range, positions)))
    assert all(volume(block) <= min(columns, most) for block in found)


def test_nothing_smaller_than_one_position_is_tried():
    (only,) = blocks(1, (1,), columns=9, together=1, fits=lambda samples, size: False)
    assert only == ((0, 1), (0, 1))


@pytest.mark.parametrize(("together", "samples"), [(1, 1), (4, 1), (5, 2), (99, 3)])
def test_samples_are_taken_together_until_there_are_enough_columns(together, samples):
    first = next(iter(blocks(3, (2, 2), columns=99, together=together, fits=lambda *_: True)))
    assert first[0] == (0, samples)


BLOCKS = {
    # batch, positions, columns, together, numbers that fit, the blocks
    "samples together": (5, (4, 4), 40, 99, 99, ["02 04 04", "24 04 04", "45 04 04"]),
    "no more than are there": (2, (4, 4), 99, 99, 32, ["02 04 04"]),
    "a sample at a time": (2, (4, 4), 20, 99, 99, ["01 04 04", "12 04 04"]),
    "fewer until they fit": (3, (4, 5), 99, 99, 20, ["01 04 05", "12 04 05", "23 04 05"]),
    "rows": (1, (5, 3), 99, 1, 7, ["01 02 03", "01 24 03", "01 45 03"]),
    "halves": (1, (9,), 9, 1, 4, ["01 04", "01 48", "01 89"]),
    "one by one": (2, (2,), 2, 1, 1, ["01 01", "01 12", "12 01", "12 12"]),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_change_on_purpose_or_not_at_all(name):
    batch, positions, columns, together, most, expected = BLOCKS[name]

    def fits(samples, size):
        return samples * prod(size) <= most

    found = blocks(batch, positions, columns=columns, together=together, fits=fits)
    assert [" ".join(f"{start}{stop}" for start, stop in block) for block in found] == expected


def test_half_as_many_columns_are_tried_until_there_is_one():
    tried = []
    list(blocks(3, (2, 3), columns=18, together=9, fits=lambda *each: tried.append(each)))
    assert tried == [(2, (2, 3)), (1, (2, 3)), (1, (1, 3)), (1, (1, 2))]
