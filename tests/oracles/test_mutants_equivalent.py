"""Equivalent mutants: each is proved to be one, and none is convicted."""

from itertools import combinations, product
from random import Random

import numpy as np
import pytest

from manualgrad import activations
from manualgrad.article import convolve_valid
from oracles.article_theorem import SIZES, prove_sizes
from oracles.catalog import ops
from oracles.draws import Draws, by_hand
from oracles.hunting import hunt
from oracles.lattice import lattice_cases
from oracles.limits import Limits, make_limits
from oracles.proof_grid import quick
from oracles.proving import prove
from oracles.runner import Runner
from tests.oracles.mutants import EQUIVALENT
from tests.oracles.mutants.article import gradients_by
from tests.oracles.mutants.equivalent import LINES_TURNED, SYMBOLS

BY_TITLE = {each.title: each for each in EQUIVALENT}
HALVES = np.arange(2**16, dtype=np.uint16).view(np.float16)


def subject(title):
    return BY_TITLE[title].subject()


def same_bits(one, other):
    """Whether two arrays hold the same bits, but that NaN has any, and zero any sign."""
    number = ~(np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        one, other = one + 0, other + 0
    return one.dtype == other.dtype and one[number].tobytes() == other[number].tobytes()


# --- by symbols -----------------------------------------------------------------------------------

BY_SYMBOLS = [each for each in EQUIVALENT if SYMBOLS in each.equivalent]
BY_SYMBOLS.append(BY_TITLE["kernels of the next group, of one group"])


@pytest.mark.parametrize("mutant", BY_SYMBOLS, ids=lambda each: each.title)
def test_it_is_the_same_polynomials(mutant):
    op = mutant.subject()
    proof = prove(op, quick(op.name, make_limits(op.limits)))
    assert (proof.refutation, proof.unproved) == ("", "")
    assert proof.shapes >= 6


@pytest.mark.parametrize("title", list(LINES_TURNED))
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_articles_theorem_holds_with_the_turned_line(title, sizes):
    proof = prove_sizes(sizes, gradients_by(**LINES_TURNED[title]))
    assert all(step.proved for step in proof.steps)


def test_the_articles_theorem_fails_with_a_line_that_lacks_a_rotation():
    wrong = gradients_by(g2=lambda m, d2: convolve_valid(m.a1, d2))
    unproved = {step.name for step in prove_sizes(SIZES[1], wrong).steps if not step.proved}
    assert unproved == {"g2"}


# --- on the lattice -------------------------------------------------------------------------------


def test_taps_in_another_order_give_the_same_bits_on_lattices_and_not_elsewhere():
    op, right = subject("taps summed from the last to the first"), ops.conv2d
    make, random, apart, draws = by_hand(right.cases("float32", Limits())), Random(3), 0, 0
    for _ in range(60):
        case = make(Draws(random))
        polynomial = right.definition.polynomial
        for drawn in lattice_cases(right, polynomial, case, seed=3):
            arrays = list(drawn.operands.values())
            mine, theirs = (each.forward(*arrays, **drawn.options) for each in (op, right))
            assert same_bits(mine, theirs)
            draws += 1
        if case.finite:
            arrays = list(case.operands.values())
            mine, theirs = (each.forward(*arrays, **case.options) for each in (op, right))
            apart += not same_bits(mine, theirs)
    assert draws > 500
    assert apart > 3


# --- by exhaustion --------------------------------------------------------------------------------


def test_relu_with_equality_is_relu_on_every_half():
    found = subject("relu with >= for >").forward(HALVES)
    assert same_bits(found, activations.relu(HALVES))


def test_tanh_is_odd_on_every_half():
    assert same_bits(subject("tanh by -tanh(-x)").forward(HALVES), activations.tanh(HALVES))


def test_slopes_of_hardtanh_differ_at_the_knots_alone_and_are_those_of_a_side():
    op, ones = subject("hardtanh': the ends belong to the middle"), np.ones_like(HALVES)
    for low, high in product((-1.0, -2.0), (1.0, 0.5)):
        found = op.backward(ones, HALVES, min_val=low, max_val=high)
        true = activations.hardtanh_backward(ones, HALVES, min_val=low, max_val=high)
        number = ~np.isnan(HALVES)
        assert set(HALVES[number & (found != true)].tolist()) == {low, high}
        assert set(found[number].tolist()) == {0.0, 1.0}


def test_identity_gives_the_same_bits_of_every_half():
    assert same_bits(ops.identity.forward(HALVES), HALVES)


def test_every_axis_from_the_other_end_is_the_same_axis():
    op, rng = subject("softmax: axis counted from the other end"), np.random.default_rng(5)
    for shape in ((3,), (2, 4), (2, 3, 4)):
        x = rng.standard_normal(shape)
        for axis in range(-len(shape), len(shape)):
            assert same_bits(op.forward(x, axis=axis), activations.softmax(x, axis=axis))


# --- in integers ----------------------------------------------------------------------------------


def test_a_roll_by_one_of_one_group_moves_nothing():
    assert [(i + 1) % 1 for i in range(1)] == [0]
    assert subject("kernels of the next group, of one group").limits["groups"] == 1


def test_negative_indices_are_the_same_classes():
    for n in range(1, 65):
        assert np.arange(n)[np.arange(n) - n].tolist() == list(range(n))


def test_views_of_one_vector_share_no_number():
    op = subject("dense: gradients in one vector")
    for n, i, o in product(range(5), range(1, 5), range(1, 5)):
        x, w, g = np.ones((n, i)), np.ones((i, o)), np.ones((n, o))
        found = op.backward(g, x, w)
        for one, other in combinations(found, 2):
            assert not np.shares_memory(one, other)


def test_twice_negated_differences_round_alike():
    a, b = np.meshgrid(HALVES[::97], HALVES[::89])
    with np.errstate(all="ignore"):
        assert same_bits(-(b - a), a - b)


# --- all of them ----------------------------------------------------------------------------------


def test_each_has_a_proof_of_a_kind_that_is_carried_out_here():
    kinds = {each.equivalent.partition(":")[0] for each in EQUIVALENT}
    assert kinds == {"symbols", "exhaustion", "integers"}
    assert len(EQUIVALENT) >= 8


@pytest.mark.parametrize("mutant", EQUIVALENT, ids=lambda each: each.title)
def test_an_equivalent_mutant_is_not_convicted(mutant):
    with Runner(oracles=(), max_examples=40, seed=18, keep=False) as runner:
        assert hunt(runner, mutant.subject(), mutant.dtypes).conviction is None
