"""Causes and places, one by one, planted by changing the results of right functions."""

import numpy as np
import pytest

from manualgrad import (
    activations,
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
    dense,
    dense_backward,
)
from oracles.catalog import ops
from oracles.checking import run
from oracles.defining import define

GIVEN = {"oracles": (), "dtypes": ("float64",), "seed": 7, "max_examples": 200, "keep": False,
         "evidence": ("bound",)}  # fmt: skip


def causes(name, forward, backward, **limits):
    report = run(ops[name].implemented_by(forward, backward), **GIVEN, **limits)
    (failure,) = (entry.failure for entry in report.failures)
    return failure.causes


def changed(operand, change):
    """conv2d's backward with `change` applied to one gradient (and all arrays to see)."""

    def backward(g, x, w, **options):
        found = conv2d_backward(g, x, w, **options)
        name = f"grad_{operand}"
        made = change(getattr(found, name).copy(), g=g, x=x, w=w, **options)
        return found._replace(**{name: np.ascontiguousarray(made)})

    return backward


def per_axis(option):
    return option if isinstance(option, tuple) else (option, option)


def blank(at):
    def change(grad, **_):
        grad[at] = 0
        return grad

    return change


def border(grad, **_):
    grad[..., 0, :] += 1
    grad[..., -1, :] += 1
    return grad


def phase(grad, stride, **_):
    grad[..., :: per_axis(stride)[1]] += 3
    return grad


def later_samples(grad, **_):
    grad[1:] += grad[1:] ** 2 + 1
    return grad


def later_channels(grad, **_):
    grad[:, 1:] += grad[:, 1:] ** 2 + 1
    return grad


