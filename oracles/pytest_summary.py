"""The checks of a whole pytest session as one report, and as lines on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from oracles import merging
from oracles.environment import environment
from oracles.pytest_settings import WITNESSES, Settings
from oracles.report import Report
from oracles.report_reader import read_report
from oracles.reporting.lines import NARROW, wrapped
from oracles.reporting.terminal import header, row, verdict_line
from oracles.visible import visible

Found = Sequence[tuple[str, str]]
"""Test and JSON of each report."""


def merged(found: Found, settings: Settings, seed: int, *, interrupted: bool = False) -> Report:
    """Return one report of all checks, ordered by test, whichever came first.

    See `oracles.merging.merged`.
    """
    reports = [report for _, report in _in_order(found)]
    whole = merging.merged(reports, seed=seed) if reports else _nothing(settings, seed)
    order = tuple(name for name in WITNESSES if name in whole.oracles)
    return replace(whole, oracles=order, interrupted=interrupted)


def _nothing(settings: Settings, seed: int) -> Report:
    return Report(
        seed=seed,
        max_examples=settings.max_examples or 0,
        oracles=(),
        limits={},
        environment=environment({}, {}),
        entries=(),
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
