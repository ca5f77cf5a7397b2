"""The theorem about the article's network: what it proves, refutes, and would not let pass."""

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from manualgrad import article
from oracles.article_conditions import all_in_ideal, case_products, vanishes
from oracles.article_polynomials import (
    coefficients,
    distinct,
    equations,
    grouped,
    mirrored,
    product_text,
    rotated,
    span,
    text,
)
from oracles.article_refutations import hidden_by_symmetry, refutations
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS
from oracles.article_subject import run, same
from oracles.article_symbols import ARTICLE, Network, Sizes
from oracles.article_theorem import SIZES, kernels_that_fit, prove_article, prove_sizes
from oracles.reporting.theorem import theorem_text


@pytest.fixture(scope="module")
def theorem():
    return prove_article()


@pytest.fixture(scope="module")
def network():
    return Network(ARTICLE)


# What is proved


def test_every_step_is_proved_at_all_sizes(theorem):
    assert theorem.proved
    assert [shape.sizes for shape in theorem.shapes] == list(SIZES)
    assert len(theorem.every_kernel) == 100
    for shape in (*theorem.shapes, *theorem.every_kernel):
        assert shape.proved
        assert [step.name for step in shape.steps] == [*FORWARD_STEPS, *BACKWARD_STEPS]


def test_the_article_s_polynomials_have_the_terms_that_counting_gives(theorem):
    steps = {step.name: (step.cells, step.terms) for step in theorem.shapes[0].steps}
    assert steps["l1"] == (9, 9 * 4)
    assert steps["cost"] == (1, 3)
    assert steps["d3"] == (1, 2)
    # A kernel's cell meets 9 cells of l1, which share 16 taps of w2; each d2 has 2 terms.
    assert steps["g1"] == (4, 4 * 16 * 2)


def test_kernels_that_fit():
    sizes = list(kernels_that_fit((2, 3)))
    assert len(sizes) == len(set(sizes)) == 3 * 6
    assert all(min(*each.l2) >= 1 for each in sizes)


# The truth itself


def test_chain_rule_by_hand():
    network = Network(Sizes((1, 1), (1, 1), (1, 1)))
    error = "(out - y)*F3"
    found = {name: product_text(matrix[0, 0]) for name, matrix in network.backward.items()}
    assert sorted(found["g1"].split("*")) == sorted(
        [*error.split("*"), "F1_00", "F2_00", "w2_00", "w3_00", "x_00"]
    )
    assert sorted(found["g3"].split("*")) == sorted([*error.split("*"), "a2_00"])


def test_definition_by_hand():
    network = Network(Sizes((1, 3), (1, 2), (1, 1)))
    assert [text(p) for p in network.forward["l1"].flat] == [
        "x_00*w1_01 + x_01*w1_00", "x_01*w1_01 + x_02*w1_00",
    ]  # fmt: skip
    assert text(network.forward["l3"][0, 0]) == "a2_00*w3_00 + a2_01*w3_10"


@pytest.mark.parametrize("powers", [(2, 2, 1), (3, 1, 2)])
def test_chain_rule_is_the_derivative_of_the_cost_once_activations_are_known(powers):
    """With f(l) = l^n the cost is one polynomial, whose derivatives need no chain rule."""
    network = Network(Sizes((2, 3), (1, 2), (2, 1)))
    values = activated(network, powers)
    cost = network.substitute(network.forward["cost"][0, 0], values)
    for gradient, weight in (("g1", "w1"), ("g2", "w2"), ("g3", "w3")):
        for true, symbol in zip(
            network.backward[gradient].flat, network.symbols[weight].flat, strict=True
        ):
            assert network.substitute(true, values) == cost.derivative(str(symbol)) != 0


def activated(network, powers):
    """Values and slopes of f(l) = l^n in terms of x, y and the weights alone."""
    values = {}
    layers = (("l1", "a1", "F1"), ("l2", "a2", "F2"), ("l3", "out", "F3"))
    for (layer, value, slope), n in zip(layers, powers, strict=True):
        matrix = network.forward[layer].copy()
        for index in np.ndindex(*matrix.shape):
            matrix[index] = network.substitute(matrix[index], values)
        values[value], values[slope] = matrix**n, n * matrix ** (n - 1)
    return values


def test_chain_rule_backward_is_the_chain_rule_forward(network):
    true, s = network.backward, network.symbols
    assert same(network.pull_back("l2", true["d2"], "w2"), true["g2"])
    assert same(network.pull_back("l2", true["d2"], "a1"), true["dA1"])
    assert same(true["dA1"] * s["F1"], true["d1"])
    assert same(network.pull_back("l1", true["d1"], "w1"), true["g1"])


