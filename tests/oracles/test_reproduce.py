"""The script runs without the harness and gives the same bits."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import find, settings

from oracles.catalog import ops
from oracles.limits import Limits
from oracles.op import Case
from oracles.reproduce import literal, script

QUICK = settings(max_examples=20, database=None, deadline=None)


@pytest.mark.parametrize(
    "array",
    [
        np.array([0.1, -0.0, 5e-324, np.inf, -np.inf, np.nan, 3.0, 2.0**60]),
        np.array([[0.1, 2]], dtype=np.float32),
        np.array(7, dtype=np.int64),
        np.zeros((0, 3)),
    ],
)
def test_literals_keep_every_bit(array):
    other = eval(literal(array), {"np": np})
    assert (other.dtype, other.shape) == (array.dtype, array.shape)
    assert other.tobytes() == array.tobytes()


def first_case(op, limits):
    """Return the simplest case of an operation."""
    return find(op.cases("float64", limits), lambda case: True, settings=QUICK)


def run_script(text):
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "name", ["conv_transpose2d", "dense", "gelu", "softmax", "cross_entropy", "half_squared_error"]
)
def test_script_shows_subject_and_pytorch_alike(name):
    pytest.importorskip("torch")
    op = ops[name]
    case = first_case(op, Limits(special_values=False))
    text = script(op, case)
    assert "oracles" not in text
    shown = run_script(text)
    for compared in op.compared_names(case):
        assert f"{compared} of subject:" in shown
        assert f"{compared} of torch:" in shown


@pytest.mark.parametrize("name", ["conv2d", "gelu", "log_softmax", "mse_loss"])
def test_script_shows_second_derivatives(name):
    pytest.importorskip("torch")
    op = ops[name]
    strategy = op.cases("float64", Limits(special_values=False, min_batch=1))
    case = find(
        strategy, lambda case: bool(case.directions), settings=settings(QUICK, max_examples=1000)
    )
    shown = run_script(script(op, case))
    second = [name for name in op.compared_names(case) if "grad2" in name or "grad_grad" in name]
    assert second
    for compared in second:
        starts = [f"{compared} of {who}:" for who in ("subject", "torch")]
        assert all(start in shown for start in starts)


@pytest.mark.parametrize("name", ["network", "article"])
def test_script_of_a_network_shows_the_subject(name):
    op = ops[name]
    case = first_case(op, Limits())
    shown = script(op, case)
    for compared in op.compared_names(case):
        assert f'show("{compared}"' in shown


def test_subject_that_cannot_be_imported_leaves_a_place_to_paste():
    op = ops.tanh.implemented_by(lambda x: np.tanh(x) + 0, lambda g, x: g)
    case = Case("tanh", {"x": np.ones(1)}, {}, np.ones(1), {"x": "strided"})
    text = script(op, case)
    assert "forward = ...  # paste the forward of " in text
    assert "# The subject saw these memory layouts: {'x': 'strided'}" in text
