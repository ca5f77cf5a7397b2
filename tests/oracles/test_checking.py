"""The loop, checked with planted errors: each is convicted, in the right operand, and shrunk."""

import math
import re

import numpy as np
import pytest

import oracles
from manualgrad import (
    Gradients,
    activations,
    article,
    article_training,
    conv2d,
    conv2d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
    dense,
    dense_backward,
)
from oracles.article import article_case, backward_by
from oracles.catalog import ops
from oracles.checking import OracleMismatch, check, run
from oracles.limits import Limits
from oracles.runner import Progress, Runner


def rotated(a):
    return a[..., ::-1, ::-1]


def conv(change):
    """conv2d's backward with `change` applied to its gradients (and x, w, cotangent to see)."""

    def backward(g, x, w, **options):
        return change(conv2d_backward(g, x, w, **options), g, x, w, options)

    return backward


def transposed(change):
    def backward(g, x, w, **options):
        return change(conv_transpose2d_backward(g, x, w, **options), g, x, w, options)

    return backward


def conv_kernel_not_rotated(g, x, w, **options):
    wrong = conv2d_backward(g, x, np.ascontiguousarray(rotated(w)), **options).grad_x
    return conv2d_backward(g, x, w, **options)._replace(grad_x=wrong)


def without(name):
    """conv2d's backward that takes 1 for an option, the cotangent filled up with zeros."""

    def forgetful(g, x, w, **options):
        forgotten = {**options, name: 1}
        wide = np.zeros_like(conv2d(x, w, **forgotten))
        wide[..., : g.shape[-2], : g.shape[-1]] = g
        return conv2d_backward(wide, x, w, **forgotten)

    return forgetful