def test_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match="kernels must fit"):
        Sizes((4, 4), (3, 3), (3, 1))
    with pytest.raises(ValueError, match="9 at most"):
        Sizes((10, 4), (2, 2), (2, 2))


# What it would not let pass


def planted(step, change):
    """The right gradients but for one matrix, changed after all the others were made."""

    def backward(made, y, weights):
        found = article.gradients(made, y, weights)
        return replace(found, **{step: change(getattr(found, step), made)})

    return backward


def negate_one(matrix, _):
    changed = matrix.copy()
    changed[-1, 0] = -changed[-1, 0]
    return changed


def drop_a_term(matrix, _):
    changed = matrix.copy()
    kept = dict(list(changed[0, 0].to_dict().items())[1:])
    changed[0, 0] = changed[0, 0].context().from_dict(kept)
    return changed


def add_a_tap(matrix, made):
    changed = matrix.copy()
    changed[0, 0] = changed[0, 0] + made.x[0, 0]
    return changed


CHANGES = [negate_one, drop_a_term, add_a_tap, lambda m, _: article.rotate180(m), lambda m, _: m.T]


@pytest.mark.parametrize("sizes", SIZES[:2], ids=str)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", ["g1", "g2", "dA1", "d1", "d2", "g3"])
def test_a_planted_error_is_refuted_in_its_step(sizes, change, step):
    proof = prove_sizes(sizes, planted(step, change))
    assert not proof.proved
    assert [each.name for each in proof.steps if not each.proved] == [step]


def test_a_planted_error_is_found_in_all_that_builds_on_it():
    def backward(made, y, weights):
        return article.gradients(made, 2 * y, weights)

    wrong = [step.name for step in prove_sizes(ARTICLE, backward).steps if not step.proved]
    assert wrong == list(BACKWARD_STEPS)


def test_a_slope_taken_at_the_wrong_matrix_is_refuted():
    def backward(made, y, weights):
        found = article.gradients(made, y, weights)
        made.f1.backward(found.dA1, made.a1)
        return found

    wrong = [step.name for step in prove_sizes(ARTICLE, backward).steps if not step.proved]
    assert wrong == ["l1"]


def test_a_forward_pass_that_does_not_rotate_is_refuted(monkeypatch):
    right = article.convolve_valid
    monkeypatch.setattr(
        article, "convolve_valid", lambda m, kernel: right(m, article.rotate180(kernel))
    )
    wrong = {step.name for step in prove_sizes(ARTICLE).steps if not step.proved}
    assert {"l1", "l2", "g1", "g2"} <= wrong


# What is refuted


def test_published_versions_are_refuted_where_they_are_wrong_and_nowhere_else(theorem):
    first, later = ["g2", "dA1", "d1", "g1"], ["dA1", "d1", "g1"]
    for shape in theorem.shapes:
        found = {version: [name for name, _ in wrong] for version, wrong in shape.published}
        assert found == {"first": first, "later": later}
    assert [(r.version, r.matrix) for r in theorem.refutations] == [
        *(("first", name) for name in first), *(("later", name) for name in later),
    ]  # fmt: skip
    own = [(r.version, r.matrix) for r in theorem.refutations if r.own_fault]
    assert own == [("first", "g2"), ("first", "dA1"), ("first", "g1"), ("later", "dA1")]


def test_published_versions_are_right_only_where_rotation_does_nothing(theorem):
    whole = (Sizes((4, 4), (4, 4), (1, 1)),)
    assert theorem.sizes_spared("first") == theorem.sizes_spared("later") == whole


def test_differences_are_the_lines_own(theorem):
    differences = {(r.version, r.matrix): dict(r.differences) for r in theorem.refutations}
    assert differences["first", "g2"]["0,0"] == (
        "(a1_22 - a1_11)*(d2_00 - d2_11) + (a1_21 - a1_12)*(d2_01 - d2_10)"
    )
    assert differences["first", "dA1"]["0,0"] == "d2_11*w2_00 - d2_00*w2_11"
    assert differences["first", "d1"]["2,0"] == "F1_20*(d2_01*w2_10 - d2_10*w2_01)"
    assert "1,1" not in differences["first", "dA1"]  # rotation leaves the middle where it is
    assert [len(d) for d in differences.values()] == [r.wrong_cells for r in theorem.refutations]


