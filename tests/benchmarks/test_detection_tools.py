"""Each tool, in its process: passes right code, convicts wrong code, has its known weakness."""

import pytest

from benchmarks.detection import harness
from benchmarks.detection.subjects import Subject, mutants
from benchmarks.detection.tools import TOOLS, cannot, serving
from benchmarks.helper import Helper
from oracles.catalog import ops

ROTATED = "cotangent rotated, tanh' not"
OWN_FORWARD = "true convolution instead of cross-correlation, forward and backward"
BIAS = "gradient of the bias updated from itself"


def asked(helper, kind, title, dtype, *, cases=12, once=True):
    return helper.ask(kind, title, dtype, cases, 60.0, once)


@pytest.mark.parametrize("name", ["gradcheck", "gradcheck, fast mode", "check_grads"])
def test_tools_that_differentiate_the_forward(name):
    with Helper(serving, name) as helper:
        for title in ("manualgrad, dense", "manualgrad, cross_entropy", "manualgrad, article"):
            found = asked(helper, "right", title, "float64", cases=5)
            assert (found.convicted, found.cases, found.skipped, found.said) == (0, 5, 0, "")
        for title in (ROTATED, BIAS):
            found = asked(helper, "mutant", title, "float64")
            assert (found.convicted, bool(found.said)) == (1, True), title
        # Gradients of a wrong forward are right for whoever asks that forward.
        assert asked(helper, "mutant", OWN_FORWARD, "float64").convicted == 0
        if "gradcheck" in name:  # whose step of 1e-6 is nothing to a float32: a false alarm
            found = asked(helper, "right", "manualgrad, dense", "float32", once=False)
            assert found.convicted > 3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_assert_close(dtype):
    with Helper(serving, f"assert_close, {dtype}") as helper:
        for title in ("manualgrad, dense", "manualgrad, cross_entropy", "manualgrad, article"):
            found = asked(helper, "right", title, dtype, cases=5)
            assert (found.convicted, found.cases, found.said) == (0, 5, "")
        for title in (OWN_FORWARD, BIAS):
            found = asked(helper, "mutant", title, dtype)
            assert (found.convicted, "not close" in found.said) == (1, True), title
        # A cotangent of ones is the same when it is rotated.
        assert asked(helper, "mutant", ROTATED, dtype, cases=60).convicted == 0


def test_the_harness():
    for title, by in ((ROTATED, "bound: grad_x"), (OWN_FORWARD, "bound: y"), (BIAS, ": grad_b")):
        found = harness.hunted("mutant", title, 200, 60.0)
        assert (found.convicted, by in found.said) == (1, True), title
    late = harness.hunted("mutant", ROTATED, 200, 1e-9)
    assert (late.convicted, late.said) == (0, "bound: grad_x")
    found = harness.alarms("right", "manualgrad, dense", "float64", 10)
    assert (found.convicted, found.cases, found.said) == (0, 10, "")
    wrong = harness.alarms("mutant", BIAS, "float64", 10)
    assert (wrong.convicted, "grad_b: WRONG" in wrong.said) == (1, True)


def test_a_tool_is_not_asked_what_it_cannot_know():
    of = mutants()[ROTATED]
    assert {cannot(tool, of) for tool in TOOLS.values()} == {""}
    gradcheck, close = TOOLS["gradcheck"], TOOLS["assert_close, float32"]

    def subject(*functions, dtypes=("float32", "float64")):
        return Subject("", "", lambda: ops["tanh"].implemented_by(*functions), dtypes=dtypes)

    own = ops["tanh"].forward, ops["tanh"].backward, ops["tanh"].double_backward
    assert cannot(gradcheck, subject(*own)) == "second derivatives of NumPy code"
    assert cannot(gradcheck, subject(own[0], None)) == "no backward"
    assert cannot(close, subject(own[0], None)) == ""
    alone = subject(*own[:2], dtypes=("float64",))
    assert cannot(gradcheck, alone) == ""
    assert cannot(close, alone) == "wrong in float64 alone"
