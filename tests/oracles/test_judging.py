"""What is compared with what, and the whole account of a case that convicts."""

from dataclasses import replace

import numpy as np
import pytest

from manualgrad import dense, dense_backward
from manualgrad.activations import tanh, tanh_backward
from oracles import ops
from oracles.answer import Answer
from oracles.compare import compare
from oracles.exact.bounded import Approximate
from oracles.judging import account, against, judge_subject, on_lattice, tells_what_is_wrong
from oracles.op import Case
from oracles.reproduce import script
from oracles.subject import ask_subject

X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
W = np.array([[1.0, 0.0, 2.0, 1.0], [0.0, 3.0, 1.0, 1.0], [2.0, 2.0, 0.0, 1.0]])
CASE = Case("dense", {"x": X, "w": W}, {}, np.arange(8.0).reshape(2, 4) - 3, lattice=9)
ON_LATTICE = "on the lattice every partial sum is a number of the dtype: a right answer is exact"
LAWS = (
    "law broken, the backward pass is linear in the cotangent: "
    "grad_w of a sum of cotangents is not the sum of their grad_w",
    "law broken, forward and gradients are adjoint: "
    "<w, grad_w> is {}, <cotangent, y> without bias is 120",
)


def off_by(more):
    def backward(g, x, w):
        gradients = dense_backward(g, x, w)
        return gradients._replace(grad_w=gradients.grad_w + more * g.any())

    return ops.dense.implemented_by(dense, backward)


def test_a_subject_is_judged_by_all_that_it_computes():
    second = replace(CASE, directions={"x": X, "w": W})
    answer, true, found = judge_subject(ops.dense, second)
    names = ["y", "grad_x", "grad_w", "grad_grad_y", "grad2_x", "grad2_w"]
    assert [each.operand for each in found] == list(true) == list(answer.values) == names
    assert [each.participant for each in found] == ["subject"] * 6
    assert all(each.agrees for each in found)
    wrong = judge_subject(off_by(1.0), CASE)[2]
    assert [(each.operand, each.wrong) for each in wrong] == [
        ("y", 0),
        ("grad_x", 0),
        ("grad_w", 12),
    ]


def judged_as(participant, answer):
    true = {
        name: Approximate(np.array([1.0, 2.0]), np.array([0.25, 0.25])) for name in ("y", "grad_x")
    }
    case = Case("tanh", {"x": X}, {}, np.zeros(2))
    found = against(participant, answer, true, case)
    return [(each.participant, each.operand, each.problem, each.worst_ratio) for each in found]


def test_a_witness_may_leave_out_what_the_subject_may_not():
    answer = Answer("value", {"grad_x": np.array([1.0, 2.25])})
    assert judged_as("torch", answer) == [("torch", "grad_x", "", 1.0)]
    assert judged_as("subject", answer) == [
        ("subject", "y", "missing", np.inf), ("subject", "grad_x", "", 1.0),
    ]  # fmt: skip


def test_who_gave_no_value_is_not_compared():
    assert judged_as("subject", Answer("rejected", {"y": np.zeros(2)})) == []


def test_a_witness_is_judged_in_the_dtype_of_the_case_with_its_method_s_own_error():
    values = {"y": np.float32([1, 2]), "grad_x": np.array([1.0, 3.0])}
    answer = Answer("value", values, errors={"grad_x": np.array([0.0, 0.25])})
    assert judged_as("taylor", answer) == [
        ("taylor", "y", "has dtype float32, the case has float64", np.inf),
        ("taylor", "grad_x", "", 2.0),
    ]


def told_on_lattice(op, case=CASE):
    answer, true, _ = judge_subject(op, case)
    return on_lattice(op, case, answer, true)


def test_the_lattice_says_what_makes_an_answer_inexact():
    assert told_on_lattice(off_by(0.5)) == [
        ON_LATTICE,
        "grad_w[0, 0] leaves the lattice: 1.5 where truth is 1",
        "off by at most 0.5 where every partial sum is a number of float64: "
        "no plain sum of products, but a transform (Winograd, FFT) or a shorter accumulator",
    ]
    assert told_on_lattice(off_by(1000.0)) == [ON_LATTICE]
    assert told_on_lattice(off_by(0.5), replace(CASE, lattice=0)) == []


