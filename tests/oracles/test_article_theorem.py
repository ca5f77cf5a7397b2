"""The theorem holds for the right gradients, the published ones are refuted, and so are others."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from manualgrad import article
from manualgrad.article import Activation, Weights, rotate180
from oracles.article_theorem import SHAPES, prove_article
from oracles.reporting.proof import theorem_text


@pytest.fixture(scope="module")
def theorem():
    return prove_article()


def test_every_step_is_proved_on_every_shape(theorem):
    assert theorem.holds
    assert {step.shape for step in theorem.steps} == set(SHAPES)
    assert not [step for step in theorem.steps if step.differs]
    names = [step.name for step in theorem.steps if step.shape == SHAPES[0]]
    assert names == ["l1", "l2", "l3", "cost", "d3", "g3", "d2", "g2", "dA1", "d1", "g1"]
    assert min(step.terms for step in theorem.steps) > 0


def test_published_versions_are_refuted_in_the_matrices_that_are_wrong(theorem):
    wrong = {}
    for each in theorem.refutations:
        wrong.setdefault(each.version, []).append((each.name, each.wrong, bool(each.line)))
    assert wrong == {
        "first": [("g2", 4, True), ("dA1", 8, True), ("d1", 8, False), ("g1", 4, True)],
        "later": [("dA1", 8, True), ("d1", 8, False), ("g1", 4, False)],
    }


def test_difference_and_condition_are_polynomials(theorem):
    g2, d_a1 = theorem.refutations[0], theorem.refutations[1]
    assert g2.conditions == ("d2[0,0] - d2[1,1]", "d2[0,1] - d2[1,0]")
    assert d_a1.line == "dA1[0,0] is off by w2[0,0]*d2[1,1] - w2[1,1]*d2[0,0]"


def test_conditions_hold_for_numbers_too(theorem):
    said = {(c.version, c.name, c.case): c.right for c in theorem.conditions}
    symmetric, constant = "w2, w3 and f2' equal their own rotation", "f1' is the same everywhere"
    assert said["first", "g2", symmetric]
    assert not said["first", "g1", symmetric]
    assert said["first", "g1", constant]
    assert not said["later", "g1", constant]
    assert said["later", "g1", symmetric]
    for version, name, right in (("first", "g2", True), ("later", "g1", True),
                                 ("first", "g1", False)):  # fmt: skip
        assert _equal(version, name, symmetric=True) is right
        assert _equal(version, name, symmetric=False) is False


def _equal(version, name, *, symmetric):
    """Whether a published matrix is the right one, in Fractions, for numbers or symmetric ones."""
    rng = np.random.default_rng(3)

    def matrix(*shape, turn=False):
        found = np.vectorize(lambda n: Fraction(int(n)), otypes=[object])(rng.integers(1, 9, shape))
        return found + rotate180(found) if turn else found

    def cubed(slopes):
        return Activation(lambda a: a**3, lambda g, _: g * slopes)

    weights = Weights(matrix(2, 2), matrix(2, 2, turn=symmetric), matrix(4, 1, turn=symmetric))
    f1, f2 = cubed(matrix(3, 3)), cubed(matrix(2, 2, turn=symmetric))
    made = article.forward(matrix(4, 4), weights, f1=f1, f2=f2, f3=cubed(matrix(1, 1)))
    published = getattr(article, f"published_{version}_gradients")(made, Fraction(1), weights)
    right = article.gradients(made, Fraction(1), weights)
    return bool((getattr(published, name) == getattr(right, name)).all())


@pytest.mark.parametrize("change", [
    lambda found, made: replace(found, g1=-found.g1),
    lambda found, made: replace(found, g2=rotate180(found.g2)),
    lambda found, made: replace(found, dA1=found.dA1 * 2),
    lambda found, made: replace(found, g3=found.g3[::-1].copy()),
    lambda found, made: replace(found, d1=found.d1 + made.l1),
])  # fmt: skip
def test_planted_error_is_refuted(change):
    def gradients(made, y, weights):
        return change(article.gradients(made, y, weights), made)

    theorem = prove_article(gradients)
    assert not theorem.holds
    assert "REFUTED" in theorem_text(theorem)


def test_text_is_whole_and_narrow(theorem):
    text = theorem_text(theorem)
    assert max(map(len, text.splitlines())) <= 100
    assert "For every differentiable f1, f2, f3, every image, every target and every weight" in text
    assert "The first published version is refuted" in text
    assert "The later published version is refuted" in text
