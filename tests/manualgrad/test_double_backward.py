"""Double backward passes: exact on Fractions, within ULP of truth for activations."""

import re
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from flint import arb, ctx

import manualgrad
from manualgrad import activations
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.elementwise import jet

RNG = np.random.default_rng(8)


def exact(*shape):
    return np.vectorize(lambda n: Fraction(int(n), 3), otypes=[object])(RNG.integers(-9, 10, shape))


CONVOLUTIONS = {
    "conv1d": ((2, 4, 7), (6, 2, 3), {"stride": 2, "padding": 1, "groups": 2}),
    "conv2d": ((2, 2, 5, 4), (3, 2, 2, 3), {"padding": (1, 2), "dilation": (2, 1)}),
    "conv3d": ((1, 2, 3, 4, 3), (2, 2, 2, 1, 2), {"stride": (1, 2, 1)}),
    "conv_transpose1d": ((2, 4, 3), (4, 3, 3), {"stride": 2, "output_padding": 1, "groups": 2}),
    "conv_transpose2d": ((2, 2, 3, 4), (2, 3, 2, 3), {"padding": (1, 0), "dilation": (1, 2)}),
    "conv_transpose3d": ((1, 2, 2, 3, 2), (2, 1, 2, 1, 2), {"stride": (2, 1, 1)}),
    "dense": ((3, 4), (4, 2), {}),
}


def paired(a, b):
    return (a * b).sum()


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_layer_double_backward_is_the_exact_derivative_of_the_backward(name):
    x_shape, w_shape, options = CONVOLUTIONS[name]
    x, w = exact(*x_shape), exact(*w_shape)
    forward, backward, double = (
        getattr(manualgrad, f"{name}{end}") for end in ("", "_backward", "_double_backward")
    )
    g = exact(*forward(x, w, **options).shape)
    grad_b = backward(g, x, w, **options).grad_b
    v_x, v_w, v_b = exact(*x_shape), exact(*w_shape), exact(*grad_b.shape)

    def along(g, x, w):
        found = backward(g, x, w, **options)
        return paired(v_x, found.grad_x) + paired(v_w, found.grad_w) + paired(v_b, found.grad_b)

    found = double(v_x, v_w, v_b, g, x, w, **options)
    for position, (array, gradient) in enumerate(zip((g, x, w), found, strict=True)):
        assert gradient.shape == array.shape
        step = exact(*array.shape)
        moved = [g, x, w]
        moved[position] = array + step
        # The backward pass is linear in each of its arguments: differences are derivatives.
        assert along(*moved) - along(g, x, w) == paired(step, gradient)
    without = double(v_x, v_w, None, g, x, w, **options)
    zeros = double(v_x, v_w, v_b * 0, g, x, w, **options)
    assert all((a == b).all() for a, b in zip(without, zeros, strict=True))


@pytest.mark.parametrize(("name", "channels"), [("conv1d", 6), ("conv_transpose1d", 6)])
def test_a_direction_for_the_bias_has_a_number_for_each_channel(name, channels):
    x_shape, w_shape, options = CONVOLUTIONS[name]
    x, w = np.ones(x_shape), np.ones(w_shape)
    g = np.ones_like(getattr(manualgrad, name)(x, w, **options))
    message = rf"^`v_b` \(shape=\(7,\)\) must have the shape \({channels},\)$"
    with pytest.raises(ValueError, match=message):
        getattr(manualgrad, f"{name}_double_backward")(x, w, np.ones(7), g, x, w, **options)


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d", "dense"])
@pytest.mark.parametrize(("position", "word"), [(0, "v_x"), (1, "v_w"), (2, "v_b"), (3, "grad_y")])
def test_wrong_shapes_are_named(name, position, word):
    x_shape, w_shape, options = CONVOLUTIONS[name]
    x, w = np.ones(x_shape), np.ones(w_shape)
    forward = getattr(manualgrad, name)
    g = np.ones_like(forward(x, w, **options))
    channels = getattr(manualgrad, f"{name}_backward")(g, x, w, **options).grad_b
    arguments = [x, w, channels, g, x, w]
    arguments[position] = np.ones((1,) * arguments[position].ndim + (7,))
    with pytest.raises(ValueError, match=f"`{word}` \\(shape="):
        getattr(manualgrad, f"{name}_double_backward")(*arguments, **options)
    arguments[position] = arguments[position].astype(np.float32)
    with pytest.raises(TypeError, match="same dtype"):
        getattr(manualgrad, f"{name}_double_backward")(*arguments, **options)


# --- activations ------------------------------------------------------------------------------

