"""A soak's plan, what its chunks do, its state on disk, and its sums."""

import json
from dataclasses import replace

import numpy as np
import pytest

from oracles import ops
from oracles.limits import Limits
from oracles.op import Case
from oracles.reporting.soak import command_line, soak_text, total_line
from oracles.soak.chunk import DIGEST, Done, digest, run_chunk
from oracles.soak.plan import CHUNK, Chunk, Plan, chunk_seed
from oracles.soak.state import FILE, read_state, state_key, write_state
from oracles.soak.summary import rate_bound, summarize

PAIRS = (("relu", "float32"), ("relu", "float64"), ("dense", "float64"))
PLAN = Plan(seed=2018, examples=1000, pairs=PAIRS, limits=Limits())


def done(cases, *, digests=(), failure="", refused=0, elements=5):
    return Done(cases, refused, elements, 2, 0.5, 0.1, b"".join(digests), failure)


def numbered(*numbers):
    return [number.to_bytes(DIGEST, "big") for number in numbers]


# --- the plan -------------------------------------------------------------------------------


def test_a_chunk_s_seed_is_the_same_in_every_run_and_on_every_machine():
    assert chunk_seed(2018, "conv2d", "float32", 0) == 197711030065708
    assert chunk_seed(2018, "conv2d", "float32", 1) == 261914757035203


def test_no_two_chunks_have_the_same_seed():
    seeds = {
        chunk_seed(seed, op.name, dtype, number)
        for seed in (0, 1)
        for op in ops
        for dtype in ("float32", "float64")
        for number in range(20)
    }
    assert len(seeds) == 2 * 2 * 20 * len(list(ops))


@pytest.mark.parametrize("examples", [1, 2, 3, 4, 749, 750, 751, 1000, 200_000])
def test_the_chunks_have_as_many_cases_as_were_asked_for(examples):
    chunks = list(replace(PLAN, examples=examples).chunks())
    assert sum(chunk.cases for chunk in chunks) == examples
    assert all(1 <= chunk.cases <= CHUNK for chunk in chunks)
    assert len({chunk.name for chunk in chunks}) == len(chunks)
    each = [sum(c.cases for c in chunks if c.pair == pair) for pair in PAIRS]
    assert max(each) - min(each) <= 1


def test_every_operation_and_dtype_has_its_first_chunk_before_any_has_its_second():
    numbers = [chunk.number for chunk in PLAN.chunks()]
    assert numbers == [0, 0, 0, 1, 1, 1]


def test_more_examples_leave_whole_chunks_as_they_are():
    more = {chunk.name: chunk for chunk in replace(PLAN, examples=3000).chunks()}
    whole = [chunk for chunk in PLAN.chunks() if chunk.cases == CHUNK]
    assert [more[chunk.name] for chunk in whole] == whole


def test_a_plan_without_operations_has_no_chunk():
    assert list(replace(PLAN, pairs=()).chunks()) == []


# --- a chunk --------------------------------------------------------------------------------


def run(op, dtype, number, cases, plan=PLAN):
    seed = chunk_seed(plan.seed, op, dtype, number)
    return run_chunk(Chunk(op, dtype, number, cases, seed), plan, "none")


def timeless(found):
    return replace(found, seconds=0.0)


def test_a_chunk_does_the_same_every_time_and_another_one_something_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, again = run("dense", "float64", 0, 20), run("dense", "float64", 0, 20)
    assert timeless(first) == timeless(again)
    assert first.digests != run("dense", "float64", 1, 20).digests
    assert list(tmp_path.iterdir()) == []  # right subjects leave no files


def test_a_chunk_counts_cases_draws_and_numbers():
    found = run("dense", "float64", 0, 20)
    assert (found.cases, found.refused, found.failure) == (20, 0, "")
    assert len(found.digests) == 20 * DIGEST
    assert found.draws > 100  # six for each of 20 shapes, of which few come twice
    assert found.elements > 20
    assert 0 < found.worst_ratio <= 1


def test_without_lattice_nothing_is_drawn_on_it_and_the_cases_are_the_same():
    with_it = run("dense", "float64", 0, 20)
    without = run("dense", "float64", 0, 20, replace(PLAN, lattice=False))
    assert without.draws == 0
    assert timeless(without) == timeless(replace(with_it, draws=0))


def test_an_operation_that_is_no_polynomial_has_no_draws():
    assert run("tanh", "float32", 0, 5).draws == 0


