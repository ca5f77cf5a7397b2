"""The article, step by step: who is right in which line."""

from dataclasses import replace

import pytest

from manualgrad import article, article_training
from oracles.article import article_case
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS, article_steps, exact_steps
from oracles.exact.distance import error_to
from oracles.reporting.article import article_text


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    return article_steps((), time_limit=30, directory=str(tmp_path_factory.mktemp("oracles")))


def test_manualgrad_is_right_at_every_step_of_every_image(steps):
    assert len(steps.images) == 4
    for image in steps.images:
        assert image.right
        assert list(image.comparisons) == [*FORWARD_STEPS, *BACKWARD_STEPS]


def test_published_versions_are_wrong_where_they_are_and_nowhere_else(steps):
    for image in steps.images:
        wrong = {(d.version, d.step) for d in image.published}
        assert wrong == {
            ("first", "g2"), ("first", "dA1"), ("first", "d1"), ("first", "g1"),
            ("later", "dA1"), ("later", "d1"), ("later", "g1"),
        }  # fmt: skip
        own = {(d.version, d.step) for d in image.published if d.own_fault}
        assert own == {("first", "g2"), ("first", "dA1"), ("first", "g1"), ("later", "dA1")}


def test_published_input_gradient_is_the_truth_rotated(steps):
    for image in steps.images:
        rotated = {d.step for d in image.published if d.rotated}
        assert rotated == {"dA1"}


def test_later_version_points_away_from_descent_on_three_of_four_images(steps):
    g1 = [d for image in steps.images for d in image.published
          if (d.version, d.step) == ("later", "g1")]  # fmt: skip
    assert [d.cosine < 0 for d in g1] == [True, True, False, True]
    assert round(g1[0].relative_error, 1) == 2.2


def test_exact_steps_are_the_chain_rule():
    # d1, d2, d3 and the g's belong together: g1 is a sum of d1 over the image, and so on.
    case = article_case(0, article_training.initial_weights(0.2))
    true = exact_steps(case)
    d3 = true["d3"].value[0, 0]
    g3 = [float(g.mid()) for g in true["g3"].value.ravel()]
    h = [float((a * d3).mid()) for a in true["h"].value.ravel()]
    assert g3 == h
    made = article.forward(case.operands["x"], article_training.initial_weights(0.2))
    assert (error_to(true["out"], made.out) <= true["out"].error).all()


def test_text_names_every_step_and_stars_wrong_cells(steps):
    text = article_text(steps)
    assert text.count("== image ") == 4
    assert "it is the truth rotated by 180 degrees" in text
    assert "*" in text.split("-- as published")[1]
    stars = [line for line in text.split("-- forward")[1].split("-- as published")[0].split("\n")
             if line.startswith("   ")]  # fmt: skip
    assert not any("*" in line for line in stars)
    assert not [line for line in text.split("\n") if len(line) > 100]


def test_wrong_manual_step_would_be_seen(monkeypatch, tmp_path):
    right = article.gradients

    def nearly(*arguments):
        found = right(*arguments)
        return replace(found, d2=found.d2 * (1 + 1e-9))

    monkeypatch.setattr(article, "gradients", nearly)
    broken = article_steps((), time_limit=30, directory=str(tmp_path))
    assert not any(image.right for image in broken.images)
    assert not broken.images[0].comparisons["d2"]["manual"].agrees
