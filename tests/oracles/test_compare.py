import numpy as np
import pytest

from oracles.bounds import smallest_subnormal
from oracles.compare import (
    WORST,
    Cell,
    Comparison,
    compare,
    distances,
    error_over_bound,
    is_blind_to,
)
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


def test_a_comparison_says_all_there_is_to_say():
    right = compared([4.0, 8.0, 4.0], np.array([4.0, 8.0, 4.0]), bound=0.5)
    assert right == Comparison("torch", "y", "", 3, 0, 0.0, (), (), (3,), 0.0, 0.125)
    near = compared([[4.0, 8.0]], np.array([[4.25, 8.0]]), bound=0.5)
    assert near == Comparison("torch", "y", "", 2, 0, 0.5, (), (), (1, 2), 0.5, 0.125)
    wrong = compared([[4.0, 8.0]], np.array([[4.0, 9.0]]), bound=0.5)
    cell = Cell((0, 1), 9.0, "8", 1.0, 0.5, 2.0)
    assert wrong == Comparison(
        "torch", "y", "", 2, 1, 2.0, (cell,), (1,), (1, 2), 2.0, 0.125, worst_error=1.0
    )
    missing = compared([[4.0, 8.0]], None)
    assert missing == Comparison(
        "torch", "y", "missing", 2, 2, np.inf, (), (0, 1), (1, 2), worst_error=np.inf
    )
    assert (missing.worst_probable_ratio, missing.resolution) == (0.0, np.inf)


def test_the_largest_error_is_of_a_wrong_cell_that_need_not_be_the_worst():
    bound = np.array([1e-3, 1.0, 9.0])
    found = compared([0.0, 0.0, 0.0], np.array([1.0, 4.0, 8.0]), bound=bound)
    assert (found.worst[0].index, found.worst_error) == ((0,), 4.0)


def test_a_method_of_larger_errors_is_blind():
    wrong = compared([0.0, 0.0, 5.0], np.array([1.0, 4.0, 5.0]), bound=0.5)
    assert wrong.wrong == 2
    assert is_blind_to(wrong, np.array([0.5, 3.5, 0.0]))
    assert not is_blind_to(wrong, np.array([0.5, 3.4, 9.0]))
    assert not is_blind_to(wrong, np.array([0.4, 9.0, 9.0]))
    assert not is_blind_to(wrong, None)
    assert not is_blind_to(compared([0.0], None), np.array([np.inf]))


def test_a_method_is_blind_only_if_it_is_in_every_wrong_cell():
    # The sixth, whose error/bound is the smallest, is not among those that are kept.
    bound = np.array([1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1.0])
    wrong = compared([0.0] * 6, np.array([1.0, 1, 1, 1, 1, 8]), bound=bound)
    assert (wrong.wrong, len(wrong.worst), wrong.worst_error) == (6, 5, 8.0)
    assert not is_blind_to(wrong, np.array([1.0, 1, 1, 1, 1, 7]))
    assert is_blind_to(wrong, np.full(6, 8.0))


def test_every_operand_of_truth_is_compared_with_its_own():
    truth = truth_of([1.0], 0.5) | {"grad_x": truth_of([2.0], 0.5)["y"]}
    values = {"grad_x": np.array([2.5]), "y": np.array([1.0]), "other": np.zeros(9)}
    own = {"grad_x": np.array([0.5])}
    found = compare("jax", values, truth, FLOAT64, own)
    assert [(each.participant, each.operand, each.worst_ratio) for each in found] == [
        ("jax", "y", 0.0), ("jax", "grad_x", 0.5),
    ]  # fmt: skip


def test_cells_equally_wrong_keep_their_order():
    found = compared([0] * 4, np.array([8.0, 9.0, 8.0, 9.0]), bound=1.0)
    assert [cell.index for cell in found.worst] == [(1,), (3,), (0,), (2,)]
    # As many as make a sort that is not stable change their order.
    found = compared([0] * 40, np.array([8.0, 9.0] * 20), bound=1.0)
    assert [cell.index for cell in found.worst] == [(1,), (3,), (5,), (7,), (9,)]


def test_a_number_of_no_axes():
    found = compared(2.0, np.float64(3.0), bound=0.5)
    assert found.worst == (Cell((), 3.0, "2", 1.0, 0.5, 2.0),)


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
    at_the_bound = compared([1], np.array([1.5]), bound=0.25, errors=own)
    assert (at_the_bound.worst_ratio, at_the_bound.agrees) == (1.0, True)
    assert not compared([1], np.array([1.5]), bound=0.125, errors=own).agrees


def apart(a, b, bound=0.25, **arguments):
    truth = truth_of([1.0, 2.0], bound)
    found = distances({"y": np.array(a)}, {"y": np.array(b)}, truth, arguments)
    return found["y"].tolist()


