"""Hessian-vector products of whole networks."""

import re
from fractions import Fraction

import numpy as np
import pytest

from manualgrad import (
    Sequential,
    cross_entropy,
    cross_entropy_backward,
    double_backward,
    half_squared_error_backward,
    hessian_vector_product,
    layer,
)

RNG = np.random.default_rng(5)


def exact(*shape):
    return np.vectorize(lambda n: Fraction(int(n)), otypes=[object])(RNG.integers(-3, 4, shape))


def exact_network():
    return Sequential(
        layer("conv2d", exact(3, 2, 2, 2), exact(3)),
        layer("identity"),
        layer("conv_transpose2d", exact(3, 2, 2, 1), stride=2),
        layer("flatten"),
        layer("dense", exact(36, 2), exact(2)),
    )


def moved(network, directions, step):
    layers = []
    for index, each in enumerate(network.layers):
        parameters = [
            array + step * directions[f"{index}.{name}"] for name, array in each.parameters.items()
        ]
        layers.append(layer(each.name, *parameters, **each.options))
    return Sequential(*layers)


def derivative(function, degree):
    """Return the exact derivative at 0 of a polynomial of at most this degree, by Lagrange."""
    nodes = range(degree + 1)
    total = 0
    for i in nodes:
        others = [j for j in nodes if j != i]
        weight = Fraction(0)
        for skipped in others:
            product = Fraction(1, i - skipped)
            for j in others:
                if j != skipped:
                    product *= Fraction(-j, i - j)
            weight += product
        total = total + function(i) * weight
    return total


def test_double_backward_is_the_exact_derivative_of_the_gradients():
    network, x, g = exact_network(), exact(2, 2, 4, 3), exact(2, 2)
    v_x, v = exact(*x.shape), {k: exact(*a.shape) for k, a in network.parameters.items()}
    found = double_backward(network, v_x, v, g, network.forward(x))

    def gradients(step):
        there = moved(network, v, step)
        return there.backward(g, there.forward(x + step * v_x))

    # Gradients are polynomials of degree at most 3 in the step: three layers have weights.
    assert (derivative(lambda s: gradients(s).grad_x, 3) == found.grad_x).all()
    for name, array in found.parameters.items():
        assert array.shape == network.parameters[name].shape
        assert (derivative(lambda s, n=name: gradients(s).parameters[n], 3) == array).all()
    along = derivative(lambda s: moved(network, v, s)(x + s * v_x), 4)
    assert (along == found.grad_grad_y).all()


def test_hessian_vector_product_is_the_exact_derivative_of_the_loss_gradient():
    network, x, target = exact_network(), exact(2, 2, 4, 3), exact(2, 2)
    v_x, v = exact(*x.shape), {k: exact(*a.shape) for k, a in network.parameters.items()}
    found = hessian_vector_product(network, v_x, v, x, target, loss="half_squared_error")

    def gradients(step):
        there = moved(network, v, step)
        trace = there.forward(x + step * v_x)
        return there.backward(half_squared_error_backward(trace.y, target), trace)

    assert (derivative(lambda s: gradients(s).grad_x, 7) == found.grad_x).all()
    for name, array in found.parameters.items():
        assert (derivative(lambda s, n=name: gradients(s).parameters[n], 7) == array).all()


def test_hessian_is_symmetric_for_smooth_layers_and_cross_entropy():
    network = Sequential(
        layer("conv2d", RNG.standard_normal((3, 1, 2, 2)), np.zeros(3)),
        layer("tanh"),
        layer("flatten"),
        layer("dense", RNG.standard_normal((18, 4)), np.zeros(4)),
        layer("softplus"),
    )
    x, target = RNG.standard_normal((2, 1, 3, 4)), np.array([1, 3])

    def drawn():
        return RNG.standard_normal(x.shape), {
            k: RNG.standard_normal(a.shape) for k, a in network.parameters.items()
        }

    def inner(a, b):
        return (a[0] * b[0]).sum() + sum((a[1][k] * b[1][k]).sum() for k in a[1])

    one, two = drawn(), drawn()
    first, second = (
        hessian_vector_product(network, *v, x, target, loss="cross_entropy") for v in (one, two)
    )
    left = inner((first.grad_x, first.parameters), two)
    right = inner((second.grad_x, second.parameters), one)
    assert abs(left - right) <= 2.0**-40 * (abs(left) + 1)
    # And it is what the loss does: a central difference sees the same curvature.
    step = 2.0**-13

    def slope(s):
        there = moved(network, one[1], s)
        trace = there.forward(x + s * one[0])
        found = there.backward(cross_entropy_backward(trace.y, target), trace)
        return inner((found.grad_x, found.parameters), two)

    assert np.isfinite(cross_entropy(network(x), target))
    assert abs((slope(step) - slope(-step)) / (2 * step) - left) <= 2.0**-16 * (abs(left) + 1)


def test_arguments_are_checked():
    network, x = exact_network(), exact(2, 2, 4, 3)
    v = {k: exact(*a.shape) for k, a in network.parameters.items()}
    missing = {k: a for k, a in v.items() if k != "4.b"}
    message = "`v` (=0.w, 0.b, 2.w, 4.w) must name the parameters: 0.w, 0.b, 2.w, 4.w, 4.b"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        double_backward(network, x, missing, exact(2, 2), network.forward(x))
    bare = Sequential(layer("flatten"))
    with pytest.raises(ValueError, match=r"^`v` \(=0\.w\) must name the parameters: nothing$"):
        double_backward(bare, x, {"0.w": x}, exact(2, 24), bare.forward(x))
    one, two = Sequential(layer("identity")), Sequential(layer("identity"), layer("identity"))
    with pytest.raises(ValueError, match="argument 2 is longer"):
        double_backward(one, x, {}, x, two.forward(x))
    with pytest.raises(ValueError, match="the nearest is 'mse_loss'"):
        hessian_vector_product(network, x, v, x, exact(2, 2), loss="mse")
    with pytest.raises(ValueError, match="`v_x` \\(shape="):
        double_backward(network, x[:1], v, exact(2, 2), network.forward(x))