def test_conditions_are_generated_and_proved(theorem):
    conditions = {(r.version, r.matrix): r.conditions for r in theorem.refutations}
    assert all(c.proved for each in conditions.values() for c in each)
    assert all(conditions.values())
    assert conditions["first", "g2"][0].equations == ("d2_00 = d2_11", "d2_01 = d2_10")
    assert conditions["first", "g2"][1].equations[0] == (
        "F3*(F2_00*w3_00 - F2_11*w3_30)*(out - y) = 0"
    )
    assert len(conditions["first", "dA1"][3].equations) == 4
    assert "F1 - R(F1)" in conditions["first", "g1"][1].words
    assert theorem.hidden.proved


def test_conditions_are_not_proved_of_right_lines(network, monkeypatch):
    """Conditions are checked against what the published code does, not against words."""
    gradients = article.gradients

    def another(made, y, weights):
        found = gradients(made, y, weights)
        return replace(found, dA1=found.dA1 * 2)  # wrong, but not by a rotation

    monkeypatch.setattr("oracles.article_refutations.PUBLISHED", {"later": another})
    own = {r.matrix: r for r in refutations(network)}
    assert set(own) == {"dA1"}
    proved = [c.proved for c in own["dA1"].conditions]
    assert proved == [False, True, True, False]
    assert not hidden_by_symmetry(network).proved


def input_gradient_differences(network):
    found = run(network, article.published_later_gradients, ("d1", "d2", "d3")).gradients.dA1
    true = network.pull_back("l2", network.symbols["d2"], "a1")
    return network.polynomials(found) - true


def test_none_of_the_three_cases_may_be_left_out(network):
    w2, d2 = network.symbols["w2"], network.symbols["d2"]
    generators = distinct(input_gradient_differences(network).flat)
    assert all_in_ideal(generators, case_products(w2, d2))
    minor = w2[0, 0] * d2[0, 1] - w2[0, 1] * d2[0, 0]
    for first, second in combinations([w2[0, 0] - w2[1, 1], w2[0, 0] + w2[1, 1], minor], 2):
        assert not all_in_ideal(generators, [first * second])
        assert not all_in_ideal(generators, [(first * second) ** 3])


def test_symmetry_of_one_matrix_alone_is_not_enough(network):
    differences = input_gradient_differences(network)
    w2, d2 = network.symbols["w2"], network.symbols["d2"]
    for sign in (+1, -1):
        assert not vanishes(network, differences, {"w2": mirrored(w2, sign)})
        assert not vanishes(network, differences, {"d2": mirrored(d2, sign)})
        opposite = {"w2": mirrored(w2, sign), "d2": mirrored(d2, -sign)}
        assert not vanishes(network, differences, opposite)


# The same on numbers

CUBE = article.Activation(lambda m: m**3, lambda grad, m: grad * 3 * m**2)


def numbers(shape, seed):
    values = np.random.default_rng(seed).integers(-9, 10, size=shape).astype(object)
    return np.vectorize(Fraction, otypes=[object])(values)


def published_wrong(version, w2, w3, *, f1=CUBE):
    """The matrices that a published version gets wrong, where d2 is w3 times a number."""
    weights = article.Weights(numbers((2, 2), 1), w2, w3.reshape(4, 1))
    made = article.forward(numbers((4, 4), 2), weights, f1=f1, f2="identity", f3="identity")
    true = article.gradients(made, Fraction(1, 3), weights)
    found = version(made, Fraction(1, 3), weights)
    return {n for n in BACKWARD_STEPS if (getattr(found, n) != getattr(true, n)).any()}


def even(matrix):
    return matrix + article.rotate180(matrix)


def odd(matrix):
    return matrix - article.rotate180(matrix)


W2, W3 = numbers((2, 2), 3), numbers((2, 2), 4)


@pytest.mark.parametrize(
    ("w2", "w3"), [(even(W2), even(W3)), (odd(W2), odd(W3)), (W2, W2 * 5), (W2 * 0, W3)]
)
def test_later_version_is_right_on_numbers_that_meet_its_conditions(w2, w3):
    assert published_wrong(article.published_later_gradients, w2, w3) == set()


@pytest.mark.parametrize(
    ("w2", "w3"),
    [(even(W2), W3), (W2, odd(W3)), (even(W2), odd(W3)), (odd(W2), even(W3)), (W2, W3)],
)
def test_later_version_is_wrong_on_numbers_that_do_not(w2, w3):
    wrong = published_wrong(article.published_later_gradients, w2, w3)
    assert wrong == {"dA1", "d1", "g1"}


