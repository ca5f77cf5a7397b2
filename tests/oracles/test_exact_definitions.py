"""Every exact definition against PyTorch's float64, which is only trusted to a derived bound.

What is compared is independent twice over: the value, and the gradient that neither side
writes down (PyTorch's tape, the exact witness's formal sums and Taylor arithmetic).
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bilinear import Bilinear
from oracles.exact.bounded import Approximate, as_ball, balls, rationals, text_of
from oracles.exact.contraction import contract
from oracles.exact.distance import error_to
from oracles.exact.elementwise import SECOND, Pieces, jet
from oracles.exact.losses import half_squared_error, mse_loss
from oracles.exact.softmax import CrossEntropy, Softmax
from oracles.exact.terms import dense_terms
from oracles.exact.truth import truth
from oracles.op import Case

FLOAT64 = np.dtype("float64")
DENSE = Bilinear(dense_terms, lambda y_axes, w_axes: 1)


def case(operands, cotangent, **options):
    return Case("any", operands, options, np.asarray(cotangent, dtype=np.float64))


def fractions(found):
    return [Fraction(int(v.p), int(v.q)) if hasattr(v, "p") else Fraction(int(v))
            for v in found.value.ravel()]  # fmt: skip


def test_dense_in_rationals_is_exact():
    x, w, b = np.array([[0.1, 3.0]]), np.array([[0.5], [1e-20]]), np.array([7.0])
    found = truth(DENSE, case({"x": x, "w": w, "b": b}, [[2.0]]), ["x", "w", "b"])
    x1, w2 = Fraction(0.1), Fraction(1e-20)
    assert fractions(found["y"]) == [x1 / 2 + 3 * w2 + 7]
    assert fractions(found["grad_x"]) == [Fraction(1), 2 * w2]
    assert fractions(found["grad_w"]) == [2 * x1, Fraction(6)]
    assert fractions(found["grad_b"]) == [Fraction(2)]


def test_whole_numbers_stay_python_integers():
    found = rationals(np.array([2.0**80, -3.0]))
    assert found.value.tolist() == [2**80, -3]
    assert all(isinstance(v, int) for v in found.value)


def test_bilinear_bound_is_gamma_times_the_absolute_sum():
    x, w = np.array([[1.5, -2.0]]), np.array([[3.0], [4.0]])
    found = truth(DENSE, case({"x": x, "w": w}, [[1.0]]), [])
    n, u, size = 2, Fraction(1, 2**53), Fraction(25, 2)
    gamma = n * u / (1 - n * u)
    assert gamma * size <= Fraction(float(found["y"].error[0, 0])) <= gamma * size * (1 + Fraction(1, 2**29)) + Fraction(1, 2**1000)  # fmt: skip # noqa: E501


def test_error_of_the_operands_is_carried():
    flat = Approximate(np.array([2, 3], object), np.array([0.5, 0.25]))
    other = Approximate(np.array([5, 7], object), np.array([0.0, 1.0]))
    index = np.array([0, 1])
    found = contract(np.array([0, 0]), (1,), (flat, index), (other, index), FLOAT64)
    worst = max(
        abs((2 + a) * 5 + (3 + b) * (7 + c) - 31)
        for a in (-0.5, 0.5) for b in (-0.25, 0.25) for c in (-1, 1)
    )  # fmt: skip
    assert found.value.tolist() == [31]
    assert worst <= found.error[0] <= worst * (1 + 1e-8) + 1e-13


@pytest.mark.parametrize(
    ("x", "w", "expected"),
    [
        ([np.inf, 1.0], [2.0, 1.0], np.inf),
        ([np.inf, 1.0], [-2.0, 1.0], -np.inf),
        ([np.inf, -np.inf], [1.0, 1.0], np.nan),
        ([-np.inf, 1e300], [1.0, 1e300], -np.inf),
        ([np.nan, 1.0], [2.0, 1.0], np.nan),
    ],
)
def test_non_finite_numbers_go_as_ieee_has_it(x, w, expected):
    """But that a zero may be left out: see ``test_exact_contraction.py``."""
    given = {"x": np.array([x]), "w": np.array([w]).T}
    found = truth(DENSE, case(given, [[1.0]]), [])["y"]
    assert str(found.value[0, 0]) == str(expected)
    assert not found.or_nan.any()


def test_infinite_bias_does_not_reach_second_derivatives():
    given = {"x": np.array([[2.0]]), "w": np.array([[3.0]]), "b": np.array([np.inf])}
    along = {"x": np.array([[5.0]]), "w": np.array([[7.0]]), "b": np.array([11.0])}
    asked = replace(case(given, [[1.0]]), directions=along)
    found = truth(DENSE, asked, ["x", "w", "b"], ["x", "w"])
    assert found["y"].value.tolist() == [[np.inf]]
    assert found["grad_grad_y"].value.tolist() == [[5 * 3 + 2 * 7 + 11]]
    assert [found[f"grad2_{name}"].value.item() for name in "xw"] == [7, 5]


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"hardsigmoid"}))
def test_activation_and_derivative_are_torch_s_where_torch_is_accurate(name):
    torch = pytest.importorskip("torch")
    functions = {"identity": lambda x: x * 1, "tanh": torch.tanh, "arctan": torch.atan,
                 "sigmoid": torch.sigmoid}  # fmt: skip
    function = functions.get(name) or getattr(torch.nn.functional, name)
    x = np.array([-0.9, -0.5, -0.3, 0.2, 0.6, 0.95])  # here even 1 - tanh^2 keeps its digits
    g = np.array([1.0, -2.0, 0.5, 3.0, -0.25, 1.5])
    leaf = torch.tensor(x, requires_grad=True)
    y = function(leaf)
    (grad,) = torch.autograd.grad(y, leaf, torch.tensor(g))
    found = truth(ACTIVATIONS[name], case({"x": x}, g), ["x"])
    for ours, theirs in ((found["y"], y.detach()), (found["grad_x"], grad)):
        assert (error_to(ours, theirs.numpy()) <= ours.error).all()


def test_torch_s_hardsigmoid_has_the_sixth_of_float32_in_float64():
    torch = pytest.importorskip("torch")
    leaf = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(torch.nn.functional.hardsigmoid(leaf).sum(), leaf)
    found = truth(ACTIVATIONS["hardsigmoid"], case({"x": np.array([0.5])}, [1.0]), ["x"])
    assert grad.item() == float(np.float32(1) / np.float32(6))
    assert error_to(found["grad_x"], grad.numpy()) > 1e6 * found["grad_x"].error


def test_kinks_admit_both_one_sided_derivatives_and_nothing_else():
    found = truth(ACTIVATIONS["relu"], case({"x": np.zeros(3)}, np.full(3, 2.0)), ["x"])["grad_x"]
    assert error_to(found, np.array([0.0, 1.0, 2.0])).tolist() == [0, 0, 0]
    above, below, nan = error_to(found, np.array([2.5, -0.5, np.nan]))
    # The radius of a ball has 30 bits and is rounded up.
    assert 0.5 * (1 - 2.0**-24) < above <= 0.5
    assert 0.5 * (1 - 2.0**-24) < below <= 0.5
    assert nan == np.inf
    assert text_of(found.value[0]) == "0 to 2"


@pytest.mark.parametrize(
    ("name", "x", "value", "slope"),
    [("tanh", np.inf, 1, 0), ("softplus", np.inf, np.inf, 1), ("silu", -np.inf, 0, 0),
     ("logsigmoid", -np.inf, -np.inf, 1), ("hardswish", np.inf, np.inf, 1)],
)  # fmt: skip
def test_limits_at_infinity(name, x, value, slope):
    found = truth(ACTIVATIONS[name], case({"x": np.array([x])}, [1.0]), ["x"])
    assert error_to(found["y"], np.array([float(value)]))[0] < 2.0**-1074
    assert error_to(found["grad_x"], np.array([float(slope)]))[0] < 2.0**-1074


def test_tiny_arguments_get_the_precision_they_need():
    at = jet(ACTIVATIONS["tanh"].pieces(), arb(5e-324))
    assert at.value.rel_accuracy_bits() > 80
    assert abs(float(at.value) - 5e-324) == 0


def test_a_ball_across_a_knot_holds_both_pieces():
    pieces = Pieces((lambda x: 0 * x, lambda x: x), (arb(0),))
    at = jet(pieces, arb(0, 1e-10))
    assert at.slope.contains(arb(0))
    assert at.slope.contains(arb(1))


@pytest.mark.parametrize("logarithm", [False, True])
def test_softmax_is_torch_s(logarithm):
    torch = pytest.importorskip("torch")
    x = np.array([[[0.5, -1.0], [2.0, 3.0], [-4.0, 0.25]]])
    g = np.array([[[1.0, -2.0], [0.5, 3.0], [-1.0, 0.75]]])
    leaf = torch.tensor(x, requires_grad=True)
    y = (torch.log_softmax if logarithm else torch.softmax)(leaf, 1)
    (grad,) = torch.autograd.grad(y, leaf, torch.tensor(g))
    found = truth(Softmax(logarithm), case({"x": x}, g, axis=1), ["x"])
    assert (error_to(found["y"], y.detach().numpy()) <= found["y"].error).all()
    assert (error_to(found["grad_x"], grad.numpy()) <= found["grad_x"].error).all()


def test_softmax_of_far_apart_numbers_keeps_its_digits():
    found = truth(Softmax(logarithm=True), case({"x": np.array([0.0, -600.0])}, [0, 0], axis=0), [])
    first = found["y"].value[0]
    with ctx.workprec(200):
        expected = -((-arb(600)).exp().log1p())
    assert as_ball(first).overlaps(expected)
    assert first.rel_accuracy_bits() > 100


def test_cross_entropy_is_torch_s():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(5).standard_normal((3, 4, 2))
    target = np.array([[0, 3], [1, 1], [2, 0]])
    leaf = torch.tensor(x, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(target))
    (grad,) = torch.autograd.grad(loss, leaf)
    given = {"prediction": x, "target": target}
    found = truth(CrossEntropy(), case(given, 1.0), ["prediction"])
    assert error_to(found["y"], loss.detach().numpy()) <= found["y"].error
    close = error_to(found["grad_prediction"], grad.numpy()) <= found["grad_prediction"].error
    assert close.all()


def test_squared_errors_are_rational():
    given = {"prediction": np.array([0.5, 3.0]), "target": np.array([0.25, -1.0])}
    half = truth(half_squared_error, case(given, 1.0), ["prediction"])
    mean = truth(mse_loss, case(given, 1.0), ["prediction"])
    assert fractions(half["y"]) == [Fraction(257, 32)]
    assert fractions(half["grad_prediction"]) == [Fraction(1, 4), Fraction(4)]
    assert fractions(mean["y"]) == [Fraction(257, 32)]
    assert fractions(mean["grad_prediction"]) == [Fraction(1, 4), Fraction(4)]


def test_mean_over_nothing_is_nan():
    given = {"prediction": np.zeros((0, 2)), "target": np.zeros((0, 2))}
    assert str(truth(mse_loss, case(given, 1.0), [])["y"].value.item()) == "nan"
    assert truth(half_squared_error, case(given, 1.0), [])["y"].value.item() == 0


def test_distance_from_truth():
    true = balls(np.array([1.0, np.inf, np.nan, 2.0]))
    given = np.array([1.25, np.inf, np.nan, np.inf])
    assert error_to(true, given).tolist() == [0.25, 0, 0, np.inf]
    assert error_to(true, np.array([1.0, 1.0, 0.0, 2.0])).tolist() == [0, np.inf, np.inf, 0]


# --- overflow on the way to a loss that is a number of the dtype --------------------------------

LARGEST = np.finfo(np.float64).max


def squares(p, t):
    return case({"prediction": np.array(p), "target": np.array(t)}, 1.0)


def test_a_sum_of_squares_may_overflow_before_it_is_divided():
    root = np.sqrt(LARGEST)
    inside = squares([root / 2, root / 2, 1.0], np.zeros(3))
    beyond = squares([0.9 * root, 0.9 * root, 1.0], np.zeros(3))
    assert truth(mse_loss, inside, [])["y"].error < 1e-15 * LARGEST
    found = truth(mse_loss, beyond, [])["y"]
    assert Fraction(int(found.value.item().p), int(found.value.item().q)) < LARGEST
    assert found.error == np.inf


def test_a_difference_may_overflow_before_it_is_divided():
    given = squares([LARGEST, LARGEST / 8, 1, 1, 1, 1], [-LARGEST, 0.0, 0, 0, 0, 0])
    found = truth(mse_loss, given, ["prediction"])["grad_prediction"]
    assert float(text_of(found.value[0])) < LARGEST
    assert np.isinf(found.error).tolist() == [True, False, False, False, False, False]
    assert found.error[1:].max() < 1e-15 * LARGEST


def test_exact_arithmetic_overflows_nowhere():
    given = squares([LARGEST], [-LARGEST])
    for name in ("y", "grad_prediction"):
        assert truth(half_squared_error, given, ["prediction"])[name].error == np.inf
    found = half_squared_error.forward(
        [rationals(given.operands["prediction"]), rationals(given.operands["target"])], {}, None
    )
    assert found.error == 0


# --- underflow in a derivative, before its product with the cotangent ------------------------

SMALLEST = 2.0**-1074


def test_an_underflow_in_the_first_derivative_is_multiplied_by_the_cotangent():
    x = np.array([-740.3])
    alone = truth(ACTIVATIONS["sigmoid"], case({"x": x}, [1.0]), ["x"])["grad_x"]
    slope = float(text_of(alone.value[0]))
    assert 0 < slope < 100 * SMALLEST  # with half a unit lost, as by any formula
    found = truth(ACTIVATIONS["sigmoid"], case({"x": x}, [1000.0]), ["x"])["grad_x"]
    error = error_to(found, 1000 * np.array([slope]))[0]
    n = ACTIVATIONS["sigmoid"].roundings
    assert error > n * SMALLEST
    assert error <= found.error[0] <= 1.001 * n * (1 + 1000) * SMALLEST


def test_an_underflow_in_the_second_derivative_is_multiplied_by_both_factors():
    asked = replace(case({"x": np.array([SMALLEST])}, [13.0]), directions={"x": np.array([14.0])})
    found = truth(ACTIVATIONS["sigmoid"], asked, ["x"], ["x"])["grad2_x"]
    n = ACTIVATIONS["sigmoid"].roundings + SECOND
    error = error_to(found, np.array([-0.0]))[0]  # f'' = -x / 8 is no number of float64
    assert n * SMALLEST < error <= found.error[0] <= 1.001 * n * (1 + 13 * 14) * SMALLEST


def test_a_derivative_that_is_nothing_but_zero_does_not_underflow():
    found = truth(ACTIVATIONS["relu"], case({"x": np.array([-1.0])}, [1e300]), ["x"])["grad_x"]
    assert found.error[0] <= 2 * SMALLEST


def test_underflow_explains_nothing_where_nothing_underflows():
    found = truth(ACTIVATIONS["sigmoid"], case({"x": np.array([1.0])}, [1e10]), ["x"])["grad_x"]
    assert 0 < found.error[0] < 1e-14 * 1e10
