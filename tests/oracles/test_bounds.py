from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from oracles import bounds
from oracles.bounds import (
    SURE_TERMS,
    gamma,
    probable_gamma,
    round_up,
    rounding_bound,
    smallest_subnormal,
    unit_roundoff,
)


@pytest.fixture(autouse=True)
def _forgotten():
    """What is known of a dtype is found out in each test, not in whichever comes first."""
    bounds._format.cache_clear()


def test_unit_roundoff_is_half_an_ulp_of_one():
    assert unit_roundoff("float32") == 2.0**-24
    assert unit_roundoff("float64") == 2.0**-53


def test_smallest_subnormal():
    assert smallest_subnormal("float64") == 2.0**-1074
    assert smallest_subnormal("float32") == 2.0**-149


def test_gamma_is_higham_s():
    n, u = 1000, Fraction(1, 2**24)
    exact = n * u / (1 - n * u)
    assert abs(Fraction(float(gamma(n, "float32"))) - exact) <= exact / 2**50


def test_gamma_is_infinite_where_the_model_ends():
    beyond = [2**24, 2**24 + 2**23, 2**25, np.inf]
    assert gamma(beyond, "float32").tolist() == [np.inf] * 4


def test_gamma_is_finite_up_to_where_the_model_ends():
    found = gamma([0, 2**23, 2**24 - 1, 2**24], "float32")
    assert found.tolist() == [0.0, 1.0, 2.0**24 - 1, np.inf]
    assert gamma([], "float32").shape == (0,)
    assert gamma(np.zeros((2, 3)), "float64").shape == (2, 3)


def test_no_bound_depends_on_how_floating_point_errors_are_met():
    largest = float(np.finfo("float64").max)
    with np.errstate(all="raise"):
        assert gamma([2**53, 2**54], "float64").tolist() == [np.inf, np.inf]
        assert probable_gamma([0, 2**54], "float64")[0] == 0
        assert probable_gamma([2**60, np.inf], "float32").tolist() == [np.inf, np.inf]
        assert gamma([np.inf], "float64").tolist() == [np.inf]
        found = rounding_bound([2**53, 0], np.array([largest, 0.0]), "float64")
        assert found.tolist() == [np.inf, 0.0]
        # Nothing is summed, and however often it is rounded, underflow alone can show.
        found = rounding_bound([2**53, 1000], np.array([0.0, largest]), "float64")
    assert found.tolist() == [2.0**-1021 * (1 + 2.0**-30), np.inf]


@pytest.mark.parametrize("kind", ["int8", "float32", "object"])
def test_terms_may_be_counted_in_any_dtype(kind):
    terms, dtype = np.array([3, 100], kind), "float64"
    assert gamma(terms, dtype).dtype == np.float64
    assert gamma(terms, dtype).tolist() == gamma([3.0, 100.0], dtype).tolist()
    assert (probable_gamma(terms, dtype) == probable_gamma([3.0, 100.0], dtype)).all()
    found = rounding_bound(terms, np.zeros(2), dtype)
    assert found.tolist() == [3 * 2.0**-1074, 100 * 2.0**-1074]


def test_exact_arithmetic_is_off_by_nothing():
    assert rounding_bound(5, np.array([[1.0, 2.0]]), None).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("largest", [1.0, 3.5e38])
def test_bound_is_gamma_times_magnitude_and_underflows(largest):
    """The same where nothing can overflow, and beside a number that may."""
    terms, magnitude = np.array([3, 5]), np.array([2.0, 7.0])
    found = rounding_bound(
        np.append(terms, 2), np.append(magnitude, largest), "float32", probable=False
    )
    plain = gamma(terms, "float32") * magnitude + terms * 2.0**-149
    assert (found[:2] == plain * (1 + 2.0**-30)).all()
    probable = rounding_bound([1000, 2], np.array([2.0, largest]), "float32", probable=True)
    few = probable_gamma(1000, "float32") * 2.0 + 1000 * 2.0**-149
    assert probable[0] == few * (1 + 2.0**-30)


def test_bound_is_infinite_exactly_where_a_partial_sum_may_overflow():
    largest = float(np.finfo("float32").max)
    g = float(gamma(3, "float32"))
    edge = largest / (1 + g)
    below, above = edge * (1 - 2.0**-40), edge * (1 + 2.0**-40)
    assert np.isfinite(rounding_bound(3, np.array([below]), "float32")).all()
    found = rounding_bound(3, np.array([below, above, 0.0]), "float32")
    assert np.isinf(found).tolist() == [False, True, False]


