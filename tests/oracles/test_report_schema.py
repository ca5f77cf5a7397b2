"""The JSON Schema of report.json: it has every field, takes every report, and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from importlib.resources import files
from types import UnionType
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from manualgrad import dense, dense_backward
from oracles import cli
from oracles.answer import NotAnArray
from oracles.baseline import changes_since
from oracles.catalog import ops
from oracles.changes import Change, Changes
from oracles.checking import run
from oracles.merging import merged
from oracles.portrait import CLASSES
from oracles.report import SCHEMA_VERSION, Report
from oracles.reporting.json_form import json_text
from tests.oracles import report_kinds as reports

SCHEMA = json.loads((files("oracles.reporting") / "report.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def records():
    """Return every dataclass that a report holds, by name, as their annotations say."""
    found = {}

    def visit(kind):
        if is_dataclass(kind):
            if kind.__name__ not in found:
                found[kind.__name__] = kind
                for hint in get_type_hints(kind).values():
                    visit(hint)
        else:
            for inner in get_args(kind):
                visit(inner)

    visit(Report)
    visit(NotAnArray)  # which stands where an array is meant to
    return found


RECORDS = records()


def schema_of(name):
    return SCHEMA if name == "Report" else SCHEMA["$defs"][name]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["properties"]["schema_version"]["const"] == SCHEMA_VERSION


def test_the_command_line_prints_it(capsys):
    assert cli._run(["list", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_described_and_no_other(name):
    schema = schema_of(name)
    names = {field.name for field in fields(RECORDS[name])}
    if name == "Report":
        names |= {"passed", "cases"}
    assert set(schema["properties"]) == set(schema["required"]) == names
    assert schema["additionalProperties"] is False
    assert schema["description"].endswith(".")
    for field, described in schema["properties"].items():
        text = described["description"]
        assert text.endswith((".", "...")), (name, field)
        assert "`" not in text
        assert " None" not in text


def test_what_is_defined_is_used_and_no_more():
    assert set(SCHEMA["$defs"]) == set(RECORDS) - {"Report"} | {"number", "array"}
    text = json.dumps(SCHEMA)
    for name in SCHEMA["$defs"]:
        assert f'"#/$defs/{name}"' in text


@pytest.mark.parametrize("name", RECORDS)
def test_types_are_those_of_the_fields(name):
    for field, hint in get_type_hints(RECORDS[name]).items():
        described = schema_of(name)["properties"][field]
        if is_dataclass(hint):
            assert described["$ref"] == f"#/$defs/{hint.__name__}"
        elif get_origin(hint) is UnionType:
            assert {"type": "null"} in described["anyOf"]
        elif get_origin(hint) is tuple:
            assert described["type"] == "array"
        elif get_origin(hint) is Mapping:
            assert described["type"] == "object"
        elif get_origin(hint) is Literal:
            assert sorted(described["enum"]) == sorted(get_args(hint))
        elif hint is float:
            assert described["$ref"] == "#/$defs/number"
        elif hint in (int, bool):
            known = {int: "integer", bool: "boolean"}[hint]
            assert described.get("type", known) == known
            assert "type" in described or "const" in described


def test_a_missing_field_would_be_seen():
    assert "Portrait" in RECORDS
    assert "Change" in RECORDS
    assert len(RECORDS) >= 18


def valid(report):
    stored = json.loads(json_text(report))
    VALIDATOR.validate(stored)
    return stored


@pytest.mark.parametrize("kind", reports.KINDS)
def test_reports_of_every_kind_are_valid(kind):
    valid(reports.KINDS[kind]())


def test_reports_with_changes_are_valid():
    kinds = SCHEMA["$defs"]["Change"]["properties"]["kind"]["enum"]
    now = [Change("tanh", "t", "float64", kind, 0.5, float("inf"), 3.0, None) for kind in kinds]
    changes = Changes("old.json", "2026-01-01T00:00:00+00:00", tuple(now))
    valid(replace(reports.right(), changes=changes))
    later = replace(reports.wrong(), entries=reports.wrong().entries[2:])
    valid(replace(later, changes=changes_since(reports.right(), later, against="old.json")))
    valid(merged([reports.right(), reports.wrong(), reports.vacuous()]))


def _list_for_array(g, x, w, b=None):
    found = dense_backward(g, x, w)
    return found._replace(grad_w=found.grad_w.tolist())


def _half(g, x, w, b=None):
    return dense_backward(g, x, w)._replace(grad_w=np.zeros((1, 2), np.float16))


def _complex(g, x, w, b=None):
    found = dense_backward(g, x, w)
    return found._replace(grad_x=found.grad_x * 1.5j)


def _long(g, x, w, b=None):
    found = dense_backward(g, x, w)
    return found._replace(grad_x=found.grad_x.astype(np.longdouble) / 3)


def _nan(g, x, w, b=None):
    found = dense_backward(g, x, w)
    return found._replace(grad_x=found.grad_x * np.nan)


@pytest.mark.parametrize("backward", [_list_for_array, _half, _complex, _long, _nan])
def test_what_is_no_array_or_no_number_is_valid_too(backward):
    op = ops.dense.implemented_by(dense, backward)
    stored = valid(run(op, oracles=("complex_step",), dtypes=("float32",), max_examples=3, seed=1))
    assert stored["entries"][0]["failure"]["answers"]["subject"]["kind"] == "value"


def test_what_frameworks_really_do_is_valid():
    found = [
        run(ops[name], dtypes=("float32",), oracles=("torch", "jax"), max_examples=40, seed=2018)
        for name in ("softsign", "hardsigmoid", "relu")
    ]
    stored = valid(merged(found))
    kinds = {defect["kind"] for entry in stored["entries"] for defect in entry["defects"]}
    assert kinds >= {
        "differs",
        "differs next to underflow",
        "differs on NaN or infinity",
        "rejected",
    }


def test_a_case_of_second_order_is_valid():
    def wrong(*arguments, **options):
        found = ops.tanh.double_backward(*arguments, **options)
        return tuple(2 * each for each in found)

    op = replace(ops.tanh, double_backward=wrong)
    stored = valid(run(op, oracles=(), dtypes=("float64",), max_examples=10, seed=1))
    assert stored["entries"][0]["failure"]["case"]["directions"]


PLANTED = {
    "a field too many": lambda stored: stored.update(more=1),
    "a field too many inside": lambda stored: stored["entries"][0]["tallies"][0].update(more=1),
    "a field missing": lambda stored: stored.pop("seed"),
    "a field missing inside": lambda stored: stored["entries"][0].pop("place"),
    "another version": lambda stored: stored.update(schema_version=SCHEMA_VERSION - 1),
    "a number as text": lambda stored: stored["entries"][0].update(seconds="0.5"),
    "NaN under another name": lambda stored: stored["entries"][0].update(seconds="NaN"),
    "a negative count": lambda stored: stored["entries"][0].update(cases=-1),
    "a fraction of a case": lambda stored: stored["entries"][0].update(cases=1.5),
    "an unknown ground": lambda stored: stored["entries"][0].update(ground="faith"),
    "an unknown kind of answer": lambda stored: failure(stored)["answers"]["subject"].update(
        kind="perhaps"
    ),
    "line 0": lambda stored: stored["entries"][0]["place"].update(line=0),
    "an array without its shape": lambda stored: failure(stored)["case"]["cotangent"].pop("shape"),
    "an array of floats": lambda stored: failure(stored)["case"]["cotangent"].update(hex=[0.5]),
    "a class of the histogram too few": lambda stored: failure(stored)["portraits"][0]["counts"][
        "subject"
    ].pop(),
    "an oracle that is no name": lambda stored: stored.update(oracles=[1]),
    "null for a verdict": lambda stored: stored.update(passed=None),
}


def failure(stored):
    return stored["entries"][0]["failure"]


@pytest.mark.parametrize("what", PLANTED)
def test_planted_deviations_are_not_valid(what):
    stored = json.loads(json_text(reports.wrong()))
    PLANTED[what](stored)
    assert not VALIDATOR.is_valid(stored)


def test_a_histogram_has_its_classes():
    counts = SCHEMA["$defs"]["Portrait"]["properties"]["counts"]["additionalProperties"]
    assert counts["minItems"] == counts["maxItems"] == len(CLASSES)
