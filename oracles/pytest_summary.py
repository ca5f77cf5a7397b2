"""The checks of a whole pytest session as one report, and as lines on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from oracles.environment import environment
from oracles.pytest_settings import WITNESSES, Settings
from oracles.report import Environment, Report
from oracles.report_reader import read_report
from oracles.reporting.lines import NARROW, wrapped
from oracles.reporting.terminal import header, row, verdict_line
from oracles.visible import visible

Found = Sequence[tuple[str, str]]
"""Test and JSON of each report."""


def merged(found: Found, settings: Settings, seed: int, *, interrupted: bool = False) -> Report:
    """Return one report of all checks, ordered by test, whichever came first.

    Its ``max_examples`` is the largest of the checks, its ``limits`` are those that all of them
    had; each entry has its own number of cases and its own limits.
    """
    reports = [report for _, report in _in_order(found)]
    common = set.intersection(*({*r.limits.items()} for r in reports)) if reports else set()
    return Report(
        seed=seed,
        max_examples=max((r.max_examples for r in reports), default=settings.max_examples or 0),
        oracles=tuple(name for name in WITNESSES if any(name in r.oracles for r in reports)),
        limits=dict(sorted(common)),
        environment=_environment(reports),
        entries=tuple(entry for r in reports for entry in r.entries),
        missing={name: why for r in reports for name, why in r.missing.items()},
        interrupted=interrupted,
    )


def summary_lines(
    found: Found, settings: Settings, seed: int, width: int = NARROW
) -> Iterator[str]:
    """Yield the table of `oracle-diff`, each test above its rows, the verdict and the seed."""
    report = merged(found, settings, seed)
    yield from header(report.oracles, width).plain.split("\n")
    above = None
    for test, each in _in_order(found):
        if test != above:
            yield visible(test)
        above = test
        yield from (row(entry, report.oracles, width).plain for entry in each.entries)
    for name, reason in report.missing.items():
        yield from wrapped(f"SKIPPED {name}: {reason}", width, "", "  ").split("\n")
    yield from wrapped(verdict_line(report), width, "", "  ").split("\n")
    yield f"seed {seed}: repeat with --oracle-seed {seed}"


def _in_order(found: Found) -> list[tuple[str, Report]]:
    read = [(test, read_report(text)) for test, text in found]
    return sorted(read, key=lambda each: each[0])


def _environment(reports: Sequence[Report]) -> Environment:
    """Return what all processes together had, from the first start on."""
    if not reports:
        return environment({}, {})
    all_of_them = [report.environment for report in reports]
    return replace(
        all_of_them[0],
        versions={name: v for each in all_of_them for name, v in each.versions.items()},
        threads={name: n for each in all_of_them for name, n in each.threads.items()},
        started=min(each.started for each in all_of_them),
    )
