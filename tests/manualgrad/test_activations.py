"""Activations against real balls: within 2 ULP in float32, and the conventions at the kinks.

Truth comes from the definition alone; its derivative from Taylor arithmetic. The limits are the
accuracy that the functions promise, in units of the last place of the true value.
"""

import re
from fractions import Fraction

import numpy as np
import pytest
from flint import acb, acb_series, arb, ctx

from manualgrad import activations
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bounded import as_ball, balls
from oracles.exact.distance import error_to

NAMES = sorted(ACTIVATIONS)
# What the functions promise in float64. Near their zeros the derivatives of the amplifying ones
# are differences of close numbers: those points are left out.
FLOAT64_ULP = 4
AMPLIFYING = {"gelu", "silu", "mish"}


def points(dtype):
    info = np.finfo(dtype)
    rng = np.random.default_rng(5)
    powers = 2.0 ** np.arange(-140, 12, 3)
    knots = np.array([-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 20.0], dtype)
    near = [np.nextafter(knots, np.array(sign * np.inf, dtype)) for sign in (1, -1)]
    parts = [
        knots, *near, powers, -powers, rng.standard_normal(60) * 3, rng.uniform(-100, 100, 60),
        [0.0, -0.0, info.max, -info.max, info.smallest_subnormal, info.smallest_normal],
        [88.5, -88.5, -103.9, 17.3, 37.5, -37.5, 12.2, -5.5],
        [-18.53, -19.44, -20.0, -21.6, -38.4, -362.6, -718.2, -744.5],
    ]  # fmt: skip
    return np.concatenate([np.asarray(p, dtype) for p in parts])


def ulps(true, values):
    """Distance from truth in units of the spacing of floats at truth."""
    with ctx.workprec(400):
        error = error_to(true, values)
    with np.errstate(over="ignore"):
        size = np.array([abs(float(as_ball(v).mid())) for v in true.value.ravel()])
        largest = float(np.finfo(values.dtype).max)
        # Beyond the largest float, infinity is the right answer.
        error = np.where((size > largest) & np.isinf(values), 0, error)
        size = np.minimum(size, largest)
        spacing = np.spacing(size.astype(values.dtype)).astype(np.float64)
    return np.where(error == 0, 0, error / spacing.reshape(error.shape))


def measured(name, x, **options):
    """Return the worst ULP of value and derivative, where a float can hold the truth."""
    definition = ACTIVATIONS[name]
    g = np.ones_like(x)
    with ctx.workprec(400):
        y = definition.forward([balls(x)], options, x.dtype)
        (grad,) = definition.backward(balls(g), [balls(x)], options, x.dtype)
    forward = getattr(activations, name)(x, **options)
    backward = getattr(activations, f"{name}_backward")(g, x, **options)
    return ulps(y, forward), ulps(grad, backward)


OPTIONS = {
    "gelu": {"approximate": "tanh"}, "elu": {"alpha": 0.7}, "celu": {"alpha": 1.3},
    "softplus": {"beta": 1.7}, "hardtanh": {"min_val": -2.0, "max_val": 0.5},
    "leaky_relu": {"negative_slope": 0.3},
}  # fmt: skip


def cases(names):
    yield from ((name, {}) for name in names)
    yield from ((name, OPTIONS[name]) for name in names if name in OPTIONS)


@pytest.mark.parametrize(("name", "options"), list(cases(NAMES)))
def test_float32_is_within_2_ulp_everywhere(name, options):
    value, slope = measured(name, points(np.float32), **options)
    assert value.max() <= 2
    assert slope.max() <= 2


@pytest.mark.parametrize(("name", "options"), list(cases(sorted(set(NAMES) - AMPLIFYING))))
def test_float64_is_within_a_few_ulp(name, options):
    value, slope = measured(name, points(np.float64), **options)
    assert value.max() <= FLOAT64_ULP
    assert slope.max() <= FLOAT64_ULP


@pytest.mark.parametrize(("name", "options"), list(cases(sorted(AMPLIFYING))))
def test_float64_of_the_amplifying_ones_away_from_the_zero_of_the_derivative(name, options):
    x = points(np.float64)
    value, slope = measured(name, x, **options)
    assert value.max() <= FLOAT64_ULP
    assert slope[(x < -3) | (x > -0.1)].max() <= FLOAT64_ULP