def test_limits_hold_for_every_chunk():
    plain = run("conv1d", "float64", 0, 20)
    limited = run("conv1d", "float64", 0, 20, replace(PLAN, limits=Limits(stride=1, max_batch=1)))
    assert plain.digests != limited.digests


X, G = np.array([[1.0, 2.0]]), np.array([[3.0, -4.0]])
CASE = Case("dense", {"x": X, "w": G}, {"stride": (1, 2)}, G, origin="given")


@pytest.mark.parametrize(
    "other",
    [
        replace(CASE, operands={"x": -X, "w": G}),
        replace(CASE, operands={"x": X.T, "w": G}),
        replace(CASE, operands={"w": X, "x": G}),
        replace(CASE, operands={"x": X}),
        replace(CASE, cotangent=-G),
        replace(CASE, options={"stride": (2, 1)}),
        replace(CASE, layouts={"x": "F"}),
        replace(CASE, directions={"x": X}),
    ],
)
def test_digests_differ_if_anything_that_the_subject_is_given_does(other):
    assert len(digest(CASE)) == DIGEST
    assert digest(CASE) != digest(other)


def test_words_about_a_case_make_no_other_case():
    assert digest(CASE) == digest(replace(CASE, origin="otherwise"))


# --- the state ------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    key = state_key(PLAN)
    finished = {
        "relu float32 0": done(3, digests=numbered(1, 2)),
        "dense float64 1": replace(done(1, failure="who is wrong"), worst_ratio=float("inf")),
    }
    write_state(tmp_path, key, finished)
    return tmp_path, key, finished


def test_a_state_is_read_as_it_was_written(kept):
    home, key, finished = kept
    assert read_state(home, key) == (finished, "")
    assert [path.name for path in home.iterdir()] == [FILE]


def test_no_state_is_nothing_to_tell(tmp_path):
    assert read_state(tmp_path, state_key(PLAN)) == ({}, "")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"seed": 2019}, "seed"),
        ({"examples": 999}, "examples"),
        ({"pairs": PAIRS[:2]}, "operations and dtypes"),
        ({"limits": Limits(stride=1)}, "limits"),
        ({"lattice": False}, "lattice"),
    ],
)
def test_a_state_of_other_arguments_counts_for_nothing(kept, change, name):
    home, _, _ = kept
    told = f"is of another run ({name} differ)"
    assert read_state(home, state_key(replace(PLAN, **change))) == ({}, told)


@pytest.mark.parametrize("name", ["versions", "code"])
def test_a_state_of_other_versions_or_code_counts_for_nothing(kept, name):
    home, key, _ = kept
    assert read_state(home, {**key, name: "other"})[1] == f"is of another run ({name} differ)"


def test_the_file_of_an_own_operation_is_part_of_the_code(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "soaked_own.py"
    for name in (f"{path}:op", str(path), "soaked_own:op"):
        plan = replace(PLAN, pairs=((name, "float64"),))
        path.write_text("op = 1\n")
        before = state_key(plan)["code"]
        assert state_key(plan)["code"] == before
        path.write_text("op = 2\n")
        assert state_key(plan)["code"] != before


def damaged(home, change):
    told = json.loads((home / FILE).read_text())
    change(told)
    (home / FILE).write_text(json.dumps(told))


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.pop("chunks"),
        lambda told: told.pop("key"),
        lambda told: told.update(chunks=[1]),
        lambda told: told.update(key=3),
        lambda told: told["chunks"].update({"relu float32 0": None}),
        lambda told: told["chunks"]["relu float32 0"].pop("draws"),
        lambda told: told["chunks"]["relu float32 0"].update(cases="3"),
        lambda told: told["chunks"]["relu float32 0"].update(cases=-3),
        lambda told: told["chunks"]["relu float32 0"].update(worst_ratio="much"),
        lambda told: told["chunks"]["relu float32 0"].update(digests="no base64"),
        lambda told: told["chunks"]["relu float32 0"].update(digests="AAAA"),
    ],
)
def test_a_damaged_state_is_told(kept, change):
    home, key, _ = kept
    damaged(home, change)
    finished, problem = read_state(home, key)
    assert finished == {}
    assert problem.startswith("is damaged (")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"key": {}'])
def test_what_is_no_state_at_all_is_told(kept, text):
    home, key, _ = kept
    (home / FILE).write_text(text)
    assert read_state(home, key)[1].startswith("is damaged (")


