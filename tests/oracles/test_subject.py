import time
from dataclasses import replace

import numpy as np
import pytest

from oracles.gradient_names import Recovered
from oracles.op import Case, Op
from oracles.subject import ask_subject

X, W, G = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([[5.0]])
CASE = Case("dense", {"x": X, "w": W}, {}, G, {"x": "Fortran"})


def dense(x, w, b=None):
    return x @ w if b is None else x @ w + b


def dense_backward(g, x, w):
    return g @ w.T, x.T @ g, g.sum(axis=0)


def asked(forward=dense, backward=dense_backward, case=CASE, **others):
    op = Op("dense", forward, backward, None, None, {}, backward_operands=("x", "w"),
            gradients=("x", "w", "b"), **others)  # fmt: skip
    return ask_subject(op, case)


def test_values_by_name_without_the_absent_bias():
    answer = asked()
    assert answer.kind == "value"
    assert {name: v.tolist() for name, v in answer.values.items()} == {
        "y": [[11.0]], "grad_x": [[15.0, 20.0]], "grad_w": [[5.0], [10.0]],
    }  # fmt: skip


def test_bias_is_compared_where_there_is_one():
    case = Case("dense", {"x": X, "w": W, "b": np.array([7.0])}, {}, G)
    assert asked(case=case).values["grad_b"].tolist() == [5.0]


def test_gradients_of_the_present_operands_alone_are_enough():
    answer = asked(backward=lambda g, x, w: (g @ w.T, x.T @ g))
    assert set(answer.values) == {"y", "grad_x", "grad_w"}


def test_forward_alone():
    assert set(asked(backward=None).values) == {"y"}


def test_a_loss_gets_no_cotangent_and_scalars_become_arrays():
    op = Op("loss", lambda p, t: np.float64(3.0), lambda p, t: p - t, None, None, {},
            gradients=("prediction",), takes_cotangent=False)  # fmt: skip
    case = Case("loss", {"prediction": X, "target": X + 1}, {}, np.array(1.0))
    answer = ask_subject(op, case)
    assert answer.values["y"].shape == ()
    assert answer.values["grad_prediction"].tolist() == [[-1.0, -1.0]]


def raises(*_):
    raise IndexError("no such row")


def doubled_in_place(g, x, w):
    g *= 2
    return dense_backward(g, x, w)


def scaled_weights(x, w):
    w /= 2
    return x @ w


@pytest.mark.parametrize(
    ("functions", "detail"),
    [
        ({"forward": raises}, "forward raised IndexError: no such row (test_subject.py:"),
        ({"backward": raises}, "backward raised IndexError: no such row (test_subject.py:"),
        ({"backward": lambda g, x, w: g}, "backward returned 1 gradient, not 3 (x, w, b)"),
        ({"backward": lambda g, x, w: None}, "backward returned None, not 3 gradients (x, w, b)"),
        ({"backward": lambda g, x, w: (x, None, g)}, "backward returned no gradient of w"),
        ({"backward": lambda g, x, w: {"x": g}}, "backward returned no gradient of w"),
        ({"backward": doubled_in_place}, "modified the cotangent in place"),
        ({"forward": scaled_weights}, "modified w in place"),
        ({"backward": lambda g, x, w: (x, w, g)}, "returned grad_x that shares memory with x"),
    ],
)
def test_bad_manners_are_rejected_with_a_reason(functions, detail):
    answer = asked(**functions)
    assert answer.kind == "rejected"
    assert answer.detail.startswith(detail)


def test_case_itself_is_never_touched():
    asked(forward=scaled_weights, backward=doubled_in_place)
    assert (X.tolist(), W.tolist(), G.tolist()) == ([[1, 2]], [[3], [4]], [[5]])


def test_subject_sees_the_layout_of_the_case():
    seen = {}

    def look(x, w):
        seen["x"] = x.flags.writeable
        return x @ w

    asked(forward=look, case=Case("dense", {"x": X, "w": W}, {}, G, {"x": "read-only"}))
    assert seen == {"x": False}


def test_what_the_subject_said_it_does_not_support_is_told_apart():
    answer = asked(forward=raises, unsupported=(KeyError, IndexError))
    assert (answer.kind, answer.unsupported) == ("rejected", True)
    assert not asked(forward=raises, unsupported=(KeyError,)).unsupported


def hangs(*_):
    time.sleep(60)


def keeps_trying(g, x, w):
    while True:
        try:
            time.sleep(60)
        except Exception:
            continue


@pytest.mark.parametrize("functions", [{"forward": hangs}, {"backward": keeps_trying}])
def test_subject_that_hangs_is_stopped(functions):
    answer = asked(**functions, time_limit=0.05)
    assert answer.kind == "timed out"
    assert answer.detail == f"{next(iter(functions))} gave no answer within 0.05 s"


def test_gradients_that_were_recovered_bring_their_error():
    found = Recovered({"x": G @ W.T, "w": X.T @ G}, {"w": np.full((2, 1), 1e-9)})
    assert asked(backward=lambda g, x, w: found).errors["grad_w"].tolist() == [[1e-9], [1e-9]]
    whole = replace(CASE, lattice=9)
    assert asked(backward=lambda g, x, w: found, case=whole).errors == {}
