import re
from fractions import Fraction

import numpy as np
import pytest

import manualgrad as mg

P, T = np.array([[1.0, 5], [-2, 0.5]]), np.array([[0.0, 3], [1, 0.25]])


def test_half_squared_error_by_hand():
    assert mg.half_squared_error(P, T) == (1 + 4 + 9 + 0.0625) / 2
    assert mg.half_squared_error_backward(P, T).tolist() == [[1, 2], [-3, 0.25]]


def test_mse_by_hand():
    assert mg.mse_loss(P, T) == (1 + 4 + 9 + 0.0625) / 4
    assert mg.mse_loss_backward(P, T).tolist() == [[0.5, 1], [-1.5, 0.125]]


@pytest.mark.parametrize("name", ["half_squared_error", "mse_loss"])
def test_ints_and_fractions_stay_exact(name):
    loss, backward = getattr(mg, name), getattr(mg, f"{name}_backward")
    p, t = np.array([1, 5, -2], object), np.array([0, 3, 2], object)
    value, gradient = loss(p, t), backward(p, t)
    assert value == Fraction(21, 2 if name == "half_squared_error" else 3)
    scale = 1 if name == "half_squared_error" else Fraction(2, 3)
    assert gradient.tolist() == [1 * scale, 2 * scale, -4 * scale]
    for index in range(3):  # the loss is a quadratic: its central difference is its derivative
        step = np.array([index == i for i in range(3)], object) * Fraction(1, 7)
        difference = (loss(p + step, t) - loss(p - step, t)) / Fraction(2, 7)
        assert difference == gradient[index]


def test_exact_gradients_have_the_shape_of_the_prediction():
    p = np.array([[1, 2, 3], [4, 5, 6]], object)
    assert mg.mse_loss_backward(p, 0 * p).tolist() == (p * Fraction(1, 3)).tolist()
    assert mg.mse_loss_double_backward(p, p, p).tolist() == (p * Fraction(1, 3)).tolist()


def test_mean_of_nothing_is_nan_and_sum_of_nothing_zero():
    empty = np.zeros((0, 3))
    assert np.isnan(mg.mse_loss(empty, empty))
    assert np.isnan(mg.mse_loss(empty.astype(object), empty.astype(object)))
    assert mg.half_squared_error(empty, empty) == 0
    assert np.isnan(mg.cross_entropy(empty, np.zeros(0, int)))
    assert mg.mse_loss_backward(empty, empty).shape == (0, 3)
    assert mg.cross_entropy_backward(empty, np.zeros(0, int)).shape == (0, 3)


def test_the_mean_of_one_number_is_that_number():
    p, t, v = np.array([[3.0]]), np.array([[1.0]]), np.array([[5.0]])
    assert mg.mse_loss(p, t) == mg.mse_loss_backward(p, t) == 4
    assert mg.mse_loss_double_backward(v, p, t) == 10
    logits, v = np.array([[0.0, 0.0]]), np.array([[8.0, 0.0]])
    assert mg.cross_entropy_double_backward(v, logits, np.array([1])).tolist() == [[2, -2]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_double_backward_of_mse_is_a_multiple_of_the_direction(dtype):
    p, t = P.astype(dtype), T.astype(dtype)
    v = np.array([[3, -8], [16, 0]], dtype)
    found = mg.mse_loss_double_backward(v, p, t)
    assert found.dtype == dtype
    assert found.tolist() == [[1.5, -4], [8, 0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
def test_double_backward_of_cross_entropy_by_hand(dtype):
    # The probabilities are 1/4, 1/4 and 1/2, and the mean of v is 4.
    p = np.log(np.array([[1, 1, 2]])).astype(dtype)
    found = mg.cross_entropy_double_backward(np.array([[8, 0, 4]], dtype), p, np.array([2]))
    assert found.dtype == dtype
    assert np.abs(found - np.array([[1, -1, 0]])).max() <= 4 * np.finfo(dtype).eps


def test_imaginary_parts_are_derivatives():
    step = 2.0**-300
    p, v = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, 3.0, -2.0]])
    slope = mg.cross_entropy(p + 1j * step * v, np.array([1])).imag / step
    assert abs(slope - (mg.cross_entropy_backward(p, np.array([1])) * v).sum()) <= 2.0**-50
    along = mg.cross_entropy_backward(p + 1j * step * v, np.array([1])).imag / step
    found = mg.cross_entropy_double_backward(v, p, np.array([1]))
    assert np.abs(along - found).max() <= 2.0**-50
    turned = mg.cross_entropy_double_backward(v * 1j, p + 0j, np.array([1]))
    assert np.abs(turned.imag - found).max() <= 2.0**-50


def test_gradient_does_not_overflow_before_it_is_divided():
    largest = np.finfo(np.float32).max
    p, t = np.array([largest, 1, 2], np.float32), np.zeros(3, np.float32)
    assert np.isfinite(mg.mse_loss_backward(p, t)).all()
    v = np.full(3, np.finfo(float).max)
    assert np.isfinite(mg.mse_loss_double_backward(v, v, v)).all()


