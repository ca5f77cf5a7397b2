from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from fractions import Fraction
from itertools import product

import flint
import numpy as np
import pytest

from manualgrad import activations
from manualgrad.article import (
    ACTIVATIONS,
    Activation,
    Forward,
    Gradients,
    Weights,
    convolve_valid,
    cost,
    forward,
    gradients,
    pad,
    published_first_gradients,
    published_later_gradients,
    rotate180,
)
from manualgrad.convolution import conv2d_backward

SQUARE = Activation(lambda a: a * a, lambda grad, a: 2 * grad * a)
IDENTITY = Activation(lambda a: a.copy(), lambda grad, a: grad.copy())

# Image, w1, w2: no two sizes of a case are alike, save the article's own.
SHAPES = {
    "article": ((4, 4), (2, 2), (2, 2)),
    "wide": ((4, 7), (1, 3), (3, 2)),
    "high": ((7, 5), (3, 1), (2, 4)),
    "one number": ((3, 2), (2, 1), (2, 2)),
    "one tap": ((3, 4), (1, 1), (2, 1)),
}

# A square at one place at most keeps the cost at degree 4 in every entry: see `derivative`.
TRIPLES = {
    "linear": (IDENTITY, IDENTITY, IDENTITY),
    "f1": (SQUARE, IDENTITY, IDENTITY),
    "f2": (IDENTITY, SQUARE, IDENTITY),
    "f3": (IDENTITY, IDENTITY, SQUARE),
}

LINEAR = {"f1": "identity", "f2": "identity", "f3": "identity"}

RULES = (gradients, published_first_gradients, published_later_gradients)

SEVEN = ("d3", "g3", "d2", "g2", "dA1", "d1", "g1")


def integers(shape, seed):
    """Python integers from -4 to 4, no zeros."""
    drawn = np.random.default_rng(seed).integers(1, 5, shape)
    signs = np.random.default_rng(seed + 1000).choice([-1, 1], shape)
    return (drawn * signs).astype(object)


def problem(shapes, seed=0):
    """An image, weights that fit it, a target."""
    (rows, columns), (h1, v1), (h2, v2) = shapes
    size = (rows - h1 - h2 + 2) * (columns - v1 - v2 + 2)
    weights = Weights(
        integers((h1, v1), seed + 1), integers((h2, v2), seed + 2), integers((size, 1), seed + 3)
    )
    return integers((rows, columns), seed), weights, 5


def slide(matrix, kernel):
    """Valid true convolution by its definition, out[i, j] = sum m[i + u, j + v] k[-1-u, -1-v]."""
    height, width = kernel.shape
    out = np.zeros((matrix.shape[0] - height + 1, matrix.shape[1] - width + 1), dtype=object)
    for i, j in np.ndindex(out.shape):
        for u, v in np.ndindex(height, width):
            out[i, j] += matrix[i + u, j + v] * kernel[height - 1 - u, width - 1 - v]
    return out


class Network:
    """The forward pass from any matrix on, independent of the code under test; integers only."""

    def __init__(self, shapes, triple, seed=0):
        self.x, self.weights, self.y = problem(shapes, seed)
        self.triple = triple

    def doubled_cost(self, place, value):
        """Twice the cost, with `value` in the place of the matrix called `place`."""
        known = {"x": self.x, **vars(self.weights), place: value}
        f1, f2, f3 = (f.function for f in self.triple)
        steps = {
            "l1": lambda: slide(known["x"], known["w1"]),
            "a1": lambda: f1(known["l1"]),
            "l2": lambda: slide(known["a1"], known["w2"]),
            "a2": lambda: f2(known["l2"]),
            "l3": lambda: np.array([[sum(known["a2"].ravel() * known["w3"].ravel())]]),
            "out": lambda: f3(known["l3"]),
        }
        for name, step in steps.items():
            if name != place:
                known[name] = step()
        self.known = known
        return (known["out"][0, 0] - self.y) ** 2

    def derivative(self, place, matrix):
        """Gradient of the cost by the matrix called `place`.

        (c(-2) - 8 c(-1) + 8 c(1) - c(2)) / 12 is the exact derivative at 0 of any polynomial of
        degree 4 or less; the cost has no higher degree in a single entry.
        """
        found = np.zeros(matrix.shape, dtype=object)
        for index in np.ndindex(matrix.shape):
            for step, factor in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
                moved = matrix.copy()
                moved[index] += step
                found[index] += factor * self.doubled_cost(place, moved)
        return found * Fraction(1, 24)

    def true_gradients(self):
        self.doubled_cost("x", self.x)
        known = self.known
        places = {"d3": "l3", "g3": "w3", "d2": "l2", "g2": "w2", "dA1": "a1", "d1": "l1"}
        return Gradients(
            **{name: self.derivative(place, known[place]) for name, place in places.items()},
            g1=self.derivative("w1", known["w1"]),
        )

    def forward(self):
        f1, f2, f3 = self.triple
        return forward(self.x, self.weights, f1=f1, f2=f2, f3=f3)

    def backward(self, rule):
        return rule(self.forward(), self.y, self.weights)