@pytest.mark.parametrize(
    ("name", "options", "x"),
    [
        # exp(x) alone is subnormal or 0 here; the result is neither.
        ("elu", {"alpha": 1e20}, -770.0),
        ("softplus", {"beta": 2.0**-200}, -800 * 2.0**200),
    ],
)
def test_large_factor_of_a_vanishing_exponential(name, options, x):
    value, slope = measured(name, np.array([x]), **options)
    assert max(value[0], slope[0]) <= FLOAT64_ULP


@pytest.mark.parametrize(
    ("name", "x", "value", "slope"),
    [
        ("tanh", np.inf, 1, 0), ("tanh", -np.inf, -1, 0), ("arctan", np.inf, np.pi / 2, 0),
        ("sigmoid", -np.inf, 0, 0), ("silu", -np.inf, 0, 0), ("silu", np.inf, np.inf, 1),
        ("gelu", -np.inf, 0, 0), ("gelu", np.inf, np.inf, 1), ("mish", -np.inf, 0, 0),
        ("mish", np.inf, np.inf, 1), ("softplus", -np.inf, 0, 0), ("softplus", np.inf, np.inf, 1),
        ("softsign", -np.inf, -1, 0), ("logsigmoid", -np.inf, -np.inf, 1),
        ("logsigmoid", np.inf, 0, 0), ("elu", -np.inf, -1, 0), ("hardswish", -np.inf, 0, 0),
        ("hardsigmoid", np.inf, 1, 0), ("relu", np.inf, np.inf, 1),
    ],
)  # fmt: skip
def test_limits_at_infinity(name, x, value, slope):
    at = np.array([x])
    assert getattr(activations, name)(at)[0] == value
    assert getattr(activations, f"{name}_backward")(np.ones(1), at)[0] == slope


@pytest.mark.parametrize(("name", "options"), [("silu", {}), ("mish", {}), *cases(["gelu"])])
def test_limit_from_below_is_negative_zero(name, options):
    (y,) = getattr(activations, name)(np.array([-np.inf]), **options)
    assert y == 0
    assert np.signbit(y)


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_nan(name):
    assert np.isnan(getattr(activations, name)(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("relu", 0, 0), ("leaky_relu", 0, 0.01), ("relu6", 0, 0), ("relu6", 6, 0),
        ("hardtanh", -1, 0), ("hardtanh", 1, 0), ("hardsigmoid", -3, 0), ("hardsigmoid", 3, 0),
        ("hardswish", -3, 0), ("hardswish", 3, 1), ("elu", 0, 1), ("celu", 0, 1),
    ],
)  # fmt: skip
def test_conventions_at_the_kinks_are_pytorch_s(name, x, slope):
    torch = pytest.importorskip("torch")
    leaf = torch.tensor([float(x)], dtype=torch.float64, requires_grad=True)
    (theirs,) = torch.autograd.grad(getattr(torch.nn.functional, name)(leaf).sum(), leaf)
    ours = getattr(activations, f"{name}_backward")(np.ones(1), np.array([float(x)]))
    assert ours[0] == theirs.item() == slope


@pytest.mark.parametrize("name", NAMES)
def test_complex_step_is_the_derivative(name):
    x = np.array([-7.0, -2.5, -0.5, 0.25, 0.75, 2.0, 4.5, 30.0])
    step = 2.0**-300
    slope = getattr(activations, name)(x + 1j * step).imag / step
    definition = ACTIVATIONS[name]
    with ctx.workprec(400):
        (true,) = definition.backward(balls(np.ones_like(x)), [balls(x)], {}, x.dtype)
    assert (error_to(true, slope) <= true.error).all()