def shuffled(grad, groups, **_):
    """Channels of the groups dealt out in turn."""
    n, c, *size = grad.shape
    return grad.reshape(n, groups, c // groups, *size).swapaxes(1, 2).reshape(grad.shape)


IN_CONV2D = {
    # name: (operand, change, what its cause must say)
    "flipped along H": ("w", lambda a, **_: a[:, :, ::-1], "equals the oracle's flipped along H"),
    "flipped along W": ("x", lambda a, **_: a[..., ::-1], "equals the oracle's flipped along W"),
    "O and I swapped": (
        "w", lambda a, **_: a.swapaxes(0, 1), "equals the oracle's with O and I swapped"),
    "H and W swapped": (
        "w", lambda a, **_: a.swapaxes(2, 3), "equals the oracle's with H and W swapped"),
    "channels reversed": (
        "x", lambda a, **_: a[:, ::-1], "equals the oracle's with the order of channels reversed"),
    "groups shuffled": (
        "x", shuffled, "equals the oracle's with channels shuffled between groups"),
    "batch reversed": (
        "x", lambda a, **_: a[::-1], "equals the oracle's with the order of the batch reversed"),
    "negated": ("w", lambda a, **_: -a, "is the oracle's negated"),
    "doubled": ("b", lambda a, **_: 2 * a, "equals the oracle's times 2 "),
    "divided by the positions of x": (
        "w", lambda a, x, **_: a / (x.shape[2] * x.shape[3]),
        "equals the oracle's divided by the number of positions of x"),
    "divided by N times those": (
        "w", lambda a, x, **_: a / max(1, x.shape[0] * x.shape[2] * x.shape[3]),
        "equals the oracle's divided by N times the number of positions of x"),
    "divided by the groups": (
        "x", lambda a, groups, **_: a / groups, "equals the oracle's divided by the number of gro"),
    "a stray factor": ("x", lambda a, **_: a * 1.25, "equals the oracle's times 1.25"),
    "last row": (
        "x", blank((..., -1, slice(None))), "is the oracle's with zeros at the last position alon"),
    "first column": (
        "x", blank((..., 0)), "is the oracle's with zeros at the first position along W"),
    "summed over the input channels": (
        "w", lambda a, **_: a.sum(axis=1), "equals the oracle's summed over I"),
    "never computed": ("b", lambda a, g, **_: a * 0, "is zero"),
    "another gradient": (
        "x", lambda a, g, x, w, **o: conv2d_backward(g, x, w, **o).grad_w,
        "equals the oracle's grad_w on"),
    "at the border": ("x", border, "is wrong at the border along H alone"),
    "at a phase of the stride": (
        "x", phase, "is wrong at positions along W that are multiples of the stride"),
    "in later samples": ("x", later_samples, "is wrong in every sample but the first"),
    "in later channels": ("x", later_channels, "is wrong in every channel but the first"),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_CONV2D)
def test_cause_in_a_gradient_of_conv2d(name):
    operand, change, said = IN_CONV2D[name]
    (cause,) = causes("conv2d", conv2d, changed(operand, change), min_batch=1, max_batch=3)
    assert cause.operand == f"grad_{operand}"
    assert cause.sentence.startswith(f"grad_{operand} {said}")
    assert cause.confirmed == (not said.startswith("is wrong"))


def fitted(g, y):
    """The cotangent where it reaches, zeros beyond."""
    wide = np.zeros_like(y)
    common = tuple(slice(min(a, b)) for a, b in zip(g.shape, y.shape, strict=True))
    wide[common] = g[common]
    return wide


def with_options(forward, backward, change):
    """A backward that takes other options than the forward did."""

    def wrong(g, x, w, **options):
        taken = {**options, **change(options)}
        return backward(fitted(g, forward(x, w, **taken)), x, w, **taken)

    return wrong


PLAIN = {"named_padding": False, "min_batch": 1}


def test_backward_that_takes_the_same_options_is_right():
    op = ops.conv2d.implemented_by(conv2d, with_options(conv2d, conv2d_backward, dict))
    assert run(op, **GIVEN, **PLAIN).passed


@pytest.mark.parametrize(
    ("change", "limits", "said"),
    [
        (lambda o: {"stride": 1}, {}, "with stride ignored (taken as 1)"),
        (lambda o: {"dilation": 1}, {}, "with dilation ignored (taken as 1)"),
        (lambda o: {"stride": per_axis(o["stride"])[::-1]}, {"max_dilation": 1},
         "with stride in the reverse order of axes"),
        (lambda o: {"stride": per_axis(o["stride"])[0]}, {"max_dilation": 1},
         "with stride of the first axis on every axis"),
    ],
)  # fmt: skip
def test_options_that_the_backward_gets_wrong(change, limits, said):
    backward = with_options(conv2d, conv2d_backward, change)
    found = {c.operand: c for c in causes("conv2d", conv2d, backward, **PLAIN, **limits)}
    for operand in ("grad_x", "grad_w"):
        assert found[operand].sentence.startswith(f"{operand} equals what the oracle gives {said}")


def test_padding_that_the_transposed_backward_ignores():
    def backward(g, x, w, **options):
        taken = {**options, "padding": 0}
        return conv_transpose2d_backward(fitted(g, conv_transpose2d(x, w, **taken)), x, w, **taken)

    found = causes("conv_transpose2d", conv_transpose2d, backward, output_padding=0, min_batch=1)
    start = "grad_x equals what the oracle gives with padding ignored (taken as 0)"
    assert found[0].sentence.startswith(start)


def test_bias_that_the_forward_forgets():
    def forward(x, w, b=None, **options):
        return conv2d(x, w, **options)

    found = causes("conv2d", forward, conv2d_backward)
    assert found[0].sentence.startswith("y equals the oracle's without bias on")


def test_derivative_that_is_missing():
    (cause,) = causes("sigmoid", activations.sigmoid, lambda g, x: g.copy())
    assert cause.sentence.startswith("grad_x equals the cotangent itself on 20 of 20 cases: a deri")


def test_cotangent_that_is_missing():
    def backward(g, x):
        return activations.sigmoid_backward(np.ones_like(g), x)

    (cause,) = causes("sigmoid", activations.sigmoid, backward)
    assert cause.sentence.startswith("grad_x equals the derivative without the cotangent on")


def test_axis_that_is_ignored():
    def backward(g, x, axis):
        return activations.softmax_backward(g, x, axis=-1)

    (cause,) = causes("softmax", activations.softmax, backward)
    assert cause.sentence.startswith("grad_x equals what the oracle gives with axis = -1, whatever")


def test_softmax_by_its_diagonal_alone():
    def backward(g, x, axis):
        y = activations.softmax(x, axis=axis)
        return g * y * (1 - y)

    (cause,) = causes("softmax", activations.softmax, backward)
    assert cause.sentence.startswith("grad_x equals g y (1 - y), g being the cotangent and y the")


def test_loss_without_its_mean():
    def backward(p, t):
        return 2 * (p - t)

    (cause,) = causes("mse_loss", lambda p, t: np.asarray(((p - t) ** 2).mean()) if p.size else
                      np.asarray(np.nan), backward, special_values=False)  # fmt: skip
    assert cause.sentence.startswith("grad_prediction equals the oracle's times the number of elem")


def test_gradient_of_the_subjects_own_wrong_forward():
    def forward(x, w, b=None):
        return dense(x + x.mean() * 0 + 1, w, b)

    def backward(g, x, w):
        return dense_backward(g, x + 1, w)

    y, grad_w = causes("dense", forward, backward, min_batch=1)
    assert not y.confirmed
    start = "grad_w is the exact gradient of the subject's own forward, which is wrong, on"
    assert grad_w.sentence.startswith(start)


def test_backward_that_is_wrong_for_its_wrong_forward_too_is_no_gradient_of_it():
    def forward(x, w, b=None):
        return dense(x + 1, w, b)

    def backward(g, x, w):
        found = dense_backward(g, x + 1, w)
        return found._replace(grad_w=found.grad_w**2)

    _, grad_w = causes("dense", forward, backward, min_batch=1)
    assert not grad_w.confirmed


def test_gradients_that_accumulate_over_calls():
    class Layer:
        total = 0

        def backward(self, g, x, w):
            if np.shape(self.total) != w.shape:
                self.total = np.zeros_like(w)
            self.total = self.total + x.T @ g
            return g @ w.T, self.total.copy(), g.sum(axis=0)

    (cause,) = causes("dense", dense, Layer().backward, min_batch=1)
    assert cause.sentence == (
        "grad_w grows by the oracle's with each call, 4 times out of 4: it is accumulated over "
        "calls"
    )


def test_gradient_too_small_to_tell_growth_from_rounding_is_not_said_to_accumulate():
    def mean(x):
        return (x * x).mean(axis=1, keepdims=True) + x.dtype.type(1e-5)

    def wrong(g, x):  # a plus for a minus
        r = np.sqrt(mean(x))
        return (g + x * (g * x).mean(axis=1, keepdims=True) / r**2) / r

    op = define(
        "norm", lambda x: x / np.sqrt(mean(x)), wrong, operands={"x": "n d"},
        reference=lambda xp, x: x / xp.sqrt(xp.mean(x * x, axis=1, keepdims=True) + 1e-5),
    )  # fmt: skip
    report = run(op, oracles=(), dtypes=["float32"], seed=1, max_examples=40, keep=False)
    (cause,) = report.failures[0].failure.causes
    assert not cause.confirmed


def test_cotangent_that_is_changed_in_place():
    def backward(g, x):
        g *= activations.sigmoid_backward(np.ones_like(x), x)
        return g.copy()

    (cause,) = causes("sigmoid", activations.sigmoid, backward)
    assert cause.sentence.startswith("it modified the cotangent in place on")


def test_layout_in_which_alone_it_is_wrong():
    def backward(g, x):
        found = activations.sigmoid_backward(g, x)
        return found if g.flags.c_contiguous and x.flags.c_contiguous else 2 * found

    (cause,) = causes("sigmoid", activations.sigmoid, backward, special_values=False)
    assert not cause.confirmed
    assert cause.sentence.startswith("grad_x is wrong but never on plain numbers in C order: in")


def test_options_that_it_does_not_support_are_told_with_what_leaves_them_out():
    def forward(x, w, b=None, **options):
        if options["groups"] != 1 or isinstance(options["padding"], str):
            raise ValueError("what is this?")
        return conv2d(x, w, b, **options)

    (cause,) = causes("conv2d", forward, conv2d_backward)
    assert cause.sentence.startswith(
        "no answer exactly where groups is not 1 or padding is named: in"
    )
    assert cause.sentence.endswith(
        "if that is meant, the limits groups=1, named_padding=False leave such cases out and "
        "`unsupported=ValueError` counts them as refused"
    )


def test_noise_has_no_cause():
    def change(grad, g, **_):
        rng = np.random.default_rng(int(abs(g.sum())) % 1000)
        return grad + rng.integers(1, 9, grad.shape)

    (cause,) = causes("conv2d", conv2d, changed("w", change))
    assert not cause.confirmed
    assert cause.sentence.endswith("no known cause explains it")


def test_same_seed_gives_the_same_causes():
    backward = changed("w", lambda a, **_: a[..., ::-1])
    assert causes("conv2d", conv2d, backward) == causes("conv2d", conv2d, backward)


@pytest.mark.parametrize(("name", "parameter"), [("softplus", "beta"), ("celu", "alpha")])
def test_a_function_that_is_divided_by_its_parameter_is_not_tried_with_0(name, parameter):
    forward, right = (getattr(activations, each) for each in (name, f"{name}_backward"))

    def backward(g, x, **options):
        return right(g, x, **{parameter: 1.5})

    (cause,) = causes(name, forward, backward)
    assert f"{parameter} = 1.5, whatever is asked" in cause.sentence

    def halved(g, x, **options):  # no constant explains it, and every one is tried
        return np.where(x > 0.5, right(g, x, **options) / 2, right(g, x, **options))

    assert all("whatever is asked" not in each.sentence for each in causes(name, forward, halved))


def test_what_a_shrunk_case_lacks_is_diagnosed_on_others():
    def backward(g, x, w, b=None, **options):
        found = conv2d_backward(g, x, w, **options)
        grad_x = np.ascontiguousarray(found.grad_x[..., ::-1, ::-1])
        return (grad_x, found.grad_w) if b is None else (grad_x, found.grad_w, g.mean((0, 2, 3)))

    op = ops.conv2d.implemented_by(conv2d, backward)
    (failure,) = (entry.failure for entry in run(op, **GIVEN, batched=True).failures)
    assert "b" not in failure.case.operands
    found = {cause.operand: cause for cause in failure.causes}
    assert list(found) == ["grad_x", "grad_b"]
    assert found["grad_b"].confirmed
    assert "a mean is taken where there is a sum" in found["grad_b"].sentence


def test_what_loses_digits_alone_is_told_from_what_is_wrong():
    def loses(g, x):
        return g * (1 - np.tanh(x) ** 2)

    (lost,) = causes("tanh", activations.tanh, loses)
    assert (lost.digits, lost.confirmed) == (True, False)
    (wrong,) = causes("tanh", activations.tanh, lambda g, x: g * np.tanh(x))
    assert not wrong.digits
