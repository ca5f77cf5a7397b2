"""Whose a row is: the names of entries where one operation has several subjects."""

from dataclasses import replace

import pytest

from manualgrad import dense_backward
from oracles.catalog import ops
from oracles.checking import OracleMismatch, check, run
from oracles.evidence import LatticeRecord
from oracles.reporting.cells import evidence_lines, kept_lines, repeat_lines, scope_lines
from oracles.reporting.details import details
from oracles.reporting.failure import failure_text
from oracles.reporting.findings import findings
from oracles.reporting.markdown import markdown
from oracles.reporting.names import Names, subject_name
from oracles.reporting.step_summary import step_summary
from oracles.reporting.terminal import footer, verdict_line
from tests.oracles.made_reports import failing
from tests.oracles.reports import LATTICE, PROOF, REFUTED, entry, report


def dense(name, **fields):
    fields = {"subject": "mine.fwd", "spec": f"mine.py:{name}", **fields}
    return entry("dense", **fields)


RIGHT, WRONG = dense("right", proof=PROOF), dense("wrong", wrong=True)
TWO = report(RIGHT, WRONG, entry("tanh"))


@pytest.mark.parametrize(
    ("backward", "told"),
    [
        ("", "mine.forward"),
        ("mine.backward", "mine.forward"),
        ("mine.forward_backward", "mine.forward"),
        ("mine.forward", "mine.forward"),  # lambdas have all the same
        ("mine.bad", "mine.forward, backward mine.bad"),
        ("other.backward", "mine.forward, backward other.backward"),
    ],
)
def test_the_backward_is_named_unless_its_name_follows(backward, told):
    assert subject_name(entry(subject="mine.forward", backward=backward)) == told


def test_a_conviction_names_the_backward():
    found = failing("dense", subject="mine.fwd")
    assert failure_text(found).startswith("mine.fwd is WRONG as dense in float64 (case")
    named = failure_text(replace(found, backward="mine.bad"))
    assert named.startswith("mine.fwd, backward mine.bad, is WRONG as dense in float64\n")
    refuted = failure_text(entry("dense", proof=REFUTED, subject="mine.fwd", backward="mine.bad"))
    assert refuted.startswith("mine.fwd, backward mine.bad, is WRONG as dense, run on symbols")


def test_the_verdict_says_whose_rows_are_wrong():
    assert verdict_line(TWO).startswith("WRONG: dense float64 (mine.py:wrong); ")
    blind = report(RIGHT, dense("blind", blind=True))
    assert ": dense float64 (mine.py:blind); " in verdict_line(blind)
    assert verdict_line(report(WRONG, entry("tanh"))).startswith("WRONG: dense float64; ")


def test_subjects_without_a_spec_are_told_apart_by_their_functions():
    good, bad = (
        dense("", spec="", backward=f"mine.{name}", wrong=name == "bad") for name in ("good", "bad")
    )
    told = "dense float64 (mine.fwd, backward mine.bad); "
    assert verdict_line(report(good, bad)).startswith(f"WRONG: {told}")
    assert verdict_line(report(bad, bad)).startswith("WRONG: dense float64; ")


def test_the_table_on_the_terminal_is_followed_by_whose_its_rows_are():
    told = footer(TWO).plain
    assert told.startswith(
        "\nsubjects, in the order of the rows\n  dense float64: mine.py:right; mine.py:wrong\n"
    )
    assert "subjects" not in footer(report(RIGHT, entry("tanh"))).plain
    assert "subjects" not in footer(report(RIGHT, RIGHT)).plain


@pytest.mark.parametrize("render", [markdown, step_summary])
def test_rows_of_markdown_name_the_subject_where_there_are_several(render):
    page = render(TWO)
    for name in ("| dense (mine.py:right) | float64 |", "| dense (mine.py:wrong) | float64 |",
                 "| tanh | float64 |", "dense in float64 (mine.py:wrong)"):  # fmt: skip
        assert name in page
    alone = render(report(WRONG))
    assert "| dense | float64 |" in alone
    assert "dense (mine.py" not in alone