def differing(one, other):
    return {
        f.name for f in fields(Gradients) if differ(getattr(one, f.name), getattr(other, f.name))
    }


def differ(one, other):
    return not np.array_equal(one, other)


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def shapes(request):
    return request.param


@pytest.fixture(params=TRIPLES.values(), ids=TRIPLES.keys())
def triple(request):
    return request.param


# Forward


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices_keep_their_dtype(dtype):
    x, weights, y = problem(SHAPES["wide"])
    weights = Weights(*(w.astype(dtype) for w in vars(weights).values()))
    run = forward(x.astype(dtype), weights)
    found = gradients(run, y, weights)
    assert {getattr(run, name).dtype for name in ("x", "l1", "a1", "l2", "h", "out")} == {
        np.dtype(dtype)
    }
    assert {getattr(found, name).dtype for name in SEVEN} == {np.dtype(dtype)}
    assert cost(run.out, y).dtype == dtype


def test_forward_has_every_matrix_of_the_article(shapes, triple):
    network = Network(shapes, triple)
    doubled = network.doubled_cost("x", network.x)
    run = network.forward()
    for name in ("x", "l1", "a1", "l2", "a2", "l3", "out"):
        assert getattr(run, name).tolist() == network.known[name].tolist(), name
    assert run.h.tolist() == [run.a2.ravel().tolist()]
    assert (run.f1, run.f2, run.f3) == triple
    assert cost(run.out * Fraction(1), network.y) == Fraction(doubled, 2)


def test_forward_worked_by_hand():
    x = np.array([[1, 2, 0], [0, 1, 3]], dtype=object)
    w1, w2 = np.array([[1, 2]], dtype=object), np.array([[1], [-1]], dtype=object)
    weights = Weights(w1, w2, np.array([[1], [10]], dtype=object))
    run = forward(x, weights, f1=SQUARE, f2="identity", f3="identity")
    assert run.l1.tolist() == [[1 * 2 + 2 * 1, 2 * 2 + 0], [0 + 1 * 1, 1 * 2 + 3 * 1]]
    assert run.a1.tolist() == [[16, 16], [1, 25]]
    assert run.l2.tolist() == [[1 - 16, 25 - 16]]
    assert run.out.tolist() == [[-15 + 90]]
    assert cost(run.out, Fraction(70)) == Fraction(25, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, object])
def test_a_target_may_be_an_array_of_no_axes(dtype):
    out, y = np.array([[3]], dtype=dtype), np.array(7, dtype=dtype)
    assert cost(out, y) == cost(out, 7) == 8
    assert np.shape(cost(out, y)) == ()


