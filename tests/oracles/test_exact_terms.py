import numpy as np
import pytest

from oracles.exact.terms import (
    convolution_terms,
    dense_terms,
    transposed_convolution_terms,
    true_convolution_terms,
)


def evaluate(terms, x, w):
    y = np.zeros(int(np.prod(terms.y_shape)), dtype=np.int64)
    np.add.at(y, terms.y, x.ravel()[terms.x] * w.ravel()[terms.w])
    return y.reshape(terms.y_shape)


def test_convolution_by_hand():
    x = np.array([[[1, 2, 4, 8]]])
    w = np.array([[[1, 10]]])
    assert evaluate(convolution_terms(x.shape, w.shape), x, w).tolist() == [[[21, 42, 84]]]


def test_convolution_with_stride_padding_and_dilation_by_hand():
    x = np.array([[[1, 2, 4, 8]]])
    w = np.array([[[1, 10]]])
    terms = convolution_terms(x.shape, w.shape, stride=2, padding=1, dilation=2)
    # positions -1, 1 with the second tap two further: 10*2, 2 + 10*8
    assert evaluate(terms, x, w).tolist() == [[[20, 82]]]


@pytest.mark.parametrize(("padding", "shape"), [("same", (1, 1, 4)), ("valid", (1, 1, 3))])
def test_named_padding(padding, shape):
    assert convolution_terms((1, 1, 4), (1, 1, 2), padding=padding).y_shape == shape


def test_same_padding_puts_the_odd_zero_at_the_end():
    x, w = np.array([[[1, 2]]]), np.array([[[1, 10]]])
    assert evaluate(convolution_terms(x.shape, w.shape, padding="same"), x, w).tolist() == [
        [[21, 2]]
    ]


def test_transposed_convolution_by_hand():
    x, w = np.array([[[1, 2]]]), np.array([[[3, 5, 7]]])
    terms = transposed_convolution_terms(x.shape, w.shape, stride=2, output_padding=1)
    assert evaluate(terms, x, w).tolist() == [[[3, 5, 7 + 6, 10, 14, 0]]]


def test_transposed_convolution_drops_what_falls_off():
    x, w = np.array([[[1, 2]]]), np.array([[[3, 5, 7]]])
    terms = transposed_convolution_terms(x.shape, w.shape, stride=2, padding=1)
    assert evaluate(terms, x, w).tolist() == [[[5, 7 + 6, 10]]]


def test_groups_keep_to_themselves():
    x, w = np.array([[[1], [10]]]), np.array([[[2]], [[3]]])
    assert evaluate(convolution_terms(x.shape, w.shape, groups=2), x, w).tolist() == [[[2], [30]]]
    terms = transposed_convolution_terms(x.shape, w.shape, groups=2)
    assert evaluate(terms, x, w).tolist() == [[[2], [30]]]


def test_unbatched_input_gives_unbatched_result():
    assert convolution_terms((1, 4), (2, 1, 2)).y_shape == (2, 3)
    assert transposed_convolution_terms((1, 4), (1, 2, 2)).y_shape == (2, 5)


def test_empty_batch_has_no_terms():
    terms = convolution_terms((0, 1, 4), (2, 1, 2))
    assert (terms.y_shape, terms.y.size) == ((0, 2, 3), 0)


def test_dense_is_the_matrix_product():
    x, w = np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4) - 5
    assert (evaluate(dense_terms(x.shape, w.shape), x, w) == x @ w).all()


def test_true_convolution_rotates_the_kernel():
    x, w = np.array([[1, 2], [4, 8]]), np.array([[1, 10], [100, 1000]])
    assert evaluate(true_convolution_terms(x.shape, w.shape), x, w).tolist() == [[1248]]
    assert evaluate(true_convolution_terms((1, 3), (1, 2)), np.array([[1, 2, 4]]),
                    np.array([[1, 10]])).tolist() == [[12, 24]]  # fmt: skip


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_both_definitions_are_each_other_s_adjoint(axes):
    # conv_transpose with the same options is dgrad: the same triples, x and y exchanged.
    size, kernel, stride = (5, 4, 6)[:axes], (2, 3, 2)[:axes], (2, 1, 3)[:axes]
    options = {"stride": stride, "padding": (1, 2, 0)[:axes], "dilation": (1, 2, 2)[:axes]}
    forward = convolution_terms((2, 4, *size), (6, 2, *kernel), groups=2, **options)
    reach = [d * (k - 1) for d, k in zip(options["dilation"], kernel, strict=True)]
    rest = [
        (n + 2 * p - r - 1) % s
        for n, p, r, s in zip(size, options["padding"], reach, stride, strict=True)
    ]
    back = transposed_convolution_terms(
        forward.y_shape, (6, 2, *kernel), groups=2, output_padding=tuple(rest), **options
    )
    assert back.y_shape == (2, 4, *size)
    rows = sorted(zip(forward.y.tolist(), forward.x.tolist(), forward.w.tolist(), strict=True))
    assert rows == sorted(zip(back.x.tolist(), back.y.tolist(), back.w.tolist(), strict=True))