def test_lines_below_the_table_say_of_whom_they_are():
    inexact = replace(LATTICE, inexact={"torch": "TF32"})
    first = dense("first", kept_passed=2, limits={"stride": 1}, seed=9, lattice=inexact)
    other = dense("second", proof=PROOF)
    both = report(first, other)
    who = "dense float64 (mine.py:first)"
    assert f"{who}: torch is not exact on the lattice: TF32" in evidence_lines(both)
    assert kept_lines(both) == [f"{who}: right on 2 kept from earlier runs"]
    assert scope_lines(both) == [f"{who}: stride=1"]
    assert repeat_lines(both) == [f"seed 9: {who}"]
    assert f"{who}: 400 numbers of 40 cases in 2.0 s" in " ".join(details(both).split())
    assert Names(report(first)).row(first) == "dense float64"


def test_the_proof_of_each_subject_counts():
    told = evidence_lines(TWO)
    assert told[0].startswith("proof: run on symbols")
    assert " for 3 shapes, " in told[0]
    assert "dense (mine.py:wrong): refuted on symbols, grad_w[0] differs" in told
    both = evidence_lines(report(RIGHT, dense("other", proof=PROOF)))
    assert " for 6 shapes, " in both[0]


def refusing(**fields):
    """Return an entry whose subject has refused every case and every draw."""
    drawn = LatticeRecord(10, 0, 4, 100, 42.5, {}, {})
    return dense("refuses", cases=0, elements=0, tallies=(), refused=10, lattice=drawn,
                 proof=replace(PROOF, shapes=0, terms=0, refused=54), **fields)  # fmt: skip


def test_a_subject_that_refused_everything_is_told_so_and_no_more():
    told = evidence_lines(report(refusing(), entry("tanh")))
    assert told == [
        "bound: within rounding bounds derived for each element",
        "dense: no proof, since the subject refused all 54 shapes of the grid",
        "dense float64 is VACUOUS: the subject refused 10 of 10 cases",
    ]
    none = replace(refusing(), proof=replace(PROOF, shapes=0))
    assert "dense: no proof, since no shape of the grid is within the limits" in evidence_lines(
        report(none)
    )


def test_the_legend_is_of_evidence_that_a_row_has():
    wrong = replace(failing("dense"), lattice=LATTICE)
    assert evidence_lines(report(wrong)) == []
    assert "## Evidence" not in markdown(report(wrong))
    refuted = dense("wrong", wrong=True, lattice=LATTICE)
    assert [line.partition(":")[0] for line in evidence_lines(report(refuted))] == ["dense"]
    blind = dense("blind", blind=True, proof=PROOF)
    assert [line.partition(":")[0] for line in evidence_lines(report(blind))] == [
        "dense float64 is VACUOUS in y"
    ]
    right = report(wrong, dense("right", lattice=LATTICE))
    assert [line.partition(":")[0] for line in evidence_lines(right)] == ["lattice 2^-42", "bound"]


def test_a_run_of_a_subject_that_refuses_says_so_wherever_it_is_told():
    def forward(x, w, b=None):
        raise NotImplementedError

    op = ops.dense.implemented_by(forward, dense_backward, unsupported=NotImplementedError)
    settings = {"oracles": (), "dtypes": ("float64",), "max_examples": 10, "seed": 0}
    found = run([op, ops.tanh], **settings)
    (entry, _) = found.entries
    assert entry.proof.refused > 10
    told = " ".join(footer(found).plain.split())
    assert f"dense: no proof, since the subject refused all {entry.proof.refused} shapes" in told
    assert "dense float64 is VACUOUS: the subject refused 10 of 10 cases" in told
    assert "part in a thousand" not in told + markdown(found) + step_summary(found)
    assert "lattice" not in told
    assert [(each.operand, each.sentence) for each in findings(found)] == [
        ("", "VACUOUS, the subject refused 10 of 10 cases")
    ]
    with pytest.raises(OracleMismatch) as caught:
        check(op, **settings)
    assert str(caught.value) == "vacuous: dense float64, the subject refused 10 of 10 cases"
