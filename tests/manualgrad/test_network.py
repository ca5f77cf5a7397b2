import re
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import Sequential, flatten, flatten_backward, flatten_double_backward, layer
from manualgrad.network import OPERATIONS, Operation, _find

SHORT, LONG = np.ones((2, 2), np.float32), np.ones((2, 2))


def numbers(shape, seed):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def polynomial_network(kind=lambda a: a):
    return Sequential(
        layer("conv2d", kind(numbers((3, 2, 2, 3), 0)), kind(numbers((3,), 1)), stride=(2, 1)),
        layer("identity"),
        layer("conv_transpose2d", kind(numbers((3, 2, 2, 2), 2)), padding=1),
        layer("flatten"),
        layer("dense", kind(numbers((6, 2), 3)), kind(numbers((2,), 4))),
    )


def exact(a):
    return np.vectorize(lambda v: Fraction(int(v)), otypes=[object])(a)


def test_forward_is_one_operation_after_another():
    network, x = polynomial_network(), numbers((2, 2, 5, 6), 5)
    trace = network.forward(x)
    y = x
    for each, kept in zip(network.layers, trace.inputs, strict=True):
        assert (kept == y).all()
        y = OPERATIONS[each.name].forward(y, *each.parameters.values(), **each.options)
    assert (trace.y == y).all()
    assert (network(x) == y).all()


