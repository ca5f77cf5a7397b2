from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest

from manualgrad.article import (
    Gradients,
    Weights,
    cost,
    forward,
    gradients,
    published_first_gradients,
    published_later_gradients,
)
from manualgrad.article_training import (
    IMAGES,
    TARGETS,
    _read_only,
    initial_weights,
    total_cost,
    train,
    update,
)

LINEAR = {"f1": "identity", "f2": "identity", "f3": "identity"}


def bits(weights):
    return [w.tobytes() for w in vars(weights).values()]


def exact_problem():
    """Two images, two targets, weights: Fractions, sizes that differ from the article's."""
    drawn = np.random.default_rng(7).integers(-3, 4, 60).astype(object) * Fraction(1, 2)
    images = [drawn[:15].reshape(3, 5), drawn[15:30].reshape(3, 5)]
    weights = Weights(
        drawn[30:34].reshape(2, 2), drawn[34:36].reshape(1, 2), drawn[36:42].reshape(6, 1)
    )
    return images, [Fraction(1, 3), Fraction(-2)], weights


@pytest.fixture(scope="module")
def trained():
    """The later version's 1000 epochs with its published gradients and with the right ones."""
    rules = (published_later_gradients, gradients)
    return {rule: train(IMAGES, TARGETS, initial_weights(4.2), gradients=rule) for rule in rules}


# Data


def test_images_are_the_article_s():
    rows = [
        "...- -.-. -.-- +.--",
        ".... ..-. .... +..-",
        "...- ..-. -.++ +.-+",
        "...+ +.+. +.++ +.++",
    ]
    drawn = [[list(row) for row in image.split()] for image in rows]
    number = {"-": -1.0, ".": 0.0, "+": 1.0}
    assert IMAGES.tolist() == [[[number[c] for c in row] for row in image] for image in drawn]


def test_targets_are_the_arctan_of_the_sum_of_the_pixels():
    # tan is the inverse: the sums come back as the nearest integers.
    assert [round(math.tan(y)) for y in TARGETS] == [-7, -1, 0, 9]
    assert TARGETS.tolist() == np.arctan([-7.0, -1.0, 0.0, 9.0]).tolist()


@pytest.mark.parametrize("constant", [IMAGES, TARGETS])
def test_data_are_read_only(constant):
    with pytest.raises(ValueError, match="read-only"):
        constant[0] = 1.0
    assert not _read_only(constant.copy()).flags.writeable


@pytest.mark.parametrize("scale", [0.2, 4.2])
def test_initial_weights_come_from_the_legacy_generator_in_the_order_w1_w2_w3(scale):
    weights = initial_weights(scale)
    drawn = np.random.RandomState(12314).randn(12) * scale - 0.1
    assert np.concatenate([w.ravel() for w in vars(weights).values()]).tolist() == drawn.tolist()
    assert [w.shape for w in vars(weights).values()] == [(2, 2), (2, 2), (4, 1)]


def test_initial_weights_leave_the_global_generator_alone():
    np.random.random()  # so that seed 12314, had anyone set it, is behind
    before = np.random.get_state(legacy=False)
    initial_weights(0.2)
    after = np.random.get_state(legacy=False)
    assert before["state"]["key"].tobytes() == after["state"]["key"].tobytes()
    assert before["state"]["pos"] == after["state"]["pos"]


# Steps


def test_update_steps_against_the_gradient():
    weights = Weights(*(np.array([[n]], dtype=object) for n in (1, 2, 3)))
    d3, g3, d2, g2, d_a1, d1, g1 = (np.array([[n]], dtype=object) for n in (7, 30, 7, 20, 7, 7, 10))
    grads = Gradients(d3, g3, d2, g2, d_a1, d1, g1)
    stepped = update(weights, grads, learning_rate=Fraction(1, 4))
    halves = [Fraction(-3, 2), Fraction(-3), Fraction(-9, 2)]
    assert [w.item() for w in vars(stepped).values()] == halves
    assert [w.item() for w in vars(weights).values()] == [1, 2, 3]


def test_update_has_the_article_s_rate_by_default():
    weights = initial_weights(0.2)
    found = gradients(forward(IMAGES[0], weights), TARGETS[0], weights)
    assert bits(update(weights, found)) == bits(update(weights, found, learning_rate=0.1))


def test_total_cost_sums_over_the_images():
    images, targets, weights = exact_problem()
    costs = [
        cost(forward(x, weights, **LINEAR).out, y) for x, y in zip(images, targets, strict=True)
    ]
    assert costs[0] != costs[1]
    assert total_cost(images, targets, weights, **LINEAR) == costs[0] + costs[1]


@pytest.mark.parametrize("rule", [gradients, published_first_gradients])
def test_train_steps_after_each_image_with_the_gradients_it_was_given(rule):
    images, targets, start = exact_problem()
    rate = Fraction(1, 50)
    weights, costs = start, [total_cost(images, targets, start, **LINEAR)]
    for i in (0, 1, 0, 1):
        found = rule(forward(images[i], weights, **LINEAR), targets[i], weights)
        weights = update(weights, found, learning_rate=rate)
        if i == 1:
            costs.append(total_cost(images, targets, weights, **LINEAR))
    trained = train(images, targets, start, learning_rate=rate, epochs=2, gradients=rule, **LINEAR)
    assert trained.costs == tuple(costs)
    for one, other in zip(vars(trained.weights).values(), vars(weights).values(), strict=True):
        assert one.tolist() == other.tolist()


