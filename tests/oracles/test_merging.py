"""Several reports as one: what is kept apart, what is taken once, what is said of the whole."""

from dataclasses import replace

import pytest

from oracles.baseline import changes_since
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WRONG
from oracles.finishing import status_of
from oracles.merging import merged, origin
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.terminal import footer
from tests.oracles.reports import LATTICE, entry, report

FIRST = report(entry("a"), entry("b"), seed=1)
LATER = "2026-01-02T03:09:00.000+00:00"


def test_entries_come_in_the_order_of_the_reports():
    second = report(entry("c"), entry("a"), seed=2, started=LATER)
    found = merged([FIRST, second])
    assert [(e.op, e.seed) for e in found.entries] == [
        ("a", None), ("b", None), ("c", 2), ("a", 2),
    ]  # fmt: skip
    assert found.seed == 1
    assert found.environment.started == FIRST.environment.started
    other = merged([second, FIRST])
    assert (other.seed, [e.seed for e in other.entries]) == (2, [None, None, 1, 1])
    assert other.environment.started == FIRST.environment.started


def test_one_report_alone_is_itself():
    assert json_text(merged([FIRST])) == json_text(FIRST)


def test_nothing_to_merge_is_refused():
    with pytest.raises(ValueError, match="no report to merge"):
        merged([])


def test_what_is_there_twice_is_taken_once():
    assert merged([FIRST, FIRST]).entries == FIRST.entries
    slower = replace(FIRST, entries=tuple(replace(e, seconds=3.0) for e in FIRST.entries))
    assert len(merged([FIRST, slower]).entries) == 4
    deeper = replace(FIRST, entries=tuple(replace(e, lattice=LATTICE) for e in FIRST.entries))
    assert len(merged([FIRST, deeper]).entries) == 4


def test_a_merged_report_can_be_merged_with_its_parts_again():
    second = report(entry("a"), seed=2)
    third = report(entry("a"), seed=3)
    both = merged([FIRST, second])
    assert merged([both, second, FIRST]).entries == both.entries
    assert [(e.op, e.seed) for e in merged([third, both]).entries] == [
        ("a", None), ("a", 1), ("b", 1), ("a", 2),
    ]  # fmt: skip


def test_settings_of_the_whole():
    one = replace(FIRST, limits={"stride": 1, "square": True, "max_batch": 2}, max_examples=9)
    two = report(limits={"max_batch": 2, "stride": 2}, oracles=("jax", "torch"),
                 missing={"jax": "jax is not installed"})  # fmt: skip
    found = merged([one, two])
    assert found.limits == {"max_batch": 2}
    assert found.max_examples == 40
    assert found.oracles == ("torch", "jax")
    assert found.missing == {"jax": "jax is not installed"}
    assert merged([FIRST, FIRST], seed=5).seed == 5
    assert {e.seed for e in merged([FIRST, FIRST], seed=5).entries} == {1}


def test_environments_that_differ_are_said():
    other = replace(FIRST.environment, versions={"numpy": "2.5", "jax": "0.6"},
                    threads={"torch": 4, "jax": 1}, platform="Darwin")  # fmt: skip
    second = report(environment=other)
    found = merged([FIRST, second, FIRST])
    assert found.environment.versions == {"numpy": "2.4 and 2.5", "jax": "0.6"}
    assert found.environment.threads == {"torch": 4, "jax": 1}
    assert found.environment.platform == "Linux and Darwin"
    assert found.notes == (
        "the merged reports differ in numpy: 2.4 and 2.5",
        "the merged reports differ in threads of torch: 2 and 4",
        "the merged reports differ in platform: Linux and Darwin",
    )
    again = merged([found, second])
    assert again.environment == found.environment
    assert again.notes[: len(found.notes)] == found.notes
    assert merged([FIRST, FIRST]).notes == ()


def test_other_seeds_and_notes_are_shown():
    found = merged([FIRST, report(entry("c"), entry("d", "float32"), seed=2, started=LATER)])
    found = replace(found, notes=(origin([FIRST, report(seed=2, started=LATER)]),))
    lines = [
        "seed 2: c float64, d float32",
        f"merged from 2 reports: seed 1 of {FIRST.environment.started}, seed 2 of {LATER}",
    ]
    for text in (" ".join(footer(found).plain.split()), markdown(found)):
        for line in lines:
            assert line in text
    assert "seed 2:" not in footer(FIRST).plain


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([FIRST, report(entry("c"))], RIGHT),
        ([FIRST, report(entry("c", wrong=True))], WRONG),
        ([report(entry("c", blind=True)), FIRST], NOTHING),
        ([report(entry("c", blind=True)), report(entry("d", wrong=True))], WRONG),
        ([report(), FIRST], RIGHT),
        ([report(), report()], NOTHING),
        ([report(entry("c", wrong=True)), report(interrupted=True)], INTERRUPTED),
    ],
)
def test_exit_status_is_that_of_one_run(reports, status):
    assert status_of(merged(reports), ()) == status


def test_what_had_changed_for_a_part_is_not_said_of_the_whole():
    changes = changes_since(FIRST, FIRST, against="old.json")
    assert merged([replace(FIRST, changes=changes)]).changes is None
