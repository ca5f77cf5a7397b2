"""Which taps are shifts of others, and which convolutions copy nothing."""

import pytest

from manualgrad.geometry import Geometry
from manualgrad.layout import Operands, layout


def made(operands, *, kernel=(4, 4), stride=1, dilation=1, groups=1, out=(9, 8)):
    geometry = Geometry((99, 98), kernel, out, (stride, 1), (0, 0), (dilation, 1), groups)
    return layout(geometry, operands)


@pytest.mark.parametrize(
    ("channels", "options", "kernel", "shifts"),
    [
        (8, {}, (1, 4), 4),
        (7, {}, (4, 4), 1),  # 28 rows are few
        (16, {"kernel": (4, 2)}, (1, 2), 4),
        (15, {"kernel": (4, 2)}, (4, 2), 1),
        (8, {"kernel": (2, 4)}, (1, 4), 2),
        (8, {"kernel": (9, 4)}, (1, 4), 9),
        (8, {"kernel": (10, 4)}, (10, 4), 1),  # shifts of 9 rows are far apart
        (8, {"dilation": 2, "kernel": (5, 4)}, (1, 4), 5),
        (8, {"dilation": 3}, (4, 4), 1),
        (4, {"stride": 2, "kernel": (5, 4)}, (2, 4), 3),
        (3, {"stride": 2, "kernel": (5, 4)}, (5, 4), 1),
        (99, {"stride": 2, "kernel": (1, 4)}, (1, 4), 1),
    ],
)
def test_later_taps_are_shifts_if_rows_are_many_and_near(channels, options, kernel, shifts):
    found = made(Operands(2, 3, channels, 8), **options)
    assert (found.kernel, found.shifts, found.depthwise) == (kernel, shifts, False)


def test_what_is_scattered_is_copied_tap_by_tap():
    found = made(Operands(2, 3, 8, 8, scatters=True))
    assert (found.kernel, found.shifts) == ((4, 4), 1)


@pytest.mark.parametrize(
    ("operands", "options", "depthwise"),
    [
        (Operands(2, 1, 1, 8), {"groups": 65, "out": (8, 8)}, True),
        (Operands(2, 1, 1, 8), {"groups": 64, "out": (8, 8)}, False),
        (Operands(2, 1, 1, 8), {"out": (64, 65)}, True),
        (Operands(2, 2, 1, 8), {"out": (64, 65)}, False),
        (Operands(2, 1, 2, 8), {"out": (64, 65)}, False),
        (Operands(2, 1, 1, 8), {"out": (64, 65), "stride": 2}, False),
        (Operands(2, 1, 1, 8, scatters=True), {"out": (64, 65)}, False),
    ],
)
def test_one_channel_in_each_of_many_groups_copies_nothing(operands, options, depthwise):
    assert made(operands, **options).depthwise == depthwise
