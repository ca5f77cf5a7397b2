"""Sums of products of float64 numbers are exact, whatever the numbers."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oracles.compare import compare
from oracles.exact.bounded import Approximate, rationals, text_of
from oracles.exact.contraction import contract
from oracles.exact.distance import error_to
from oracles.exact.sums import Expansion, _distilled, span_of, sum_products, two_sum

RNG = np.random.default_rng(20)
REALS, OTHERS = RNG.standard_normal((2, 90))
WHOLE = RNG.integers(-(2**40), 2**40, 90).astype(float)
FACTORS = {
    "eighths and eighths": (np.round(8 * REALS) / 8, np.round(8 * OTHERS) / 8),
    "reals and eighths": (REALS, np.round(8 * OTHERS) / 8),
    "eighths and reals": (np.round(8 * REALS) / 8, OTHERS),
    "reals and reals": (REALS, OTHERS),
    "reals far apart": (REALS * 2.0 ** RNG.integers(-8, 9, 90), OTHERS),
    "reals that cancel": (np.repeat(REALS[:45], 2) * np.tile([1, -1], 45), np.repeat(OTHERS, 1)),
    "long whole numbers": (WHOLE, np.roll(WHOLE, 1)),
    "very small reals": (REALS * 2.0**-400, OTHERS),
}


def products(a, b, index_a, index_b, targets, size):
    found = [Fraction(0)] * size
    for i, j, t in zip(index_a, index_b, targets, strict=True):
        found[t] += Fraction(float(a[i])) * Fraction(float(b[j]))
    return found


def fractions(found):
    if isinstance(found, Expansion):
        return [Fraction(int(n.p), int(n.q)) if hasattr(n, "q") else Fraction(n)
                for n in found.exact()]  # fmt: skip
    return [Fraction(n) for n in found.tolist()]


@pytest.fixture(params=list(FACTORS))
def factors(request):
    return FACTORS[request.param]


@pytest.fixture
def triples():
    rng = np.random.default_rng(3)
    return rng.integers(0, 90, 400), rng.integers(0, 90, 400), rng.integers(0, 25, 400)


def summed(a, b, triples):
    i, j, target = triples
    longest = int(np.bincount(target).max())
    return sum_products(target, 25, longest, (a, span_of(a), i), (b, span_of(b), j))


def test_sums_are_those_of_fractions(factors, triples):
    found = summed(*factors, triples)
    assert found is not None
    assert fractions(found) == products(*factors, *triples, 25)


def test_each_part_is_at_least_twice_all_below_it(factors, triples):
    found = summed(*factors, triples)
    columns = found.parts.T.tolist() if isinstance(found, Expansion) else []
    for column in columns:
        sizes = [abs(part) for part in column if part]
        assert all(above >= 2 * below for above, below in pairwise(sizes))
        assert sizes[0] == abs(column[0]) or not any(sizes)


digits = st.one_of(
    st.integers(-(2**53), 2**53), st.sampled_from([0, 1, -1, 2**33, -(2**33), 2**53, -(2**53)])
)


@given(st.lists(digits, min_size=2, max_size=7), st.sampled_from([1, 4, 20, 22]))
@settings(max_examples=1000, deadline=None, database=None, derandomize=True)
@example([3, 2**50, -(2**40)], 10)  # 3 is dropped, and then all above it cancels
@example([1, -(2**53), 2**33, 2**53, -(2**53)], 20)
def test_what_cancels_in_the_highest_digits_leaves_the_lower_ones(numbers, step):
    arrays = [np.array([n * 2.0 ** (step * k)]) for k, n in enumerate(numbers)]
    found = _distilled(arrays, whole=True)
    true = sum(int(array[0]) for array in arrays)
    assert fractions(found) == [true]
    if isinstance(found, Expansion):
        head, rest = (int(part[0]) for part in found.doubles())
        assert head == int(float(true))
        assert (rest != 0) == (true != head)
        assert abs(rest - (true - head)) * 2**51 <= abs(true - head)


def test_doubles_are_the_nearest_and_what_that_leaves(factors, triples):
    found = summed(*factors, triples)
    doubles = found.doubles() if isinstance(found, Expansion) else (found, np.zeros(25))
    true = products(*factors, *triples, 25)
    for head, rest, number in zip(*doubles, true, strict=True):
        assert head == float(number)
        left = number - Fraction(head)
        assert (rest != 0) == (left != 0)
        assert abs(Fraction(rest) - left) <= abs(left) / 2**51


def test_a_unit_in_the_last_place_is_seen_and_so_is_its_size(factors, triples):
    found = summed(*factors, triples)
    true = Approximate(found, np.zeros(25))
    numbers = products(*factors, *triples, 25)
    heads = np.array([float(n) for n in numbers])
    for given_numbers in (heads, np.nextafter(heads, np.inf), heads * (1 + 2.0**-40)):
        for error, number, given_number in zip(
            error_to(true, given_numbers), numbers, given_numbers.tolist(), strict=True
        ):
            distance = abs(number - Fraction(given_number))
            assert (error > 0) == (distance > 0)
            assert abs(Fraction(error) - distance) <= distance / 2**50


def test_planted_error_below_float64_is_wrong_where_nothing_may_be_off():
    # 1 + 2**-60 is no float64: whoever says 1 is off by 2**-60, and a bound of 0 forbids it.
    found = contract(
        np.array([0, 0]), (1,), (rationals(np.array([1.0, 2.0**-30])), np.array([0, 1])),
        (rationals(np.array([1.0, 2.0**-30])), np.array([0, 1])), None,
    )  # fmt: skip
    (told,) = compare("subject", {"y": np.ones(1)}, {"y": found}, np.dtype("float64"))
    assert not told.agrees
    assert told.worst[0].error == 2.0**-60
    assert told.worst[0].truth == text_of(found.value[0])


def test_nan_and_infinities_lie_over_the_finite_sums():
    a, b = np.array([np.inf, REALS[0], np.nan, REALS[1]]), np.array([1.0, *OTHERS[:3]])
    index, target = np.arange(4), np.array([0, 1, 2, 1])
    found = contract(target, (3,), (rationals(a), index), (rationals(b), index), None)
    assert isinstance(found.numbers, Expansion)
    assert found.value[0] == np.inf
    assert np.isnan(found.value[2])
    assert fractions(found.numbers[1:2]) == products(a, b, [1, 3], [1, 3], [0, 0], 1)
    assert (
        error_to(found, np.array([np.inf, float(found.doubles.head[1]), np.nan]))[[0, 2]].any() == 0
    )
    assert np.isinf(error_to(found, np.array([1.0, 1.0, 1.0]))[[0, 2]]).all()


def test_parts_of_an_expansion_are_cut_and_shaped():
    found = summed(REALS, OTHERS, (np.arange(24), np.arange(24), np.arange(24)))[:24]
    true = [Fraction(x) * Fraction(y) for x, y in zip(REALS[:24], OTHERS[:24], strict=True)]
    assert found.shape == (24,)
    assert found.reshape((2, 3, 4)).shape == (2, 3, 4)
    shaped = found.reshape((2, 3, 4)).exact()
    assert fractions(found[5:9]) == true[5:9]
    assert [Fraction(int(n.p), int(n.q)) for n in shaped.ravel()] == true


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(numbers, numbers, st.integers(0, 2)), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_any_finite_numbers(rows):
    a, b = (np.array([row[k] for row in rows]) for k in (0, 1))
    target, index = np.array([row[2] for row in rows]), np.arange(len(rows))
    found = contract(target, (3,), (rationals(a), index), (rationals(b), index), None)
    told = [Fraction(int(n.p), int(n.q)) if hasattr(n, "q") else Fraction(n) for n in found.value]
    assert told == products(a, b, index, index, target, 3)


@given(numbers, numbers)
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_two_sum_keeps_what_rounding_drops(a, b):
    with np.errstate(over="ignore", invalid="ignore"):
        total, rest = two_sum(np.array([a]), np.array([b]))
    if np.abs(total[0]) < 1e300:
        assert Fraction(total[0]) + Fraction(rest[0]) == Fraction(a) + Fraction(b)
