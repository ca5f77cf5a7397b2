"""A hunt counts the cases until a subject is convicted, and says by what."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from manualgrad import conv2d, conv2d_backward, dense, dense_backward
from manualgrad.activations import tanh, tanh_backward
from oracles.catalog import ops
from oracles.hunting import hunt
from oracles.op import Case
from oracles.runner import Runner

SEED = 7


def hunted(op, dtypes=("float32", "float64"), **arguments):
    settled = {"oracles": (), "max_examples": 60, "seed": SEED, "keep": False} | arguments
    with Runner(**settled) as runner:
        return hunt(runner, op, dtypes)


def rare(cotangent, x, w, **options):
    """Wrong where the stride is 3 and the dilation 2, both along the height."""
    found = conv2d_backward(cotangent, x, w, **options)
    height = [v if isinstance(v, int) else v[0] for v in (options["stride"], options["dilation"])]
    return (found.grad_x, -found.grad_w, found.grad_b) if height == [3, 2] else found


def test_a_right_subject_gets_away_after_all_cases_of_each_dtype():
    found = hunted(ops.tanh)
    assert (found.cases, found.conviction) == (120, None)
    assert found.seconds > 0


def test_cases_are_those_of_the_examination():
    op = ops.conv2d.implemented_by(conv2d, rare)
    found = hunted(op, ["float64"], evidence=("bound",)).conviction
    with Runner(oracles=(), max_examples=60, seed=SEED, keep=False, evidence=("bound",)) as runner:
        entry = runner.examine(op, "float64")
    assert entry.failure is not None
    assert found.cases == entry.cases > 1
    assert (found.dtype, found.by, found.what) == ("float64", "bound", ("grad_w",))
    assert isinstance(found.case, Case)


def test_dtypes_are_gone_through_in_order_and_those_not_taken_left_out():
    op = ops.conv2d.implemented_by(conv2d, rare, dtypes=["float64"])
    found = hunted(op)
    assert found.conviction.dtype == "float64"
    assert found.cases == found.conviction.cases


def fickle():
    calls = iter(range(10**6))

    def backward(cotangent, x):
        return tanh_backward(cotangent, x) * (1 + (next(calls) == 0))

    return backward


def short_of_digits(cotangent, x, w):
    """Drops all but ten digits of the cotangent, which few generated numbers have."""
    found = dense_backward(cotangent, x, w)
    short = np.where(np.abs(cotangent) > 2**10, cotangent // 4 * 4, cotangent)
    return found.grad_x, dense_backward(short, x, w).grad_w, found.grad_b


def kept_result(cotangent, x, found={}):  # noqa: B006 - that is the error
    return (
        np.copyto(found.setdefault(x.shape, np.empty_like(x)), tanh_backward(cotangent, x))
        or (found[x.shape])
    )


@pytest.mark.parametrize(
    ("op", "by", "what"),
    [
        (ops.tanh.implemented_by(tanh, lambda g, x: 1 / 0), "no answer", "ZeroDivisionError"),
        (ops.tanh.implemented_by(tanh, lambda g, x: g * x), "bound", "grad_x"),
        (
            ops.dense.implemented_by(dense, short_of_digits, limits={"special_values": False}),
            "lattice",
            "grad_w",
        ),
        (ops.tanh.implemented_by(tanh, kept_result), "law", "inputs unchanged"),
        (ops.tanh.implemented_by(tanh, fickle()), "once", None),
    ],
    ids=["no answer", "bound", "lattice", "law", "once"],
)
def test_what_convicts_is_named(op, by, what):
    found = hunted(op, ["float32"], evidence=None).conviction
    assert found.by == by
    assert found.what == () if what is None else what in " ".join(found.what)


def beyond_two(cotangent, x, w):
    """Right on floats; on symbols its weight gradient is doubled."""
    found = dense_backward(cotangent, x, w)
    twice = 2 if cotangent.dtype == object else 1
    return found.grad_x, found.grad_w * twice, found.grad_b


def test_the_proof_comes_last():
    found = hunted(ops.dense.implemented_by(dense, beyond_two))
    assert (found.conviction.by, found.conviction.dtype, found.conviction.case) == (
        "proof",
        "",
        None,
    )
    assert found.conviction.cases == found.cases == 120
    assert "grad_w" in found.conviction.what[0]


def test_cases_that_hypothesis_alone_draws_are_hunted_too():
    def cases(dtype, limits):
        drawn = st.integers(1, 9)
        return drawn.map(
            lambda n: Case("tanh", {"x": np.full(2, n, dtype)}, {}, np.arange(1, 3).astype(dtype))
        )

    wrong = ops.tanh.implemented_by(tanh, lambda g, x: tanh_backward(g, x) * (1 + (x[0] == 5)))
    found = hunted(replace(wrong, cases=cases), ["float64"])
    assert found.conviction.by == "bound"
    assert 1 <= found.conviction.cases <= 9
    assert hunted(replace(ops.tanh, cases=cases), ["float64"]).conviction is None