def test_train_has_the_article_s_rate_and_backward_pass_by_default():
    weights = initial_weights(4.2)
    given = train(
        IMAGES, TARGETS, weights, learning_rate=0.1, epochs=3, gradients=gradients, f1="tanh"
    )
    default = train(IMAGES, TARGETS, weights, epochs=3)
    assert bits(default.weights) == bits(given.weights)
    assert default.costs == given.costs
    assert len(default.costs) == 4


def test_train_takes_a_thousand_epochs_by_default():
    one = np.ones((1, 1))
    assert len(train(one[None], [1.0], Weights(one, one, one)).costs) == 1001


def test_train_without_epochs_gives_back_a_copy():
    weights = initial_weights(0.2)
    trained = train(IMAGES, TARGETS, weights, epochs=0)
    assert bits(trained.weights) == bits(weights)
    assert not np.shares_memory(trained.weights.w1, weights.w1)
    assert trained.costs == (total_cost(IMAGES, TARGETS, weights),)


def test_train_leaves_its_weights_alone_and_repeats_itself():
    weights = initial_weights(4.2)
    before = bits(weights)
    for w in vars(weights).values():
        w.setflags(write=False)
    first, second = (train(IMAGES, TARGETS, weights, epochs=5) for _ in range(2))
    assert bits(weights) == before
    assert bits(first.weights) == bits(second.weights)
    assert first.costs == second.costs


def test_train_stays_in_float32():
    weights = Weights(*(w.astype(np.float32) for w in vars(initial_weights(4.2)).values()))
    trained = train(IMAGES.astype(np.float32), TARGETS, weights, epochs=2)
    assert {w.dtype for w in vars(trained.weights).values()} == {np.dtype(np.float32)}


def test_a_training_that_runs_away_does_not_warn():
    trained = train(IMAGES, TARGETS, initial_weights(4.2), learning_rate=1e308, epochs=2, **LINEAR)
    assert np.isnan(trained.costs[-1])


def test_a_total_beyond_the_largest_float_does_not_warn():
    weights = Weights(*(np.zeros_like(w) for w in vars(initial_weights(0.2)).values()))
    targets = np.full(4, 1.3e154)
    assert np.isfinite(total_cost(IMAGES[:1], targets[:1], weights))
    assert total_cost(IMAGES, targets, weights) == np.inf


# What was published about the later version


def test_cost_before_training():
    assert f"{total_cost(IMAGES, TARGETS, initial_weights(4.2)):.3f}" == "0.531"


def test_cost_falls_with_wrong_gradients_and_further_with_right_ones(trained):
    assert all(len(run.costs) == 1001 for run in trained.values())
    assert f"{trained[published_later_gradients].costs[-1]:.4f}" == "0.0099"
    assert f"{trained[gradients].costs[-1]:.4f}" == "0.0014"


def test_cost_recorded_is_that_of_the_weights_returned(trained):
    for run in trained.values():
        assert run.costs[-1] == total_cost(IMAGES, TARGETS, run.weights)


def later_and_right(x, y):
    weights = initial_weights(4.2)
    run = forward(x, weights)
    return published_later_gradients(run, y, weights), gradients(run, y, weights)


def test_later_gradients_point_uphill_on_three_images_of_four():
    agreement = []
    for x, y in zip(IMAGES, TARGETS, strict=True):
        published, right = later_and_right(x, y)
        # The sign of the cosine is that of the inner product.
        kernels = [np.vdot(getattr(published, g), getattr(right, g)) for g in ("g1", "g2")]
        agreement.append((bool(kernels[0] > 0), bool(sum(kernels) > 0)))
    assert agreement == [(False, False), (False, False), (True, True), (False, False)]


def test_later_g1_is_off_by_more_than_its_own_length():
    published, right = later_and_right(IMAGES[0], TARGETS[0])
    error = np.linalg.norm(published.g1 - right.g1) / np.linalg.norm(right.g1)
    assert f"{error:.1f}" == "2.2"
    assert published.g2.tobytes() == right.g2.tobytes()
    assert published.g3.tobytes() == right.g3.tobytes()


# Errors


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"epochs": -1}, ValueError, "`epochs` (=-1) must be at least 0"),
        *(
            (
                {name: "softmax"},
                ValueError,
                f"`{name}` (='softmax') must be an Activation or one of arctan, identity, sigmoid,"
                " tanh",
            )
            for name in ("f1", "f2", "f3")
        ),
    ],
)
def test_bad_options_are_named(options, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        train(IMAGES, TARGETS, initial_weights(0.2), **options)


@pytest.mark.parametrize("call", [train, total_cost])
def test_as_many_targets_as_images(call):
    with pytest.raises(ValueError, match=r"^`targets` length \(=3\) must be 4, as `images`$"):
        call(IMAGES, TARGETS[:3], initial_weights(0.2))
