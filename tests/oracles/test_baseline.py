"""An earlier report beside a new one: kinds of change, what is mentioned, and what is said."""

import json
from dataclasses import replace

import pytest

from oracles.baseline import BITS, GROWTH, LONG_ENOUGH, NEAR, PACE, changes_since
from oracles.changes import Change, Changes
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.finishing import status_of
from oracles.places import Place
from oracles.report_reader import read_report
from oracles.reporting.changes import MOST, NAMED, change_lines
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.terminal import footer, verdict_line
from tests.oracles.reports import LATTICE, PROOF, entry, report

RIGHT_ONE, WRONG_ONE, BLIND_ONE = entry(), entry(wrong=True), entry(blind=True)
EMPTY = entry(cases=0, tallies=())


def compared(before, now):
    return changes_since(report(*before), report(*now), against="old.json")


def kind(before, now):
    (change,) = compared([before] if before else [], [now] if now else []).changes
    return change.kind


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (RIGHT_ONE, RIGHT_ONE, "right"),
        (RIGHT_ONE, WRONG_ONE, "new failure"),
        (RIGHT_ONE, BLIND_ONE, "newly vacuous"),
        (RIGHT_ONE, EMPTY, "newly vacuous"),
        (RIGHT_ONE, None, "gone"),
        (WRONG_ONE, RIGHT_ONE, "fixed"),
        (WRONG_ONE, WRONG_ONE, "still wrong"),
        (WRONG_ONE, BLIND_ONE, "newly vacuous"),
        (WRONG_ONE, None, "gone"),
        (BLIND_ONE, RIGHT_ONE, "right"),
        (BLIND_ONE, WRONG_ONE, "new failure"),
        (BLIND_ONE, BLIND_ONE, "still vacuous"),
        (EMPTY, BLIND_ONE, "still vacuous"),
        (None, RIGHT_ONE, "added"),
        (None, WRONG_ONE, "new failure"),
        (None, BLIND_ONE, "newly vacuous"),
    ],
)
def test_kind_of_every_pair_of_states(before, now, expected):
    assert kind(before, now) == expected


def test_entries_are_known_by_operation_subject_and_dtype():
    before = [entry("tanh", "float32"), entry("tanh"), entry("relu", wrong=True)]
    other = replace(entry("tanh"), subject="theirs.tanh", proof=WRONG_ONE.proof)
    found = compared(before, [other, entry("relu", wrong=True), entry("tanh", wrong=True)])
    assert [(c.op, c.subject, c.dtype, c.kind) for c in found.changes] == [
        ("tanh", "theirs.tanh", "float64", "new failure"),
        ("relu", "mine.relu", "float64", "still wrong"),
        ("tanh", "mine.tanh", "float64", "new failure"),
        ("tanh", "mine.tanh", "float32", "gone"),
    ]


def test_entries_that_are_there_twice_are_compared_in_their_order():
    found = compared([RIGHT_ONE, WRONG_ONE], [RIGHT_ONE, WRONG_ONE, RIGHT_ONE])
    assert [change.kind for change in found.changes] == ["right", "still wrong", "added"]
    found = compared([RIGHT_ONE, WRONG_ONE], [WRONG_ONE])
    assert [change.kind for change in found.changes] == ["new failure", "gone"]


def test_numbers_are_recorded_on_the_sides_that_have_them():
    (change,) = compared([entry(ratio=0.25)], [entry(ratio=0.5, seconds=1.0)]).changes
    assert (change.ratio_before, change.ratio_now) == (0.25, 0.5)
    assert (change.rate_before, change.rate_now) == (20.0, 40.0)
    assert (change.evidence_before, change.evidence_now) == ("bound", "bound")
    (gone,) = compared([RIGHT_ONE], []).changes
    assert (gone.ratio_now, gone.rate_now, gone.evidence_now) == (None, None, "")
    (wrong,) = compared([RIGHT_ONE], [WRONG_ONE]).changes
    assert (wrong.rate_before, wrong.rate_now) == (20.0, None)
    (nothing,) = compared([RIGHT_ONE], [EMPTY]).changes
    assert (nothing.ratio_now, nothing.rate_now, nothing.evidence_now) == (None, None, "-")


def notable(before, now):
    (change,) = compared([before], [now]).changes
    return change.notable