@pytest.mark.parametrize("names", list(product(["tanh", "arctan", "sigmoid"], repeat=3)))
def test_each_activation_serves_at_each_place(names):
    x, weights, y = problem(SHAPES["wide"])
    x, weights = x.astype(float), Weights(*(w.astype(float) for w in vars(weights).values()))
    f1, f2, f3 = names
    run = forward(x, weights, f1=f1, f2=f2, f3=f3)
    found = gradients(run, y, weights)
    function = [getattr(activations, name) for name in names]
    backward = [getattr(activations, f"{name}_backward") for name in names]
    for f, before, after in zip(function, ("l1", "l2", "l3"), ("a1", "a2", "out"), strict=True):
        assert getattr(run, after).tolist() == f(getattr(run, before)).tolist()
    d_a2 = (weights.w3 * found.d3[0, 0]).reshape(run.a2.shape)
    assert found.d3.tolist() == backward[2](run.out - y, run.l3).tolist()
    assert found.d2.tolist() == backward[1](d_a2, run.l2).tolist()
    assert found.d1.tolist() == backward[0](found.dA1, run.l1).tolist()


def test_the_article_has_tanh_arctan_arctan():
    x, weights, _ = problem(SHAPES["article"])
    x, weights = x.astype(float), Weights(*(w.astype(float) for w in vars(weights).values()))
    run = forward(x, weights)
    names = [
        name for f in (run.f1, run.f2, run.f3) for name in ACTIVATIONS if f is ACTIVATIONS[name]
    ]
    assert names == ["tanh", "arctan", "arctan"]
    assert run.a1.tolist() == activations.tanh(run.l1).tolist()
    assert run.out.tolist() == activations.arctan(run.l3).tolist()


ONE_NUMBER = np.array([[1.0]])


def test_forward_overflows_without_a_warning():
    huge = np.array([[1e200]])
    assert forward(huge, Weights(ONE_NUMBER, ONE_NUMBER, huge), **LINEAR).out == np.inf
    x = np.array([[np.inf, 1.0]])
    times_zero = Weights(ONE_NUMBER, np.array([[1.0, -1.0]]), np.array([[0.0]]))
    assert np.isnan(forward(x, times_zero, **LINEAR).out)


@pytest.mark.parametrize("rule", RULES)
def test_backward_overflows_without_a_warning(rule):
    weights = Weights(ONE_NUMBER, ONE_NUMBER, ONE_NUMBER)
    run = forward(np.array([[1e200]]), weights, **LINEAR)
    found = rule(run, 0.0, weights)
    assert (found.g1, found.g2, found.g3) == (np.inf, np.inf, np.inf)
    assert cost(run.out, 0.0) == np.inf


# Backward


def test_gradients_are_the_exact_derivatives(shapes, triple):
    network = Network(shapes, triple)
    true = network.true_gradients()
    assert differing(network.backward(gradients), true) == set()
    assert [f.name for f in fields(Gradients)] == list(SEVEN)
    assert all(getattr(true, name).any() for name in SEVEN)


@pytest.mark.parametrize("shape", ["article", "wide", "high"])
@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (published_first_gradients, {"g2", "dA1", "d1", "g1"}),
        (published_later_gradients, {"dA1", "d1", "g1"}),
    ],
)
def test_published_gradients_are_wrong_where_they_are_known_to_be(rule, wrong, shape):
    network = Network(SHAPES[shape], TRIPLES["f1"])
    true, published = network.true_gradients(), network.backward(rule)
    assert differing(published, true) == wrong
    assert published.dA1.tolist() == rotate180(true.dA1).tolist()


@pytest.mark.parametrize("f2", [IDENTITY, SQUARE])
def test_two_faults_of_the_first_g1_undo_each_other_where_f1_is_linear(f2):
    network = Network(SHAPES["high"], (IDENTITY, f2, IDENTITY))
    true = network.true_gradients()
    assert differing(network.backward(published_first_gradients), true) == {"g2", "dA1", "d1"}
    assert differing(network.backward(published_later_gradients), true) == {"dA1", "d1", "g1"}


def symmetric(matrix):
    return matrix + rotate180(matrix)


def test_published_gradients_are_right_on_data_that_rotation_leaves_as_they_are():
    network = Network(SHAPES["wide"], TRIPLES["f1"])
    network.x = symmetric(network.x)
    network.weights = Weights(*(symmetric(w) for w in vars(network.weights).values()))
    true = network.true_gradients()
    assert true.g1.any()
    assert true.g2.any()
    assert differing(network.backward(published_first_gradients), true) == set()
    assert differing(network.backward(published_later_gradients), true) == set()