def test_two_participants_may_be_apart_by_both_their_bounds():
    assert apart([1.0, 2.0], [1.5, 2.0]) == [1.0, 0.0]
    assert apart([1.0, 2.0], [1.75, 2.0]) == [1.5, 0.0]
    assert apart([1.0, 2.0], [2.0, 2.0], y=np.array([0.5, 0.0])) == [1.0, 0.0]


def test_the_second_operand_s_own_error_is_allowed_once():
    assert apart([1.0, 2.0], [1.0, 5.0], bound=0.5, y=np.array([0.0, 2.0])) == [0.0, 1.0]


def test_where_nan_is_right_too_nothing_is_apart_from_it():
    true = Approximate(rationals(np.ones(3)).value, np.full(3, 0.5), or_nan=True)
    mine, other = np.array([np.nan, 1.0, 1.0]), np.array([1.0, np.nan, 3.0])
    found = distances({"y": mine}, {"y": other}, {"y": true}, {})
    assert found["y"].tolist() == [0.0, 0.0, 2.0]


def test_only_arrays_of_floats_are_set_side_by_side():
    truth, right = truth_of([1.0, 2.0], 0.5), np.zeros(2)
    for other in (None, [0.0, 0.0], np.zeros(2, int), np.zeros(2, complex), np.zeros((2, 1))):
        assert distances({"y": right}, {"y": other}, truth, {}) == {}
        assert distances({"y": other}, {"y": right}, truth, {}) == {}
    assert list(distances({"y": right}, {"y": right}, truth, {})) == ["y"]
    assert list(distances({"y": np.float32(right)}, {"y": right}, truth, {})) == ["y"]


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


def test_floating_point_errors_of_the_caller_s_settings_do_not_matter():
    with np.errstate(all="raise"):
        ratio = error_over_bound(np.array([0.0, 1.0, np.inf]), np.array([0.0, 0.0, np.inf]))
        assert apart([np.inf, 1e308], [np.inf, -1e308]) == [0.0, np.inf]
    assert ratio.tolist() == [0.0, np.inf, 0.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_next_to_zero_after_an_underflow_an_error_of_any_size_shows(dtype):
    least = smallest_subnormal(dtype)

    def resolution(*bounds):
        true = Approximate(np.zeros(2), np.array(bounds))
        (found,) = compare("jax", {"y": np.zeros(2, dtype)}, {"y": true}, np.dtype(dtype))
        return found.resolution

    assert np.isnan(resolution(0.0, 1024 * least))
    assert resolution(0.0, 1025 * least) == np.inf
    assert np.isnan(resolution(np.inf, least))


def test_a_method_s_own_error_coarsens_the_resolution():
    own = {"y": np.array([0.5, 0.0])}
    right = np.array([8.0, 2.0])
    assert compared(right, right, bound=0.25, errors=own).resolution == 0.1875
    assert compared(right, right, bound=0.25).resolution == 0.0625
    assert compared([np.inf, 0.0], np.array([np.inf, 0.0]), errors=own).resolution != 0


def test_resolution_is_the_smallest_relative_error_that_rounding_cannot_explain():
    assert compared([8.0, 2.0, 0.0], np.array([8.0, 2.0, 0.0]), bound=0.5).resolution == 0.125
    assert np.isnan(compared([0.0, 0.0], np.zeros(2)).resolution)
    assert compared([0.0, 0.0], np.zeros(2), bound=0.5).resolution == np.inf


def test_probable_ratio_is_against_the_probable_bound():
    true = Approximate(rationals(np.ones(1)).value, np.ones(1), probable=np.full(1, 0.25))
    (found,) = compare("torch", {"y": np.full(1, 1.5)}, {"y": true}, FLOAT64)
    assert (found.worst_ratio, found.worst_probable_ratio) == (0.5, 2.0)
    assert found.agrees
    own = {"y": np.full(1, 0.75)}
    (found,) = compare("torch", {"y": np.full(1, 1.5)}, {"y": true}, FLOAT64, own)
    assert (found.worst_ratio, found.worst_probable_ratio) == (0.5 / 1.75, 0.5)


@pytest.mark.parametrize(
    ("wrong", "of", "told"),
    [(0, 7, "0%"), (7, 7, "100%"), (1, 3, "33%"), (1, 100, "1%"), (1, 101, "<1%"),
     (99, 100, "99%"), (100, 101, ">99%"), (1, 2, "50%")],
)  # fmt: skip
def test_a_share_is_none_or_all_only_if_it_is(wrong, of, told):
    numbers = np.zeros(of)
    numbers[:wrong] = 1
    assert compared(np.zeros(of), numbers).share == told
