"""Subjects, questions, trials: what is put to the tools, and how a trial ends."""

from itertools import count

import numpy as np
import pytest

from benchmarks.detection import looped, trial
from benchmarks.detection.asking import Asked
from benchmarks.detection.named import case, subject
from benchmarks.detection.questions import SEED, drawn, question, questions
from benchmarks.detection.subjects import Subject, _by_title, mutants, right
from benchmarks.detection.trial import tried
from oracles.catalog import ops
from oracles.checking import run
from oracles.runner import Runner
from tests.oracles.mutants import EQUIVALENT, MUTANTS
from tests.oracles.planted import RIGHT


def test_all_mutants_and_all_right_implementations_are_subjects():
    assert list(mutants()) == [each.title for each in MUTANTS]
    assert len(right()) == len(ops) + len(RIGHT) + len(EQUIVALENT)
    for title, each in right().items():
        assert each.make().backward is not None, title
    own = right()["manualgrad, tanh"].make()
    assert (own.forward, own.double_backward) == (ops["tanh"].forward, None)


def test_two_subjects_of_one_title_are_refused():
    same = Subject("tanh", "tanh", lambda: ops["tanh"])
    with pytest.raises(ValueError, match="holds two of the title 'tanh'"):
        _by_title([same, same])


@pytest.mark.parametrize("op", [ops["conv2d"], ops["network"], subject()], ids=lambda op: op.name)
def test_shapes_and_options_are_those_that_the_harness_examines(op, monkeypatch):
    seen = []
    with Runner(oracles=(), max_examples=30, seed=SEED, evidence=("bound",), keep=False) as runner:
        monkeypatch.setattr(
            "oracles.runner.Examination.convict", lambda self, case: seen.append(case)
        )
        runner.examine(op, "float64")
    assert [(c.options, {n: a.shape for n, a in c.operands.items()}) for c in seen] == [
        (q.options, {n: a.shape for n, a in q.operands.items()})
        for q in questions(op, 30, "float64")
    ]


def test_numbers_are_normal_and_class_indices_stay():
    op = ops["cross_entropy"]
    asked = list(questions(op, 30, "float32"))
    for each, of in zip(asked, drawn(op, 30), strict=True):
        assert each.leaves == ("prediction",)
        assert (each.operands["target"] == of.operands["target"]).all()
        assert each.operands["prediction"].dtype == np.float32
    numbers = np.concatenate([each.operands["prediction"].ravel() for each in asked])
    assert abs(numbers.mean()) < 0.2
    assert 0.8 < numbers.std() < 1.2
    again = question(op, drawn(op, 3)[2], "float32", 2)
    assert again.operands["prediction"].tobytes() == asked[2].operands["prediction"].tobytes()


def test_the_mean_over_nothing_is_hollow():
    asked = list(questions(ops["mse_loss"], 40, "float64"))
    assert {each.hollow for each in asked} == {True, False}
    assert all(each.hollow == (each.operands["prediction"].size == 0) for each in asked)
    assert not any(each.hollow for each in questions(ops["tanh"], 40, "float64"))


def test_a_trial_ends_with_the_first_conviction_or_goes_on():
    asked = list(questions(ops["tanh"], 8, "float64"))

    def check(of):
        if of.question.operands["x"].size == asked[2].operands["x"].size:
            raise AssertionError("\n  not close\nat all")

    like = [each.operands["x"].size == asked[2].operands["x"].size for each in asked]
    found = tried(check, ops["tanh"], asked, budget=60, once=True)
    assert (found.convicted, found.cases, found.skipped) == (1, like.index(True) + 1, 0)
    assert found.said == "AssertionError: not close"
    found = tried(check, ops["tanh"], asked, budget=60, once=False)
    assert (found.convicted, found.cases) == (sum(like), 8)


def test_a_trial_ends_when_its_time_is_up(monkeypatch):
    for clock, start in (("process_time", 0), ("perf_counter", 100)):  # 1 s a check
        ticks = count(start)
        monkeypatch.setattr(trial.time, clock, lambda ticks=ticks: float(next(ticks)))
    asked = list(questions(ops["tanh"], 8, "float64"))
    found = tried(lambda of: None, ops["tanh"], asked, budget=2.5, once=True)
    assert (found.convicted, found.cases, found.seconds, found.said) == (0, 3, 3.0, "")


def test_what_a_subject_refuses_and_what_is_hollow_is_skipped():
    def forward(x, axis):
        if axis < 0:
            raise NotImplementedError("axes from the front alone")
        return ops["softmax"].forward(x, axis=axis)

    def check(of):
        of.forward(of.question.operands)

    for known, wrong in ((NotImplementedError, 0), ((), 1)):
        op = ops["softmax"].implemented_by(forward, ops["softmax"].backward, unsupported=known)
        asked = list(questions(op, 20, "float64"))
        negative = sum(each.options["axis"] < 0 for each in asked)
        found = tried(check, op, asked, budget=60, once=False)
        assert 0 < negative < 20
        assert (found.convicted, found.skipped) == (wrong * negative, (not wrong) * negative)
    asked = list(questions(ops["mse_loss"], 20, "float64"))
    found = tried(lambda of: None, ops["mse_loss"], asked, budget=60, once=False)
    assert found.skipped == sum(each.hollow for each in asked) == 20 - found.cases


def test_gradients_come_in_the_order_of_the_leaves_whatever_a_subject_returns():
    def asked(backward, op="dense"):
        plugged = ops[op].implemented_by(ops[op].forward, backward)
        return Asked(plugged, next(questions(plugged, 1, "float64")))

    def ordered(g, x, w):
        return g @ w.T, x.T @ g, g.sum(axis=0)

    def named(g, x, w):
        return {"db": g.sum(axis=0), "dw": x.T @ g, "dx": g @ w.T}

    one, other = asked(ordered), asked(named)
    operands = one.question.operands
    g = np.ones(one.question.y_shape)
    found = one.backward(g, operands)
    assert [a.shape for a in found] == [operands[name].shape for name in one.question.leaves]
    for a, b in zip(found, other.backward(g, operands), strict=True):
        assert a.tobytes() == b.tobytes()
    with pytest.raises(ValueError, match="not one gradient for each of x, w, b"):
        asked(lambda g, x, w: (g,)).backward(g, operands)
    with pytest.raises(ValueError, match="no gradient of w"):
        asked(lambda g, x, w: (g @ w.T, None, None)).backward(g, operands)


def test_the_gradient_of_a_loss_is_multiplied_by_the_cotangent():
    op = ops["half_squared_error"]
    of = Asked(op, next(questions(op, 1, "float64")))
    (once,), (twice,) = (of.backward(np.array(g), of.question.operands) for g in (1.0, 2.0))
    assert (2 * once == twice).all()
    assert once.any()


def test_the_loops_are_right_but_for_the_rotation():
    op = ops["conv2d"].implemented_by(looped.forward, looped.backward)
    report = run(op, oracles=(), seed=1, max_examples=40, keep=False)
    assert report.passed
    wrong = run(subject(), oracles=(), dtypes=["float64"], seed=1, keep=False).entries[0]
    assert "rotated by 180 degrees" in wrong.failure.causes[0].sentence
    of = case((2, 4, 10, 8), (3, 4, 3, 3))
    assert of.cotangent.shape == (2, 3, 8, 6)
