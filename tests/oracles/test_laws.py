"""Laws hold for manualgrad, and each is broken by the error that it is there for."""

import numpy as np
import pytest

from manualgrad import conv2d, conv2d_backward, dense, dense_backward
from oracles import laws, ops, run
from oracles.lattice import lattice_cases
from oracles.laws import ADJOINT, LINEAR, MANNERS, ROTATED, SAME_BITS, TRANSPOSED, ZERO, broken
from oracles.op import Case
from oracles.subject import ask_subject

RNG = np.random.default_rng(0)


def conv_case(**options):
    x, w = RNG.integers(-3, 4, (2, 4, 5, 6)), RNG.integers(-3, 4, (6, 2, 2, 3))
    x, w = x.astype(np.float64), w.astype(np.float64)
    options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 2, **options}
    g = RNG.integers(-3, 4, conv2d(x, w, **options).shape).astype(np.float64)
    return Case("conv2d", {"x": x, "w": w}, options, g, lattice=3)


def found(op, case):
    return broken(op, case, ask_subject(op, case))


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d", "conv_transpose1d",
                                  "conv_transpose2d", "conv_transpose3d"])  # fmt: skip
def test_all_laws_hold_for_convolutions(name):
    report = run(ops[name], oracles=(), max_examples=25, seed=3)
    assert report.passed
    for entry in report.entries:
        assert set(entry.laws) == {MANNERS, SAME_BITS, ZERO, LINEAR, ADJOINT, TRANSPOSED, ROTATED}
        assert min(entry.laws.values()) >= 20


@pytest.mark.parametrize("options", [
    {}, {"stride": (2, 3)}, {"padding": (3, 1)}, {"padding": "same"}, {"padding": "valid"},
    {"stride": 2, "padding": 1, "dilation": (3, 1)}, {"stride": (3, 2), "dilation": 2},
], ids=str)  # fmt: skip
def test_rotate_and_pad_equals_dgrad_for_every_option(options):
    case = conv_case(**options)
    assert found(ops.conv2d, case) == dict.fromkeys(
        [MANNERS, SAME_BITS, ZERO, LINEAR, ADJOINT, TRANSPOSED, ROTATED], ""
    )


def rotated(g, x, w, **options):
    return conv2d_backward(g, x, np.ascontiguousarray(w[..., ::-1, ::-1]), **options)


def with_a_constant(g, x, w, **options):
    gradients = conv2d_backward(g, x, w, **options)
    return gradients._replace(grad_w=gradients.grad_w + 1)


def squared(g, x, w, **options):
    return conv2d_backward(g * g, x, w, **options)


@pytest.mark.parametrize(("backward", "laws_broken"), [
    (rotated, {ADJOINT, TRANSPOSED, ROTATED}),
    (with_a_constant, {ZERO, LINEAR, ADJOINT}),
    (squared, {LINEAR, ADJOINT, TRANSPOSED, ROTATED}),
])  # fmt: skip
def test_planted_error_breaks_the_laws_it_should(backward, laws_broken):
    op = ops.conv2d.implemented_by(conv2d, backward)
    told = found(op, conv_case())
    assert {law for law, breach in told.items() if breach} == laws_broken


def test_fickle_subject_breaks_the_law_of_same_bits():
    calls = []

    def fickle(g, x, w):
        calls.append(1)
        gradients = dense_backward(g, x, w)
        return gradients._replace(grad_x=gradients.grad_x * (1 + 2.0**-52 * (len(calls) % 2)))

    op = ops.dense.implemented_by(dense, fickle)
    report = run(op, oracles=(), dtypes=("float64",), max_examples=30, seed=0,
                 evidence=("bound",))  # fmt: skip
    (failure,) = (entry.failure for entry in report.failures)
    assert any(f"law broken, {laws.SAME_BITS}: grad_x of the second call has other bits" in line
               for line in failure.sentences)  # fmt: skip


def test_laws_of_a_nonlinear_operation_are_the_general_ones():
    report = run(ops.tanh, oracles=(), dtypes=("float64",), max_examples=10, seed=0)
    assert set(report.entries[0].laws) == {MANNERS, SAME_BITS, ZERO}


def test_lattice_draws_keep_the_laws_for_a_layout_of_ones_own():
    def turn(a):
        return np.ascontiguousarray(np.moveaxis(a, 1, -1))

    def back(a):
        return np.ascontiguousarray(np.moveaxis(a, -1, 1))

    def forward(x, w, b=None, **options):
        return turn(conv2d(back(x), w, b, **options))

    def backward(g, x, w, **options):
        gradients = conv2d_backward(back(g), back(x), w, **options)
        return turn(gradients.grad_x), gradients.grad_w, gradients.grad_b

    op = ops.conv2d.implemented_by(forward, backward, layout="NHWC")
    draws = lattice_cases(op, op.definition.polynomial, conv_case(), seed=1)
    assert all(not any(found(op, draw).values()) for draw in draws)


def overflowing(g, x, w, **options):
    gradients = conv2d_backward(g, x, w, **options)
    return gradients._replace(grad_w=gradients.grad_w * np.inf)


def test_a_result_that_is_not_finite_breaks_the_adjoint_law_and_no_harness():
    op = ops.conv2d.implemented_by(conv2d, overflowing)
    told = found(op, conv_case())[ADJOINT]
    assert told == "grad_w is not finite, and all that it is made of is"