def test_later_published_gradients_are_right_where_d2_and_w2_are_symmetric():
    network = Network(SHAPES["wide"], TRIPLES["f1"])
    given = network.weights
    network.weights = Weights(given.w1, symmetric(given.w2), symmetric(given.w3))
    true = network.true_gradients()
    assert differing(network.backward(published_later_gradients), true) == set()
    assert differing(network.backward(published_first_gradients), true) == {"g1"}


def test_an_even_cotangent_hides_the_rotation_of_d2_that_g2_lacks():
    network = Network(SHAPES["wide"], TRIPLES["f1"])
    given = network.weights
    network.weights = Weights(given.w1, given.w2, np.full_like(given.w3, 3))
    true = network.true_gradients()
    assert len(set(true.d2.ravel())) == 1
    assert differing(network.backward(published_first_gradients), true) == {"dA1", "d1", "g1"}


def turned(matrix, turn):
    return rotate180(matrix) if turn else matrix


def test_g2_needs_both_of_its_rotations():
    network = Network(SHAPES["high"], TRIPLES["f2"])
    true, a1 = network.true_gradients(), network.forward().a1
    right = [
        (outer, inner)
        for outer, inner in product([False, True], repeat=2)
        if not differ(turned(convolve_valid(a1, turned(true.d2, inner)), outer), true.g2)
    ]
    assert right == [(True, True)]


def test_d_a1_is_right_in_the_article_s_rotations_and_in_their_mirror_image():
    network = Network(SHAPES["high"], TRIPLES["f2"])
    true, w2 = network.true_gradients(), network.weights.w2
    rows, columns = (size - 1 for size in true.d2.shape)
    padded = pad(w2, rows=rows, columns=columns)
    right = [
        (outer, kernel, inner)
        for outer, kernel, inner in product([False, True], repeat=3)
        if not differ(
            turned(convolve_valid(turned(padded, kernel), turned(true.d2, inner)), outer), true.dA1
        )
    ]
    assert right == [(False, True, False), (True, False, True)]


def test_article_and_network_convolutions_have_one_backward_pass(shapes):
    """``x *v w`` is the network's convolution with R(w); its dgrad and wgrad are the article's."""
    network = Network(shapes, TRIPLES["f1"])
    run, found = network.forward(), network.backward(gradients)
    rotated = rotate180(network.weights.w2)[None, None]
    grad_a1, grad_rotated, _ = conv2d_backward(found.d2[None], run.a1[None], rotated)
    assert grad_a1[0].tolist() == found.dA1.tolist()
    assert rotate180(grad_rotated[0, 0]).tolist() == found.g2.tolist()


def test_gradients_on_symbols_are_the_derivatives_of_the_cost_polynomial():
    names = [f"w{i}" for i in range(12)] + ["y"]
    *w, target = flint.fmpq_mpoly_ctx.get(names).gens()
    symbols = np.empty(12, dtype=object)
    for i, symbol in enumerate(w):
        symbols[i] = symbol
    w1, w2 = symbols[:4].reshape(2, 2), symbols[4:8].reshape(2, 2)
    weights = Weights(w1, w2, symbols[8:].reshape(4, 1))
    run = forward(integers((4, 4), 3), weights, f1=SQUARE, f2="identity", f3="identity")
    polynomial = cost(run.out, target)
    boxed = np.empty((), dtype=object)
    boxed[()] = target
    assert cost(run.out, boxed) == polynomial
    found = gradients(run, target, weights)
    got = [*found.g1.ravel(), *found.g2.ravel(), *found.g3.ravel()]
    assert len(polynomial) > 1000
    assert got == [polynomial.derivative(name) for name in names[:12]]


def test_gradients_take_a_function_known_by_its_values_alone():
    """f1 and f1' are unrelated tables: only the linear part of the backward pass remains."""
    network = Network(SHAPES["wide"], TRIPLES["linear"])
    value, slope = integers((4, 5), 50), integers((4, 5), 51)
    network.triple = (Activation(lambda _: value, lambda grad, _: grad * slope), IDENTITY, IDENTITY)
    true, found = network.true_gradients(), network.backward(gradients)
    d1 = true.dA1 * slope
    assert found.d1.tolist() == d1.tolist()
    assert found.g1.tolist() == rotate180(slide(network.x, rotate180(d1))).tolist()
    assert differing(found, true) == {"d1", "g1"}


