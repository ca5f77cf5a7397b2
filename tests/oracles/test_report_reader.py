"""A report that was written as JSON comes back as it was; what is none is refused in one line."""

import json
import random
import re
from dataclasses import replace

import numpy as np
import pytest

from oracles.answer import Answer, NotAnArray
from oracles.catalog import ops
from oracles.changes import Change, Changes
from oracles.checking import run
from oracles.outputs import ALWAYS, EXTRA
from oracles.report_reader import load_report, read_report
from oracles.reporting.annotations import workflow_commands
from oracles.reporting.details import details
from oracles.reporting.failure import failure_text
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.step_summary import step_summary
from oracles.reporting.terminal import footer, row, whole
from tests.oracles import report_kinds, reports


@pytest.fixture(scope="module")
def report():
    wrong = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))
    return run([wrong, ops.dense], oracles=("complex_step",), max_examples=5, seed=1)


def test_a_report_is_read_as_it_was_written(report):
    text = json_text(report)
    again = read_report(text)
    assert json_text(again) == text
    assert footer(again) == footer(report)
    for mine, theirs in zip(again.entries, report.entries, strict=True):
        assert row(mine, report.oracles) == row(theirs, report.oracles)
        assert failure_text(mine) == failure_text(theirs)
        assert (mine.passed, mine.vacuous) == (theirs.passed, theirs.vacuous)
    mine, theirs = (each.entries[0].failure for each in (again, report))
    for name, array in theirs.case.arrays.items():
        assert mine.case.arrays[name].dtype == array.dtype
        assert mine.case.arrays[name].tobytes() == array.tobytes()
    assert mine.comparisons == theirs.comparisons
    assert again.environment == report.environment


def test_another_schema_is_refused():
    with pytest.raises(ValueError, match="report has schema version 1, this is 4"):
        read_report('{"schema_version": 1}')


def test_answers_that_are_no_float_arrays_come_back(report):
    values = {
        "list": NotAnArray("list"),
        "complex": np.array([1 + 2j, complex(np.nan, np.inf)], np.complex64),
        "long": np.array([1, np.nan], np.longdouble) / 3,
        "half": np.array(1.5, np.float16),
        "empty": np.zeros((0, 3)),
        "int": np.array([[7]], np.uint8),
        "bool": np.array([True, False]),
    }
    first = report.entries[0]
    answers = {"subject": Answer("value", values)}
    failure = replace(first.failure, answers=answers, comparisons=(), portraits=())
    text = json_text(replace(report, entries=(replace(first, failure=failure),)))
    (again,) = read_report(text).entries
    found = again.failure.answers["subject"].values
    assert found.pop("list") == values.pop("list")
    for name, array in values.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert repr(found[name].tolist()) == repr(array.tolist())


@pytest.mark.parametrize("kind", report_kinds.KINDS)
def test_every_format_of_a_report_that_was_read_is_the_same(kind):
    report = report_kinds.KINDS[kind]()
    again = read_report(json_text(report))
    for render in (*ALWAYS.values(), *EXTRA.values(), step_summary, workflow_commands, details):
        assert render(again) == render(report)


def test_what_has_a_default_may_be_missing_and_more_may_be_there():
    stored = json.loads(json_text(reports.report(reports.entry())))
    whole = read_report(json.dumps(stored))
    del stored["notes"], stored["entries"][0]["place"]
    stored["of a later version"] = {"x": 1}
    assert read_report(json.dumps(stored)) == whole


SMALL = json.loads(json_text(reports.report(reports.entry(lattice=reports.LATTICE))))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("seed", True, "report.seed is True, not a whole number"),
        ("seed", 1.5, "report.seed is 1.5, not a whole number"),
        ("oracles", "torch", "report.oracles is 'torch', not a list"),
        ("limits", [], "report.limits is [], not an object"),
        ("interrupted", 0, "report.interrupted is 0, not true or false"),
        ("environment", None, "report.environment is None, not an object"),
        ("entries.0.seconds", "1.0", "report.entries[0].seconds is '1.0', not a number"),
        ("entries.0.seconds", 10**400, "not a float64"),
        ("entries.0.cases", 10**400, "not a float64"),
        ("entries.0.tallies.0", {}, "report.entries[0].tallies[0] has no 'participant'"),
        (
            "entries.0.lattice.exact",
            {"a\nb": "x"},
            r"lattice.exact.a\nb is 'x', not a whole number",
        ),
        ("missing", {"jax": "x" * 999 + "\n", "torch": 3}, "report.missing.torch is 3, not a text"),
        ("oracles", [["x" * 999]], "..., not a text"),
    ],
)
def test_what_has_another_type_is_named_in_one_line(path, value, message):
    stored = json.loads(json.dumps(SMALL))
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    node = stored
    for step in steps:
        node = node[step]
    node[last] = value
    with pytest.raises(ValueError, match=f"{re.escape(message)}$") as caught:
        read_report(json.dumps(stored))
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


