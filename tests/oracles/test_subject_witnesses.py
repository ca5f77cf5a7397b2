"""Complex step and finite differences: they see a backward that does not fit its forward."""

from dataclasses import replace

import numpy as np
import pytest

from manualgrad import activations, conv2d, conv2d_backward
from oracles.catalog import ops
from oracles.compare import compare
from oracles.exact.truth import truth
from oracles.op import Case
from oracles.witnesses import complex_step, finite_difference

WITNESSES = [complex_step, finite_difference]


def convolution(dtype="float64"):
    rng = np.random.default_rng(0)
    x, w, b = (rng.integers(-4, 5, s).astype(dtype) for s in ((1, 2, 4, 3), (3, 2, 2, 2), (3,)))
    options = {"stride": (2, 1), "padding": 0, "dilation": 1, "groups": 1}
    g = rng.integers(-4, 5, conv2d(x, w, b, **options).shape).astype(dtype)
    return Case("conv2d", {"x": x, "w": w, "b": b}, options, g)


def activation(dtype, *numbers):
    x = np.array(numbers, dtype)
    return Case("any", {"x": x}, {}, np.arange(2.0, 2 + x.size).astype(dtype))


def agreement(witness, op, case):
    """Return by operand whether the witness's answer lies within its bound around truth."""
    true = truth(op.definition, case, op.gradient_names(case))
    answer = witness.answer(op, case, true["y"].error)
    assert answer.kind == "value", answer.detail
    wanted = {name: each for name, each in true.items() if name in answer.values}
    found = compare("witness", answer.values, wanted, case.dtype, answer.errors)
    return {each.operand: each.agrees for each in found}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("witness", WITNESSES)
def test_both_agree_with_truth_on_convolution(witness, dtype):
    assert agreement(witness, ops.conv2d, convolution(dtype)) == {
        "grad_x": True, "grad_w": True, "grad_b": True,
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("witness", WITNESSES)
@pytest.mark.parametrize("name", ["tanh", "relu", "softsign", "gelu", "elu", "softplus"])
def test_both_agree_with_truth_at_kinks_and_elsewhere(witness, dtype, name):
    case = activation(dtype, 0.0, -1.5, 2.25, 1e-3, -7.0)
    assert agreement(witness, ops[name], case) == {"grad_x": True}


@pytest.mark.parametrize("witness", WITNESSES)
def test_a_wrong_forward_goes_through_to_its_own_gradient(witness):
    # The witness follows the subject's forward, right or wrong: here twice the convolution.
    doubled = replace(ops.conv2d, forward=lambda *a, **o: 2 * conv2d(*a, **o))
    case = convolution()
    true = truth(doubled.definition, case, ["x", "w"])
    found = witness.answer(doubled, case, true["y"].error).values
    expected = conv2d_backward(case.cotangent, case.operands["x"], case.operands["w"],
                               **case.options)  # fmt: skip
    for name, gradient in (("grad_x", expected.grad_x), ("grad_w", expected.grad_w)):
        assert (np.round(found[name] / 2) == gradient).all()


def test_finite_difference_bound_is_not_idle():
    # A relative error of 2^-10 in the derivative lies outside the bound in float64.
    case = activation("float64", 0.3, -1.5)
    true = truth(ops.tanh.definition, case, ["x"])
    answer = finite_difference.answer(ops.tanh, case, true["y"].error)
    assert (answer.errors["grad_x"] < np.abs(answer.values["grad_x"]) * 2.0**-10).all()


@pytest.mark.parametrize("witness", WITNESSES)
def test_a_subject_that_refuses_is_rejected(witness):
    def refuse(x):
        raise TypeError("floats only")

    case = activation("float64", 1.0)
    answer = witness.answer(replace(ops.tanh, forward=refuse), case, np.zeros(1))
    assert (answer.kind, answer.detail) == ("rejected", "TypeError: floats only")


def test_large_special_and_forward_only_cases_are_not_asked():
    case = activation("float64", 1.0)
    assert complex_step.applies(ops.tanh, case, np.zeros(1))
    assert not complex_step.applies(ops.tanh, case, np.array([np.inf]))
    assert not complex_step.applies(ops.tanh, activation("float64", np.inf), np.zeros(1))
    assert not complex_step.applies(ops.tanh, activation("float64", *range(200)), np.zeros(200))
    alone = ops.tanh.implemented_by(activations.tanh, None)
    assert not complex_step.applies(alone, case, np.zeros(1))


def test_case_is_left_alone():
    case = convolution()
    before = {name: array.copy() for name, array in case.operands.items()}
    for witness in WITNESSES:
        witness.answer(ops.conv2d, case, np.zeros(case.cotangent.shape))
    assert all((array == before[name]).all() for name, array in case.operands.items())
