import numpy as np

from oracles.compare import WORST, compare, distances, error_over_bound
from oracles.exact.bounded import Approximate, rationals

FLOAT64 = np.dtype("float64")


def truth_of(numbers, bound):
    array = np.array(numbers, dtype=np.float64)
    return {"y": Approximate(rationals(array).value, np.full(array.shape, bound))}


def compared(numbers, value, bound=0.0, **arguments):
    values = {} if value is None else {"y": value}
    (found,) = compare("torch", values, truth_of(numbers, bound), FLOAT64, **arguments)
    return found


def test_equal_arrays_agree_with_ratio_zero():
    found = compared([1, 2, 3], np.array([1.0, 2.0, 3.0]))
    assert found.agrees
    assert (found.elements, found.wrong, found.worst_ratio, found.worst) == (3, 0, 0.0, ())


def test_minus_zero_is_zero():
    assert compared([0.0], np.array([-0.0])).agrees


def test_within_the_bound_agrees_and_says_how_near():
    found = compared([1, 2], np.array([1.25, 2.0]), bound=0.5)
    assert found.agrees
    assert found.worst_ratio == 0.5


def test_outside_the_bound_is_wrong_worst_first():
    found = compared([[1, 2], [3, 4]], np.array([[1.0, 5.0], [3.0, -4.0]]), bound=0.5)
    assert (found.wrong, found.wrong_cells, found.worst_ratio) == (2, (1, 3), 16.0)
    assert [(c.index, c.value, c.truth, c.error, c.bound, c.ratio) for c in found.worst] == [
        ((1, 1), -4.0, "4", 8.0, 0.5, 16.0),
        ((0, 1), 5.0, "2", 3.0, 0.5, 6.0),
    ]


def test_any_error_where_none_is_allowed():
    found = compared([1], np.array([1 + 2.0**-52]))
    assert not found.agrees
    assert found.worst_ratio == np.inf


def test_at_most_five_worst_cells():
    assert len(compared(range(9), np.full(9, 99.0)).worst) == WORST


def test_what_cannot_be_compared_is_wrong_and_says_why():
    for value, problem in [
        (np.zeros((2, 1)), "has shape (2, 1), truth has (2,)"),
        (np.zeros(2, np.float32), "has dtype float32, the case has float64"),
        ([0.0, 0.0], "is a list, not an array"),
        (None, "missing"),
    ]:
        found = compared([0, 0], value, bound=1.0)
        assert not found.agrees
        assert found.problem == problem
        assert (found.wrong, found.worst_ratio) == (2, np.inf)


def test_empty_arrays_agree():
    assert compared([], np.zeros(0)).agrees


def test_a_method_s_own_error_is_added_to_the_bound():
    own = {"y": np.array([0.25])}
    assert compared([1], np.array([1.5]), bound=0.25, errors=own).worst_ratio == 1.0
    assert not compared([1], np.array([1.5]), bound=0.125, errors=own).agrees


def apart(a, b, bound=0.25, **arguments):
    truth = truth_of([1.0, 2.0], bound)
    found = distances({"y": np.array(a)}, {"y": np.array(b)}, truth, arguments)
    return found["y"].tolist()


def test_two_participants_may_be_apart_by_both_their_bounds():
    assert apart([1.0, 2.0], [1.5, 2.0]) == [1.0, 0.0]
    assert apart([1.0, 2.0], [1.75, 2.0]) == [1.5, 0.0]
    assert apart([1.0, 2.0], [2.0, 2.0], y=np.array([0.5, 0.0])) == [1.0, 0.0]


def test_nan_and_infinities_are_the_same_or_infinitely_apart():
    assert apart([np.nan, np.inf], [np.nan, np.inf]) == [0, 0]
    assert apart([np.nan, np.inf], [1.0, 2.0]) == [np.inf, np.inf]
    assert apart([np.inf, 1.0], [-np.inf, 1.0]) == [np.inf, 0]


def test_arrays_of_another_shape_are_not_set_side_by_side():
    truth = truth_of([1.0, 2.0], 0.5)
    assert distances({"y": np.zeros(3)}, {"y": np.zeros(2)}, truth, {}) == {}
    assert distances({}, {"y": np.zeros(2)}, truth, {}) == {}


def test_zero_over_zero_is_right_and_an_infinite_bound_forgives():
    ratio = error_over_bound(np.array([0, 1, 1, np.inf]), np.array([0, 0, 2, np.inf]))
    assert ratio.tolist() == [0, np.inf, 0.5, 0]


def test_resolution_is_the_smallest_relative_error_that_rounding_cannot_explain():
    assert compared([8.0, 2.0, 0.0], np.array([8.0, 2.0, 0.0]), bound=0.5).resolution == 0.125
    assert np.isnan(compared([0.0, 0.0], np.zeros(2)).resolution)
    assert compared([0.0, 0.0], np.zeros(2), bound=0.5).resolution == np.inf


def test_probable_ratio_is_against_the_probable_bound():
    true = Approximate(rationals(np.ones(1)).value, np.ones(1), probable=np.full(1, 0.25))
    (found,) = compare("torch", {"y": np.full(1, 1.5)}, {"y": true}, FLOAT64)
    assert (found.worst_ratio, found.worst_probable_ratio) == (0.5, 2.0)
    assert found.agrees
