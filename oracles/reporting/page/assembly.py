"""Puts the page together, part by part, so that it stays below its limit whatever the run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from oracles.changes import Change
from oracles.report import OpReport, Report
from oracles.reporting.cells import defect_lines, repeat_lines
from oracles.reporting.details import resolution_rows
from oracles.reporting.page.budget import LIMIT, Fitting, fitting, size
from oracles.reporting.page.changed import changed
from oracles.reporting.page.detail import detail, told_case
from oracles.reporting.page.headline import facts, headline
from oracles.reporting.page.lists import defects, evidence_lists
from oracles.reporting.page.rows import FULL_WEIGHT, columns, row
from oracles.reporting.page.safe_text import clip, harmless
from oracles.reporting.page.summaries import summaries
from oracles.reporting.page_files import environment, page_file, security_policy
from oracles.reporting.repeating import note, repeat_run

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE = "oracles.reporting.page"

_ROWS, _DEFECTS, _RESOLUTIONS, _SUMMARIES, _CHANGES, _LINES = (
    2_600_000, 500_000, 200_000, 100_000, 150_000, 60_000,
)  # fmt: skip
"""Bytes of each part, at most; details of failures have what is left of the limit."""

_NOTES = 10_000
"""Bytes kept for what is said of that which is left out."""

_OPENED = 3
"""Operations, in one dtype each."""

_MOST_VERSIONS = 60
_DOTS = [
    "\N{BLACK CIRCLE}" * weight + "\N{WHITE CIRCLE}" * (FULL_WEIGHT - weight)
    for weight in range(FULL_WEIGHT + 1)
]


def report_html(report: Report) -> str:
    """Return the report as a page, of at most `oracles.reporting.page.budget.LIMIT` bytes.

    What does not fit is said to be left out, and where it is. Text of the user stands in it
    escaped; nothing but the page's own script can run.
    """
    return _Page(report).text()


class _Page:
    """A page in the making: every long list is rendered item by item, as far as it fits."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.env = _environment()
        self.wrong = {place: e for place, e in enumerate(report.entries) if not e.passed}
        changes = report.changes.changes if report.changes else ()
        self.changes = {_key(each): each for each in changes}
        self.short = summaries(report.entries)
        self.fixed = self._fixed_parts()

    def text(self) -> str:
        """Return the page, details of failures having the room that all else leaves."""
        nothing = Fitting({}, 0, 0)
        summaries = self._summaries(self.wrong)
        bare = size(self._page(rows=nothing, details=nothing, summaries=summaries)) + _NOTES
        rows = self._rows(self.wrong, min(_ROWS, LIMIT - bare))
        details = fitting(self._details(), LIMIT - bare - rows.size, count=len(self.wrong))
        places = list(self.wrong)
        linked = {places[index] for index in details.texts}
        return self._page(
            rows=self._rows(linked, rows.size),
            details=details,
            summaries=self._summaries(linked),
        )

    def _page(self, *, rows: Fitting, details: Fitting, summaries: Fitting) -> str:
        return self.env.get_template("page.html").render(
            **self.fixed, rows=rows, details=details, summaries=summaries
        )

    def _fixed_parts(self) -> Mapping[str, Any]:
        """Return all that does not depend on which details fit."""
        report = self.report
        style, script = page_file(_PACKAGE, "style.css"), page_file(_PACKAGE, "script.js")
        repeat = repeat_run(report)
        changes = changed(report.changes) if report.changes else None
        found = defects(report)
        return {
            "report": report,
            "head": headline(report),
            "facts": [(name, clip(value, 1500)) for name, value in facts(report)],
            "missing": list(report.missing.items())[:_MOST_VERSIONS],
            "repeat": clip(repeat, 3000),
            "repeat_note": note(repeat),
            "notes": self._fitting("line", repeat_lines(report), _LINES),
            "style": style,
            "script": script,
            "policy": security_policy(styles=[style], scripts=[script]),
            "changed": changes,
            "change_rows": self._fitting("change", changes.rows if changes else (), _CHANGES),
            "columns": columns(report),
            "failures_count": len(self.wrong),
            "defects_count": len(found),
            "defect_lines": self._fitting("line", defect_lines(report), _LINES),
            "defects": self._fitting("defect", found, _DEFECTS),
            "lists": [
                (title, self._fitting("line", lines, _LINES))
                for title, lines in evidence_lists(report)
            ],
            "resolutions": self._fitting("resolution", resolution_rows(report), _RESOLUTIONS),
            "versions": list(report.environment.versions.items())[:_MOST_VERSIONS],
            "threads": ", ".join(f"{n} {count}" for n, count in report.environment.threads.items()),
        }

    def _fitting(self, template: str, items: Sequence[object], most: int) -> Fitting:
        """Return what fits of a list, each item rendered by itself."""
        render = self.env.get_template(f"{template}.html").render
        return fitting((render(each=item) for item in items), most, count=len(items))

    def _change_of(self, entry: OpReport) -> str:
        change = self.changes.get(_key(entry))
        return change.kind if change else ""

    def _summaries(self, linked: Collection[int]) -> Fitting:
        render = self.env.get_template("summary.html").render
        changes = {place: self._change_of(entry) for place, entry in self.wrong.items()}
        texts = (render(each=each, linked=linked, changes=changes) for each in self.short)
        return fitting(texts, _SUMMARIES, count=len(self.short))

    def _rows(self, linked: Collection[int], most: int) -> Fitting:
        """Return the rows in the report's order: all that fit, those of wrong subjects first."""
        entries = self.report.entries
        places = sorted(range(len(entries)), key=lambda place: place not in self.wrong)
        texts = (self._row(place, entries[place], linked) for place in places)
        found = fitting(texts, most, count=len(entries))
        kept = sorted((places[index], text) for index, text in found.texts.items())
        return Fitting(dict(kept), found.size, found.left)

    def _row(self, place: int, entry: OpReport, linked: Collection[int]) -> str:
        return self.env.get_template("row.html").render(
            place=place,
            row=row(entry, self.report, self._change_of(entry)),
            linked=place in linked,
            since=self.report.changes is not None,
            dots=_DOTS,
        )

    def _details(self) -> Iterator[str]:
        render = self.env.get_template("failure.html").render
        opened = {each.places[0][1] for each in self.short[:_OPENED]}
        for place, entry in self.wrong.items():
            yield render(
                place=place,
                detail=detail(entry, self.report),
                change=self._change_of(entry),
                opened=place in opened,
            )


def _key(each: OpReport | Change) -> tuple[str, ...]:
    return each.op, each.subject, each.dtype, each.spec, each.backward


def _environment() -> Environment:
    env = environment(_PACKAGE, finalize=_finalize)
    env.filters["clip"] = lambda value, most: clip(str(value), most)
    env.filters["told"] = told_case
    return env


def _finalize(value: Any) -> Any:
    """Return what an expression gives; text that is not markup already, made harmless."""
    return harmless(value) if type(value) is str else value