def test_an_account_holds_everything_about_a_case():
    op, right, refused = off_by(1000.0), ask_subject(ops.dense, CASE), Answer("rejected")
    asked = []

    def ask(true):
        asked.append(true)
        return {"torch": right, "jax": refused}

    found = account(op, CASE, ask, "AX1")
    answer, true, comparisons = judge_subject(op, CASE)
    (given,) = asked
    assert {n: t.value.tolist() for n, t in given.items()} == {
        n: t.value.tolist() for n, t in true.items()
    }
    assert [(each.operand, set(each.ratios)) for each in found.portraits] == [
        (name, {"subject", "torch"}) for name in true
    ]
    assert found.sentences == (
        "y: right, largest error/bound 0",
        "grad_x: right, largest error/bound 0",
        "grad_w: WRONG, differs in 12 of 12 cells (100%), worst at (0, 0): 1001.0 where "
        "truth is 1; torch agrees with exact arithmetic: manualgrad.dense.dense is the outlier",
        ON_LATTICE,
        LAWS[0],
        LAWS[1].format(14120),
    )
    assert found.case is CASE
    assert found.comparisons == tuple(comparisons)
    assert found.witness_comparisons == tuple(compare("torch", right.values, true, CASE.dtype))
    assert list(found.answers) == ["subject", "torch", "jax"]
    assert (found.answers["torch"], found.answers["jax"]) == (right, refused)
    assert found.answers["subject"].values["grad_w"].tolist() == answer.values["grad_w"].tolist()
    assert found.answers["subject"].held == {}
    assert found.truth == {
        "y": ("7", "12", "4", "6", "16", "27", "13", "15"),
        "grad_x": ("-5", "-7", "-10", "11", "13", "10"),
        "grad_w": ("1", "6", "11", "16", "-1", "6", "13", "20", "-3", "6", "15", "24"),
    }
    assert found.script == script(op, CASE, answer, found.truth)
    assert found.blob == "AX1"


def test_a_subject_without_a_name_is_named_by_its_operation_and_truth_as_it_is_told():
    class Told:
        told_as = "PyTorch in float64"

        def __getattr__(self, name):
            return getattr(ops.tanh.definition, name)

    op = replace(ops.tanh, backward=lambda g, x: -g, subject="", definition=Told())
    case = Case("tanh", {"x": np.array([0.0, 0.0])}, {}, np.array([1.0, 1.0]))
    found = account(op, case, lambda true: {"torch": ask_subject(ops.tanh, case)}, "")
    assert found.sentences[1] == (
        "grad_x: WRONG, differs in 2 of 2 cells (100%), worst at (0,): -1.0 where truth is 1; "
        "torch agrees with PyTorch in float64: tanh is the outlier"
    )


@pytest.mark.parametrize(("scale", "sentences", "wrong"), [
    (1, (), False), (-1, (), True), (1, ("y: right", LAWS[0]), True),
    (1, ("the law broken, ",), False),
])  # fmt: skip
def test_a_wrong_number_or_a_broken_law_is_something_wrong(scale, sentences, wrong):
    op = ops.tanh.implemented_by(tanh, lambda g, x: scale * tanh_backward(g, x))
    case = Case("tanh", {"x": np.array([0.5])}, {}, np.array([1.0]))
    found = replace(account(op, case, lambda true: {}, ""), sentences=sentences)
    assert tells_what_is_wrong(found) is wrong


def test_a_witness_is_no_witness_to_errors_below_its_own():
    op = off_by(1.0)
    said = ask_subject(ops.dense, CASE)
    shape = said.values["grad_w"].shape
    own = {"fine": 0.5, "coarse": 2.0, "exact": None}
    witnesses = {
        name: replace(said, errors={} if e is None else {"grad_w": np.full(shape, e)})
        for name, e in own.items()
    }
    failure = account(op, CASE, lambda true: witnesses, "")
    told = {(c.participant, c.operand): c.tells for c in failure.witness_comparisons}
    assert told.pop(("coarse", "grad_w")) is False
    assert all(told.values())
    assert all(each.agrees and each.tells for each in failure.comparisons if each.operand == "y")
    sentence = next(s for s in failure.sentences if s.startswith("grad_w"))
    assert sentence.endswith("is the outlier; coarse cannot tell, being too coarse")
    assert "fine and exact agree with exact arithmetic" in sentence


def test_what_no_number_was_given_for_can_be_told_by_any_method():
    right, other = (ask_subject(ops.dense, CASE) for _ in range(2))
    short = ops.dense.implemented_by(dense, lambda g, x, w: (x + 1, w[:1] + 1))
    huge = {name: np.full(value.shape, 1e9) for name, value in right.values.items()}
    failure = account(short, CASE, lambda true: {"coarse": replace(other, errors=huge)}, "")
    told = {c.operand: c.tells for c in failure.witness_comparisons}
    assert told == {"y": True, "grad_x": False, "grad_w": True}