def test_first_version_on_numbers():
    first = article.published_first_gradients
    assert published_wrong(first, W2, W3) == {"g2", "dA1", "d1", "g1"}
    assert published_wrong(first, W2, even(W3)) == {"dA1", "d1", "g1"}
    assert published_wrong(first, even(W2), even(W3)) == {"g1"}
    assert published_wrong(first, W2, W3, f1="identity") == {"g2", "dA1", "d1"}


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_polynomials_at_numbers_are_the_article_at_those_numbers(sizes):
    network = Network(sizes)
    shapes = {name: network.symbols[name].shape for name in ("x", "w1", "w2", "w3")}
    given = {name: numbers(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    weights = article.Weights(given["w1"], given["w2"], given["w3"])
    made = article.forward(given["x"], weights, f1=CUBE, f2=CUBE, f3="identity")
    found = article.gradients(made, Fraction(7), weights)
    values = {
        **given, "a1": made.a1, "F1": 3 * made.l1**2, "a2": made.a2, "F2": 3 * made.l2**2,
        "out": made.out, "F3": made.out * 0 + 1, "y": made.out * 0 + 7,
    }  # fmt: skip
    whole = {name: np.vectorize(int, otypes=[object])(m) for name, m in values.items()}
    for name, true in network.backward.items():
        at_numbers = [network.substitute(p, whole) for p in true.flat]
        assert at_numbers == [int(value) for value in getattr(found, name).flat]


# Polynomials taken apart and written down


def test_polynomials_as_text(network):
    a, b, c = network.symbols["w2"].ravel()[:3]
    x, y = network.symbols["x"][0, :2]
    assert text(-a * b - c) == "-w2_00*w2_01 - w2_10"
    assert text(b - a) == "w2_01 - w2_00"
    assert product_text(-2 * a * (b - c) ** 2) == "-2*w2_00*(w2_01 - w2_10)*(w2_01 - w2_10)"
    assert equations([a - b, a + b, a * b - a * c, a]) == (
        "w2_00 = w2_01", "w2_00 + w2_01 = 0", "w2_00*(w2_01 - w2_10) = 0", "w2_00 = 0",
    )  # fmt: skip
    polynomial = x * (a - b) - y * (a - b) - 3 * x * c
    assert grouped(y * (b - a), network.symbols["x"]) == "-x_01*(w2_00 - w2_01)"
    with pytest.raises(ValueError, match="not linear"):
        coefficients(np.array([[polynomial, x * x + a]], dtype=object), network.symbols["x"])


def test_coefficients_and_their_span(network):
    a, b, c, _ = network.symbols["w2"].flat
    x, y = network.symbols["x"][0, :2]
    matrix = np.empty((1, 1), dtype=object)
    matrix[0, 0] = 2 * x * (a - b) + y * (b - a) + network.symbols["x"][1, 1] * (a + b + c)
    found = coefficients(matrix, network.symbols["x"])
    assert found == [a + b + c, a - b] or found == [a - b, a + b + c]
    assert span(found, network.symbols["w2"]) == [a + c / 2, b + c / 2]
    assert distinct([a, 2 * a, -a, a - a]) == [a]


def test_mirrored_matrices_are_their_own_rotation_up_to_the_sign(network):
    a1 = network.symbols["a1"]
    assert same(rotated(mirrored(a1, +1)), mirrored(a1, +1))
    assert same(rotated(mirrored(a1, -1)), -mirrored(a1, -1))
    assert len({str(cell) for cell in mirrored(a1, +1).flat}) == 5


# The text


def test_text_has_the_theorem_the_ledger_and_the_refutations(theorem):
    text = theorem_text(theorem)
    assert text.startswith("Theorem.")
    rows = [line.split() for line in text.splitlines() if line.endswith(" proved")]
    steps = [row for row in rows if all("/" in cell for cell in row[-1 - len(SIZES) : -1])]
    assert len(steps) == 15
    assert "WRONG LINE" in text
    assert "(a1_22 - a1_11)*(d2_00 - d2_11) + (a1_21 - a1_12)*(d2_01 - d2_10)" in text
    assert "NOT PROVED" not in text
    assert not [line for line in text.split("\n") if len(line) > 80 or line != line.rstrip()]


def test_text_says_what_is_not_proved(theorem):
    broken = prove_sizes(ARTICLE, planted("g1", negate_one))
    text = theorem_text(replace(theorem, shapes=(broken,)))
    assert "g1 = R(x *v R(d1))           4/128 WRONG NOT PROVED" in text
    assert "NOT PROVED" in text.splitlines()[-1]
    hidden = replace(theorem.hidden, proved=False)
    assert "[NOT PROVED] where R leaves" in theorem_text(replace(theorem, hidden=hidden))


def test_no_framework_is_imported():
    code = (
        "import sys; import oracles.article_theorem, oracles.reporting.theorem; "
        "assert not {'torch', 'jax', 'sympy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
