"""JUnit XML: valid by Jenkins' schema whatever it holds, and red where the exit status is not 0."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from oracles.finishing import status_of
from oracles.reporting.junit import junit_xml
from tests.oracles import report_kinds as reports

# From the Jenkins xUnit plugin, under the MIT licence, by way of pytest's source distribution.
XSD = Path(__file__).parent / "schemas" / "junit-10.xsd"
SCHEMA = etree.XMLSchema(etree.parse(XSD))


def parsed(report):
    """Return the report as XML that was written to bytes, read back and found valid."""
    root = etree.fromstring(junit_xml(report).encode())
    SCHEMA.assertValid(root)
    return root


def counted(root):
    return {
        kind: sum(int(suite.get(kind)) for suite in root.iter("testsuite"))
        for kind in ("tests", "failures", "errors", "skipped")
    }


@pytest.mark.parametrize("kind", reports.KINDS)
def test_every_report_is_valid_and_red_where_its_status_is(kind):
    report = reports.KINDS[kind]()
    root = parsed(report)
    counts = counted(root)
    assert counts["tests"] == len(root.findall(".//testcase"))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert counts[name] == len(root.findall(f".//{tag}"))
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name)) == counts[name]
    red = counts["failures"] + counts["errors"] > 0
    assert red == (status_of(report, ()) != 0)
    assert (counts["failures"] > 0) == bool(report.failures)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("<testcase ", '<testcase line="3" ', 1),
        lambda text: text.replace('tests="', 'test="', 2),
        lambda text: text.replace('time="', 'time="0x', 1),
        lambda text: text.replace("<failure ", "<fault ").replace("</failure>", "</fault>"),
    ],
)
def test_the_schema_sees_what_is_not_valid(spoil):
    text = junit_xml(reports.wrong())
    assert spoil(text) != text
    assert not SCHEMA.validate(etree.fromstring(spoil(text).encode()))


def test_a_failure_says_what_is_wrong_first_and_then_everything():
    case = parsed(reports.wrong()).find(".//testcase")
    assert (case.get("classname"), case.get("name")) == ("numpy.tanh", "tanh float64")
    failure = case.find("failure")
    assert failure.get("type") == "wrong-gradient"
    assert failure.get("message").startswith("grad_x: WRONG, differs in 3 of 3 cells (100%)")
    head = " ".join(failure.text.split()).partition(" (case")[0]
    backward = "tests.oracles.report_kinds._wrong_tanh"
    assert head == f"numpy.tanh, backward {backward}, is WRONG as tanh in float64"
    assert "to reproduce it, bit for bit:" in failure.text
    assert "report_kinds.py, line " in failure.text.splitlines()[-1]


def test_the_type_of_a_failure_is_its_rule():
    found = [failure.get("type") for failure in parsed(reports.wrong()).iter("failure")]
    assert found == ["wrong-gradient", "wrong-forward", "no-answer", "law-broken"]
    assert [each.get("type") for each in parsed(reports.refuted()).iter("failure")] == ["refuted"]


def test_no_verdict_is_an_error():
    def errors(report):
        return [(each.get("type"), each.get("message")) for each in parsed(report).iter("error")]

    assert errors(reports.right()) == []
    ((kind, message),) = errors(reports.vacuous())
    assert (kind, message[:11]) == ("vacuous", "y: VACUOUS,")
    assert errors(reports.empty()) == [("nothing-compared", "nothing was compared")]
    ((kind, message),) = errors(reports.interrupted())
    assert kind == "interrupted"
    assert message.startswith("interrupted; ")


def test_an_operation_without_a_case_is_an_error():
    entry = replace(reports.right().entries[0], cases=0, elements=0, tallies=())
    report = replace(reports.right(), entries=(entry, *reports.right().entries[1:]))
    assert [each.get("type") for each in parsed(report).iter("error")] == ["nothing-compared"]


def test_defects_of_frameworks_are_output_and_missing_ones_are_skipped():
    root = parsed(reports.with_defects())
    counts = counted(root)
    assert (counts["tests"], counts["failures"], counts["errors"]) == (5, 0, 0)
    told = root.find(".//testcase/system-out").text
    assert "no fault of the subject, 2 cases: a framework: crashed by SIGABRT" in told
    (skipped,) = root.iter("skipped")
    assert skipped.text == "jax is not installed: pip install 'manualgrad[jax]'"
    assert skipped.getparent().get("name") == "jax"


def test_times_counts_and_seed_are_told():
    report = reports.right()
    root = parsed(report)
    assert [suite.get("name") for suite in root] == ["dense", "tanh"]
    assert float(root.get("time")) == round(sum(entry.seconds for entry in report.entries), 3)
    assert root.find(".//property[@name='seed']").get("value") == "4"
    told = root.find(".//system-out").text
    assert told.startswith("evidence: proof, lattice 2^-")
    assert f"{report.entries[0].cases} cases" in told


def test_an_operation_of_another_seed_says_so():
    entry = replace(reports.right().entries[0], seed=2018)
    root = parsed(replace(reports.right(), entries=(entry,)))
    assert "seed 2018" in root.find(".//system-out").text.splitlines()


def test_where_the_subject_stands_is_told_of_the_suite():
    report = reports.wrong()
    dense = next(suite for suite in parsed(report) if suite.get("name") == "dense")
    assert dense.get("file") == report.entries[3].place.path
    tanh = next(suite for suite in parsed(report) if suite.get("name") == "tanh")
    assert tanh.get("file") is None  # these subjects stand in two files


def test_test_cases_of_one_name_are_numbered():
    first = reports.wrong().entries[0]
    report = replace(reports.wrong(), entries=(reports.right().entries[3], first, first))
    names = [case.get("name") for case in parsed(report).iter("testcase")]
    assert names == ["tanh float64", "tanh float64", "tanh float64 (2)"]


@pytest.mark.parametrize("kind", reports.HOSTILE)
def test_hostile_names_are_text(kind):
    name = reports.HOSTILE[kind]
    root = parsed(reports.hostile(name))
    assert len(root.findall(".//testcase")) == 4
    text = etree.tostring(root, encoding="unicode")
    assert not set(text) & set("\x00\x07\x1b\x7f\x85\u202e\u2028\ufffe\uffff")
    if name.isprintable():
        assert root[0].get("name") == " ".join(name.split())


def test_what_does_not_print_is_shown_as_python_writes_it():
    names = [suite.get("name") for suite in parsed(reports.hostile("\x1b[1m \udc80 \u202e"))]
    assert names[0] == r"\x1b[1m \udc80 \u202e"


def test_thousands_of_failures():
    root = parsed(reports.many(2000))
    assert counted(root)["failures"] == 2000
