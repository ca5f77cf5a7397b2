"""A report as workflow commands of GitHub Actions, which mark lines of a change."""

from __future__ import annotations

from collections.abc import Iterator

from oracles.report import Report
from oracles.reporting.findings import Finding, findings
from oracles.reporting.one_line import one_line
from oracles.reporting.terminal import verdict_line
from oracles.visible import visible

MOST = 10
"""Errors that GitHub shows of one step; it drops the others without a word."""


def workflow_commands(report: Report) -> list[str]:
    """Return the lines that have GitHub mark what is wrong: the verdict, then each finding.

    None if everything is right. Defects of frameworks mark nothing: they are no fault of the
    line that they would stand on, and come again in every run.
    """
    found = findings(report)
    if report.passed and not report.interrupted:
        return []
    shown = found[: MOST - 1]
    told = [one_line(verdict_line(report)), *_count(len(found), len(shown))]
    return [_error("; ".join(told), title="oracle-diff"), *map(_marked, shown)]


def _count(count: int, shown: int) -> Iterator[str]:
    if count:
        first = f", the first {shown} of them are marked" if shown < count else ""
        yield f"{count} finding{'s' * (count != 1)}{first}"


def _marked(finding: Finding) -> str:
    entry = finding.entry
    at = {"file": entry.place.path, "line": str(entry.place.line)} if entry.place else {}
    title = f"{finding.rule}: {entry.op} in {entry.dtype}"
    return _error(visible(finding.sentence), **at, title=title)


def _error(message: str, **properties: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::error {given}::{_data(message)}"


def _data(text: str) -> str:
    """Return `text` escaped as the runner reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
