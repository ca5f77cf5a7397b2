import numpy as np
import pytest

import manualgrad
from benchmarks.convolutions import selected
from benchmarks.growth_points import LARGE, OPS, questions
from benchmarks.shapes import SHAPES, Shape, operands

_SMALL = [
    Shape("a", "conv1d", (2, 4, 11), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    Shape("b", "conv2d", (1, 2, 7, 6), (3, 2, 3, 2), {"dilation": (2, 1), "padding": (3, 1)}),
    Shape("c", "conv_transpose2d", (3, 4, 3, 2), (4, 1, 2, 3),
          {"stride": (3, 2), "padding": 1, "output_padding": (2, 1), "groups": 4}),
    Shape("d", "conv_transpose3d", (1, 1, 2, 2, 2), (1, 2, 3, 2, 1), {"dilation": 2}),
]  # fmt: skip


@pytest.mark.parametrize("shape", _SMALL, ids=lambda shape: shape.op)
def test_the_result_has_the_shape_that_is_told(shape):
    x, w, b = operands(shape, "float64")
    assert getattr(manualgrad, shape.op)(x, w, b, **shape.options).shape == shape.y


def test_multiply_adds_are_counted():
    shape = Shape("", "conv2d", (2, 3, 5, 5), (4, 3, 3, 3), {"padding": 1})
    each = 2 * 4 * 25 * 3 * 9  # samples, results, positions, channels, taps
    assert (shape.multiply_adds, shape.flops) == (3 * each, 6 * each)
    transposed = Shape("", "conv_transpose2d", (2, 3, 5, 5), (3, 4, 3, 3), {"stride": 2})
    assert transposed.multiply_adds == 3 * each


def test_there_are_shapes_enough_and_one_is_found_by_name():
    assert len(SHAPES) >= 14
    assert [shape.op for shape in selected("U-Net")] == ["conv_transpose2d"]
    with pytest.raises(ValueError, match=r"`select` \(='nothing'\) is in no name of a shape"):
        selected("nothing")


def test_each_series_grows_over_three_decades():
    for op in OPS:
        sizes = {}
        for question in questions():
            if question.timed and question.shape.op == op:
                sizes.setdefault(question.series, []).append(question.shape.multiply_adds)
        assert set(sizes) == {"batch", "channels", "image side", "kernel side"}
        for each in sizes.values():
            assert np.log10(each[-1] / each[0]) >= 3


def test_the_large_shapes_hold_the_one_that_must_not_be_copied():
    assert any(shape.x == (4, 64, 512, 512) and shape.y == (4, 64, 512, 512) for shape in LARGE)
    assert {each.dtype for each in questions() if not each.timed} == {"float32", "float64"}