ARRAYS = [
    {"dtype": "float64", "shape": [2], "hex": ["0x1p+0"]},
    {"dtype": "float64", "shape": [1], "hex": ["one"]},
    {"dtype": "float64", "shape": ["1"], "hex": ["0x1p+0"]},
    {"dtype": "float64", "shape": [1], "hex": 1},
    {"dtype": "uint8", "shape": [1], "hex": [300]},
    {"dtype": "object", "shape": [1], "hex": [1]},
    {"dtype": "(1000000,)f8", "shape": [1], "hex": [1]},
    {"dtype": "f8,,", "shape": [1], "hex": [1]},
    {"dtype": "float64", "shape": [1]},
    [1.0],
    None,
]


@pytest.mark.parametrize("array", ARRAYS)
def test_what_is_no_array_is_refused(report, array):
    stored = json.loads(json_text(report))
    stored["entries"][0]["failure"]["case"]["cotangent"] = array
    with pytest.raises(
        ValueError, match=r"^report.entries\[0\].failure.case.cotangent is "
    ) as caught:
        read_report(json.dumps(stored))
    assert "array" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("comparisons[1]", {"shape": [0]}),
        ("comparisons[1]", {"shape": []}),
        ("portraits[0]", {"shape": [0]}),
        ("portraits[0]", {"counts": {"subject": [1]}}),
        ("portraits[0]", {"bound": {"dtype": "float64", "shape": [0], "hex": []}}),
        ("portraits[0]", {"truth": {"kind": "list"}}),
    ],
)
def test_cells_that_there_are_not_are_refused(report, part, change):
    stored = json.loads(json_text(report))
    name, index = part.removesuffix("]").split("[")
    stored["entries"][0]["failure"][name][int(index)].update(change)
    where = re.escape(f"report.entries[0].failure.{part} does not agree with itself")
    with pytest.raises(ValueError, match=f"^{where}$"):
        read_report(json.dumps(stored))
    stored = json.loads(json.dumps(SMALL))
    stored["entries"][0]["lattice"]["miss_bits"] = "nan"
    with pytest.raises(ValueError, match=r"lattice does not agree with itself$"):
        read_report(json.dumps(stored))


def test_arrays_that_other_parts_speak_of_are_there(report):
    def refused(where, change):
        stored = json.loads(json_text(report))
        change(stored["entries"][0]["failure"])
        message = re.escape(f"report.entries[0].{where} does not agree with itself")
        with pytest.raises(ValueError, match=f"^{message}$"):
            read_report(json.dumps(stored))

    scalar = {"dtype": "float64", "shape": [], "hex": ["0x1p+0"]}
    refused("failure.case", lambda failure: failure["case"]["operands"].update(x={"kind": "list"}))
    refused("failure", lambda failure: failure["answers"]["subject"]["values"].update(y=scalar))
    refused("failure", lambda failure: failure["answers"].pop("complex_step"))


def test_a_change_of_no_known_kind_is_refused(report):
    changes = Changes("old.json", "then", (Change("a", "b", "c", "worse"),))
    text = json_text(replace(report, changes=changes))
    with pytest.raises(
        ValueError, match=r"^report.changes.changes\[0\].kind is 'worse', not one of "
    ):
        read_report(text)


def test_half_a_report_is_none(report):
    text = json_text(report)
    for length in range(0, len(text), 211):
        with pytest.raises(ValueError, match=r"^[^\n]+$"):
            read_report(text[:length])
    with pytest.raises(ValueError, match="JSON nested too deeply"):
        read_report("[" * 10**6)
    for other in ("[]", "3", "null", '{"seed": 1}'):
        with pytest.raises(ValueError, match="JSON without a schema_version"):
            read_report(other)


def places(tree, path=()):
    """Yield the path of every value in JSON."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


STRANGE = (None, True, -1, 10**400, 1.5, "x", "nan", [], {}, [[1]], {"a": [None]}, {"kind": 3},
           ARRAYS[0])  # fmt: skip


def test_whatever_is_changed_reading_gives_a_report_or_one_line(report):
    rng = random.Random(1)
    stored = json.loads(json_text(replace(report, entries=report.entries[:1])))
    everywhere = list(places(stored))
    refused = 0
    for _ in range(400):
        *steps, last = rng.choice(everywhere)
        node = stored
        for step in steps:
            node = node[step]
        kept, node[last] = node[last], rng.choice(STRANGE)
        try:
            changed = read_report(json.dumps(stored))
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017
            refused += 1
        else:
            whole(changed)
            markdown(changed)
        node[last] = kept
    assert 200 < refused < 400
    read_report(json.dumps(stored))


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "empty").write_text("")
    for name, why in [
        ("missing", "cannot read {!r}: No such file or directory"),
        ("", "cannot read {!r}: Is a directory"),
        ("binary", "{!r} is no report: it is not UTF-8"),
        ("empty", "{!r} is no report: Expecting value: line 1 column 1 (char 0)"),
    ]:
        path = str(tmp_path / name)
        with pytest.raises(ValueError, match=f"^{re.escape(why.format(path))}$"):
            load_report(path)


def test_tuples_and_the_order_of_names_come_back(report):
    options = {"z": (1, (2, 3)), "a": "inf", "m": -0.0, "b": 2**70, "t": True, "n": None}
    first = report.entries[0]
    case = replace(first.failure.case, options=options)
    entry = replace(first, failure=replace(first.failure, case=case), limits=options)
    (again,) = read_report(json_text(replace(report, entries=(entry,)))).entries
    for found in (again.failure.case.options, again.limits):
        assert repr(found) == repr(options)