@pytest.mark.parametrize(
    ("name", "x", "slope"),
    [
        ("relu", 0, 0), ("leaky_relu", 0, 0.01), ("relu6", 0, 0), ("relu6", 6, 0),
        ("hardtanh", -1, 0), ("hardtanh", 1, 0), ("hardsigmoid", -3, 0), ("hardsigmoid", 3, 0),
        ("hardswish", -3, 0), ("hardswish", 3, 1), ("elu", 0, 1), ("celu", 0, 1),
        ("selu", 0, 1.7580993408473766),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sign", [1, -1])
def test_imaginary_parts_at_the_kinks_follow_the_conventions(name, x, slope, sign):
    step, at, g = sign * 2.0**-300, np.array([float(x)]), np.array([1.0])
    assert getattr(activations, name)(at + 1j * step).imag / step == slope
    assert getattr(activations, f"{name}_backward")(g, at) == slope
    assert getattr(activations, f"{name}_backward")(g + 0j, at + 1j * step).real == slope


def test_slope_of_elu_at_zero_is_that_from_below():
    x, step = np.zeros(1), 2.0**-300
    assert activations.elu(x + 1j * step, alpha=0.75).imag / step == 0.75
    assert activations.elu_backward(x + 1, x, alpha=0.75) == 0.75


@pytest.mark.parametrize(
    ("name", "x"), [("relu6", -0.0), ("relu6", -1.0), ("hardsigmoid", -3.0), ("hardswish", -3.0)]
)
def test_zero_below_a_kink_is_positive(name, x):
    y = getattr(activations, name)(np.full(9, x))
    assert (y == 0).all()
    assert not np.signbit(y).any()


def logistic(z):
    return 1 / (1 + (-z).exp())


def tanh(z):
    return 2 * logistic(2 * z) - 1


ANALYTIC = {
    "arctan": lambda z: z.atan(),
    "gelu": lambda z: z * (1 + (z / arb(2).sqrt()).erf()) / 2,
    "gelu by tanh": lambda z: z * logistic(
        (8 / arb.pi()).sqrt() * (z + arb(44715) / 1_000_000 * z * z * z)
    ),
    "logsigmoid": lambda z: logistic(z).log(),
    "mish": lambda z: z * tanh((1 + z.exp()).log()),
    "sigmoid": logistic,
    "silu": lambda z: z * logistic(z),
    "softplus": lambda z: (1 + z.exp()).log(),
    "tanh": tanh,
}  # fmt: skip
"""Definitions that are one formula, for series of complex balls."""


@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("z", [0.25j, -0.25j])
def test_pieces_are_one_analytic_function_where_they_meet(name, z):
    with ctx.workprec(100):
        series = ANALYTIC[name](acb_series([acb(0, z.imag), 1], prec=3))
        true = np.array([complex(series[k]) * (1, 1, 2)[k] for k in range(3)])
    word, by_tanh, _ = name.partition(" by ")
    options = {"approximate": "tanh"} if by_tanh else {}
    x, one = np.array([z]), np.ones(1, complex)
    value = getattr(activations, word)(x, **options)[0]
    slope = getattr(activations, f"{word}_backward")(one, x, **options)[0]
    bend = getattr(activations, f"{word}_double_backward")(one, one, x, **options).grad_x[0]
    assert np.abs(np.array([value, slope, bend]) - true).max() <= 2.0**-49


@pytest.mark.parametrize("name", [*NAMES, "softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_dtype_shape_and_memory(name, dtype):
    x = np.linspace(-2, 2, 12).astype(dtype).reshape(3, 4)
    kept = x.copy()
    y = getattr(activations, name)(x.T)
    grad = getattr(activations, f"{name}_backward")(x.T, x.T)
    for result in (y, grad):
        assert (result.dtype, result.shape) == (np.dtype(dtype), (4, 3))
        assert not np.shares_memory(result, x)
    assert (x == kept).all()
    assert getattr(activations, name)(x[:0]).shape == (0, 4)


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu", "relu6", "hardtanh"])
def test_pieces_of_lines_take_exact_numbers(name):
    x = np.array([-3, 0, 2, 7], object)
    y, grad = getattr(activations, name)(x), getattr(activations, f"{name}_backward")(x, x)
    assert y.dtype == grad.dtype == object
    assert (y.astype(float) == getattr(activations, name)(x.astype(float))).all()
    expected = getattr(activations, f"{name}_backward")(x.astype(float), x.astype(float))
    assert (grad.astype(float) == expected).all()


@pytest.mark.parametrize("name", ["identity", "relu", "relu6", "hardtanh"])
def test_no_float_gets_among_exact_numbers(name):
    x = np.array([-3, 0, 2, 7, Fraction(1, 3)], object)
    y, grad = getattr(activations, name)(x), getattr(activations, f"{name}_backward")(x, x)
    assert {type(item) for item in [*y, *grad]} <= {int, Fraction}


def test_softmax_sums_to_one_and_its_gradient_to_nothing():
    x = np.array([[0.0, 1.0, -np.inf], [700.0, 701.0, 3.0]])
    y = activations.softmax(x)
    assert (np.abs(y.sum(axis=-1) - 1) <= 3 * np.finfo(float).eps).all()
    assert y[0, 2] == 0
    grad = activations.softmax_backward(np.array([[1.0, 0, 2], [0, 3, 0]]), x)
    assert (np.abs(grad.sum(axis=-1)) <= 6 * np.finfo(float).eps).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_gradients_keep_what_one_minus_a_probability_loses(dtype):
    x, g = np.array([0.0, -40.0], dtype), np.array([1.0, 0], dtype)
    with ctx.workprec(200):
        small = (-arb(40)).exp()
        true = small / (1 + small)
        for name, slope in (("softmax", true * (1 - true)), ("log_softmax", true)):
            grad = getattr(activations, f"{name}_backward")(g, x)
            for value, sign in zip(grad, (1, -1), strict=True):
                error = float(abs(arb(float(value)) - sign * slope))
                assert error <= FLOAT64_ULP * np.spacing(abs(value))


def test_softmax_rounds_no_difference_that_is_exponentiated():
    x = np.array([0.1, -700.7])
    with ctx.workprec(200):
        true = (arb(x[1]) - arb(x[0])).exp()
        error = float(abs(arb(activations.softmax(x)[1]) - true))
    assert error <= FLOAT64_ULP * np.spacing(float(true.mid()))


def test_derivative_of_arctan_is_not_lost_where_a_square_overflows():
    x = np.array([2.0**520])
    assert activations.arctan_backward(np.ones(1), x) == 2.0**-1040


@pytest.mark.parametrize("x", [[np.nan], [np.nan, 1], [np.inf, 1], [-np.inf, -np.inf]])
def test_softmax_of_what_has_no_largest_finite_number_is_nan(x):
    assert np.isnan(activations.softmax(np.array(x, float))).all()


def test_infinite_cotangent_of_softmax_follows_ieee():
    found = activations.softmax_backward(np.array([np.inf, 0, 0]), np.array([2.0, 1, 0]))
    assert np.isnan(found[0])
    assert found[1:].tolist() == [-np.inf, -np.inf]


def test_log_softmax_keeps_what_one_plus_a_little_loses():
    y = activations.log_softmax(np.array([0.0, -50.0]))
    assert y[0] == -np.exp(-50.0)
    assert (activations.log_softmax(np.array([[3.0, 3.0]]), axis=0) == 0).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: activations.tanh([1.0]), TypeError, "`x` (=[1.0]) must be a NumPy array"),
        (lambda: activations.tanh(np.arange(3)), TypeError, "`x` (dtype=int64) must be floating"),
        (lambda: activations.tanh(np.array([1], object)), TypeError, "not a polynomial"),
        (lambda: activations.tanh_backward(np.ones(2), np.ones(3)), ValueError,
         "`grad_y` (shape=(2,)) must have the shape of `x` (3,)"),
        (lambda: activations.relu_backward(np.ones(3, "f4"), np.ones(3)), TypeError,
         "`grad_y` (dtype=float32), `x` (dtype=float64) must have the same dtype"),
        (lambda: activations.softmax(np.ones(3), axis=1), ValueError,
         "`axis` (=1) is none of the 1 axes of `x` (shape=(3,))"),
        (lambda: activations.softmax(np.ones(3), axis=1.0), TypeError,
         "`axis` (=1.0) must be an integer"),
        (lambda: activations.softplus(np.ones(1), beta=np.inf), ValueError,
         "`beta` (=inf) must be positive and finite"),
        (lambda: activations.log_softmax(np.ones((2, 0))), ValueError, "must not be empty along"),
        (lambda: activations.gelu(np.ones(1), approximate="erf"), ValueError,
         "`approximate` (='erf') must be 'none' or 'tanh'"),
        (lambda: activations.softplus(np.ones(1), beta=0), ValueError,
         "`beta` (=0) must be positive"),
        (lambda: activations.celu(np.ones(1), alpha=-1), ValueError, "`alpha` (=-1) must be"),
        (lambda: activations.hardtanh(np.ones(1), min_val=1), ValueError,
         "`min_val` (=1) must be below `max_val` (=1)"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
