"""A report as the summary of a step of GitHub Actions: the verdict, a table, what is wrong.

It has no links, since nothing that a run leaves can be linked to before it is uploaded. GitHub
refuses a step's summary of more than 1 MiB, all of it: hence what is long is cut, and says so.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from html import escape

from oracles.report import OpReport, Report
from oracles.reporting.cells import repeat_lines
from oracles.reporting.changes import change_lines, change_title
from oracles.reporting.findings import findings_of
from oracles.reporting.markdown_parts import (
    NUMBERS,
    code,
    defect_items,
    escaped,
    results_head,
    results_row,
)
from oracles.reporting.names import Names, subject_name
from oracles.reporting.one_line import one_line
from oracles.reporting.terminal import verdict_line

MOST = 900 * 1024
"""Bytes of UTF-8; beyond, something else of the same step may still say a word."""

_LONGEST = 1000
"""Characters of a line that repeats names; the files of the report have them whole."""

_NAME = 100
"""Characters of a name in the table."""


def step_summary(report: Report, room: int = MOST) -> str:
    """Return the summary of a report as Markdown.

    Parameters
    ----------
    report
        The report.
    room
        For how many bytes of UTF-8 there is room. Of rows, failures and defects that do not fit,
        the number is told; the head is always there.
    """
    top = ["## oracle-diff", "", f"**{escaped(_cut(verdict_line(report)))}**", *_changes(report)]
    after = ["", escaped(_cut(_repeat(report))), ""]
    room -= _size([*top, *after]) + 3 * _ABOUT_A_SENTENCE
    names, accounts = Names(report), _not_right(report)
    sections = [
        ("", [NUMBERS, "", *results_head(report)], _rows(report, names), "rows of the table"),
        ("### Wrong or vacuous", [], [_details(e, names) for e in accounts], "accounts"),
        (_DEFECTS, [], defect_items(report, _cut), "defects"),
    ]
    lines = list(top)
    for (title, opening, blocks, what), share in zip(sections, _SHARES, strict=True):
        if not blocks:
            continue
        section = _section(title, opening, blocks, what, int(room * share))
        room -= _size(section)
        lines += section
    return "\n".join([*lines, *after])


_SHARES = (1 / 3, 4 / 5, 1)
"""Of the room that is left, how much the table may take, then what is wrong, then defects."""

_ABOUT_A_SENTENCE = 200

_DEFECTS = "### Witnesses that differ from exact arithmetic, no fault of the subject"


def _section(
    title: str, opening: Sequence[str], blocks: Sequence[str], what: str, room: int
) -> list[str]:
    """Return a section with as many blocks as there is room for, and how many are left out."""
    lines = ["", *([title, ""] if title else []), *opening]
    room -= _size(lines)
    fitting = 0
    for block in blocks:
        room -= _size([block])
        if room < 0:
            break
        fitting += 1
    lines += blocks[:fitting]
    if fitting < len(blocks):
        left = f"{len(blocks) - fitting} of {len(blocks)} {what}"
        lines += ["", f"{left} are left out here; report.json has them all."]
    return lines


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]} ... and so on"


def _not_right(report: Report) -> list[OpReport]:
    return [entry for entry in report.entries if findings_of(entry)]


def _rows(report: Report, names: Names) -> list[str]:
    """Return the rows of the table; first those that are not right, in case the others are cut."""
    wrong = _not_right(report)
    told = {id(entry) for entry in wrong}
    right = [entry for entry in report.entries if id(entry) not in told]
    return [results_row(report, e, _cut(names.op(e), _NAME)) for e in (*wrong, *right)]


def _details(entry: OpReport, names: Names) -> str:
    """Return what is wrong with one operation in one dtype, to be unfolded."""
    found = findings_of(entry)
    rules = ", ".join(dict.fromkeys(finding.rule for finding in found))
    title = escape(one_line(_cut(f"{names.title(entry)}: {rules}")))
    items = [f"- {escaped(_cut(finding.sentence))}" for finding in found]
    return "\n".join(
        [f"<details><summary>{title}</summary>", "", *items, *_where(entry), "", "</details>", ""]
    )


def _where(entry: OpReport) -> Iterator[str]:
    if entry.place is not None:
        yield f"- the subject, {escaped(_cut(subject_name(entry)))}, stands in " + escaped(
            _cut(f"{entry.place.path}, line {entry.place.line}")
        )
    if entry.failure is not None and entry.failure.saved:
        call = shlex.join(["oracle-diff", "replay", entry.failure.saved])
        yield f"- to run it again: {code(_cut(call))}"


def _changes(report: Report) -> Iterator[str]:
    if report.changes is None:
        return
    lines = [change_title(report.changes), *change_lines(report.changes)]
    first, *others = [escaped(_cut(line, 2 * _NAME)) for line in lines]
    yield from ("", f"The {first}:", "", *(f"- {line}" for line in others))


def _repeat(report: Report) -> str:
    skipped = [f"SKIPPED {name}: {reason}. " for name, reason in report.missing.items()]
    started = report.environment.started
    told = f"Run of {started}, to be repeated with --seed {report.seed}"
    return f"{''.join(skipped)}{'; '.join([told, *repeat_lines(report)])}"
