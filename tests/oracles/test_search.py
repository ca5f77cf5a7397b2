"""Cases drawn without Hypothesis are those that it would make, and it shrinks what convicts."""

from collections import Counter
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from oracles import search as module
from oracles.catalog import ops
from oracles.draws import Draws, by_hand, choice, deal, drawable, integer
from oracles.layouts import LAYOUTS
from oracles.limits import Limits
from oracles.search import Convicted, blob_of, search, shrink


@drawable
def rows(draw, most):
    count = integer(draw, 1, most)
    return [(integer(draw, 0, 9), choice(draw, "abc")) for _ in range(count)]


def same(a, b):
    assert a.op == b.op
    assert (a.options, a.layouts, a.origin) == (b.options, b.layouts, b.origin)
    assert list(a.arrays) == list(b.arrays)
    for one, other in zip(a.arrays.values(), b.arrays.values(), strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("op", list(ops), ids=lambda op: op.name)
def test_hypothesis_makes_the_same_case_of_the_same_choices(op):
    strategy = op.cases("float32", Limits())
    make, random = by_hand(strategy), Random(8)
    for _ in range(3):
        draws, seen = Draws(random), []
        mine = make(draws)
        with pytest.raises(Convicted):
            shrink(strategy, convicts_of(lambda _: True, seen), draws.choices, start=0, most=1)
        same(seen[0], mine)


@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_hard_cases_come_up_by_hand(name):
    make, random, seen = by_hand(ops[name].cases("float64", Limits())), Random(1), Counter()
    for _ in range(300):
        case = make(Draws(random))
        x, w = case.operands["x"], case.operands["w"]
        seen["bias"] += "b" in case.operands
        seen["empty batch"] += x.ndim == 4 and len(x) == 0
        seen["unbatched"] += x.ndim == 3
        seen["size-1 axis"] += 1 in x.shape[-2:]
        seen["depthwise"] += case.options["groups"] == x.shape[-3] > 1
        seen["beyond the kernel"] += np.max(case.options["padding"]) >= max(w.shape[2:]) if not (
            isinstance(case.options["padding"], str)) else 0  # fmt: skip
        seen["special values"] += "at flat index" in case.origin
        seen["second order"] += bool(case.directions)
        seen.update(case.layouts.values())
    wanted = {"bias", "empty batch", "unbatched", "size-1 axis", "depthwise", "beyond the kernel",
              "special values", "second order", *LAYOUTS[1:]}  # fmt: skip
    assert {each for each in wanted if seen[each] < 3} == set()


def test_numbers_are_drawn_evenly_and_the_simplest_first():
    draws = Draws(Random(2))
    counts = Counter(draws.integer(3, 7) for _ in range(5000))
    assert set(counts) == {3, 4, 5, 6, 7}
    assert all(850 < count < 1150 for count in counts.values())
    assert len(draws.choices) == 5000
    assert [Draws(None).integer(*ends) for ends in [(0, 9), (2, 5), (-3, 4), (-5, -2)]] == [
        0, 2, 0, -2,
    ]  # fmt: skip


def test_what_is_dealt_comes_once_before_it_comes_again():
    random, decks, seen = Random(2), {}, []
    for _ in range(20):
        draws = Draws(random, decks)
        seen.append(deal(draws, "letters", "abcde"))
        deal(draws, "others", "abcde")
        assert deal(draws, "one", "a") == "a"
        assert len(draws.choices) == 2
    rounds = [tuple(seen[at : at + 5]) for at in range(0, 20, 5)]
    assert {tuple(sorted(each)) for each in rounds} == {tuple("abcde")}
    assert len(set(rounds)) > 1
    assert [deal(Draws(None), "letters", "abcde") for _ in range(3)] == ["a"] * 3
    apart = Counter(deal(Draws(random), "letters", "abcde") for _ in range(1000))
    assert all(150 < count < 250 for count in apart.values())


def test_rare_options_and_special_values_come_as_often_as_they_are_dealt():
    make, random, decks, seen = (
        by_hand(ops.conv1d.cases("float32", Limits())),
        Random(4),
        {},
        Counter(),
    )
    for _ in range(400):
        case = make(Draws(random, decks))
        o, kernel = case.options, case.operands["w"].shape[2]
        seen["one axis"] += (kernel, o["stride"], o["dilation"], o["padding"]) == (3, 3, 2, 1)
        seen["1 x 1"] += (kernel, o["stride"], o["padding"]) == (1, 1, 0)
        for name, array in case.arrays.items():
            seen[f"NaN in {name}"] += bool(np.isnan(array).any())
            seen[f"infinity in {name}"] += bool(np.isinf(array).any())
            small = (array != 0) & (abs(array) < np.finfo(np.float32).smallest_normal)
            seen[f"subnormals in {name}"] += bool(small.any())
    kinds = product(("NaN", "infinity", "subnormals"), ("x", "w", "b"))
    wanted = {"one axis", "1 x 1", *(f"{kind} in {name}" for kind, name in kinds)}
    assert {each for each in wanted if seen[each] < 2} == set()


def run(examine, strategy=None, **arguments):
    arguments = {"start": 3, "most": 50} | arguments
    search(strategy if strategy is not None else rows(5), examine, **arguments)


def test_every_case_is_another_and_the_first_is_the_simplest():
    seen = []
    run(seen.append)
    assert seen[0] == [(0, "a")]
    assert len(seen) == len({str(each) for each in seen}) == 50
    again = []
    run(again.append)
    assert again == seen
    run(again.append, start=4)
    assert again[51:] != seen[1:]


def test_no_case_comes_twice_where_there_are_few():
    seen = []
    few = drawable(lambda draw: integer(draw, 0, 3))
    run(seen.append, few())
    assert sorted(seen) == [0, 1, 2, 3]
    one = drawable(lambda draw: integer(draw, 2, 2))
    run(seen.append, one())
    assert seen[4:] == [2]


def convicts_of(condition, seen):
    def examine(case):
        seen.append(case)
        if condition(case):
            raise Convicted

    return examine


def planted(case):
    return any(number >= 5 and letter == "b" for number, letter in case)


def test_planted_error_is_found_shrunk_and_replayed():
    seen = []
    with pytest.raises(Convicted) as caught:
        run(convicts_of(planted, seen))
    assert [case for case in seen if planted(case)][-1] == [(5, "b")]
    replayed = []
    with pytest.raises(Convicted):
        run(convicts_of(planted, replayed), blob=blob_of(caught.value))
    assert replayed
    assert all(case == [(5, "b")] for case in replayed)
    run(convicts_of(lambda case: False, replayed), blob=blob_of(caught.value))  # mended


def test_planted_error_is_found_though_hypothesis_does_not_start_from_there(monkeypatch):
    monkeypatch.setattr(module._Saved, "fetch", lambda self, key: [])
    seen = []
    with pytest.raises(Convicted):
        run(convicts_of(planted, seen), most=500)
    assert [case for case in seen if planted(case)][-1] == [(5, "b")]


def test_who_convicts_but_once_is_flaky():
    seen = []
    with pytest.raises(Flaky):
        run(convicts_of(lambda case: len(seen) == 7, seen))
    assert seen[6] == seen[7]


def test_strategies_of_hypothesis_alone_are_searched_by_it():
    seen = []
    lists = st.lists(st.integers(0, 100))
    assert by_hand(lists) is None
    with pytest.raises(Convicted):
        run(convicts_of(lambda case: sum(case) > 40, seen), lists)
    assert seen[-1] == [41]


def test_drawing_by_hand_what_hypothesis_alone_can_draw_is_refused():
    lists = drawable(lambda draw: draw(st.lists(st.integers())))
    with pytest.raises(TypeError, match=r"`strategy` \(=lists\(integers\(\)\)\) can be drawn by"):
        run(print, lists())


def test_other_errors_pass_through():
    def broken(case):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(broken)
