"""The run that the article's page shows, and the plain object that the page is given of it."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article_training import IMAGES, TARGETS, initial_weights, total_cost, train
from oracles.article import article_case
from oracles.article_record import EPOCHS, article_record, record_of
from oracles.article_steps import BACKWARD_STEPS, EQUATIONS, FORWARD_STEPS, exact_steps
from oracles.compare import compare
from oracles.reporting.article_page.data import article_data


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return article_record((), time_limit=30, directory=str(tmp_path_factory.mktemp("oracles")))


@pytest.fixture(scope="module")
def data(record):
    return article_data(record)


STEPS = (*FORWARD_STEPS, *BACKWARD_STEPS)


# --- the record -------------------------------------------------------------------------------


def test_costs_are_those_of_three_trainings(record):
    assert list(record.costs) == ["right", "first", "later"]
    before = total_cost(IMAGES, TARGETS, initial_weights(4.2))
    for costs in record.costs.values():
        assert len(costs) == EPOCHS + 1
        assert costs[0] == before
        assert set(map(type, costs)) == {float}
    ends = {name: f"{costs[0]:.3f} -> {costs[-1]:.4f}" for name, costs in record.costs.items()}
    assert ends == {
        "right": "0.531 -> 0.0014", "first": "0.531 -> 0.0015", "later": "0.531 -> 0.0099",
    }  # fmt: skip


def test_truth_has_all_digits_and_the_bound_of_each_cell(record):
    for image, truth in zip(record.steps.images, record.truth, strict=True):
        assert set(truth) == set(STEPS)
        exact = exact_steps(article_case(image.index, record.steps.weights))
        for step, true in truth.items():
            nearest = image.matrices[step]["exact"]
            assert true.text.shape == true.bound.shape == nearest.shape
            # By fractions: some truths lie halfway between floats, and 25 digits are not all.
            for text, near in zip(true.text.flat, nearest.ravel().tolist(), strict=True):
                half = Fraction(math.ulp(near)) / 2
                assert abs(Fraction(text) - Fraction(near)) <= half * (1 + Fraction(1, 10**6))
            assert true.bound.tolist() == exact[step].error.tolist()
            digits = [len(t.split("e")[0].strip("-0.").replace(".", "")) for t in true.text.flat]
            assert max(digits) <= 25
    assert len(record.truth[0]["cost"].text.item().lstrip("0.")) >= 24


def test_steps_that_were_run_already_are_not_run_again(record, monkeypatch):
    monkeypatch.setattr("oracles.article_record.EPOCHS", 2)
    again = record_of(record.steps)
    assert again.steps is record.steps
    assert again.costs == {name: costs[:3] for name, costs in record.costs.items()}


# --- the data of the page -----------------------------------------------------------------------


def test_every_key_is_documented(data):
    text = article_data.__doc__

    def keys(value):
        if isinstance(value, dict):
            for key, item in value.items():
                yield key
                yield from keys(item)
        elif isinstance(value, list):
            for item in value[:1]:
                yield from keys(item)

    named = {*STEPS, *EQUATIONS, "f1", "f2", "f3"}
    for key in set(keys(data)) - named:
        assert f"``{key}``" in text, key


def test_json_keeps_every_bit(data):
    def floats(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [number for item in value for number in floats(item)]
        return [value.hex()] if isinstance(value, float) else []

    text = json.dumps(data, allow_nan=False)
    assert json.loads(text) == data
    assert floats(json.loads(text)) == floats(data)
    assert len(floats(data)) > 3 * EPOCHS
    assert len(text) < 300_000


def test_matrices_are_rows_of_numbers(data):
    weights = initial_weights(4.2)
    assert data["weights"] == {n: m.tolist() for n, m in vars(weights).items()}
    assert [image["x"] for image in data["images"]] == IMAGES.tolist()
    assert [image["target"] for image in data["images"]] == TARGETS.tolist()
    cost = data["images"][2]["steps"]["cost"]
    ((value,),) = cost["by"]["manual"]["value"]
    ((truth,),), ((text,),), ((bound,),) = cost["truth"], cost["text"], cost["bound"]
    assert abs(truth - float(text)) <= math.ulp(truth)
    assert abs(value - truth) <= bound


def test_every_step_of_every_image_is_there_and_manualgrad_right(data):
    assert data["forward"] + data["backward"] == list(STEPS)
    assert data["participants"] == ["manual"]
    assert data["silent"] == {}
    assert data["equations"] == EQUATIONS
    for image in data["images"]:
        assert set(image["steps"]) == set(STEPS)
        for step in image["steps"].values():
            mine = step["by"]["manual"]
            assert mine["right"]
            assert mine["wrong"] == []
            assert mine["problem"] == ""
            assert 0 <= mine["ratio"] <= 1


def test_published_versions_stand_where_they_differ_with_the_wrong_cells(record, data):
    assert data["published_lines"] == {
        "first": {"g2": "g2 = R(a1 *v d2)", "dA1": "dA1 = pad1(w2) *v R(d2)",
                  "g1": "g1 = R(x *v d1)"},
        "later": {"dA1": "dA1 = pad1(w2) *v R(d2)"},
    }  # fmt: skip
    for image, steps in zip(data["images"], record.steps.images, strict=True):
        assert set(image["published"]["first"]) == {"g2", "dA1", "d1", "g1"}
        assert set(image["published"]["later"]) == {"dA1", "d1", "g1"}
        for each in steps.published:
            shown = image["published"][each.version][each.step]
            assert shown["own_fault"] == (each.step in data["published_lines"][each.version])
            assert shown["line"] == each.line
            assert shown["value"] == each.value.tolist()
            assert shown["cosine"] == each.cosine
            assert shown["relative_error"] == each.relative_error
            assert shown["rotated"] == (each.step == "dA1")
            apart = np.argwhere(each.value != each.truth).tolist()
            assert [cell for cell in apart if cell in shown["wrong"]] == shown["wrong"]
            assert shown["wrong"]
            assert shown["ratio"] > 1e9


def with_another(record, name, matrix):
    """Return the record with a participant `name` whose g3 is `matrix` on the first image."""
    first, *others = record.steps.images
    true = {"g3": exact_steps(article_case(0, record.steps.weights))["g3"]}
    (judged,) = compare(name, {"g3": matrix}, true, np.dtype(np.float64))
    other = replace(
        first,
        matrices={**first.matrices, "g3": {**first.matrices["g3"], name: matrix}},
        comparisons={**first.comparisons, "g3": {**first.comparisons["g3"], name: judged}},
    )
    return replace(record, steps=replace(record.steps, images=(other, *others)))


def test_a_wrong_participant_is_shown_cell_by_cell(record):
    wrong = record.steps.images[0].matrices["g3"]["exact"].copy()
    wrong[[1, 3]] *= 2
    shown = article_data(with_another(record, "torch", wrong))["images"][0]["steps"]["g3"]["by"]
    assert shown["manual"]["right"]
    assert not shown["torch"]["right"]
    assert shown["torch"]["wrong"] == [[1, 0], [3, 0]]
    assert shown["torch"]["value"] == wrong.tolist()


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [(np.ones((2, 2)), "has shape (2, 2), truth has (4, 1)"), (np.full((4, 1), np.nan), "")],
)
def test_what_json_has_not_is_none(record, matrix, problem):
    data = article_data(with_another(record, "torch", matrix))
    shown = data["images"][0]["steps"]["g3"]["by"]["torch"]
    assert shown["ratio"] is None
    assert shown["problem"] == problem
    assert not shown["right"]
    json.dumps(data, allow_nan=False)


def test_frameworks_without_an_answer_are_named(record):
    steps = replace(record.steps, silent={"jax": "crashed, signal 6"})
    assert article_data(replace(record, steps=steps))["silent"] == {"jax": "crashed, signal 6"}


def test_slopes_are_measured_and_right(record):
    g1 = [image.matrices["g1"]["exact"][0, 0] for image in record.steps.images]
    # The error of a central difference: NUDGE^2 in the mean, and rounding of the cost over NUDGE.
    assert np.abs(np.array(record.slopes) - g1).max() < 1e-8


def test_training_without_g1_moves_w2_and_w3_alone(record):
    def frozen(*given):
        found = article.gradients(*given)
        return replace(found, g1=np.zeros_like(found.g1))

    weights = initial_weights(4.2)
    trained = train(IMAGES, TARGETS, weights, epochs=EPOCHS, gradients=frozen)
    assert record.without_g1 == tuple(map(float, trained.costs))
    assert np.array_equal(trained.weights.w1, weights.w1)