PROVED = entry(proof=PROOF, lattice=LATTICE)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (PROVED, PROVED, ()),
        (PROVED, entry(lattice=LATTICE), ("weaker evidence",)),
        (PROVED, entry(proof=PROOF), ("weaker evidence",)),
        (entry(proof=PROOF), entry(lattice=LATTICE), ("other evidence",)),
        (entry(), entry(lattice=LATTICE), ("stronger evidence",)),
        (entry(), entry(lattice=replace(LATTICE, miss_bits=0.5)), ("stronger evidence",)),
        (PROVED, entry(proof=PROOF, lattice=replace(LATTICE, miss_bits=42.5 - BITS)), ()),
        (
            PROVED,
            entry(proof=PROOF, lattice=replace(LATTICE, miss_bits=42.4 - BITS)),
            ("weaker evidence",),
        ),
        (entry(), entry(ground="tolerance"), ("weaker evidence",)),
        (BLIND_ONE, RIGHT_ONE, ("stronger evidence",)),
        (RIGHT_ONE, BLIND_ONE, ()),  # its kind says so
        (WRONG_ONE, PROVED, ()),
        (PROVED, WRONG_ONE, ()),
    ],
)
def test_evidence_that_changed_is_mentioned(before, now, expected):
    assert notable(before, now) == expected


def test_error_over_bound_is_mentioned_when_it_grew_and_is_near():
    assert notable(entry(ratio=0.2), entry(ratio=0.2 * GROWTH)) == ()
    assert notable(entry(ratio=0.2), entry(ratio=0.21 * GROWTH)) == ("closer to the bound",)
    assert notable(entry(ratio=0.0), entry(ratio=NEAR)) == ("closer to the bound",)
    assert notable(entry(ratio=0.0), entry(ratio=NEAR * 0.99)) == ()
    assert notable(entry(ratio=0.9), entry(ratio=0.1)) == ()


def test_speed_is_mentioned_when_both_were_measured_long_enough():
    def timed(seconds):
        return entry(seconds=seconds)

    least = LONG_ENOUGH
    assert notable(timed(least), timed(least * PACE)) == ()
    assert notable(timed(least), timed(least * PACE * 1.01)) == ("slower",)
    assert notable(timed(least * PACE * 1.01), timed(least)) == ("faster",)
    assert notable(timed(least * 0.9), timed(least * 9)) == ()
    assert notable(timed(least * 9), timed(0.0)) == ()


def test_what_else_differed_is_said():
    now = report(
        seed=8,
        oracles=("torch", "jax"),
        limits={"stride": 1},
        max_examples=5,
    )
    where = replace(now.environment, versions={"numpy": "2.5"}, threads={}, platform="Darwin")
    before = report(interrupted=True)
    found = changes_since(before, replace(now, environment=where), against="old.json")
    assert found.differences == (
        "seed 7 then, 8 now",
        "cases 40 each then, 5 each now",
        "oracles torch then, torch, jax now",
        "numpy 2.4 then, 2.5 now",
        "threads of torch 2 then, none now",
        "machine Linux then, Darwin now",
        "limit stride none then, 1 now",
        "the earlier run was interrupted",
    )
    assert compared([], []).differences == ()
    assert (found.against, found.started) == ("old.json", before.environment.started)


BEFORE = [entry("a"), entry("b", wrong=True), entry("c", wrong=True), entry("d"), entry("e"),
          entry("f", lattice=LATTICE, ratio=0.01)]  # fmt: skip
NOW = [entry("a", wrong=True), entry("b", wrong=True), entry("c"), entry("d", blind=True),
       entry("f", ratio=0.5, seconds=9.0), entry("g")]  # fmt: skip


def with_changes(before=BEFORE, now=NOW, **fields):
    whole = report(*now, seed=8, **fields)
    return replace(whole, changes=changes_since(report(*before), whole, against="old.json"))


def test_lines_are_short_and_say_all():
    assert change_lines(with_changes().changes) == [
        "new failure: a float64 (mine.a), error/bound 0.25 then, 0.25 now",
        "newly vacuous: d float64 (mine.d), evidence bound then, VACUOUS now",
        "fixed: c float64 (mine.c), error/bound 0.25 then, 0.25 now",
        "still wrong: b float64 (mine.b), error/bound 0.25 then, 0.25 now",
        "weaker evidence: f float64 (mine.f), evidence lattice 2^-42 then, bound now",
        "closer to the bound: f float64 (mine.f), error/bound 0.01 then, 0.5 now",
        "slower: f float64 (mine.f), cases/s 20.0 then, 4.4 now",
        "only in the earlier report: e float64 (mine.e)",
        "1 new failure, 1 newly vacuous, 1 still wrong, 1 fixed, 1 added, "
        "1 only in the earlier report, 1 right",
        "the runs differ in seed 7 then, 8 now",
    ]
    assert change_lines(compared([], [])) == ["nothing in both"]


