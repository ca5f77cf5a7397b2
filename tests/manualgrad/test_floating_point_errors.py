"""Infinities and NaN are answers: no floating-point error is reported, whatever the caller set."""

import numpy as np
import pytest

import manualgrad as mg
from manualgrad.network import OPERATIONS
from manualgrad.second_order import double_backward

EXTREME = np.array([np.inf, -np.inf, np.nan, 1.7e308, -1.7e308, 5e-324, 0.0, -0.0])
PARAMETERS = {name for name, operation in OPERATIONS.items() if operation.parameters}
LOSSES = ("half_squared_error", "mse_loss")


@pytest.fixture(autouse=True)
def _errors_raise():
    with np.errstate(all="raise"):
        yield


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - PARAMETERS))
def test_without_parameters(name):
    x = EXTREME.reshape(2, 4)
    g = np.full_like(x, 1.7e308)
    operation = OPERATIONS[name]
    assert operation.forward(x).shape == x.shape
    assert operation.backward(g, x).shape == x.shape
    assert operation.double_backward(g, g, x).grad_x.shape == x.shape


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_with_parameters(name):
    axes = int(name[-2]) if name.startswith("conv") else 0
    x, w = np.resize(EXTREME, (2, 3) + (2,) * axes), np.resize(EXTREME, (3, 3) + (2,) * axes)
    b = np.full(3, 1.7e308)
    operation = OPERATIONS[name]
    y = operation.forward(x, w, b)
    g = np.full_like(y, 1.7e308)
    assert operation.backward(g, x, w).grad_w.shape == w.shape
    assert operation.double_backward(x, w, b, g, x, w).grad_w.shape == w.shape
    # What overflows are the sums alone.
    assert operation.forward(np.full_like(x, 1.7e308), np.full_like(w, 2), b).shape == y.shape


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    p, t = EXTREME.reshape(2, 4), EXTREME[::-1].reshape(2, 4)
    assert np.isnan(getattr(mg, name)(p, t))
    assert getattr(mg, f"{name}_backward")(p, t).shape == p.shape
    assert getattr(mg, f"{name}_double_backward")(p, p, t).shape == p.shape


def test_cross_entropy():
    p, t = EXTREME.reshape(2, 4), np.array([0, 3])
    assert np.isnan(mg.cross_entropy(p, t))
    assert mg.cross_entropy_backward(p, t).shape == p.shape
    assert mg.cross_entropy_double_backward(p, p, t).shape == p.shape
    # Some probabilities are too small for a float32.
    p = np.array([[0, -200, -60, -95]], np.float32)
    assert mg.cross_entropy_backward(p, t[:1]).dtype == np.float32
    assert mg.cross_entropy_double_backward(p, p, t[:1]).dtype == np.float32


def test_sums_of_second_derivatives():
    """Of finite products; the sums overflow."""
    one, huge = np.ones((1, 1)), np.full((1, 1), 1.7e308)
    two = mg.Sequential(mg.layer("dense", one), mg.layer("dense", one))
    found = double_backward(two, one, {"0.w": 0 * one, "1.w": one}, huge, two.forward(one))
    assert np.isinf(found.parameters["0.w"])
    network = mg.Sequential(mg.layer("dense", huge))
    found = mg.hessian_vector_product(
        network, one, {"0.w": 0 * one}, one, 0 * one, loss="half_squared_error"
    )
    assert np.isinf(found.parameters["0.w"])


def test_second_derivatives_of_networks():
    w = np.full((4, 4), 1e200)
    network = mg.Sequential(mg.layer("dense", w), mg.layer("identity"), mg.layer("dense", w))
    x, v = EXTREME.reshape(2, 4), {"0.w": w, "2.w": w}
    found = double_backward(network, x, v, x, network.forward(x))
    assert found.grad_x.shape == x.shape
    curved = mg.hessian_vector_product(network, x, v, x, x, loss="half_squared_error")
    assert curved.grad_x.shape == x.shape
