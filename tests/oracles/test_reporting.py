"""Renderers: what a person and a program must be able to read from a report."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from manualgrad import activations, conv2d, conv2d_backward
from oracles.catalog import ops
from oracles.checking import OracleMismatch, check, run
from oracles.op import Case
from oracles.report import Attendance
from oracles.reporting.cells import defect_lines, evidence_cell, number, subject_cell, witness_cell
from oracles.reporting.details import details
from oracles.reporting.failure import failure_text, short
from oracles.reporting.json_form import json_text, plain
from oracles.reporting.junit import junit_xml
from oracles.reporting.lines import aligned
from oracles.reporting.markdown import markdown
from oracles.reporting.terminal import footer, header, row, verdict_line
from oracles.wrong_cases import Defect


def rotated_weights(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return found._replace(grad_w=found.grad_w[..., ::-1, ::-1].copy())


@pytest.fixture(scope="module")
def wrong():
    op = ops.conv2d.implemented_by(conv2d, rotated_weights)
    return run(op, oracles=("complex_step",), dtypes=("float64",), seed=5)


@pytest.fixture(scope="module")
def right():
    return run(ops.dense, oracles=("complex_step",), max_examples=5, seed=4)


def with_defects(report):
    case = Case("dense", {"x": np.array([[np.nan]])}, {}, np.zeros((1, 1)))
    crash = Defect("jax", "crashed", "jax: crashed, killed by SIGABRT", 2, case, (), "dir/a.case")
    differs = Defect("torch", "differs", "torch: y differs in 1 of 1 cells", 3, case)
    entry = replace(report.entries[0], defects=(crash, differs))
    return replace(report, entries=(entry, *report.entries[1:]), oracles=("torch", "jax"))


def test_failure_text_names_the_cells(wrong):
    text = failure_text(wrong.failures[0])
    lines = text.split("\n")
    head = next(line for line in lines if "index" in line)
    assert head.split() == ["index", "manual", "complex_step", "truth", "error", "bound",
                            "error/bound"]  # fmt: skip
    assert "grad_w: 2 of 2 cells wrong (100%), the worst:" in text
    assert "complex_step agrees with exact arithmetic" in text


def test_script_is_shown_but_where_it_was_saved(wrong):
    entry = wrong.failures[0]
    script = entry.failure.script.splitlines()[0]
    unsaved = replace(entry, failure=replace(entry.failure, saved=""))
    for text in (failure_text(unsaved), footer(replace(wrong, entries=(unsaved,))).plain):
        assert "saved" not in text
        assert f"to reproduce it, bit for bit:\n    {script}" in text
    saved = replace(entry, failure=replace(entry.failure, saved="my runs/failures/it"))
    assert f"to reproduce it, bit for bit:\n    {script}" in failure_text(saved)
    for text in (
        failure_text(saved, here=True),
        footer(replace(wrong, entries=(saved,))).plain,
    ):
        assert script not in text
        assert "\n    oracle-diff replay 'my runs/failures/it'\n" in text
        assert (
            "to reproduce it, bit for bit, with NumPy and PyTorch alone:\n"
            "    python 'my runs/failures/it/reproduce.py'\n"
        ) in text


def test_witness_that_gives_another_shape_has_no_column(wrong):
    failure = wrong.failures[0].failure
    said = failure.answers["complex_step"]
    other = replace(said, values={**said.values, "grad_w": np.zeros(3)})
    failure = replace(failure, answers={**failure.answers, "complex_step": other})
    text = failure_text(replace(wrong.failures[0], failure=failure))
    head = next(line for line in text.split("\n") if "index" in line)
    assert head.split() == ["index", "manual", "truth", "error", "bound", "error/bound"]


def test_arrays_are_never_elided():
    big = np.arange(5000.0).reshape(50, 100)
    op = ops.identity.implemented_by(activations.identity, lambda g, x: 2 * g)
    report = run(
        op, oracles=(), dtypes=("float64",), examples=[Case("identity", {"x": big}, {}, big)]
    )
    failure = replace(report.failures[0].failure, case=Case("identity", {"x": big}, {}, big))
    text = failure_text(replace(report.failures[0], failure=failure))
    assert " 4999]" in text
    assert " 2500" in text
    assert "..." not in text.replace("backward = ...", "")


def test_right_entry_has_no_failure_text(right):
    assert failure_text(right.entries[0]) == ""


def test_table_row_fits_its_header(wrong, right):
    for report in (wrong, right):
        head = header(report.oracles).plain.split("\n")[1]
        for entry in report.entries:
            assert len(row(entry, report.oracles).plain) == len(head) <= 80
            assert entry.op in row(entry, report.oracles).plain


def test_cells_say_what_happened(right):
    entry = right.entries[0]
    assert subject_cell(entry)[0].startswith("ok ")
    assert witness_cell(entry, "jax")[0] == "-"
    for attendance, shown in [
        (Attendance("jax", missing="not installed"), "SKIPPED"),
        (Attendance("jax", answered=3, crashed=2), "2 crashed"),
        (Attendance("jax", timed_out=1), "1 timed out"),
        (Attendance("jax", rejected=4), "4 refused"),
        (Attendance("jax", answered=4), "0"),
    ]:
        assert witness_cell(replace(entry, attendance=(attendance,)), "jax")[0] == shown
    assert number(1e-12) == "0"
    assert number(float("inf")) == "inf"


def test_footer_tells_defects_missing_verdict_and_seed(wrong, right):
    text = footer(replace(with_defects(right), missing={"jax": "jax is not installed"})).plain
    assert (
        "dense float32, 2 of 5 cases: jax: crashed, killed by SIGABRT; case kept in dir/a.case"
        in " ".join(text.split())
    )
    assert "torch differs: dense 3" in text
    assert "SKIPPED jax: jax is not installed" in text
    assert "right: every subject within its rounding bound on 10 cases of 1 operation" in text
    assert "repeat with --seed 4" in text
    assert "grad_w: WRONG" in footer(wrong).plain


def test_verdict_in_one_line(wrong, right):
    assert verdict_line(wrong).startswith("WRONG: conv2d float64; ")
    assert verdict_line(replace(right, entries=())) == "nothing was compared"
    for found, told in (
        (right, "right so far: every subject within its rounding bound on 10 cases of 1 operation"),
        (wrong, verdict_line(wrong)),
        (replace(right, entries=()), "nothing was compared"),
    ):
        assert verdict_line(replace(found, interrupted=True)) == f"interrupted; {told}"


def test_one_case_is_no_cases(right):
    entry, *_ = with_defects(right).entries
    one = replace(
        entry, cases=1, elements=1, defects=tuple(replace(d, count=1) for d in entry.defects)
    )
    report = replace(right, entries=(one,))
    for told in (verdict_line(report), details(report), junit_xml(report), markdown(report),
                 footer(report).plain):  # fmt: skip
        assert re.search(r"\b1 case\b", told)
        assert not re.search(r"\b1 (cases|numbers|operations|draws|shapes)\b", told)


def test_what_is_interrupted_is_not_green(right):
    def colour(report):
        text = footer(report)
        start = text.plain.index(verdict_line(report)[:20])
        return next(span.style for span in text.spans if span.start <= start < span.end)

    cut = replace(right, interrupted=True)
    assert [colour(each) for each in (right, cut)] == ["bold green", "bold yellow"]


def test_json_is_json_and_keeps_every_bit(wrong):
    found = json.loads(json_text(wrong))
    assert (found["schema_version"], found["seed"], found["passed"]) == (4, 5, False)
    assert {"python", "numpy", "manualgrad"} <= set(found["environment"]["versions"])
    failure = found["entries"][0]["failure"]
    for name, array in wrong.failures[0].failure.case.operands.items():
        stored = failure["case"]["operands"][name]
        numbers = [float.fromhex(text) for text in stored["hex"]]
        assert (
            np.array(numbers, stored["dtype"]).reshape(stored["shape"]).tobytes() == array.tobytes()
        )


def test_json_has_no_nan():
    text = json.dumps(plain({"a": np.nan, "b": -np.inf, "c": np.array([np.nan, 1.5])}),
                      allow_nan=False)  # fmt: skip
    assert json.loads(text) == {
        "a": "nan", "b": "-inf", "c": {"dtype": "float64", "shape": [2], "hex": ["nan", "0x1.8000000000000p+0"]},  # noqa: E501
    }  # fmt: skip


def test_markdown_has_table_defects_failures_and_environment(wrong, right):
    text = markdown(wrong)
    assert "| conv2d | float64 |" in text
    assert "| WRONG |" in text
    assert "## conv2d in float64 is wrong" in text
    command = "oracle-diff run conv2d --seed 5 --max-examples 100 --oracles complex_step"
    assert f"`{command} --dtypes float64 --limit batched=true`" in text
    assert "threads: ;" not in text
    text = markdown(with_defects(right))
    assert (
        "- dense float32, 2 cases: jax: crashed, killed by SIGABRT (kept in `dir/a.case`)" in text
    )


def test_long_digits_are_cut_and_short_ones_kept():
    assert short("0.1234567890123456789") == "0.1234567890123456"
    assert short("2.500000000000") == "2.5"
    assert short("12") == "12"
    assert short("0 to 2") == "0 to 2"
    assert aligned([["a", "bb"], ["ccc", "d"]]) == ["  a  bb", "ccc   d"]


def blind_op():
    """Return dense on one case whose products cancel: its bound is larger than its result."""
    large = 2.0**12
    x = np.array([[large + 1, large]], np.float32)
    w = np.array([[large], [-large - 1 + 2.0**-11]], np.float32)
    case = Case("dense", {"x": x, "w": w}, {}, np.full((1, 1), 3, np.float32))
    return replace(ops.dense, cases=lambda dtype, limits: st.just(case))


def test_check_that_could_not_have_seen_an_error_is_vacuous():
    report = run(blind_op(), oracles=(), dtypes=("float32",), evidence=("bound",), seed=1)
    (entry,) = report.entries
    assert entry.passed
    assert entry.vacuous == ("y",)
    assert not report.passed
    assert verdict_line(report).startswith("VACUOUS, neither right nor wrong: dense float32")
    assert "VACUOUS" in row(entry, ()).plain
    assert "an error of one part in a thousand could have passed" in " ".join(
        footer(report).plain.split()
    )
    assert "(vacuous)" in markdown(report)
    with pytest.raises(OracleMismatch, match=r"vacuous.*dense float32 \(y\)"):
        check(blind_op(), oracles=(), dtypes=("float32",), evidence=("bound",), seed=1)


def test_exactness_on_the_lattice_sees_what_bounds_do_not():
    report = run(blind_op(), oracles=(), dtypes=("float32",), seed=1)
    assert report.passed
    assert report.entries[0].vacuous == ()


def test_evidence_is_shown_with_its_derivation(right, wrong):
    assert "proof, lattice 2^-42" in row(right.entries[0], right.oracles).plain
    assert "proof, lattice 2^-48" in row(right.entries[1], right.oracles).plain
    text = " ".join(footer(right).plain.split())
    for part in ("polynomials for", "degree at most 4", "(degree / numbers)^draws",
                 "Schwartz-Zippel", "chooses by shape and options, not by value"):  # fmt: skip
        assert part in text
        assert part in markdown(right)
    assert row(wrong.entries[0], wrong.oracles).plain.split()[2] == "-"
    refuted = " ".join(footer(wrong).plain.split())
    assert "conv2d: refuted on symbols, grad_w[0, 0, 0, 0] differs from the definition's" in refuted
    assert "hence for every input" not in refuted


def test_markdown_has_resolutions_and_laws(right):
    text = markdown(right)
    assert "| dense | float32 | grad_w |" in text
    assert "- a zero cotangent gives zero gradients: " in text


def test_inexact_framework_is_named_in_table_and_lines(right):
    entry = right.entries[0]
    exact = {"subject": entry.lattice.cases, "torch": entry.lattice.cases - 1}
    lattice = replace(entry.lattice, exact=exact, inexact={"torch": "TF32"})
    seen = Attendance("torch", answered=5)
    changed = replace(entry, lattice=lattice, attendance=(seen,), proof=None)
    assert evidence_cell(changed)[0] == "bound"
    report = replace(right, entries=(changed,), oracles=("torch",))
    assert "dense float32: torch is not exact on the lattice: TF32" in footer(report).plain


@pytest.mark.parametrize(
    ("ratio", "told"),
    [(0.0, "0"), (1e-10, "0"), (0.994, "0.99"), (0.999, "<1"), (1.0, "1"), (1.004, ">1"),
     (1.1, "1.1"), (float("inf"), "inf")],
)  # fmt: skip
def test_a_ratio_says_on_which_side_of_the_bound_it_is(ratio, told):
    assert number(ratio) == told


def test_a_death_without_a_case_file_says_nothing_of_one(right):
    crash = with_defects(right).entries[0].defects[0]
    told = [
        defect_lines(replace(right, entries=(replace(right.entries[0], defects=(each,)),)))[0]
        for each in (crash, replace(crash, case_file=""))
    ]
    assert told[0] == f"{told[1]}; case kept in dir/a.case"