def test_short_floats_do_not_overflow_on_the_way():
    p, t = np.array([2e19, 0, 0, 0], np.float32), np.zeros(4, np.float32)
    assert mg.mse_loss(p, t) == np.float32(float(p[0]) ** 2 / 4)
    many = np.ones(70_000, np.float16)  # the largest float16 is 65504
    assert mg.mse_loss(many, 0 * many) == 1
    assert mg.half_squared_error(many, 0 * many) == 35_000
    logits, target = np.zeros((70_000, 2), np.float16), np.zeros(70_000, int)
    assert mg.cross_entropy(logits, target) == np.float16(np.log(2.0))
    assert (mg.cross_entropy_backward(logits, target)[:, 1] == np.float16(0.5 / 70_000)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_of_a_nearly_certain_class_is_not_zero(dtype):
    # Class 0 has probability 1 - exp(-40), which no float tells from 1.
    gradient = mg.cross_entropy_backward(np.array([[0, -40]], dtype), np.array([0]))
    assert gradient[0, 0] == -gradient[0, 1] == -np.exp(-40.0).astype(dtype)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number():
    p, t = np.zeros((3, 4)), np.array([0, 3, 1])
    assert mg.cross_entropy(p, t) == np.log(4.0)
    gradient = mg.cross_entropy_backward(p, t) * 3
    assert (gradient[np.arange(3), t] == -0.75).all()
    assert (np.sort(gradient, axis=1)[:, 1:] == 0.25).all()


def test_huge_logits_stay_finite():
    p, t = np.array([[1e4, -1e4], [-3e38, 3e38]], np.float32), np.array([1, 1])
    assert mg.cross_entropy(p, t) == np.float32(1e4)
    assert mg.cross_entropy_backward(p, t).tolist() == [[0.5, -0.5], [0, 0]]


def test_positions_are_samples_of_their_own():
    rng = np.random.default_rng(0)
    p, t = rng.standard_normal((2, 3, 4)), rng.integers(0, 3, (2, 4))
    rows, targets = p.transpose(0, 2, 1).reshape(8, 3), t.reshape(8)
    found = mg.cross_entropy_backward(p, t).transpose(0, 2, 1).reshape(8, 3)
    assert (found == mg.cross_entropy_backward(rows, targets)).all()
    assert mg.cross_entropy(p, t) == mg.cross_entropy(rows, targets)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["half_squared_error", "mse_loss", "cross_entropy"])
def test_dtype_in_is_dtype_out(name, dtype):
    target = np.array([0, 1]) if name == "cross_entropy" else T.astype(dtype)
    assert getattr(mg, name)(P.astype(dtype), target).dtype == dtype
    assert getattr(mg, f"{name}_backward")(P.astype(dtype), target).dtype == dtype


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mg.mse_loss(P, T[0]), ValueError,
         "`target` (shape=(2,)) must have the shape of `prediction` (2, 2)"),
        (lambda: mg.half_squared_error(P, T.astype("f4")), TypeError,
         "`prediction` (dtype=float64), `target` (dtype=float32) must have the same dtype"),
        *((lambda name=name: getattr(mg, f"{name}_double_backward")(P.astype("f4"), P, T),
           TypeError, "`v` (dtype=float32), `prediction` (dtype=float64) must have the same dtype")
          for name in ("half_squared_error", "mse_loss")),
        *((lambda name=name: getattr(mg, f"{name}_double_backward")(P[:1], P, T), ValueError,
           "`v` (shape=(1, 2)) must have the shape of `prediction` (2, 2)")
          for name in ("half_squared_error", "mse_loss")),
        (lambda: mg.cross_entropy_double_backward(P.astype("f4"), P, np.array([0, 1])), TypeError,
         "`v` (dtype=float32), `prediction` (dtype=float64) must have the same dtype"),
        (lambda: mg.cross_entropy(P, np.array([0, 2])), ValueError,
         "`target` holds 2, which is no class index from 0 to 1"),
        (lambda: mg.cross_entropy_backward(P, np.array([-1, 0])), ValueError,
         "`target` holds -1, which is no class index from 0 to 1"),
        (lambda: mg.cross_entropy(P, np.array([0.0, 1])), TypeError,
         "`target` (dtype=float64) must be an array of integers"),
        (lambda: mg.cross_entropy(P, [0, 1]), TypeError,
         "`target` (dtype=list) must be an array of integers"),
        (lambda: mg.cross_entropy(P, np.array([0])), ValueError,
         "`target` (shape=(1,)) must have the shape of `prediction` (2, 2) without its axis 1"),
        (lambda: mg.cross_entropy(P[:, :0], np.array([0, 0])), ValueError,
         "`prediction` (shape=(2, 0)) must have at least 1 class"),
        (lambda: mg.cross_entropy(P.astype(object), np.array([0, 0])), TypeError,
         "`prediction` (dtype=object) must be floating or complex"),
        (lambda: mg.cross_entropy(P[0], np.array([0])), ValueError,
         "`prediction` (shape=(2,)) must have at least 2 axes, (N, C)"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
