"""Every way to call a convolution wrongly, and what it says."""

import re

import numpy as np
import pytest

import manualgrad as mg

X1, W1 = np.zeros((2, 4, 9)), np.zeros((6, 2, 3))
X2, W2, B2 = np.zeros((2, 4, 8, 9)), np.zeros((6, 2, 3, 2)), np.zeros(6)
T2, TB2 = np.zeros((4, 3, 3, 2)), np.zeros(6)  # transposed: 4 channels in, 2 groups of 3 out


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X2[0, 0], W2), {}, ValueError, "`x` (shape=(8, 9)) must have 4 axes (N, C, ...), or 3"),
        ((X2, W2[0]), {}, ValueError, "`w` (shape=(2, 3, 2)) must have 4 axes"),
        ((X2[:, :3], W2), {"groups": 2}, ValueError,
         "`x` (shape=(2, 3, 8, 9)) has 3 channels, `w` (shape=(6, 2, 3, 2)) with `groups` (=2) "
         "takes 4"),
        ((X2, W2[:5]), {"groups": 2}, ValueError, "`groups` (=2) must divide the 5 channels"),
        ((X2, W2, B2[:5]), {"groups": 2}, ValueError, "`b` (shape=(5,)) must have shape (6,)"),
        ((X2, W2), {"groups": 0}, ValueError, "`groups` (=0) must be at least 1"),
        ((X2, W2), {"groups": 2.0}, TypeError, "`groups` (=2.0) must be an int"),
        ((X2, W2), {"groups": 2, "stride": 0}, ValueError, "`stride` (=0) must be at least 1"),
        ((X2, W2), {"groups": 2, "stride": (1, 0)}, ValueError, "`stride` (=(1, 0)) must be at"),
        ((X2, W2), {"groups": 2, "stride": (1, 2, 3)}, ValueError,
         "`stride` (=(1, 2, 3)) must have 2 ints, one for each axis"),
        ((X2, W2), {"groups": 2, "stride": 1.5}, TypeError, "`stride` (=1.5) must be an int or"),
        ((X2, W2), {"groups": 2, "stride": (1, True)}, TypeError, "(=(1, True)) must hold ints"),
        ((X2, W2), {"groups": 2, "dilation": 0}, ValueError, "`dilation` (=0) must be at least 1"),
        ((X2, W2), {"groups": 2, "padding": 1.5}, TypeError, "`padding` (=1.5) must be an int or"),
        ((X2, W2), {"groups": 2, "dilation": 1.5}, TypeError, "`dilation` (=1.5) must be an int"),
        ((X2, W2), {"groups": 2, "padding": -1}, ValueError, "`padding` (=-1) must be at least 0"),
        ((X2, W2), {"groups": 2, "padding": "full"}, ValueError,
         "`padding` (='full') must be 'same', 'valid' or ints"),
        ((X2, W2), {"groups": 2, "padding": "same", "stride": 2}, ValueError,
         "`padding` (='same') needs `stride` (=(2, 2)) to be 1"),
        ((X2, W2), {"groups": 2, "dilation": 5}, ValueError,
         "the result would have the spatial size (-2, 4), which must be at least 1"),
        ((X2[:, :, :0], W2), {"groups": 2}, ValueError,
         "`x` (shape=(2, 4, 0, 9)) may be empty along the batch alone"),
        ((X2, W2[..., :0]), {"groups": 2}, ValueError, "`w` (shape=(6, 2, 3, 0)) may be empty"),
        ((X2, W2, B2.astype("f4")), {"groups": 2}, TypeError, "`x` (dtype=float64), "
         "`w` (dtype=float64), `b` (dtype=float32) must have the same dtype"),
        ((X2.astype("f4"), W2), {"groups": 2}, TypeError,
         "`x` (dtype=float32), `w` (dtype=float64) must have the same dtype"),
        ((X2.astype(int), W2.astype(int)), {"groups": 2}, TypeError,
         "`x` (dtype=int64) must be floating, complex or object"),
        ((X2 > 0, W2 > 0), {"groups": 2}, TypeError, "`x` (dtype=bool) must be floating"),
        ((X2.tolist(), W2), {"groups": 2}, TypeError, "must be a NumPy array"),
    ],
)  # fmt: skip
def test_convolution(arguments, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        mg.conv2d(*arguments, **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((X2[:, :3], T2), {}, ValueError,
         "`x` (shape=(2, 3, 8, 9)) has 3 channels, `w` (shape=(4, 3, 3, 2)) takes 4"),
        ((X2, T2), {"groups": 3}, ValueError, "`groups` (=3) must divide the 4 channels of `x`"),
        ((X2, T2, TB2), {}, ValueError, "`b` (shape=(6,)) must have shape (3,)"),
        ((X2, T2), {"output_padding": 1}, ValueError,
         "`output_padding` (=1) must be below max(stride, dilation) (=1)"),
        ((X2, T2), {"output_padding": (0, 2), "stride": (3, 2)}, ValueError,
         "`output_padding` (=(0, 2)) must be below max(stride, dilation) (=2)"),
        ((X2, T2), {"output_padding": -1}, ValueError, "`output_padding` (=-1) must be at least"),
        ((X2, T2), {"padding": 5}, ValueError, "the result would have the spatial size (0, 0)"),
        ((X2, T2), {"padding": "same"}, TypeError, "`padding` (='same') must be an int or one"),
        ((X2, T2), {"stride": 0}, ValueError, "`stride` (=0) must be at least 1"),
        ((X2, T2), {"padding": -1}, ValueError, "`padding` (=-1) must be at least 0"),
        ((X2, T2), {"dilation": 0}, ValueError, "`dilation` (=0) must be at least 1"),
        ((X2, T2), {"stride": 1.5}, TypeError, "`stride` (=1.5) must be an int or one"),
        ((X2, T2), {"output_padding": 0.5}, TypeError,
         "`output_padding` (=0.5) must be an int or one"),
        ((X2, T2), {"dilation": (1, 2, 3)}, ValueError, "`dilation` (=(1, 2, 3)) must have 2 ints"),
        ((X2.astype("f4"), T2, TB2[:3]), {}, TypeError, "`x` (dtype=float32), "
         "`w` (dtype=float64), `b` (dtype=float64) must have the same dtype"),
        ((X2, T2.astype("f4"), TB2[:3]), {}, TypeError, "`x` (dtype=float64), "
         "`w` (dtype=float32), `b` (dtype=float64) must have the same dtype"),
        ((X2, T2, TB2[:3].astype("f4")), {}, TypeError, "`x` (dtype=float64), "
         "`w` (dtype=float64), `b` (dtype=float32) must have the same dtype"),
    ],
)  # fmt: skip
def test_transposed_convolution(arguments, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        mg.conv_transpose2d(*arguments, **options)


def test_directions_share_the_dtype_of_the_operands():
    given = [np.zeros(shape, np.float32) for shape in (X1.shape, (6, 4, 3), (6,), (2, 6, 7))]
    message = "`v_x` (dtype=float32), `v_w` (dtype=float32), `v_b` (dtype=float32), `x` (dtype="
    with pytest.raises(TypeError, match=re.escape(message)):
        mg.conv1d_double_backward(*given[:3], given[3].astype(float), X1, np.zeros((6, 4, 3)))


def test_cotangent_of_the_wrong_shape_or_dtype():
    for backward, w, shape in [
        (mg.conv2d_backward, np.zeros((6, 4, 3, 2)), (2, 6, 6, 8)),
        (mg.conv_transpose2d_backward, T2, (2, 3, 10, 10)),
    ]:
        with pytest.raises(ValueError, match=re.escape(f"must have the result's shape {shape}")):
            backward(np.zeros((*shape[:-1], 1)), X2, w)
        with pytest.raises(TypeError, match=r"`grad_y` \(dtype=float32\), `x` \(dtype=float64\)"):
            backward(np.zeros(shape, np.float32), X2, w)
        assert backward(np.zeros(shape), X2, w).grad_x.shape == X2.shape


def test_other_numbers_of_axes_say_the_same():
    with pytest.raises(ValueError, match=re.escape("must have 3 axes (N, C, ...), or 2")):
        mg.conv1d(X2, W1)
    with pytest.raises(ValueError, match=re.escape("`w` (shape=(6, 2, 3)) must have 5 axes")):
        mg.conv3d(X2[None], W1)
    with pytest.raises(ValueError, match=re.escape("`stride` (=(1, 1)) must have 1 ints")):
        mg.conv_transpose1d(X1, np.zeros((4, 1, 2)), stride=(1, 1))


def test_options_may_be_lists():
    rng = np.random.default_rng(2)
    x, w, t = (rng.standard_normal(a.shape) for a in (X2, W2, T2))
    lists = {"groups": 2, "stride": [2, 1], "padding": [1, 0], "dilation": [1, 2]}
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in lists.items()}
    assert np.array_equal(mg.conv2d(x, w, **lists), mg.conv2d(x, w, **tuples))
    lists, tuples = lists | {"output_padding": [1, 0]}, tuples | {"output_padding": (1, 0)}
    found = mg.conv_transpose2d(x, t, **lists)
    assert np.array_equal(found, mg.conv_transpose2d(x, t, **tuples))


def test_numpy_integers_are_ints():
    y = mg.conv2d(X2, W2, groups=np.int64(2), stride=(np.int32(2), np.int64(1)))
    assert y.shape == (2, 6, 3, 8)
