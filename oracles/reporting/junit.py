"""A report as JUnit XML, for the test pages of Jenkins, GitLab and GitHub.

A suite for each operation, a test case for each dtype in it. A failure says that the subject is
wrong, and nothing else does; an error that there is no verdict: nothing was compared, nothing could
have been seen (vacuous), the run was interrupted. Witnesses that are not installed are skipped test
cases. Defects of frameworks are output of the test case, since they fail nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from oracles.report import OpReport, Report
from oracles.reporting.cells import evidence_cell, number
from oracles.reporting.failure import failure_text
from oracles.reporting.findings import findings_of
from oracles.reporting.lines import counted
from oracles.reporting.one_line import one_line
from oracles.reporting.terminal import verdict_line
from oracles.visible import visible

_ROOT = "oracle-diff"


def junit_xml(report: Report) -> str:
    """Return the whole report as JUnit XML, valid by Jenkins' schema."""
    by_operation: dict[str, list[OpReport]] = {}
    for entry in report.entries:
        by_operation.setdefault(entry.op, []).append(entry)
    seen: Counter[tuple[str, str]] = Counter()
    suites = [_suite(report, op, entries, seen) for op, entries in by_operation.items()]
    suites += [*_whole_run(report), *_witnesses(report)]
    root = Element("testsuites", name=_ROOT, time=_seconds(report.entries))
    root.set("tests", str(sum(len(suite.findall("testcase")) for suite in suites)))
    for kind in ("failures", "errors"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in suites)))
    root.extend(suites)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _suite(
    report: Report, op: str, entries: Sequence[OpReport], seen: Counter[tuple[str, str]]
) -> Element:
    cases = []
    for entry in entries:
        names = (one_line(entry.subject), one_line(f"{entry.op} {entry.dtype}"))
        seen[names] += 1
        cases.append(_case(entry, names, seen[names]))
    suite = _counted(op, cases, report.environment.started, _seconds(entries))
    files = {entry.place.path for entry in entries if entry.place is not None}
    if len(files) == 1:
        suite.set("file", one_line(files.pop()))
    properties = Element("properties")
    for name, value in {"seed": report.seed, "max_examples": report.max_examples}.items():
        SubElement(properties, "property", name=name, value=str(value))
    suite.insert(0, properties)
    return suite


def _case(entry: OpReport, names: tuple[str, str], times: int) -> Element:
    subject, name = names
    # Pages show one of several test cases of a name, and perhaps not the one that fails.
    numbered = f"{name} ({times})" if times > 1 else name
    case = Element("testcase", classname=subject, name=numbered, time=f"{entry.seconds:.3f}")
    found = findings_of(entry)
    if not entry.passed:
        told = "\n".join(visible(finding.sentence) for finding in found)
        failure = SubElement(case, "failure", type=found[0].rule, message=told)
        failure.text = visible("\n\n".join([failure_text(entry), *_place(entry)]))
    elif found:
        _error(case, "vacuous", "\n".join(finding.sentence for finding in found))
    elif entry.cases == 0:
        _error(case, "nothing-compared", "nothing was compared")
    SubElement(case, "system-out").text = visible("\n".join(_output(entry)))
    return case


def _place(entry: OpReport) -> Iterator[str]:
    if entry.place is not None:
        yield f"the subject stands in {entry.place.path}, line {entry.place.line}"


def _output(entry: OpReport) -> Iterator[str]:
    worst = number(entry.worst_ratio("subject"))
    yield f"evidence: {evidence_cell(entry)[0]}"
    compared = f"{counted(entry.cases, 'case')}, {counted(entry.elements, 'cell')}"
    yield f"{compared}, largest error/bound {worst}"
    if entry.seed is not None:
        yield f"seed {entry.seed}"
    for defect in entry.defects:
        yield f"no fault of the subject, {counted(defect.count, 'case')}: {defect.sentence}"


def _whole_run(report: Report) -> Iterator[Element]:
    """Yield the suite that says why there is no verdict, if there is none for the whole run."""
    if report.interrupted:
        kind = "interrupted"
    elif report.cases == 0 and not report.failures:
        kind = "nothing-compared"
    else:
        return
    case = Element("testcase", classname=_ROOT, name="the whole run", time="0.000")
    _error(case, kind, verdict_line(report))
    yield _counted(_ROOT, [case], report.environment.started)


def _witnesses(report: Report) -> Iterator[Element]:
    """Yield the suite of the witnesses that are missing, if there are any."""
    cases = []
    for name, reason in report.missing.items():
        case = Element("testcase", classname=f"{_ROOT}.witnesses", name=one_line(name))
        SubElement(case, "skipped", message=visible(reason)).text = visible(reason)
        cases.append(case)
    if cases:
        yield _counted("witnesses", cases, report.environment.started)


def _error(case: Element, kind: str, message: str) -> None:
    SubElement(case, "error", type=kind, message=visible(message)).text = visible(message)


def _counted(name: str, cases: Sequence[Element], started: str, seconds: str = "0.000") -> Element:
    suite = Element("testsuite", name=one_line(name), tests=str(len(cases)))
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", seconds)
    suite.set("timestamp", one_line(started))
    suite.extend(cases)
    return suite


def _seconds(entries: Sequence[OpReport]) -> str:
    return f"{sum(entry.seconds for entry in entries):.3f}"
