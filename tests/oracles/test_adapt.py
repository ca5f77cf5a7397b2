"""Layer classes as people write them, plugged in by `oracles.adapt.layer`."""

import re

import numpy as np
import pytest

import manualgrad
from oracles.adapt import layer
from oracles.catalog import ops
from oracles.checking import check, run

GIVEN = {"oracles": (), "max_examples": 40, "seed": 1}


class Dense:
    def __init__(self, w, b=None):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w if self.b is None else x @ self.w + self.b


class Returns(Dense):
    def backward(self, g):
        return g @ self.w.T, self.x.T @ g, g.sum(axis=0)


class Keeps(Dense):
    def backward(self, g):
        self.dw, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.w.T


class Accumulates(Dense):
    def __init__(self, w, b=None):
        super().__init__(w, b)
        self.grad_w = np.ones(w.shape)  # what an earlier backward left
        self.grad_b = 0 if b is None else np.ones(b.shape)

    def backward(self, g):
        self.grad_w += self.x.T @ g
        self.grad_b += g.sum(axis=0)
        return g @ self.w.T


class ZeroedByItself(Accumulates):
    def zero_grad(self):
        self.grad_w, self.grad_b = np.zeros_like(self.w), np.zeros_like(self.w[0])


class StepsAtOnce(Dense):
    def backward(self, g, rate):
        grad_x = g @ self.w.T
        self.w -= rate * (self.x.T @ g)
        if self.b is not None:
            self.b = self.b - rate * g.sum(axis=0)
        return grad_x


class StepsByAttribute(StepsAtOnce):
    lr = 0.01

    def backward(self, g):
        return super().backward(g, self.lr)


class WithItsOwnWeights:
    def __init__(self, inputs, outputs):
        self.M = np.random.default_rng(0).standard_normal((inputs, outputs))
        self.offset = np.zeros(outputs)

    def __call__(self, x):
        self.x = x
        return x @ self.M + self.offset

    def backward(self, g):
        self.gM, self.go = self.x.T @ g, g.sum(axis=0)
        return g @ self.M.T


def own_weights(w, b):
    return WithItsOwnWeights(*w.shape)


OWN = {"parameters": {"w": "M", "b": "offset"}, "gradients": {"w": "gM", "b": "go"}}


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (Returns, {}),
        (Keeps, {}),
        (Accumulates, {}),
        (ZeroedByItself, {}),
        (StepsAtOnce, {"learning_rate": "rate"}),
        (StepsByAttribute, {"learning_rate": "lr"}),
        (own_weights, OWN),
    ],
)
def test_right_layers_are_right(build, given):
    op = ops.dense.implemented_by(*layer(build, **given))
    report = check(op, **GIVEN)
    assert all(entry.lattice.exact["subject"] == entry.lattice.cases for entry in report.entries)


def wrong(build):
    """The same class with 3/2 of the gradient of the weights."""

    class Wrong(build):
        def backward(self, g, **rate):
            found = super().backward(g, **rate)
            if rate or build is StepsByAttribute:
                self.w -= self.x.T @ g / 2
            elif isinstance(found, tuple):
                found = found[0], found[1] * 1.5, found[2]
            else:
                name = "dw" if build is Keeps else "grad_w"
                setattr(self, name, getattr(self, name) * 1.5)
            return found

    return Wrong


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (Returns, {}),
        (Keeps, {}),
        (Accumulates, {}),
        (StepsAtOnce, {"learning_rate": "rate"}),
        (StepsByAttribute, {"learning_rate": "lr"}),
    ],
)
def test_wrong_layers_are_convicted_in_their_operand(build, given):
    op = ops.dense.implemented_by(*layer(wrong(build), **given))
    failure = run(op, **GIVEN).failures[0].failure
    assert {c.operand for c in failure.comparisons if not c.agrees} == {"grad_w"}


def test_activation_without_parameters():
    class Tanh:
        def forward(self, x):
            self.y = np.tanh(x)
            return self.y.copy()

        def backward(self, g):
            return g * (1 - self.y**2)

    assert not run(ops.tanh.implemented_by(*layer(Tanh)), **GIVEN).passed  # loses all digits

    class Better(Tanh):
        def forward(self, x):
            self.x = x
            return manualgrad.activations.tanh(x)

        def backward(self, g):
            return manualgrad.activations.tanh_backward(g, self.x)

    assert check(ops.tanh.implemented_by(*layer(Better)), **GIVEN).passed


def test_convolution_in_another_layout_with_few_options():
    class Conv:
        def __init__(self, w, b, stride, padding):
            self.w, self.b, self.options = w, b, {"stride": stride, "padding": padding}

        def forward(self, x):
            self.x = x.transpose(0, 3, 1, 2)
            self.oihw = self.w.transpose(3, 2, 0, 1)
            y = manualgrad.conv2d(self.x, self.oihw, self.b, **self.options)
            return y.transpose(0, 2, 3, 1)

        def backward(self, g):
            g = g.transpose(0, 3, 1, 2)
            found = manualgrad.conv2d_backward(g, self.x, self.oihw, **self.options)
            self.db, self.dw = found.grad_b, found.grad_w.transpose(2, 3, 1, 0)
            return found.grad_x.transpose(0, 2, 3, 1)

    op = ops.conv2d.implemented_by(*layer(Conv), layout="NHWC", kernel="HWIO")
    limits = {"dilation": 1, "groups": 1, "bias": True, "batched": True}
    assert check(op, **GIVEN).entries[0].limits == limits


def test_name_of_the_subject_is_the_class():
    assert ops.dense.implemented_by(*layer(Returns)).subject.endswith("test_adapt.Returns")


@pytest.mark.parametrize(
    ("build", "given", "detail"),
    [
        (Keeps, {"gradients": {"w": "slope"}}, "backward returned no gradient of w"),
        (own_weights, {"learning_rate": "rate"},
         "backward raised AttributeError: the layer has no attribute w or W or weight"),
        (Dense, {}, "backward raised AttributeError: 'Dense' object has no attribute 'backward'"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_told_why(build, given, detail):
    failure = run(ops.dense.implemented_by(*layer(build, **given)), **GIVEN).failures[0].failure
    assert detail in failure.sentences[0]


def test_bad_arguments():
    with pytest.raises(TypeError, match=re.escape("`build` (=3) must be callable")):
        layer(3)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        layer(Keeps).backward(np.ones((1, 1)), np.ones((1, 1)))