CASES = [(name, {}) for name in ACTIVATIONS] + [
    ("gelu", {"approximate": "tanh"}), ("elu", {"alpha": 0.7}), ("celu", {"alpha": 1.3}),
    ("softplus", {"beta": 2.0}), ("leaky_relu", {"negative_slope": 0.25}),
    ("hardtanh", {"min_val": -2.0, "max_val": 0.5}),
]  # fmt: skip

POLYNOMIAL = {"identity", "relu", "leaky_relu", "relu6", "hardtanh"}
"""Piece by piece."""

POINTS = np.array(
    [0.0, 1e-40, -1e-40, 1e-8, 0.3, -0.3, 0.75, 1.0, -1.0, 1.7, -1.7, 2.9, -2.9, 3.5, -3.5,
     6.5, -6.5, 9.0, -9.0, 15.0, -15.0, 19.0, -19.0, 37.5, -37.5, 80.0, -80.0, 103.0, -103.0,
     1e3, -1e3, 1e18, -1e18, 3e38, -3e38],
)  # fmt: skip


@cache
def curvature(name, options, x):
    with ctx.workprec(320):
        return jet(ACTIVATIONS[name].pieces(**dict(options)), arb(x), order=3).curvature


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_second_derivative_is_within_ulps_of_truth(name, options, dtype):
    x = POINTS.astype(dtype)
    one = np.ones_like(x)
    double = getattr(activations, f"{name}_double_backward")
    found = double(one, one, x, **options)
    assert (
        found.grad_grad_y.tobytes()
        == getattr(activations, f"{name}_backward")(one, x, **options).tobytes()
    )
    for number, said in zip(x.tolist(), found.grad_x.tolist(), strict=True):
        true = curvature(name, tuple(options.items()), number)
        ulp = np.spacing(np.array(float(abs(true).upper()), dtype))
        distance = float((arb(said) - true).abs_lower())
        # One rounding in float32; in float64 the formula's own, amplified where it cancels.
        assert distance <= (1 if dtype == "float32" else 64) * float(ulp), (number, said)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_second_derivative_at_the_ends_and_at_nan(name, options):
    x = np.array([np.inf, -np.inf, np.nan])
    one = np.ones_like(x)
    found = getattr(activations, f"{name}_double_backward")(one, one, x, **options).grad_x
    assert found[:2].tolist() == [0.0, 0.0]
    assert np.isnan(found[2]) or name == "identity"


@pytest.mark.parametrize(("v", "g"), [(1e-200, 1e200), (1e200, 1e-200), (1e300, 1e-300)])
@pytest.mark.parametrize("x", [1.0, 23.0])
def test_product_neither_underflows_nor_overflows_early(v, g, x):
    v, g, x, one = (np.array([number]) for number in (v, g, x, 1.0))
    found = activations.tanh_double_backward(v, g, x).grad_x
    assert abs(found[0] / activations.tanh_double_backward(one, one, x).grad_x[0] - 1) < 2.0**-50


class Symbol:
    """A number of which nothing is known but how it is multiplied."""

    def __init__(self, *names):
        self.names = sorted(names)

    def __mul__(self, other):
        return Symbol(*self.names, *other.names) if isinstance(other, Symbol) else other * self

    def __rmul__(self, number):
        return number


def test_numbers_without_an_order_can_be_multiplied():
    v, g, x = (np.array([Symbol(name)], object) for name in "vgx")
    found = activations.identity_double_backward(v, g, x)
    assert found.grad_x.tolist() == [0]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", *sorted({*ACTIVATIONS} - POLYNOMIAL)])
def test_exact_numbers_are_refused_by_what_is_no_polynomial(name):
    x = np.array([Fraction(1, 3)], object)
    message = r"^`x` \(dtype=object\) must be floating or complex: not a polynomial$"
    for end, given in (("", [x]), ("_backward", [x, x]), ("_double_backward", [x, x, x])):
        with pytest.raises(TypeError, match=message):
            getattr(activations, f"{name}{end}")(*given)


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax", "log_softmax"])
def test_activation_shapes_are_checked(name):
    double = getattr(activations, f"{name}_double_backward")
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match="`v` \\(shape=\\(3,\\)\\) must have the shape of `x`"):
        double(np.ones(3), x, x)
    with pytest.raises(ValueError, match="`grad_y` \\(shape=\\(3,\\)\\) must have the shape of"):
        double(x, np.ones(3), x)
    names = ("v", "grad_y", "x")
    for position in range(3):
        given = [x.astype(np.float32) if i == position else x for i in range(3)]
        said = ", ".join(f"`{n}` (dtype={a.dtype})" for n, a in zip(names, given, strict=True))
        with pytest.raises(TypeError, match=f"^{re.escape(said)} must have the same dtype$"):
            double(*given)


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu", "relu6", "hardtanh"])
def test_pieces_of_lines_are_exact_on_fractions(name):
    v, g, x = exact(2, 3), exact(2, 3), exact(2, 3)
    found = getattr(activations, f"{name}_double_backward")(v, g, x)
    assert (found.grad_grad_y == getattr(activations, f"{name}_backward")(v, x)).all()
    assert (found.grad_x == 0).all()
    assert {type(number) for number in found.grad_x.ravel()} <= {int, Fraction}