def swapped_axes(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    if x.shape[-1] == x.shape[-2]:
        return found._replace(grad_x=np.ascontiguousarray(found.grad_x.swapaxes(-1, -2)))
    return found


def last_row_lost(found, g, x, w, options):
    grad = found.grad_x.copy()
    if np.max(options["stride"]) > 1:
        grad[..., -1, :] = 0
    return found._replace(grad_x=grad)


def off_by(relative):
    return lambda found, *_: found._replace(grad_w=found.grad_w * (1 + relative))


PLANTED = {
    # name: (operation, forward, backward, operands that must be convicted)
    "cotangent not rotated in wgrad": (
        ops.conv2d, conv2d,
        conv(lambda f, g, x, w, o: f._replace(grad_w=conv2d_backward(
            np.ascontiguousarray(rotated(g)), x, w, **o).grad_w)), {"grad_w"}),
    "result of wgrad rotated": (
        ops.conv2d, conv2d,
        conv(lambda f, *_: f._replace(grad_w=rotated(f.grad_w).copy())), {"grad_w"}),
    "kernel not rotated in dgrad": (ops.conv2d, conv2d, conv_kernel_not_rotated, {"grad_x"}),
    "stride forgotten": (ops.conv2d, conv2d, without("stride"), None),
    "dilation forgotten": (ops.conv2d, conv2d, without("dilation"), None),
    "last row lost": (ops.conv2d, conv2d, conv(last_row_lost), {"grad_x"}),
    "bias counted for each tap": (
        ops.conv2d, conv2d,
        conv(lambda f, g, x, w, o: f._replace(grad_b=f.grad_b * w[0, 0].size)), {"grad_b"}),
    "mean over the batch for the weights": (
        ops.conv2d, conv2d,
        conv(lambda f, g, x, w, o: f._replace(grad_w=f.grad_w / max(
            1, len(x) if x.ndim == 4 else 1))), {"grad_w"}),
    "channels permuted": (
        ops.conv2d, conv2d,
        conv(lambda f, *_: f._replace(grad_w=f.grad_w[::-1].copy())), {"grad_w"}),
    "height and width swapped": (ops.conv2d, conv2d, swapped_axes, None),
    "one part in a thousand": (ops.conv2d, conv2d, conv(off_by(2.0**-10)), {"grad_w"}),
    "one part in a hundred thousand": (ops.conv2d, conv2d, conv(off_by(2.0**-17)), {"grad_w"}),
    "output_padding ignored": (
        ops.conv_transpose2d, conv_transpose2d,
        transposed(lambda f, g, x, w, o: f._replace(grad_w=conv_transpose2d_backward(
            np.concatenate([g[..., :-1], 0 * g[..., -1:]], -1)
            if np.max(o["output_padding"]) else g, x, w, **o).grad_w)), {"grad_w"}),
    "wrong forward, gradients to match": (
        ops.dense, lambda x, w, b=None: dense(2 * x, w, b),
        lambda g, x, w: Gradients(dense_backward(2 * g, x, w).grad_x,
                                  dense_backward(2 * g, x, w).grad_w, g.sum(0)),
        {"y", "grad_x", "grad_w"}),
    "derivative of another activation": (
        ops.tanh, activations.tanh, activations.arctan_backward, {"grad_x"}),
    "derivative of the result, not the input": (
        ops.sigmoid, activations.sigmoid,
        lambda g, x: activations.sigmoid_backward(g, activations.sigmoid(x)), {"grad_x"}),
    "wrong slope constant": (
        ops.leaky_relu, activations.leaky_relu,
        lambda g, x, negative_slope: activations.leaky_relu_backward(
            g, x, negative_slope=0.1), {"grad_x"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_error_is_convicted_in_its_operand(name):
    op, forward, backward, wanted = PLANTED[name]
    report = run(op.implemented_by(forward, backward), oracles=(), dtypes=("float32",), seed=5,
                 max_examples=200)  # fmt: skip
    (failure,) = (entry.failure for entry in report.failures)
    wrong = {each.operand for each in failure.comparisons if not each.agrees}
    assert wrong
    assert wanted is None or wrong <= wanted
    assert failure.case.size <= 60, "the counterexample must be small enough to read"


@pytest.mark.parametrize(
    ("gradients", "wrong"),
    [
        (article.gradients, set()),
        (article.published_first_gradients, {"grad_w1", "grad_w2"}),
        (article.published_later_gradients, {"grad_w1"}),
    ],
)
def test_published_gradients_are_convicted_in_exactly_theirs(gradients, wrong):
    op = ops.article.implemented_by(ops.article.forward, backward_by(gradients))
    weights = article_training.initial_weights(4.2)
    convicted = set()
    for index in range(4):
        report = run(op, oracles=(), examples=[article_case(index, weights)], max_examples=1)
        for entry in report.entries:
            convicted |= {t.operand for t in entry.tallies if t.wrong_cases}
    assert convicted == wrong


def test_check_raises_with_the_whole_story():
    op = ops.conv2d.implemented_by(conv2d, conv_kernel_not_rotated)
    with pytest.raises(OracleMismatch) as caught:
        check(op, oracles=("complex_step",), dtypes=("float64",), seed=3)
    text = str(caught.value)
    for part in (
        "manualgrad.convolution.conv2d, backward\n  "
        f"{__name__}.conv_kernel_not_rotated, is WRONG as conv2d in\n  float64",
        "y: right, largest error/bound",
        "grad_x: WRONG, differs in",
        "grad_w: right",
        "complex_step agrees with exact arithmetic",
        "error/bound",
        "the case:",
        "x, shape (",
        "cotangent, shape (",
        "to reproduce it, bit for bit:",
        "import torch",
        "Hypothesis replays it: check(op, dtypes=('float64',), blob='",
    ):
        assert part in text
    assert "..." not in text.replace("= ...  #", "")
    assert not caught.value.report.passed
    assert isinstance(caught.value, AssertionError)


def test_same_seed_gives_the_same_report():
    op = ops.conv2d.implemented_by(conv2d, conv_kernel_not_rotated)
    first, second = (run(op, oracles=(), dtypes=("float32",), seed=11) for _ in range(2))
    texts = [report.failures[0].failure.sentences for report in (first, second)]
    assert texts[0] == texts[1]
    assert first.seed == second.seed == 11


def test_blob_replays_the_minimal_case_alone_until_the_subject_is_mended():
    op = ops.conv2d.implemented_by(conv2d, conv_kernel_not_rotated)
    first = run(op, oracles=(), dtypes=("float64",), seed=2).failures[0].failure
    again = run(op, oracles=(), dtypes=("float64",), blob=first.blob, seed=9)
    assert again.failures[0].failure.sentences == first.sentences
    assert again.cases == 1
    mended = ops.conv2d.implemented_by(conv2d, conv2d_backward)
    assert run(mended, oracles=(), dtypes=("float64",), blob=first.blob).passed


def test_a_seed_is_drawn_and_told():
    assert run(ops.identity, oracles=(), max_examples=1).seed >= 0


def test_subject_that_raises_is_convicted_with_what_it_said():
    def fragile(x):
        if x.size > 3:
            raise RuntimeError("too large for me")
        return activations.tanh(x)

    report = run(ops.tanh.implemented_by(fragile, activations.tanh_backward), oracles=(), seed=0)
    (sentence,) = report.failures[0].failure.sentences
    assert "forward raised RuntimeError: too large for me (test_checking.py:" in sentence


def test_subject_that_changes_its_answer_is_told_so():
    state = np.random.default_rng(0)

    def fickle(g, x):
        return activations.tanh_backward(g, x) * (1 + (state.random() < 0.2))

    op = ops.tanh.implemented_by(activations.tanh, fickle)
    report = run(op, oracles=(), seed=0, dtypes=("float64",))
    assert "its answers change from call to call" in report.failures[0].failure.sentences[0]


def test_forward_alone_can_be_checked():
    assert run(ops.tanh.implemented_by(activations.tanh, None), oracles=(), max_examples=20).passed


def test_other_layouts():
    def forward(x, w, b=None, **options):
        y = conv2d(x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), b, **options)
        return y.transpose(0, 2, 3, 1)

    def backward(g, x, w, **options):
        found = conv2d_backward(g.transpose(0, 3, 1, 2), x.transpose(0, 3, 1, 2),
                                w.transpose(3, 2, 0, 1), **options)  # fmt: skip
        return (found.grad_x.transpose(0, 2, 3, 1), found.grad_w.transpose(2, 3, 1, 0),
                found.grad_b)  # fmt: skip

    op = ops.conv2d.implemented_by(forward, backward, layout="NHWC", kernel="HWIO")
    assert check(op, oracles=(), max_examples=50).passed


def test_limits_reach_the_cases():
    def plain(x, w, b=None, **options):
        assert options == {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        return conv2d(x, w, b)

    op = ops.conv2d.implemented_by(plain, lambda g, x, w, **o: conv2d_backward(g, x, w))
    limits = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "named_padding": False}
    report = check(op, oracles=(), max_examples=30, **limits)
    assert report.limits == limits


def test_progress_is_told_case_by_case():
    seen = []
    with Runner(oracles=(), max_examples=7, seed=0, progress=seen.append) as runner:
        runner.examine(ops.dense, "float32")
    assert seen == [Progress("dense", "float32", i, 7) for i in range(1, len(seen) + 1)]
    assert len(seen) == 7


def test_cases_and_draws_are_told_before_they_are_asked_but_not_those_of_the_shrinking():
    told = []
    with Runner(oracles=(), max_examples=7, seed=0, asked=told.append, keep=False) as runner:
        entry = runner.examine(ops.dense, "float32")
        assert len([case for case in told if not case.lattice]) == entry.cases == 7
        assert len([case for case in told if case.lattice]) == entry.lattice.cases > 0
        told.clear()
        wrong = ops.tanh.implemented_by(activations.tanh, lambda g, x: 2 * g)
        entry = runner.examine(wrong, "float64")
    assert entry.failure is not None
    assert len(told) == entry.cases


def test_interrupt_keeps_what_was_found():
    calls = []

    def interrupted(x):
        calls.append(1)
        if len(calls) > 9:  # three for each case: the laws ask again
            raise KeyboardInterrupt
        return activations.tanh(x)

    op = ops.tanh.implemented_by(interrupted, activations.tanh_backward)
    with Runner(oracles=(), max_examples=50, seed=0) as runner:
        entry = runner.examine(op, "float64")
        assert runner.interrupted
        assert runner.report([entry]).interrupted
    assert entry.cases == 3
    calls.clear()
    with pytest.raises(KeyboardInterrupt):
        run(op, oracles=())


def test_missing_framework_is_reported_not_raised(monkeypatch):
    monkeypatch.setattr("oracles.workers.find_spec", lambda name: None)
    report = run(ops.identity, max_examples=2)
    assert report.passed
    assert report.missing["torch"] == "torch is not installed: pip install 'manualgrad[torch]'"
    assert [a.missing for a in report.entries[0].attendance] == list(report.missing.values())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"oracles": ("tensorflow",)}, ValueError, "`oracles` holds 'tensorflow'; known are torch"),
        ({"oracles": "torch"}, TypeError, "`oracles` (='torch') must be a sequence of names"),
        ({"dtypes": ("float16",)}, ValueError, "`dtypes` holds 'float16'; known are float32"),
        ({"dtypes": "float32"}, TypeError, "`dtypes` (='float32') must be a sequence of names"),
        ({"max_examples": 0}, ValueError, "`max_examples` (=0) must be an int of at least 1"),
        *(
            ({"time_limit": it}, ValueError, f"`time_limit` (={it!r}) must be from 0.01 to 1e+06 s")
            for it in (0, -1, 0.009, 1.1e6, math.inf, math.nan, "30", True)
        ),
        *(
            ({"seed": it}, ValueError, f"`seed` (={it!r}) must be an int of at least 0")
            for it in (-3, 1.0, "7", True)
        ),
        ({"strides": 2}, TypeError, "`strides` (=2) is no limit; known are"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        run(ops.identity, **arguments)


def test_bad_subjects():
    with pytest.raises(TypeError, match=re.escape("`forward` (=1) must be callable")):
        ops.tanh.implemented_by(1, None)
    with pytest.raises(TypeError, match=re.escape("`backward` (=1) must be callable or None")):
        ops.tanh.implemented_by(abs, 1)


def test_public_names():
    assert oracles.check is check
    assert oracles.OracleMismatch is OracleMismatch
    assert set(dir(oracles)) == set(oracles.__all__)
    with pytest.raises(AttributeError, match="module 'oracles' has no attribute 'chek'"):
        _ = oracles.chek
    assert Limits() == Limits(max_stride=3)
