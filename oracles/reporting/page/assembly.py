"""Puts the page together, part by part, so that it stays below its limit whatever the run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from oracles.changes import Change
from oracles.report import Report
from oracles.reporting.cells import number
from oracles.reporting.page.budget import LIMIT, Fitting, fitting, size
from oracles.reporting.page.commands import PLACEHOLDER, repeat_command
from oracles.reporting.page.detail import detail, told_case
from oracles.reporting.page.headline import facts, headline
from oracles.reporting.page.lists import (
    MOST_SUMMARIES,
    defect_list,
    evidence_lists,
    summaries,
)
from oracles.reporting.page.rows import FULL_WEIGHT, columns, row
from oracles.reporting.page.safe_text import clip, harmless
from oracles.reporting.page_files import environment, page_file, security_policy

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "oracles.reporting.page"

_NOTES = 20_000
"""Bytes kept for what is said of that which is left out, and for links."""

_ROWS, _DEFECTS, _RESOLUTIONS = 2_600_000, 500_000, 200_000
_OPENED = 3
_MOST_CHANGES = 500
_MOST_VERSIONS = 60
_DOTS = [
    "\N{BLACK CIRCLE}" * weight + "\N{WHITE CIRCLE}" * (FULL_WEIGHT - weight)
    for weight in range(FULL_WEIGHT + 1)
]

Changed = Mapping[tuple[str, str, str], Change]


def report_html(report: Report) -> str:
    """Return the report as a page, of at most `oracles.reporting.page.budget.LIMIT` bytes.

    What does not fit is said to be left out, and where it is. Text of the user stands in it
    escaped; nothing but the page's own script can run.
    """
    env = _environment()
    changes = {} if report.changes is None else {
        (each.op, each.subject, each.dtype): each for each in report.changes.changes
    }  # fmt: skip
    empty = Fitting({}, 0)
    defects = fitting(_defects(env, report), _DEFECTS)
    resolutions = fitting(_resolutions(env, report), _RESOLUTIONS)
    bare = _page(env, report, changes, empty, empty, defects, resolutions)
    linked = {place for place, _ in _wrong(report)}
    rows_most = fitting(_rows(env, report, changes, linked), _ROWS).size
    details = fitting(_details(env, report, changes), LIMIT - size(bare) - rows_most - _NOTES)
    rows = fitting(_rows(env, report, changes, _linked(report, details)), rows_most)
    return _page(env, report, changes, rows, details, defects, resolutions)


def _environment() -> Environment:
    env = environment(_PACKAGE, finalize=_finalize)
    env.filters["clip"] = lambda value, most: clip(str(value), most)
    return env


def _finalize(value: Any) -> Any:
    """Return what an expression gives; text that is not markup already, made harmless."""
    return harmless(value) if type(value) is str else value


def _details(env: Environment, report: Report, changes: Changed) -> Iterator[str]:
    template = env.get_template("failure.html")
    for count, (place, entry) in enumerate(_wrong(report)):
        change = changes.get((entry.op, entry.subject, entry.dtype))
        yield template.render(
            place=place,
            detail=detail(entry, report),
            change=change.kind if change else "",
            opened=count < _OPENED,
        )


def _wrong(report: Report) -> Iterator[tuple[int, Any]]:
    return ((place, e) for place, e in enumerate(report.entries) if not e.passed)


def _rows(
    env: Environment, report: Report, changes: Changed, linked: Collection[int]
) -> Iterator[str]:
    template = env.get_template("row.html")
    for place, entry in enumerate(report.entries):
        yield template.render(
            place=place,
            row=row(entry, report, changes),
            linked=place in linked,
            since=report.changes is not None,
            dots=_DOTS,
        )


def _linked(report: Report, details: Fitting) -> set[int]:
    """Return the places of the entries of which the page has the detail."""
    return {place for count, (place, _) in enumerate(_wrong(report)) if count in details.texts}


def _defects(env: Environment, report: Report) -> Iterator[str]:
    template = env.get_template("defect.html")
    for entry in report.entries:
        for defect in entry.defects:
            told = told_case(defect.case)
            yield template.render(entry=entry, defect=defect, told=told)


def _resolutions(env: Environment, report: Report) -> Iterator[str]:
    template = env.get_template("resolution.html")
    for entry in report.entries:
        for tally in entry.tallies:
            if tally.participant == "subject":
                seen = "any" if isnan(tally.resolution) else f"{tally.resolution:.1e}"
                yield template.render(
                    entry=entry,
                    tally=tally,
                    ratio=number(tally.worst_ratio),
                    probable=number(tally.worst_probable_ratio),
                    seen=f"{seen} (vacuous)" if tally.vacuous else seen,
                )


def _page(
    env: Environment,
    report: Report,
    changes: Changed,
    rows: Fitting,
    details: Fitting,
    defects: Fitting,
    resolutions: Fitting,
) -> str:
    style, script = page_file(_PACKAGE, "style.css"), page_file(_PACKAGE, "script.js")
    failures = sum(1 for _ in _wrong(report))
    tallies = sum(t.participant == "subject" for e in report.entries for t in e.tallies)
    defect_count = sum(len(entry.defects) for entry in report.entries)
    repeat = repeat_command(report, report.entries)
    foreign = f"{PLACEHOLDER} stands for where your operation is." * (PLACEHOLDER in repeat)
    return env.get_template("page.html").render(
        report=report,
        head=headline(report),
        facts=[(name, clip(value, 1500)) for name, value in facts(report)],
        missing=list(report.missing.items())[:_MOST_VERSIONS],
        repeat=clip(repeat, 3000),
        repeat_note=foreign,
        style=style,
        script=script,
        policy=security_policy(styles=[style], scripts=[script]),
        summaries=summaries(report, changes, _linked(report, details)),
        summaries_left=max(0, failures - MOST_SUMMARIES),
        changed=_changed(report),
        changed_most=_MOST_CHANGES,
        columns=columns(report),
        rows=rows.texts.values(),
        rows_left=len(report.entries) - len(rows.texts),
        details=details.texts.values(),
        failures_count=failures,
        details_left=failures - len(details.texts),
        defects_count=defect_count,
        defect_lines=defect_list(report),
        defects=defects.texts.values(),
        defects_left=defect_count - len(defects.texts),
        lists=evidence_lists(report),
        resolutions=resolutions.texts.values(),
        resolutions_left=tallies - len(resolutions.texts),
        versions=list(report.environment.versions.items())[:_MOST_VERSIONS],
        threads=", ".join(f"{n} {count}" for n, count in report.environment.threads.items()),
    )


def _changed(report: Report) -> Any:
    from oracles.reporting.page.changed import changed  # noqa: PLC0415 - seldom needed

    return None if report.changes is None else changed(report.changes)