# Manners


@pytest.mark.parametrize("rule", RULES)
def test_results_are_fresh_and_inputs_stay_as_they_are(rule):
    x, weights, y = problem(SHAPES["high"])
    x, weights = x.astype(float), Weights(*(w.astype(float) for w in vars(weights).values()))
    inputs = [x, *vars(weights).values()]
    before = [array.tobytes() for array in inputs]
    for array in inputs:
        array.setflags(write=False)
    runs = [forward(x, weights, **LINEAR) for _ in range(2)]
    found = [rule(run, y, weights) for run in runs]
    assert [array.tobytes() for array in inputs] == before
    results = [
        v for r in (runs[0], found[0]) for v in vars(r).values() if isinstance(v, np.ndarray)
    ]
    assert len(results) == 15
    assert not any(np.shares_memory(a, b) for a in results for b in inputs)
    assert differing(*found) == set()


@pytest.mark.parametrize("kind", [Weights, Forward, Gradients, Activation])
def test_records_are_frozen(kind):
    name = fields(kind)[0].name
    record = kind(*(None for _ in fields(kind)))
    with pytest.raises(FrozenInstanceError):
        setattr(record, name, 1)


def test_activation_names():
    assert list(ACTIVATIONS) == ["arctan", "identity", "sigmoid", "tanh"]


# Errors

ONES = np.ones((4, 4))
FIT = Weights(np.ones((2, 2)), np.ones((2, 2)), np.ones((4, 1)))


def message(text):
    return f"^{re.escape(text)}$"


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: forward(np.ones((1, 4, 4)), FIT),
            ValueError,
            "`x` shape (=(1, 4, 4)) must have two axes",
        ),
        (
            lambda: forward(ONES, Weights(np.ones((5, 1)), FIT.w2, FIT.w3)),
            ValueError,
            "`w1` shape (=(5, 1)) must fit in `x` shape (=(4, 4))",
        ),
        (
            lambda: forward(ONES, Weights(FIT.w1, np.ones((1, 4)), FIT.w3)),
            ValueError,
            "`w2` shape (=(1, 4)) must fit in `l1` shape (=(3, 3))",
        ),
        (
            lambda: forward(ONES, Weights(FIT.w1, FIT.w2, np.ones((1, 4)))),
            ValueError,
            "`w3` shape (=(1, 4)) must be (4, 1), a row for each element of `l2`",
        ),
        (
            lambda: forward(ONES, Weights(FIT.w1, FIT.w2, FIT.w3.astype(object))),
            TypeError,
            "`x` (dtype=float64), `w1` (dtype=float64), `w2` (dtype=float64), `w3` (dtype=object) "
            "must have the same dtype",
        ),
        (
            lambda: forward(ONES, FIT, f2="relu"),
            ValueError,
            "`f2` (='relu') must be an Activation or one of arctan, identity, sigmoid, tanh",
        ),
        (
            lambda: cost(np.ones((1, 2)), 1.0),
            ValueError,
            "`out` shape (=(1, 2)) must be (1, 1)",
        ),
        (
            lambda: cost(np.ones((1, 1)), np.ones(1)),
            ValueError,
            "`y` shape (=(1,)) must be (), one number",
        ),
        *(
            (
                lambda rule=rule: rule(forward(ONES, FIT), [1.0], FIT),
                ValueError,
                "`y` shape (=(1,)) must be (), one number",
            )
            for rule in RULES
        ),
        *(
            (
                lambda rule=rule: rule(
                    forward(ONES, FIT), 1.0, Weights(FIT.w1, FIT.w2, np.ones((3, 1)))
                ),
                ValueError,
                "`w3` shape (=(3, 1)) must be (4, 1), a row for each element of `l2`",
            )
            for rule in RULES
        ),
    ],
)
def test_bad_arguments_are_named(call, error, text):
    with pytest.raises(error, match=message(text)):
        call()
