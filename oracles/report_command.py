"""`oracle-diff report` and `merge`: reports of earlier runs, shown again or put together."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from oracles.arguments import UsageError, check_files, check_output
from oracles.console import terminal
from oracles.finishing import finish, load_baseline
from oracles.github import hold_commands
from oracles.merging import merged, origin
from oracles.report import Report
from oracles.report_reader import load_report
from oracles.reporting.terminal import header, row


def report_command(options: Namespace) -> int:
    """Show a report again, write what is asked for, and return the status that its run had."""
    return _shown(options, _load(options.path))


def merge_command(options: Namespace) -> int:
    """Show several reports as one, write it, and return the status that one run would have had."""
    reports = [_load(path) for path in options.paths]
    whole = merged(reports)
    return _shown(options, replace(whole, notes=(origin(reports), *whole.notes)))


def _load(path: str) -> Report:
    try:
        return load_report(path)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _shown(options: Namespace, report: Report) -> int:
    baseline = load_baseline(options, has_changes=report.changes is not None)
    _check_required(options.require, report)
    if options.output is not None:
        check_output(options.output)
    check_files(options)
    console = terminal(data=options.json == "-")
    hold_commands(console, quiet=options.quiet)
    if not options.quiet:
        console.print(header(report.oracles, console.width))
        for entry in report.entries:
            console.print(row(entry, report.oracles, console.width))
    return finish(options, report, console, baseline)


def _check_required(required: Sequence[str], report: Report) -> None:
    for name in required:
        if name not in report.oracles:
            raise UsageError(f"argument --require: {name!r} was not asked in this report")
