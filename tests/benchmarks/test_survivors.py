"""Survivors of mutation meet their explanations: by function and line, and no others."""

from collections import Counter

import pytest

from benchmarks.survivors import (
    KILLED,
    SURVIVED,
    TIMED_OUT,
    Explanation,
    Mutant,
    explanations,
    judged,
    told,
)

WHOLE = Explanation("cost", "blocks", "pack.plan._steps", "turns = 2", None)
ONE = Explanation("equivalent", "ends", "pack.plan.Tile.size", "a > 0", ("a >= 0",))


def test_a_module_is_the_first_two_names():
    assert Mutant("pack.plan.Tile.size", "", "").module == "pack.plan"


def test_an_explanation_covers_its_line_alone():
    assert WHOLE.covers(Mutant("pack.plan._steps", "turns = 2", "turns = 3"))
    assert not WHOLE.covers(Mutant("pack.plan._steps", "turns = 1", "turns = 3"))
    assert not WHOLE.covers(Mutant("pack.plan._other", "turns = 2", "turns = 3"))
    assert ONE.covers(Mutant("pack.plan.Tile.size", "a > 0", "a >= 0"))
    assert not ONE.covers(Mutant("pack.plan.Tile.size", "a > 0", "a > 1"))


def test_every_mutant_is_counted_once():
    one, other = (Mutant("pack.plan.Tile.size", "a > 0", f"a {sign}") for sign in (">= 0", "> 1"))
    found = judged(
        [
            (one, SURVIVED),
            (other, SURVIVED),
            (other, KILLED),
            (Mutant("pack.plan._steps", "turns = 2", "turns = None"), TIMED_OUT),
            (Mutant("pack.plan._steps", "turns = 2", "turns = 3"), SURVIVED),
            (Mutant("pack.rest.f", "x", "y"), KILLED),
        ],
        [WHOLE, ONE],
    )
    assert found.unexplained == (other,)
    assert found.stale == ()
    assert found.counts == {
        "pack.plan": Counter(
            {KILLED: 1, TIMED_OUT: 1, "equivalent": 1, "cost": 1, "unexplained": 1}
        ),
        "pack.rest": Counter({KILLED: 1}),
    }


def test_what_explains_no_survivor_is_stale_if_its_module_was_run():
    killed = [(Mutant("pack.plan.Tile.size", "a > 0", "a >= 0"), KILLED)]
    assert judged(killed, [WHOLE, ONE]).stale == (
        Mutant("pack.plan._steps", "turns = 2", ""),
        Mutant("pack.plan.Tile.size", "a > 0", "a >= 0"),
    )
    assert judged([(Mutant("pack.rest.f", "x", "y"), KILLED)], [WHOLE, ONE]).stale == ()


def test_report():
    found = judged(
        [
            (Mutant("pack.plan.f", "x = 1", "x = 2"), SURVIVED),
            (Mutant("pack.plan.f", "x = 1", "x = None"), KILLED),
            (Mutant("pack.rest.g", "y", "z"), TIMED_OUT),
        ],
        [WHOLE],
    )
    lines = told(found).split("\n")
    assert lines[0].split() == [
        "module", "mutants", "killed", "timed", "out", "equivalent", "cost", "accuracy",
        "unexplained",
    ]  # fmt: skip
    assert lines[1].split() == ["pack.plan", "2", "1", "0", "0", "0", "0", "1"]
    assert lines[3].split() == ["all", "3", "1", "1", "0", "0", "0", "1"]
    assert lines[4:] == [
        "", "unexplained: pack.plan.f", "- x = 1", "+ x = 2",
        "", "stale: pack.plan._steps", "- turns = 2", "+ ",
    ]  # fmt: skip


def test_list(tmp_path):
    path = tmp_path / "list.toml"
    path.write_text(
        """
        [[explained]]
        kind = "cost"
        reason = "blocks"
        mutants = [
            { function = "pack.plan._steps", line = "turns = 2" },
            { function = "pack.plan._steps", line = "a > 0", becomes = ["a >= 0"] },
        ]
        """
    )
    assert explanations(path) == [
        WHOLE,
        Explanation("cost", "blocks", "pack.plan._steps", "a > 0", ("a >= 0",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = 'cost'", "needs a reason and a kind of"),
        ("kind = 'luck'\nreason = 'x'", "needs a reason and a kind of"),
        ("kind = 'cost'\nreason = 'x'\nmutants = [{ line = 'x' }]", "needs a function and a line"),
        (
            "kind = 'cost'\nreason = 'x'\nmutants = [{ function = 'f', line = 'x', became = [] }]",
            "needs a function and a line",
        ),
    ],
)
def test_list_with_an_entry_that_lacks_something(tmp_path, text, message):
    path = tmp_path / "list.toml"
    path.write_text(f"[[explained]]\n{text}\n")
    with pytest.raises(ValueError, match=message):
        explanations(path)