def test_many_changes_of_a_kind_are_cut():
    found = with_changes([], [entry(f"op{n}", wrong=True) for n in range(MOST + 3)])
    lines = change_lines(found.changes)
    assert lines[MOST] == "new failure: and 3 more"
    assert len(lines) == MOST + 3


def test_of_what_is_gone_the_first_are_named():
    found = with_changes([entry(f"op{n}") for n in range(NAMED + 2)], [])
    first = ", ".join(f"op{n} float64 (mine.op{n})" for n in range(NAMED))
    assert change_lines(found.changes)[:1] == [f"only in the earlier report: {first}, 2 more"]
    assert not any("more" in line for line in change_lines(with_changes(BEFORE[:5], []).changes))


def test_a_change_says_where_a_command_found_its_subject():
    named = subject("", wrong=True, spec="bad", backward="mine.bad")
    (line, _) = change_lines(compared([], [named]))
    assert line.startswith("new failure: dense float64 (mine.py:bad), ")
    (line, _) = change_lines(compared([], [replace(named, spec="")]))
    assert line.startswith("new failure: dense float64 (mine.dense, backward mine.bad), ")


def test_terminal_and_markdown_have_them_and_json_keeps_them():
    found = with_changes()
    title = "changes since the run of 2026-01-02T03:04:05.678+00:00 (old.json)"
    terminal, page = " ".join(footer(found).plain.split()), markdown(found)
    for text in (terminal, page):
        assert title in text
        for line in change_lines(found.changes):
            assert line in text
    assert read_report(json_text(found)).changes == found.changes
    plain = replace(found, changes=None)
    assert "changes since" not in footer(plain).plain + markdown(plain)
    stored = json.loads(json_text(found))["changes"]
    assert stored["changes"][0]["kind"] == "new failure"


@pytest.mark.parametrize(
    ("before", "now", "start"),
    [
        ([], [WRONG_ONE, entry("a", wrong=True)], "WRONG, 2 of 2 new: conv2d float64, a float64;"),
        ([WRONG_ONE], [WRONG_ONE, entry("a", wrong=True)], "WRONG, 1 of 2 new: conv2d float64, a"),
        ([WRONG_ONE], [WRONG_ONE, RIGHT_ONE], "WRONG, none of it new: conv2d float64; 80 cases"),
        ([], [BLIND_ONE], "VACUOUS, neither right nor wrong, 1 of 1 new: conv2d float64; 40"),
        ([BLIND_ONE], [BLIND_ONE], "VACUOUS, neither right nor wrong, none of it new: conv2d"),
        ([WRONG_ONE], [RIGHT_ONE], "right: every subject within its rounding bound on 40 cases"),
    ],
)
def test_verdict_says_how_much_of_it_is_new(before, now, start):
    assert verdict_line(with_changes(before, now)).startswith(start)


@pytest.mark.parametrize(
    ("before", "now", "fails_on_any", "fails_on_new"),
    [
        ([RIGHT_ONE], [RIGHT_ONE], RIGHT, RIGHT),
        ([RIGHT_ONE], [WRONG_ONE], WRONG, WRONG),
        ([], [WRONG_ONE], WRONG, WRONG),
        ([WRONG_ONE], [WRONG_ONE], WRONG, RIGHT),
        ([WRONG_ONE], [WRONG_ONE, entry("a", wrong=True)], WRONG, WRONG),
        ([BLIND_ONE], [BLIND_ONE], NOTHING, RIGHT),
        ([RIGHT_ONE], [BLIND_ONE], NOTHING, NOTHING),
        ([WRONG_ONE], [BLIND_ONE], NOTHING, NOTHING),
        ([WRONG_ONE], [WRONG_ONE, entry("a", blind=True)], WRONG, NOTHING),
        ([RIGHT_ONE], [EMPTY], NOTHING, NOTHING),
        ([EMPTY], [EMPTY], NOTHING, NOTHING),  # nothing at all was compared
        ([RIGHT_ONE], [], NOTHING, NOTHING),
    ],
)
def test_exit_status_counts_all_or_what_is_new(before, now, fails_on_any, fails_on_new):
    found = with_changes(before, now)
    assert status_of(found, ()) == fails_on_any
    assert status_of(found, (), only_new=True) == fails_on_new
    cut = replace(found, interrupted=True)
    assert status_of(cut, (), only_new=True) == INTERRUPTED