def test_gradients_are_exact_differences():
    # y is linear in each single parameter, so a difference of Fractions is the derivative.
    network, x, g = (
        polynomial_network(exact),
        exact(numbers((2, 2, 5, 6), 5)),
        exact(numbers((2, 2), 6)),
    )
    found = network.backward(g, network.forward(x))
    assert list(found.parameters) == list(network.parameters) == ["0.w", "0.b", "2.w", "4.w", "4.b"]
    value = (network(x) * g).sum()
    for name, array in network.parameters.items():
        for flat in (0, array.size // 2, array.size - 1):
            step = {k: np.zeros_like(v) for k, v in network.parameters.items()}
            step[name].ravel()[flat] = Fraction(-1)
            moved = network.updated(type(found)(found.grad_x, step), learning_rate=1)
            assert (moved(x) * g).sum() - value == found.parameters[name].ravel()[flat]
    for flat in (0, 17, x.size - 1):
        moved_x = x.copy()
        moved_x.ravel()[flat] += 1
        assert (network(moved_x) * g).sum() - value == found.grad_x.ravel()[flat]


def test_descent_goes_down():
    rng = np.random.default_rng(0)
    network = Sequential(layer("dense", rng.standard_normal((3, 4)), np.zeros(4)), layer("tanh"),
                         layer("dense", rng.standard_normal((4, 1)), np.zeros(1)))  # fmt: skip
    x, target = rng.standard_normal((8, 3)), rng.standard_normal((8, 1))
    costs = []
    for _ in range(30):
        trace = network.forward(x)
        costs.append(((trace.y - target) ** 2).sum() / 2)
        found = network.backward(trace.y - target, trace)
        network = network.updated(found, learning_rate=0.02)
    assert all(after < before for before, after in pairwise(costs))


def test_a_network_does_not_change():
    network, x = polynomial_network(), numbers((2, 2, 5, 6), 5)
    before = {name: array.copy() for name, array in network.parameters.items()}
    trace = network.forward(x)
    first, second = (network.backward(trace.y, trace) for _ in range(2))
    moved = network.updated(first, learning_rate=0.5)
    assert [(each.name, each.options) for each in moved.layers] == [
        (each.name, each.options) for each in network.layers
    ]
    assert first.grad_x.tobytes() == second.grad_x.tobytes()
    for name, array in network.parameters.items():
        assert (array == before[name]).all()
        assert not np.shares_memory(array, first.parameters[name])


def test_flatten_and_back():
    x = numbers((2, 3, 4), 0)
    flat = flatten(x)
    assert flat.shape == (2, 12)
    assert (flatten_backward(flat, x) == x).all()
    assert not np.shares_memory(flat, x)
    assert flatten(x[:0]).shape == (0, 12)
    assert flatten(x[:, 0, 0]).shape == (2, 1)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_is_found_by_its_name(name):
    parameters = OPERATIONS[name].parameters
    assert parameters in ((), ("w", "b"))
    found = Operation(
        getattr(mg, name),
        getattr(mg, f"{name}_backward"),
        getattr(mg, f"{name}_double_backward"),
        parameters,
    )
    assert OPERATIONS[name] == _find(name, mg, *parameters) == found


@pytest.mark.parametrize(
    "made",
    [
        layer("softmax", axis=0),
        layer("conv1d", numbers((2, 3, 2), 0), numbers((2,), 1), stride=2),
        layer("conv1d", numbers((2, 3, 2), 0), padding=1),
    ],
    ids=lambda made: made.name,
)
def test_a_layer_hands_its_options_on(made):
    operation, own = OPERATIONS[made.name], made.parameters
    x, w = numbers((2, 3, 5), 2), [own["w"]] if own else []
    y = made.forward(x)
    g, v = numbers(y.shape, 3), {name: numbers(a.shape, 4) for name, a in own.items()}
    found = made.double_backward(x, v, g, x)
    directions = [v["w"], v.get("b")] if own else []
    expected = operation.double_backward(x, *directions, g, x, *w, **made.options)
    assert np.array_equal(found[0], expected.grad_grad_y)
    assert np.array_equal(found[1], expected.grad_x)
    assert sorted(found[2]) == ["w"] * len(w)
    assert all(np.array_equal(a, expected.grad_w) for a in found[2].values())


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_can_be_a_layer(name):
    axes = int(name[-2]) if name.startswith("conv") else 0
    parameters = [np.ones((2, 2, *[1] * axes))] if OPERATIONS[name].parameters else []
    options = {"axis": 1} if "softmax" in name else {}
    network = Sequential(layer(name, *parameters, **options))
    x = np.linspace(-1, 1, 6 * 2**axes).reshape(3, 2, *[2] * axes)
    trace = network.forward(x)
    found = network.backward(trace.y, trace)
    assert found.grad_x.shape == x.shape
    assert set(found.parameters) == set(network.parameters)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: layer("soft", 1), ValueError,
         "`name` (='soft') is no operation; the nearest is 'softmax'"),
        (lambda: layer("fold"), ValueError,
         "`name` (='fold') is no operation; the nearest is 'conv3d'"),
        (lambda: layer("dense"), TypeError, "`dense` takes the parameters w and b, got 0"),
        (lambda: layer("tanh", np.ones(2)), TypeError, "`tanh` takes the parameters none, got 1"),
        (Sequential, ValueError, "`layers` (=()) must hold at least one layer"),
        (lambda: flatten(np.array(1.0)), ValueError, "`x` (shape=()) must have at least one axis"),
        (lambda: flatten_backward(np.ones((2, 3)), np.ones((2, 2))), ValueError,
         "`grad_y` (shape=(2, 3)) must have the result's shape (2, 2)"),
        (lambda: flatten_backward(SHORT, LONG), TypeError,
         "`grad_y` (dtype=float32), `x` (dtype=float64) must have the same dtype"),
        (lambda: flatten_double_backward(SHORT, LONG, LONG), TypeError, "`v` (dtype=float32), "
         "`grad_y` (dtype=float64), `x` (dtype=float64) must have the same dtype"),
        (lambda: flatten_double_backward(LONG, SHORT, LONG), TypeError, "`v` (dtype=float64), "
         "`grad_y` (dtype=float32), `x` (dtype=float64) must have the same dtype"),
        (lambda: flatten_double_backward(LONG, LONG, SHORT), TypeError, "`v` (dtype=float64), "
         "`grad_y` (dtype=float64), `x` (dtype=float32) must have the same dtype"),
        (lambda: flatten_double_backward(LONG[:1], LONG, LONG), ValueError,
         "`v` (shape=(1, 2)) must have the shape of `x` (2, 2)"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
