"""The tape against the catalog's own definitions, against jets, and against NumPy's rounding."""

import numpy as np
import pytest
from flint import arb, ctx

from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bilinear import Bilinear
from oracles.exact.definition import WORKING_PRECISION
from oracles.exact.distance import error_to
from oracles.exact.elementwise import Pieces, jet
from oracles.exact.functions import FUNCTIONS
from oracles.exact.losses import mse_loss
from oracles.exact.namespace import Exact, NotExact, exact_array, namespace
from oracles.exact.neutral import Neutral
from oracles.exact.softmax import Softmax
from oracles.exact.spaces import Reals, Ring
from oracles.exact.tape import Tape
from oracles.exact.terms import convolution_terms, dense_terms
from oracles.exact.truth import truth
from oracles.op import Case

FLOAT64 = np.dtype("float64")
RNG = np.random.default_rng(7)


def case(operands, y_shape, dtype="float64", **options):
    g = RNG.standard_normal(y_shape).astype(dtype)
    along = {name: RNG.standard_normal(a.shape).astype(dtype) for name, a in operands.items()}
    given = {name: np.asarray(a).astype(dtype) for name, a in operands.items()}
    return Case("any", given, options, g, directions=along)


def numbers(tape, array):
    plain = np.asarray(array, dtype=float)
    return exact_array(Reals(tape), [tape.leaf(v) for v in plain.ravel().tolist()], plain.shape)


def apart(mine, theirs):
    """Return the largest distance of two true arrays."""
    with ctx.workprec(WORKING_PRECISION):
        pairs = zip(mine.value.flat, theirs.value.flat, strict=True)
        return max(float(abs(arb(a) - arb(b)).upper()) for a, b in pairs)


def dense(xp, x, w, b):
    return x @ w + b


def softmax(xp, x, axis):
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def gelu(xp, x, approximate):
    if approximate == "tanh":
        return x / 2 * (1 + xp.tanh((2 / xp.pi) ** 0.5 * (x + 0.044715 * x**3)))
    return x * xp.exp(-x)


def conv(xp, x, w):
    """Convolve with a kernel of 2 by 3 taps, by shifted slices."""
    high, wide = x.shape[2] - 1, x.shape[3] - 2
    return sum(
        xp.einsum("nchw,oc->nohw", x[:, :, i : i + high, j : j + wide], w[:, :, i, j])
        for i in range(2) for j in range(3)
    )  # fmt: skip


def mean_square(xp, prediction, target):
    return xp.mean((prediction - target) ** 2)


