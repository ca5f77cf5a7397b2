"""Exact numbers in float64 where they fit, and never where they do not."""

from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq

from oracles.exact.bounded import Approximate, object_array, rationals
from oracles.exact.contraction import contract
from oracles.exact.distance import error_to


def exact(items):
    return Approximate(object_array(list(items), (len(items),)), np.zeros(len(items)))


def fraction(number):
    return Fraction(int(number.p), int(number.q)) if isinstance(number, fmpq) else Fraction(number)


TINY, THIRD = fmpq(1, 2**1100), fmpq(1, 3)


@pytest.mark.parametrize("number", [TINY, -TINY, THIRD, -THIRD, fmpq(2**60 + 1), 2**53 + 1])
def test_what_float64_rounds_has_a_rest_and_a_size_above(number):
    one = exact([number])
    head, rest = (each[0] for each in one.doubles)
    assert head == float(fraction(number))
    assert rest != 0
    assert (rest > 0) == (fraction(number) > Fraction(head))
    assert Fraction(one.size[0]) >= abs(fraction(number))
    assert error_to(one, np.array([head]))[0] > 0


def test_numbers_of_float64_have_no_rest():
    numbers = np.array([0.1, -3.0, 5e-324, 1.7e308, np.inf])
    for given in (rationals(numbers), Approximate(rationals(numbers).value, np.zeros(5))):
        assert given.doubles.head.tolist() == numbers.tolist()
        assert not given.doubles.rest.any()
        assert given.size.tolist() == np.abs(numbers).tolist()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([2.0**53, 1.0], [1.0, 1.0]),
        ([2.0**52, 0.5], [1.0, 1.0]),
        ([0.1, 0.2], [0.3, -0.4]),
        ([5e-324, 1.0], [5e-324, 3.0]),
        ([1e300, 1.0], [1e300, 1e-300]),
        ([2.0**-600, 2.0**-600], [2.0**-600, 2.0**-500]),
        ([3.0, 0.25], [7.0, -2.5]),
    ],
)
def test_sums_are_exact_whether_or_not_float64_holds_them(left, right):
    index, target = np.array([0, 1]), np.array([0, 0])
    for dtype in (None, np.dtype("float64")):
        found = contract(
            target, (1,), (rationals(np.array(left)), index),
            (rationals(np.array(right)), index), dtype,
        )  # fmt: skip
        assert fraction(found.value[0]) == sum(
            Fraction(a) * Fraction(b) for a, b in zip(left, right, strict=True)
        )


def test_number_below_every_float64_is_not_lost_in_a_sum():
    index = np.array([0])
    found = contract(index, (1,), (exact([TINY]), index), (exact([2**100]), index), None)
    assert found.value[0] == fmpq(1, 2**1000)


def test_distance_in_float64_is_the_exact_one():
    rng = np.random.default_rng(5)
    truths = [fmpq(int(p), int(q)) for p, q in rng.integers(1, 1000, (50, 2))]
    given = np.array([float(fraction(t)) for t in truths]) * (1 + rng.normal(size=50) * 1e-15)
    found = error_to(exact(truths), given)
    for error, truth, number in zip(found, truths, given.tolist(), strict=True):
        distance = abs(fraction(truth) - Fraction(number))
        assert abs(Fraction(error) - distance) <= distance / 2**50
