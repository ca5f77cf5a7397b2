"""Laws hold for manualgrad, and each is broken by the error that it is there for."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from manualgrad import conv2d, conv2d_backward, dense, dense_backward
from oracles import laws, ops, run
from oracles.answer import Answer, NotAnArray
from oracles.lattice import lattice_cases
from oracles.laws import ADJOINT, LINEAR, MANNERS, ROTATED, SAME_BITS, TRANSPOSED, ZERO, broken
from oracles.op import Case
from oracles.shift_law import shift_law
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


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_answer_that_is_no_integer_on_the_lattice_convicts(value):
    def infinite(x, w, b=None):
        y = dense(x, w, b)
        y.flat[:1] = value if np.abs(x).max(initial=0) > 9 else y.flat[:1]
        return y

    op = ops.dense.implemented_by(infinite, dense_backward, limits={"min_batch": 1})
    report = run(op, oracles=(), dtypes=("float32",), max_examples=20, seed=0, keep=False)
    assert [entry.failure.case.lattice > 9 for entry in report.failures] == [True]


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


SMALL = [
    ("conv1d", (7,), (3,)), ("conv2d", (5, 6), (2, 3)), ("conv3d", (4, 5, 6), (2, 1, 3)),
    ("conv_transpose1d", (4,), (3,)), ("conv_transpose2d", (3, 4), (2, 3)),
    ("conv_transpose3d", (2, 3, 4), (2, 1, 3)),
]  # fmt: skip


def small_case(name, size, kernel, *, bias=True, **options):
    transposed = "transpose" in name
    shapes = {"x": (2, 4, *size), "w": (*((4, 3) if transposed else (6, 2)), *kernel), "b": (6,)}
    rng = np.random.default_rng(len(name))
    operands = {
        operand: rng.integers(-3, 4, shape).astype(np.float64) for operand, shape in shapes.items()
    }
    if not bias:
        del operands["b"]
    options = {"stride": 2, "padding": 1, "dilation": 1, "groups": 2, **options}
    if transposed:
        options = {"output_padding": 1, **options}
    y = ops[name].forward(*operands.values(), **options)
    g = rng.integers(-3, 4, y.shape).astype(np.float64)
    return Case(name, operands, options, g, lattice=3)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("name", "size", "kernel"), SMALL)
def test_a_right_convolution_breaks_no_law(name, size, kernel, bias):
    every = [MANNERS, SAME_BITS, ZERO, LINEAR, ADJOINT, TRANSPOSED, ROTATED]
    for options in ({}, {"dilation": 2, "padding": 2}, {"stride": 1, "output_padding": 0}):
        given = options if "transpose" in name else {**options, "output_padding": 0}
        given = {n: v for n, v in given.items() if "transpose" in name or n != "output_padding"}
        case = small_case(name, size, kernel, bias=bias, **given)
        assert found(ops[name], case) == dict.fromkeys(every, "")
        alone = {**case.operands, "x": case.operands["x"][0]}
        single = replace(case, operands=alone, cotangent=case.cotangent[0])
        assert found(ops[name], single) == dict.fromkeys(every, "")


def changed(name, **changes):
    """Return the operation with what `changes` make of y or of a gradient, and of the cotangent."""
    op = ops[name]

    def forward(*operands, **options):
        y = op.forward(*operands, **options)
        return changes["y"](y) if "y" in changes else y

    def backward(g, *operands, **options):
        gradients = op.backward(g, *operands, **options)
        return gradients._replace(
            **{n: change(getattr(gradients, n), g) for n, change in changes.items() if n != "y"}
        )

    return replace(op, forward=forward, backward=backward)


@pytest.mark.parametrize(("name", "size", "kernel"), SMALL)
def test_one_wrong_cell_of_dgrad_is_another_array(name, size, kernel):
    def last(array, *_):
        array.flat[-1] += 1
        return array

    transposed = "transpose" in name
    wrong = changed(name, **{"y" if transposed else "grad_x": last})
    case = small_case(name, size, kernel)
    told = found(wrong, case)
    what = "y without bias" if transposed else "grad_x"
    assert {told[TRANSPOSED], told[ROTATED]} == {f"{what} is another array"}
    bare = replace(case, operands={n: case.operands[n] for n in ("x", "w")})
    assert found(wrong, bare)[ROTATED] == f"{what} is another array"


@pytest.mark.parametrize(("problem", "wrong"), [
    ("has shape (1, 4, 5, 6), not (2, 4, 5, 6)", lambda array: array[:1]),
    ("has shape (2, 4, 6, 5), not (2, 4, 5, 6)", lambda array: array.swapaxes(2, 3)),
    ("has dtype complex128", lambda array: array + 1j),
    ("is a list, not an array", lambda array: array.tolist()),
])  # fmt: skip
def test_what_is_no_gradient_of_its_operand_is_told_by_laws_that_need_it(problem, wrong):
    case = small_case(*SMALL[1])
    for law, when, where in [
        (ZERO, lambda g: not g.any(), "with a zero cotangent"),
        (LINEAR, lambda g: g.any() and (g < case.cotangent).any(), "with half the cotangent"),
    ]:
        op = changed(
            "conv2d", grad_x=lambda array, g, when=when: wrong(array) if when(g) else array
        )
        told = found(op, case)
        assert {n: t for n, t in told.items() if t} == {law: f"{where}: grad_x {problem}"}


@pytest.mark.parametrize(
    "wrong", [lambda a, *_: a[:1], lambda a, *_: a + 1j], ids=["shape", "dtype"]
)
@pytest.mark.parametrize("what", ["y", "grad_x", "grad_w", "grad_b"])
def test_an_answer_of_another_shape_is_asked_for_its_manners_alone(what, wrong):
    op = changed("conv2d", **{what: wrong})
    assert found(op, small_case(*SMALL[1])) == {MANNERS: "", SAME_BITS: ""}


def test_a_shape_that_is_wrong_for_large_numbers_alone_convicts():
    op = changed(
        "dense", grad_x=lambda array, g: array[:1] if np.abs(g).max(initial=0) > 9 else array
    )
    report = run(op, oracles=(), dtypes=("float64",), max_examples=20, seed=0, keep=False)
    assert any("has shape" in line for line in report.failures[0].failure.sentences)


def test_no_value_has_no_laws():
    case = small_case(*SMALL[0])
    right = ask_subject(ops.conv1d, case)
    assert broken(ops.conv1d, case, Answer("rejected", right.values)) == {}
    odd = Answer("value", {**right.values, "grad_x": NotAnArray("list")})
    assert broken(ops.conv1d, case, odd) == {}


def test_laws_tell_what_broke_them():
    case = small_case(*SMALL[1])

    def told(**changes):
        breaches = found(changed("conv2d", **changes), case)
        return {law: breach for law, breach in breaches.items() if breach}

    whole = (case.cotangent * ops.conv2d.forward(case.operands["x"], case.operands["w"],
                                                 **case.options)).sum()  # fmt: skip
    assert told(grad_w=lambda array, g: array + 1) == {
        ZERO: "grad_w is not zero for a zero cotangent",
        LINEAR: "grad_w of a sum of cotangents is not the sum of their grad_w",
        ADJOINT: f"<w, grad_w> is {int(whole + case.operands['w'].sum())}, "
        f"<cotangent, y> without bias is {int(whole)}",
    }
    more = int(whole - case.operands["b"].sum())
    assert told(grad_b=lambda array, g: array + g.any())[ADJOINT] == (
        f"<x, grad_x> is {int(whole)}, <cotangent, y> without bias is {more}"
    )
    assert told(y=lambda array: array * np.nan) == {
        ADJOINT: "y is not finite, and all that it is made of is"
    }


def test_a_second_call_that_fails_or_gives_the_same_memory_is_told():
    case, right = small_case(*SMALL[0]), ops.conv1d
    answer = ask_subject(right, case)

    def refuse(*operands, **options):
        raise ValueError("never again")

    told = broken(replace(right, forward=refuse), case, answer)
    again, zero, half = told[SAME_BITS], told[ZERO], told[LINEAR]
    assert again.startswith("the second call: forward raised ValueError: never again")
    assert zero.startswith("with a zero cotangent: forward raised ValueError: never again")
    assert half.startswith("with half the cotangent: forward raised ValueError: never again")
    kept = []

    def hoard(g, *operands, **options):
        kept.append(kept[0] if kept else right.backward(g, *operands, **options))
        return kept[0]

    hoarding = replace(right, backward=hoard)
    assert found(hoarding, case)[MANNERS] == (
        "the next call gives grad_x, grad_w, grad_b in the same memory"
    )
    calls = []

    def moody(g, *operands, **options):
        calls.append(1)
        gradients = right.backward(g, *operands, **options)
        return gradients._replace(grad_x=gradients.grad_x if len(calls) == 1 else [])

    assert found(replace(right, backward=moody), case)[SAME_BITS] == (
        "grad_x of the second call has other bits"
    )


def test_second_derivatives_need_not_vanish_with_the_cotangent():
    case = small_case(*SMALL[0])
    assert not any(found(ops.conv1d, replace(case, directions=case.operands)).values())


def test_adjointness_holds_whatever_the_order_of_gradients():
    def backward(g, *operands, **options):
        grad_x, grad_w, grad_b = ops.conv1d.backward(g, *operands, **options)
        return grad_b, grad_w, 2 * grad_x

    case = small_case(*SMALL[0])
    op = replace(ops.conv1d, backward=backward, gradients=("b", "w", "x"), double_backward=None)
    told = found(op, case)[ADJOINT]
    whole = ops.conv1d.forward(case.operands["x"], case.operands["w"], **case.options)
    once = int((whole * case.cotangent).sum())
    assert once != 0
    assert told == f"<x, grad_x> is {2 * once}, <cotangent, y> without bias is {once}"


def test_the_cotangent_is_split_into_whole_halves():
    case, asked = small_case(*SMALL[0]), []

    def record(array, g):
        asked.append(g.copy())
        return array

    assert not any(found(changed("conv1d", grad_x=record), case).values())
    g = case.cotangent
    wanted = [g, g, 0 * g, np.floor(g / 2), np.ceil(g / 2)]
    assert [each.tolist() for each in asked] == [each.tolist() for each in wanted]


def test_which_laws_there_are_depends_on_what_is_known():
    case, general = small_case(*SMALL[0]), {MANNERS, SAME_BITS}
    every = {ZERO, LINEAR, ADJOINT, TRANSPOSED, ROTATED}
    conv = ops.conv1d

    def known(op, case):
        return set(laws.laws_of(op, case))

    assert known(conv, case) == every
    assert known(conv, replace(case, lattice=0)) == {ZERO}
    assert known(conv, replace(case, cotangent=case.cotangent * np.nan, lattice=0)) == set()
    assert known(replace(conv, payload=b"user"), case) == {ZERO, LINEAR}
    assert known(replace(conv, backward=None), case) == set()
    assert known(replace(conv, name="mine"), case) == {ZERO, LINEAR, ADJOINT}
    assert known(replace(conv, takes_cotangent=False), case) == {TRANSPOSED, ROTATED}
    ties = Case("relu", {"x": np.zeros(3)}, {}, np.ones(3))
    compares = replace(ops.relu, definition=SimpleNamespace(compares=True))
    assert known(ops.relu, ties) == {ZERO}
    assert laws.laws_of(compares, ties)[laws.SHIFT] is shift_law
    assert known(compares, ties) == {ZERO, laws.SHIFT}
    assert known(compares, replace(ties, operands={"x": np.full(3, np.inf)})) == set()
    assert set(found(conv, case)) == general | every