def test_a_state_that_cannot_be_read_is_told(kept):
    home, key, _ = kept
    (home / FILE).write_bytes(b"\xff\xfe")
    assert read_state(home, key)[1].startswith("cannot be read: ")


# --- the sums -------------------------------------------------------------------------------


def names():
    return [chunk.name for chunk in PLAN.chunks()]


def test_sums_are_those_of_the_chunks():
    finished = {
        chunk.name: done(chunk.cases, digests=numbered(chunk.number, 7, 8), refused=1)
        for chunk in PLAN.chunks()
    }
    summary = summarize(PLAN, finished)
    total = summary.total
    assert [(row.op, row.dtype) for row in summary.rows] == list(PAIRS)
    assert [row.asked for row in summary.rows] == [334, 333, 333]
    assert (total.asked, total.cases, total.refused, total.draws) == (1000, 1000, 6, 12)
    assert (total.elements, total.worst_ratio, round(total.seconds, 6)) == (30, 0.5, 0.6)
    assert [row.different for row in summary.rows] == [4, 4, 4]  # 0 or 1, and 7, 8 of both chunks
    assert (summary.judged, summary.fewest) == (994, 331)
    assert (summary.failures, summary.empty) == ([], [])


def test_chunks_behind_a_conviction_do_not_count_whatever_the_order():
    finished = {name: done(10) for name in names()}
    finished["relu float64 0"] = done(3, failure="at once")
    finished["dense float64 1"] = done(4, failure="late")
    summary = summarize(PLAN, dict(reversed(finished.items())))
    assert [row.cases for row in summary.rows] == [20, 3, 14]
    assert [row.convicted for row in summary.rows] == [0, 1, 1]
    assert [row.failure for row in summary.failures] == ["at once", "late"]


def test_an_operation_of_which_nothing_was_compared_is_empty():
    finished = {name: done(10) for name in names()}
    finished["relu float32 0"] = finished["relu float32 1"] = done(10, elements=0)
    finished["dense float64 0"] = done(10, refused=10)
    finished["dense float64 1"] = done(10, refused=1)
    summary = summarize(PLAN, finished)
    assert [(row.op, row.dtype) for row in summary.empty] == [PAIRS[0], PAIRS[2]]
    assert "VACUOUS: nothing was compared, or most was refused, of relu float32, dense float64" in (
        soak_text(summary)
    )


def test_operations_without_a_share_have_no_row():
    plan = replace(PLAN, examples=2)
    finished = {chunk.name: done(1) for chunk in plan.chunks()}
    assert [(row.op, row.dtype) for row in summarize(plan, finished).rows] == list(PAIRS[:2])


@pytest.mark.parametrize("cases", [30, 1000, 200_000])
def test_the_rule_of_three_bounds_the_rate_at_95_percent(cases):
    assert (1 - rate_bound(cases)) ** cases < 0.05
    assert (1 - 0.99 * rate_bound(cases)) ** cases > 0.04  # and is not much more than that takes


def test_the_text_tells_the_sums():
    finished = {chunk.name: done(chunk.cases, digests=numbered(1)) for chunk in PLAN.chunks()}
    summary = summarize(PLAN, finished)
    assert total_line(summary) == (
        "1,000 cases, 3 of them different, 12 draws on the lattice, 30 numbers compared, "
        "0 convicted, 1 s of all processes"
    )
    text = soak_text(summary)
    assert ["dense", "float64", "333", "1", "4", "10", "0", "0.5"] in [
        line.split() for line in text.splitlines()
    ]
    assert "no conviction in 1,000 cases: at 95% confidence fewer than 3/1,000 = 3.0e-03" in text
    assert "(of one operation in one dtype alone, 3/333 = 9.0e-03)" in text


def test_the_text_tells_convictions_and_promises_nothing_then():
    summary = summarize(PLAN, {"relu float32 0": done(9, failure="relu is WRONG")})
    text = soak_text(summary)
    assert "relu is WRONG\n" in text
    assert "9 of 1,000 cases, 0 of them different" in text
    assert "convicted: relu float32; of each no more was examined after that" in text
    assert "no conviction" not in text


def test_the_command_line_makes_the_same_plan():
    assert command_line(PLAN) == "oracle-diff soak --examples 1000 --seed 2018"
    other = Plan(7, 9, (("relu", "float64"),), Limits(stride=1), lattice=False, named=("relu",))
    assert command_line(other) == (
        "oracle-diff soak --examples 9 --seed 7 --dtypes float64 --limit stride=1 "
        "--evidence bound relu"
    )