def test_bound_of_no_elements_has_none():
    for terms in (3, np.zeros((0, 2))):
        assert rounding_bound(terms, np.zeros((0, 2)), "float32").shape == (0, 2)


def test_bound_of_nothing_is_nothing():
    assert rounding_bound(np.array([0]), np.array([0.0]), "float32").tolist() == [0.0]


def test_bound_of_one_product_holds_and_is_nearly_reached():
    # 1 + 2^-12 squared loses its last term 2^-24, exactly half an ULP of the result.
    a = np.float32(1 + 2.0**-12)
    true = Fraction(float(a)) ** 2
    error = abs(Fraction(float(a * a)) - true)
    bound = float(rounding_bound(1, np.array([float(true)]), "float32")[0])
    assert error <= bound
    assert error >= bound * 0.99


def test_bound_forgives_overflow_and_nothing_just_below_it():
    largest = float(np.finfo("float32").max)
    bound = rounding_bound(3, np.array([largest, largest / 2]), "float32")
    assert bound[0] == np.inf
    assert np.isfinite(bound[1])
    assert rounding_bound(0, np.array([largest]), "float32").tolist() == [np.inf]


def test_bound_counts_underflow():
    tiny = 2.0**-149
    assert rounding_bound(2, np.array([tiny]), "float32")[0] >= 2 * tiny


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_in_any_order_stay_within_the_bound(dtype):
    rng = np.random.default_rng(3)
    a, b = (rng.standard_normal(200).astype(dtype) for _ in range(2))
    products = [Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True)]
    size = float(sum(abs(p) for p in products))
    bound = float(rounding_bound(200, np.array([size]), dtype)[0])
    for order in (np.arange(200), rng.permutation(200), np.argsort(-np.abs(a * b))):
        total = np.zeros((), dtype)
        for i in order:
            total = total + a[i] * b[i]
        assert abs(Fraction(float(total)) - sum(products)) <= bound


def test_round_up_never_rounds_down():
    assert round_up(np.array([4.0])).tolist() == [4 * (1 + 2.0**-30)]
    assert round_up(np.array([4], object)).dtype == np.float64
    assert (round_up(np.array([1.0, 1e-300])) > np.array([1.0, 1e-300])).all()


def test_probable_gamma_is_the_smaller_bound_and_grows_as_the_root():
    u = 2.0**-53
    few, many, more = probable_gamma([10, 10**4, 10**6], "float64")
    assert few == gamma(10, "float64")
    assert many < gamma(10**4, "float64") / 9
    assert 9 < more / many < 11
    # Higham and Mary, theorem 3.1, by hand for n = 10^4.
    factor = np.sqrt(2 * np.log(2e4 * 2.0**40)) / (1 - u)
    assert abs(many / (factor * 100 * u) - 1) < 2.0**-30


@pytest.mark.parametrize(("n", "dtype"), [(100, "float16"), (10**4, "float32")])
def test_probable_gamma_is_higham_and_mary_s(n, dtype):
    count, u = Decimal(n), Decimal(float(np.finfo(dtype).eps)) / 2
    likely = (2 * ((2 * count).ln() + 40 * Decimal(2).ln())).sqrt() / (1 - u)
    exact = (likely * count.sqrt() * u + count * u * u / (1 - u)).exp() - 1
    found = Decimal(float(probable_gamma(n, dtype)))
    assert found < Decimal(float(gamma(n, dtype)))
    assert abs(found - exact) < exact / 2**48


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sure_bound_is_the_smaller_one_up_to_so_many_terms(dtype):
    few = np.arange(SURE_TERMS + 1)
    assert (probable_gamma(few, dtype) == gamma(few, dtype)).all()
    assert probable_gamma(SURE_TERMS + 1, dtype) < gamma(SURE_TERMS + 1, dtype)


def test_probable_bound_holds_for_sums_of_random_numbers():
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, 300, 2000)).astype(np.float32)
    sums = np.zeros(300, np.float32)
    for column in range(2000):
        sums += a[:, column] * b[:, column]
    wide = a.astype(np.float64) * b.astype(np.float64)
    error, size = np.abs(sums - wide.sum(axis=1)), np.abs(wide).sum(axis=1)
    probable = rounding_bound(2000, size, "float32", probable=True)
    assert (error <= probable).all()
    assert (probable < rounding_bound(2000, size, "float32") / 3).all()
