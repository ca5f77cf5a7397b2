"""SARIF: what code scanning needs is there, and the same finding is the same in every run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from oracles.diagnosis.cause import Cause
from oracles.places import Place
from oracles.reporting import sarif
from oracles.reporting.findings import RULES, findings, findings_of
from oracles.reporting.sarif import sarif_text
from tests.oracles import report_kinds as reports
from tests.oracles.made_reports import failing

# Written for these tests: of SARIF 2.1.0 what is used here, with what GitHub asks for.
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-used.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def run_of(report):
    """Return the one run of the report's SARIF, which is found valid."""
    log = json.loads(sarif_text(report).encode())
    VALIDATOR.validate(log)
    return log["runs"][0]


def results(report):
    return run_of(report)["results"]


def fingerprints(report):
    found = [each["partialFingerprints"]["primaryLocationLineHash"] for each in results(report)]
    assert len(set(found)) == len(found)
    return found


@pytest.mark.parametrize("kind", reports.KINDS)
def test_every_report_is_valid_with_a_result_for_each_finding(kind):
    report = reports.KINDS[kind]()
    found = [(each["ruleId"], each["level"]) for each in results(report)]
    assert found == [(finding.rule, "error") for finding in findings(report)]
    assert (found == []) == (report.passed or not report.cases)


def test_what_is_wrong_on_other_cases_alone_is_found_too():
    entry = failing()
    cause = Cause("grad_b", "grad_b equals the oracle's halved on 9 of 9 cases", 9, True)
    failure = replace(entry.failure, causes=(*entry.failure.causes, cause))
    first, second = findings_of(replace(entry, failure=failure))
    assert (first.rule, first.operand) == ("wrong-gradient", "grad_x")
    assert (second.rule, second.operand) == ("wrong-gradient", "grad_b")
    assert second.sentence == f"on other cases, {cause.sentence}"
    lawless = replace(failure, comparisons=tuple(c for c in failure.comparisons if c.agrees))
    assert [f.rule for f in findings_of(replace(entry, failure=lawless))] == ["law-broken"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.update(version="2.0.0"),
        lambda log: log["runs"][0]["results"][0].update(ruleId="other"),
        lambda log: log["runs"][0]["results"][0].update(locations=[]),
        lambda log: log["runs"][0]["results"][0].pop("message"),
        lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
        .update(startLine=0),
        lambda log: log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        ["artifactLocation"].update(uri="a b.py"),
        lambda log: log["runs"][0]["tool"]["driver"].pop("name"),
        lambda log: log["runs"][0].update(more=1),
    ],
)  # fmt: skip
def test_the_schema_sees_what_is_not_valid(spoil):
    log = json.loads(sarif_text(reports.wrong()))
    VALIDATOR.validate(log)
    spoil(log)
    assert not VALIDATOR.is_valid(log)


def test_rules_name_every_kind_of_finding():
    run = run_of(reports.wrong())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    found = {each["ruleId"] for kind in ("wrong", "refuted", "vacuous")
             for each in results(reports.KINDS[kind]())}  # fmt: skip
    assert found == set(RULES)


def test_a_result_stands_at_the_subject_with_its_sentence():
    first = results(reports.wrong())[0]
    (location,) = first["locations"]
    where = location["physicalLocation"]
    assert where["artifactLocation"]["uri"].endswith("/tests/oracles/report_kinds.py")
    assert where["region"]["startLine"] == reports.wrong().entries[0].place.line
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "numpy.tanh"
    assert first["message"]["text"].startswith("tanh in float64, numpy.tanh: grad_x: WRONG, ")


@pytest.mark.parametrize(
    ("place", "uri", "line"),
    [
        (Place("src/my layer.py", 3), "src/my%20layer.py", 3),
        (Place("/opt/a.py", 3), "file:///opt/a.py", 3),
        (Place("C:odd", 3), "C%3Aodd", 3),
        (None, "numpy.tanh", 1),
    ],
)
def test_places_are_addresses(place, uri, line):
    entry = replace(reports.wrong().entries[0], place=place)
    (found,) = results(replace(reports.wrong(), entries=(entry,)))
    where = found["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == uri
    assert where["region"]["startLine"] == line


def test_fingerprints_tell_findings_apart_and_outlive_runs_lines_and_numbers():
    report = reports.wrong()
    moved = [
        replace(entry, place=Place("elsewhere.py", 99), seconds=0.0, cases=7)
        for entry in reversed(report.entries)
    ]
    again = replace(report, seed=99, entries=tuple(moved))
    assert sorted(fingerprints(again)) == sorted(fingerprints(report))
    first = report.entries[0]
    for change in ({"op": "other"}, {"dtype": "float32"}, {"subject": "other"},
                   {"spec": "mine.py:other"}, {"backward": "other"}):  # fmt: skip
        other = replace(report, entries=(first, replace(first, **change)))
        assert fingerprints(other)[0] == fingerprints(report)[0]
        assert fingerprints(other)[1].endswith(":1")
    # tanh was wrongly done twice under one name: the second is numbered, and no third
    assert [each[-2:] for each in fingerprints(replace(report, entries=(first, first)))] == [
        ":1", ":2",
    ]  # fmt: skip


def test_a_run_without_a_verdict_was_not_successful():
    for report, told in [
        (reports.right(), []),
        (reports.wrong(), []),
        (reports.with_defects(), []),
        (reports.empty(), ["nothing was compared"]),
    ]:
        (invocation,) = run_of(report)["invocations"]
        said = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
        assert said == told
        assert invocation["executionSuccessful"] == (not told)
    (invocation,) = run_of(reports.interrupted())["invocations"]
    assert not invocation["executionSuccessful"]


def test_more_than_github_takes_is_cut_and_told(monkeypatch):
    monkeypatch.setattr(sarif, "MOST", 3)
    run = run_of(reports.many(5))
    assert len(run["results"]) == 3
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "2 of 5 findings are left out"


def test_a_name_makes_no_link():
    entry = replace(reports.wrong().entries[0], op="[x](http://e.example)")
    (found,) = results(replace(reports.wrong(), entries=(entry,)))
    assert "](" not in found["message"]["text"]


def test_a_name_makes_no_second_line():
    entry = replace(reports.wrong().entries[0], op="a\n\x1bb", subject="c\r\nd")
    (found,) = results(replace(reports.wrong(), entries=(entry,)))
    assert found["message"]["text"].startswith(r"a \x1bb in float64, c d: grad_x: WRONG, ")
    (where,) = found["locations"][0]["logicalLocations"]
    assert where["fullyQualifiedName"] == "c d"