AGAINST = {
    "tanh": (lambda xp, x: xp.tanh(x), ACTIVATIONS["tanh"], {"x": (3, 4)}, (3, 4), {}),
    "arctan": (lambda xp, x: xp.arctan(x), ACTIVATIONS["arctan"], {"x": (5,)}, (5,), {}),
    "silu": (lambda xp, x: x / (1 + xp.exp(-x)), ACTIVATIONS["silu"], {"x": (5,)}, (5,), {}),
    "softmax": (softmax, Softmax(logarithm=False), {"x": (2, 5)}, (2, 5), {"axis": 1}),
    "dense": (dense, Bilinear(dense_terms, lambda *_: 1), {"x": (2, 3), "w": (3, 4), "b": (4,)},
              (2, 4), {}),
    "conv": (conv, Bilinear(convolution_terms, lambda *_: 1), {"x": (2, 2, 4, 5),
             "w": (3, 2, 2, 3)}, (2, 3, 3, 3), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", AGAINST)
def test_value_gradients_and_second_gradients_are_the_catalog_s(name):
    formula, definition, shapes, y_shape, options = AGAINST[name]
    asked = case({n: RNG.standard_normal(s) for n, s in shapes.items()}, y_shape, **options)
    second = [n for n in shapes if n != "b"]
    mine = truth(Neutral(formula), asked, list(shapes), second)
    theirs = truth(definition, asked, list(shapes), second)
    assert set(mine) == set(theirs)
    for operand in theirs:
        assert apart(mine[operand], theirs[operand]) < 1e-40, operand
        assert (theirs[operand].error <= mine[operand].error).all(), operand


def test_gelu_with_its_constants_as_doubles_is_the_catalog_s_but_for_them():
    asked = case({"x": RNG.standard_normal(6)}, (6,), approximate="tanh")
    mine = truth(Neutral(gelu), asked, ["x"])
    theirs = truth(ACTIVATIONS["gelu"], asked, ["x"])
    for operand in ("y", "grad_x"):
        assert 0 < apart(mine[operand], theirs[operand]) < 1e-15


def test_loss_is_the_catalog_s():
    asked = case({"prediction": RNG.standard_normal((2, 3)), "target": np.ones((2, 3))}, ())
    asked = Case("any", asked.operands, {}, np.ones(()))
    mine, theirs = (truth(d, asked, ["prediction"]) for d in (Neutral(mean_square), mse_loss))
    for operand in ("y", "grad_prediction"):
        assert apart(mine[operand], theirs[operand]) < 1e-80


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_of_every_function_are_those_of_its_series(name):
    x = 1.75 if name == "arccosh" else 0.4375
    with ctx.workprec(WORKING_PRECISION):
        tape = Tape(FLOAT64)
        leaf = tape.leaf(x)
        y = leaf.call(name, 0)
        first = tape.gradients([(y, tape.one)])[leaf.index]
        second = tape.gradients([(first, tape.one)])[leaf.index]
        expected = jet(Pieces((FUNCTIONS[name].of_series,)), arb(x))
        told = zip((y, first, second), (expected.value, expected.slope, expected.curvature),
                   strict=True)  # fmt: skip
        for mine, theirs in told:
            assert (mine.value - theirs).contains(0)
            assert float(abs(mine.value - theirs).upper()) < 1e-40


# --- rounding bounds --------------------------------------------------------------------------


def layered(xp, x, w, v):
    h = xp.tanh(x @ w) + 0.1 * xp.sqrt(1 + x @ w * (x @ w))
    return xp.exp(-xp.mean(h * v, axis=1)) / (1 + xp.abs(v).sum())


def layered_backward(g, x, w, v):
    a = x @ w
    t, r, n = np.tanh(a), np.sqrt(1 + a * a), x.dtype.type(0.1)
    h, total = t + n * r, 1 + np.abs(v).sum()
    e = np.exp(-np.mean(h * v, axis=1))
    d = (-g * e / total / w.shape[1])[:, None]
    along = (d * v) * (1 - t * t + n * a / r)
    grad_v = (d * h).sum(0) - (g * e).sum() / (total * total) * np.sign(v)
    return along @ w.T, x.T @ along, grad_v


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_stays_within_the_bounds_and_they_are_not_vacuous(dtype):
    rng = np.random.default_rng(1)
    worst, finest = 0.0, {}
    for _ in range(150):
        n, i, o = rng.integers(1, 6, 3)
        shapes = {"x": (n, i), "w": (i, o), "v": (o,)}
        given = {k: rng.standard_normal(s).astype(dtype) for k, s in shapes.items()}
        g = rng.standard_normal(n).astype(dtype)
        said = [layered(np, *given.values()), *layered_backward(g, *given.values())]
        true = truth(Neutral(layered), Case("any", given, {}, g), list(given))
        for (operand, expected), value in zip(true.items(), said, strict=True):
            error = error_to(expected, value)
            worst = max(worst, float((error / expected.error).max()))
            finest[operand] = min(finest.get(operand, 1.0), expected.finest)
    assert 1e-3 < worst <= 1
    assert max(finest.values()) < 1e4 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_error_a_little_above_rounding_exceeds_the_bound(dtype):
    x = np.array([0.5, -1.25], dtype)
    asked = Case("any", {"x": x}, {}, np.array([1.0, 2.0], dtype))
    true = truth(Neutral(lambda xp, x: xp.exp(x) * x), asked, ["x"])["grad_x"]
    right = np.array([float(v) for v in true.value], dtype)
    assert (error_to(true, right) <= true.error).all()
    assert (error_to(true, right * dtype_of(dtype, 1 + 2000 * np.finfo(dtype).eps))
            > true.error).all()  # fmt: skip


def dtype_of(dtype, number):
    return np.dtype(dtype).type(number)


def test_what_overflows_on_the_way_has_no_bound():
    asked = Case("any", {"x": np.float32([100.0, 1.0])}, {}, np.float32([1.0, 1.0]))
    found = truth(Neutral(lambda xp, x: xp.log(xp.exp(x))), asked, ["x"])
    assert np.isinf(found["y"].error).tolist() == [True, False]
    assert np.isinf(found["grad_x"].error).tolist() == [True, False]


def test_what_underflows_on_the_way_has_no_bound():
    asked = Case("any", {"x": np.float32([-120.0, 1.0])}, {}, np.float32([1.0, 1.0]))
    found = truth(Neutral(lambda xp, x: xp.log(xp.exp(x))), asked, ["x"])
    assert np.isinf(found["y"].error).tolist() == [True, False]


def test_outside_its_domain_a_function_has_no_bound():
    asked = Case("any", {"x": np.array([-1.0, 0.0, 1.0])}, {}, np.ones(3))
    found = truth(Neutral(lambda xp, x: xp.sqrt(x)), asked, ["x"])
    assert np.isinf(found["y"].error).tolist() == [True, False, False]
    assert np.isinf(found["grad_x"].error).tolist() == [True, True, False]


# --- ties -------------------------------------------------------------------------------------


def at(formula, *arrays, g=None):
    given = {f"x{i}": np.asarray(a, float) for i, a in enumerate(arrays)}
    with np.errstate(all="ignore"):
        y = formula(np, *given.values())
    return truth(Neutral(formula), Case("any", given, {}, np.ones_like(y) if g is None else g),
                 list(given))  # fmt: skip


def ends(ball):
    return round(float(ball.lower()), 6), round(float(ball.upper()), 6)


@pytest.mark.parametrize(("formula", "slopes"), [
    (lambda xp, x: xp.abs(x), (-1, 1)),
    (lambda xp, x: xp.maximum(x, 0 * x), (0, 1)),
    (lambda xp, x: xp.minimum(x, 0.0), (0, 1)),
    (lambda xp, x: xp.clip(x, 0, 2), (0, 1)),
    (lambda xp, x: xp.where(x > 0, x, 0.25 * x), (0.25, 1)),
    (lambda xp, x: x * (x > 0), (0, 1)),
    (lambda xp, x: x * xp.astype(x >= 0, x.dtype), (0, 1)),
    (lambda xp, x: x * xp.where(x < 0, 0.5, 3.0), (0.5, 3)),
    (lambda xp, x: x * xp.sign(x), (-1, 1)),
    (lambda xp, x: x * (1 - xp.astype((x > 0) & (x < 5), x.dtype)), (0, 1)),
    (lambda xp, x: xp.where(xp.logical_not(x > 0), x, -x), (-1, 1)),
])  # fmt: skip
def test_kink_takes_every_slope_between(formula, slopes):
    found = at(formula, [0.0])["grad_x0"]
    low, high = ends(found.value[0])
    assert low <= slopes[0]
    assert high >= slopes[1]
    assert high - low <= 2 * (slopes[1] - slopes[0]) + 1
    assert np.isfinite(found.error).all()
    plain = at(formula, [1.5])["grad_x0"]
    assert ends(plain.value[0])[0] == ends(plain.value[0])[1]


def test_each_of_several_equal_maxima_may_have_anything_up_to_all():
    found = at(lambda xp, x: xp.max(x, axis=1), [[2, 5, 5, 5, 1]], g=np.array([3.0]))["grad_x0"]
    assert [ends(v) for v in found.value[0]] == [(0, 0), (0, 3), (0, 3), (0, 3), (0, 0)]


def test_equal_numbers_may_stand_in_each_other_s_place_when_sorted():
    found = at(lambda xp, x: xp.sort(x) * xp.asarray([1.0, 2.0, 4.0]), [7, 3, 7])["grad_x0"]
    assert ends(found.value[1]) == (1, 1)
    low, high = ends(found.value[0])
    assert low <= 2
    assert high >= 4


def test_numbers_that_rounding_could_swap_are_tied():
    found = at(lambda xp, x: xp.maximum(x * 0.1 * 3, x * 0.3), [0.7])["grad_x0"]
    low, high = ends(found.value[0])
    assert low < 0.01  # either share may be all or nothing
    assert high > 0.59
    apart_by_far = at(lambda xp, x: 3 * xp.maximum(x, x + 1e-9), [0.5])["grad_x0"]
    assert ends(apart_by_far.value[0]) == (3, 3)


@pytest.mark.parametrize("formula", [
    lambda xp, x: xp.take_along_axis(x, xp.argmax(x, axis=0, keepdims=True), axis=0),
    lambda xp, x: x[x > 1],
])  # fmt: skip
def test_tie_that_settles_an_index_leaves_the_gradient_open(formula):
    assert np.isfinite(at(formula, [1.5, 3.0])["grad_x0"].error).all()
    tied = at(formula, [1.0, 1.0, 3.0, 3.0])["grad_x0"]
    assert np.isinf(tied.error).all()


def test_derivative_along_a_shift():
    definition = Neutral(lambda xp, x, w: xp.max(x * w, axis=1), compares=True)
    x, w = np.array([[2.0, 2.0], [1.0, 3.0]]), np.array([1.0, 1.0])
    asked = Case("any", {"x": x, "w": w}, {}, np.array([5.0, 7.0]))
    assert definition.along_shift(asked, "x") == 12
    assert definition.along_shift(asked, "w") == 5 * 2 + 7 * 3
    untied = Case("any", {"x": x[1:], "w": w}, {}, np.array([5.0]))
    assert definition.along_shift(untied, "x") is None


# --- the namespace ----------------------------------------------------------------------------

STRUCTURE = [
    lambda xp, x: xp.sum(x), lambda xp, x: xp.mean(x, axis=0), lambda xp, x: xp.var(x, axis=1),
    lambda xp, x: xp.std(x), lambda xp, x: xp.max(x, axis=1, keepdims=True),
    lambda xp, x: xp.min(x), lambda xp, x: xp.prod(x, axis=0), lambda xp, x: x @ x.T,
    lambda xp, x: xp.matmul(x, x.mT), lambda xp, x: xp.einsum("ij,kj->ik", x, x),
    lambda xp, x: xp.tensordot(x, x, axes=([1], [1])), lambda xp, x: xp.vecdot(x, x),
    lambda xp, x: xp.stack([x, 2 * x], axis=1), lambda xp, x: xp.concat([x, x], axis=1),
    lambda xp, x: xp.reshape(x, (3, 2)), lambda xp, x: xp.permute_dims(x, (1, 0)),
    lambda xp, x: x[:, ::-1], lambda xp, x: x[..., None] * x[:, None, :],
    lambda xp, x: xp.flip(x), lambda xp, x: xp.roll(x, 1, axis=1), lambda xp, x: xp.pad(x, 1),
    lambda xp, x: xp.cumulative_sum(x, axis=1), lambda xp, x: xp.tile(x, (2, 1)),
    lambda xp, x: xp.broadcast_to(x, (2, 2, 3)), lambda xp, x: xp.zeros_like(x) + x,
    lambda xp, x: xp.take(x, xp.asarray([2, 0]), axis=1), lambda xp, x: xp.square(x),
    lambda xp, x: xp.pow(x, 3), lambda xp, x: x**0.5, lambda xp, x: 2.0**x, lambda xp, x: x**-2,
    lambda xp, x: xp.logaddexp(x, 1 - x), lambda xp, x: xp.hypot(x, 2 * x),
    lambda xp, x: xp.sort(x, axis=1), lambda xp, x: xp.where(x > 2, x, -x),
    lambda xp, x: xp.linalg.vector_norm(x, axis=1), lambda xp, x: xp.tril(x),
    lambda xp, x: x / x.sum(), lambda xp, x: x.sum() * x, lambda xp, x: -xp.log1p(x) + xp.expm1(x),
    lambda xp, x: xp.asarray(x, dtype=xp.float64) + xp.finfo(x.dtype).eps,
    lambda xp, x: xp.where(xp.isnan(x), 0.0, x), lambda xp, x: xp.diff(x, axis=1),
    lambda xp, x: xp.unstack(x)[1] - 1 / x[0], lambda xp, x: xp.positive(x) - xp.negative(x),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(STRUCTURE)))
def test_namespace_computes_what_numpy_does(number):
    formula, x = STRUCTURE[number], np.array([[1.5, 2.25, 3.0], [0.75, 4.0, 2.5]])
    plain = np.asarray(formula(np, x))
    with ctx.workprec(WORKING_PRECISION):
        tape = Tape(FLOAT64)
        found = formula(namespace, numbers(tape, x))
        assert isinstance(found, Exact)
        assert found.shape == plain.shape
        mine = np.array([float(tape.constant(v).value) for v in found.flat]).reshape(plain.shape)
    assert (np.abs(mine - plain) <= 1e-14 * np.abs(plain) + 1e-15).all()


@pytest.mark.parametrize(("formula", "message"), [
    (lambda xp, x: xp.floor(x), "xp.floor cannot be evaluated in exact arithmetic"),
    (lambda xp, x: xp.linalg.inv(x), "xp.inv cannot be evaluated in exact arithmetic"),
    (lambda xp, x: xp.fft.fft(x), "xp.fft cannot be evaluated in exact arithmetic"),
    (lambda xp, x: xp.atan2(x, x), "xp.arctan2 cannot be evaluated in exact arithmetic"),
])  # fmt: skip
def test_function_that_cannot_be_evaluated_is_named(formula, message):
    with pytest.raises(NotExact, match=message):
        formula(namespace, numbers(Tape(FLOAT64), np.eye(2)))


def test_number_is_not_cast_to_a_float():
    with pytest.raises(TypeError, match="a number on the tape cannot be cast to a float"):
        float(numbers(Tape(FLOAT64), np.eye(2))[0, 0])


@pytest.mark.parametrize("formula", [
    lambda xp, x: xp.maximum(x, 0), lambda xp, x: xp.exp(x), lambda xp, x: 1 / x,
    lambda xp, x: x**-1, lambda xp, x: xp.sort(x), lambda xp, x: x * (x > 0), lambda xp, x: x**x,
])  # fmt: skip
def test_ring_has_no_order_and_no_functions(formula):
    elements = [arb(2), arb(3)]
    with pytest.raises(NotExact):
        formula(namespace, exact_array(Ring(), elements, (2,)))
