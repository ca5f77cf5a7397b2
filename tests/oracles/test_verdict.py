from dataclasses import replace

import numpy as np

from oracles.answer import Answer
from oracles.compare import compare
from oracles.exact.bounded import Approximate, rationals
from oracles.verdict import convicts, defect_sentence, sentences

FLOAT64 = np.dtype("float64")
TRUTH = {
    name: Approximate(rationals(np.array([1.0, 2.0])).value, np.full(2, 0.25))
    for name in ("y", "grad_x")
}
RIGHT, WRONG = np.array([1.0, 2.0]), np.array([1.0, -2.0])
VALUE = Answer("value")


def against(participant, y, grad_x):
    return compare(participant, {"y": y, "grad_x": grad_x}, TRUTH, FLOAT64)


def told(mine, **witnesses):
    return sentences("mine", VALUE, mine, witnesses)


def test_truth_convicts_and_majority_does_not():
    wrong = against("subject", RIGHT, WRONG)
    assert convicts(VALUE, wrong)
    right = against("subject", RIGHT, RIGHT)
    assert not convicts(VALUE, right)


def test_whoever_does_not_answer_is_wrong():
    assert convicts(Answer("rejected", detail="raised"), [])


def test_outlier_is_named():
    lines = told(against("subject", RIGHT, WRONG), torch=against("torch", RIGHT, RIGHT),
                 jax=against("jax", RIGHT, RIGHT))  # fmt: skip
    assert lines[0] == "y: right, largest error/bound 0"
    assert lines[1] == (
        "grad_x: WRONG, differs in 1 of 2 cells (50%), worst at (1,): -2.0 where truth is 2; "
        "torch and jax agree with exact arithmetic: mine is the outlier"
    )


def test_agreeing_with_a_wrong_framework_does_not_help():
    lines = told(against("subject", RIGHT, WRONG), torch=against("torch", RIGHT, WRONG),
                 jax=against("jax", RIGHT, RIGHT))  # fmt: skip
    assert lines[1].endswith("torch differs from exact arithmetic too, jax agrees with it")


def test_several_frameworks_may_be_wrong():
    right, wrong = against("torch", RIGHT, RIGHT), against("torch", RIGHT, WRONG)
    mine = against("subject", RIGHT, WRONG)
    start = "grad_x: WRONG, differs in 1 of 2 cells (50%), worst at (1,): -2.0 where truth is 2"
    three = "a, b and c"
    assert told(mine)[1] == start
    assert told(mine, a=wrong, b=wrong, c=wrong)[1] == (
        f"{start}; {three} differ from exact arithmetic too"
    )
    assert told(mine, a=wrong, x=right, b=wrong, y=right)[1] == (
        f"{start}; a and b differ from exact arithmetic too, x and y agree with it"
    )
    assert told(mine, x=right)[1] == f"{start}; x agrees with exact arithmetic: mine is the outlier"
    assert told(right, a=wrong, b=wrong, c=wrong)[1] == (
        f"grad_x: right, largest error/bound 0 (but wrong: {three})"
    )


def test_a_witness_that_is_too_coarse_is_none():
    start = "grad_x: WRONG, differs in 1 of 2 cells (50%), worst at (1,): -2.0 where truth is 2"
    mine = against("subject", RIGHT, WRONG)
    right, wrong = against("torch", RIGHT, RIGHT), against("torch", RIGHT, WRONG)
    coarse = [replace(each, tells=False) for each in right]
    unable = "cannot tell, being too coarse"
    assert told(mine, c=coarse)[1] == f"{start}; c {unable}"
    assert told(mine, c=coarse, a=right, d=coarse)[1] == (
        f"{start}; a agrees with exact arithmetic: mine is the outlier; c and d {unable}"
    )
    assert told(mine, a=wrong, c=coarse)[1] == (
        f"{start}; a differs from exact arithmetic too; c {unable}"
    )


def test_truth_may_have_another_name():
    lines = sentences("mine", VALUE, against("subject", RIGHT, WRONG),
                      {"jax": against("jax", RIGHT, RIGHT)}, "PyTorch's float64")  # fmt: skip
    assert lines[1].endswith("jax agrees with PyTorch's float64: mine is the outlier")


def test_how_near_a_right_answer_comes_is_told():
    lines = told(against("subject", RIGHT + 0.125, RIGHT))
    assert lines == ("y: right, largest error/bound 0.5", "grad_x: right, largest error/bound 0")


def test_a_wrong_number_has_no_place():
    truth = {"y": Approximate(rationals(np.array(3.0)).value, np.array(0.0))}
    (found,) = compare("jax", {"y": np.array(4.0)}, truth, FLOAT64)
    assert defect_sentence("jax", [found]) == (
        "jax: y differs in 1 of 1 cells (100%), worst: 4.0 where truth is 3"
    )


def test_two_wrong_cells_of_two_are_all_of_them():
    text = defect_sentence("jax", against("jax", -RIGHT, RIGHT))
    assert text.startswith("jax: y differs in 2 of 2 cells (100%), worst at (")


def test_a_forward_alone_has_no_note():
    truth = {"y": TRUTH["y"]}
    mine = compare("subject", {"y": WRONG}, truth, FLOAT64)
    assert len(sentences("mine", VALUE, mine, {})) == 1


def test_wrong_framework_beside_a_right_subject():
    lines = told(against("subject", RIGHT, RIGHT), torch=against("torch", RIGHT, WRONG))
    assert lines[1] == "grad_x: right, largest error/bound 0 (but wrong: torch)"


def test_wrong_forward_is_told_apart_from_wrong_gradients():
    lines = told(against("subject", WRONG, WRONG))
    assert lines[-1] == "the forward is wrong: the gradients may belong to that wrong forward"
    lines = told(against("subject", WRONG, RIGHT))
    assert lines[-1] == "the forward is wrong though every gradient is right"


def test_subject_that_gave_no_value():
    answer = Answer("rejected", detail="raised IndexError: no such row")
    assert sentences("mine", answer, [], {}) == ("mine: raised IndexError: no such row",)


def test_defect_names_operand_and_worst_cell():
    text = defect_sentence("jax", against("jax", RIGHT, WRONG))
    assert text == (
        "jax: grad_x differs in 1 of 2 cells (50%), worst at (1,): -2.0 where truth is 2"
    )
    text = defect_sentence("jax", against("jax", np.zeros(3), RIGHT))
    assert text == "jax: y has shape (3,), truth has (2,)"
    text = defect_sentence("jax", against("jax", np.zeros(3), WRONG))
    assert text.startswith("jax: y has shape (3,), truth has (2,); grad_x differs in 1 of 2")