def test_required_witness_counts_however_old_the_failures_are():
    found = with_changes([WRONG_ONE], [WRONG_ONE], missing={"torch": "torch is not installed"})
    assert status_of(found, ["torch"], only_new=True) == WITNESS_FAILED
    assert status_of(found, ["torch"]) == WRONG
    assert status_of(found, [], only_new=True) == RIGHT


def test_regressions_are_what_new_failures_and_lost_evidence_are():
    kinds = ("new failure", "newly vacuous", "fixed", "still wrong", "right", "added", "gone")
    found = Changes("old", "then", tuple(Change("a", "b", "c", kind) for kind in kinds))
    assert [change.kind for change in found.regressions] == ["new failure", "newly vacuous"]
    assert found.of("gone") == (found.changes[-1],)


def subject(name, *, wrong=False, spec="", line=None, backward=""):
    """Return an entry of dense by a subject whose forward is that of all others."""
    place = None if line is None else Place("mine.py", line)
    return replace(entry("dense", wrong=wrong), spec=spec and f"mine.py:{spec}", place=place,
                   backward=backward, notes=(name,))  # fmt: skip


def kinds(before, now):
    """Return the kinds of change: of `now` in its order, then of what is gone."""
    return [change.kind for change in compared(before, now).changes]


@pytest.mark.parametrize("known_by", ["spec", "backward", "line"])
def test_subjects_with_the_same_forward_are_told_apart(known_by):
    first, second = {"spec": ("right", "wrong"), "backward": ("good", "bad"), "line": (5, 9)}[
        known_by
    ]

    def pair(**wrong):
        return [
            subject(name, wrong=wrong[name], **{known_by: value})
            for name, value in (("right", first), ("wrong", second))
        ]

    before = pair(right=False, wrong=True)
    assert kinds(before, before[::-1]) == ["still wrong", "right"]
    now = pair(right=True, wrong=False)
    assert kinds(before, now) == kinds(before[::-1], now) == ["new failure", "fixed"]


@pytest.mark.parametrize("known_by", ["spec", "backward"])
def test_another_subject_with_the_same_forward_hides_no_new_failure(known_by):
    found = kinds([subject("", wrong=True, **{known_by: "bad"})],
                  [subject("", wrong=True, **{known_by: "good"})])  # fmt: skip
    assert found == ["new failure", "gone"]


def test_a_subject_is_known_again_though_it_has_moved_in_its_file():
    before = [subject("a", wrong=True, spec="a", line=5), subject("b", spec="b", line=9)]
    now = [subject("b", spec="b", line=13), subject("a", wrong=True, spec="a", line=9)]
    assert kinds(before, now) == ["right", "still wrong"]
    renamed = subject("a", wrong=True, spec="a", line=9, backward="mine.better")
    assert kinds([replace(before[0], backward="mine.first")], [renamed]) == ["still wrong"]


def test_what_a_baseline_does_not_say_is_no_difference():
    bare = [subject("", wrong=True), subject("")]
    full = [subject("", wrong=True, spec="a", backward="mine.a", line=5),
            subject("", spec="b", backward="mine.b", line=9)]  # fmt: skip
    assert kinds(bare, full) == kinds(full, bare) == ["still wrong", "right"]
    checked = [replace(each, spec="") for each in full]  # from Python, of the same functions
    assert kinds(full, checked[::-1]) == kinds(checked, full[::-1]) == ["right", "still wrong"]


def test_changes_say_by_what_else_a_subject_is_known():
    found = compared([], [subject("", wrong=True, spec="a", backward="mine.bad")])
    assert [(c.spec, c.backward) for c in found.changes] == [("mine.py:a", "mine.bad")]


def test_the_same_entry_twice_and_then_once_is_gone_once():
    assert kinds([RIGHT_ONE, RIGHT_ONE], [RIGHT_ONE]) == ["right", "gone"]