@pytest.mark.parametrize(
    ("name", "options", "true"),
    [
        ("elu", {"alpha": 0.7}, 0.7), ("celu", {"alpha": 0.25}, 4.0),
        ("selu", {}, 1.7580993408473766), ("hardswish", {}, 1 / 3), ("softsign", {}, 0.0),
        ("leaky_relu", {}, 0.0), ("mish", {}, 0.64),
    ],
)  # fmt: skip
def test_second_derivative_at_zero(name, options, true):
    one, zeros = np.ones(2), np.array([0.0, -0.0])
    found = getattr(activations, f"{name}_double_backward")(one, one, zeros, **options)
    assert found.grad_x.tolist() == [true, true]


@pytest.mark.parametrize(
    ("name", "options"), [("elu", {"alpha": 0.75}), ("celu", {"alpha": 0.25}), ("selu", {})]
)
def test_imaginary_parts_of_a_slope_at_zero_follow_the_convention(name, options):
    one, x, step = np.ones(1), np.zeros(1), 2.0**-300
    slope = getattr(activations, f"{name}_backward")(one + 0j, x + 1j * step, **options)
    double = getattr(activations, f"{name}_double_backward")(one, one, x, **options)
    assert slope.imag / step == double.grad_x


@pytest.mark.parametrize("x", [-430.3, -77.7, -21.1, 35.1, 401.9])
def test_rounding_of_a_product_is_not_multiplied_by_the_exponential(x):
    one, beta = np.ones(1), 1.7
    found = activations.softplus_double_backward(one, one, np.array([x]), beta=beta).grad_x[0]
    true = curvature("softplus", (("beta", beta),), x)
    assert float((arb(found) - true).abs_lower()) <= 4 * np.spacing(found)


@pytest.mark.parametrize("name", ["softplus", "celu"])
@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan])
def test_parameters_are_checked(name, value):
    word = {"softplus": "beta", "celu": "alpha"}[name]
    one = np.ones(1)
    for end, given in (("", [one]), ("_backward", [one] * 2), ("_double_backward", [one] * 3)):
        with pytest.raises(
            ValueError, match=rf"^`{word}` \(={value}\) must be positive and finite$"
        ):
            getattr(activations, f"{name}{end}")(*given, **{word: value})


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [0, 1])
def test_imaginary_parts_of_a_backward_pass_are_its_double_backward(name, axis):
    v, g, x, u = RNG.standard_normal((4, 3, 5))
    step, backward = 2.0**-300, getattr(activations, f"{name}_backward")
    found = getattr(activations, f"{name}_double_backward")(v, g, x, axis=axis)
    along_g = (backward(g + 1j * step * u, x + 0j, axis=axis).imag / step * v).sum()
    along_x = (backward(g + 0j, x + 1j * step * u, axis=axis).imag / step * v).sum()
    assert abs(paired(found.grad_grad_y, u) - along_g) <= 2.0**-46
    assert abs(paired(found.grad_x, u) - along_x) <= 2.0**-46


# --- losses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["half_squared_error", "mse_loss"])
def test_loss_double_backward_is_the_exact_derivative_of_the_backward(name):
    prediction, target, v = exact(2, 3), exact(2, 3), exact(2, 3)
    backward = getattr(manualgrad, f"{name}_backward")
    found = getattr(manualgrad, f"{name}_double_backward")(v, prediction, target)
    assert (found == backward(prediction + v, target) - backward(prediction, target)).all()
    with pytest.raises(ValueError, match="`v` \\(shape=\\(2,\\)\\) must have the shape of"):
        getattr(manualgrad, f"{name}_double_backward")(v[:, 0], prediction, target)


def test_cross_entropy_double_backward_keeps_sums_and_symmetry():
    prediction, target = RNG.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    a, b = RNG.standard_normal((2, 4, 3))
    along_a, along_b = (
        manualgrad.cross_entropy_double_backward(v, prediction, target) for v in (a, b)
    )
    # A Hessian is symmetric, and a constant added to the logits changes nothing.
    assert abs((along_a * b).sum() - (along_b * a).sum()) <= 2.0**-50
    assert np.abs(along_a.sum(axis=1)).max() <= 2.0**-50
