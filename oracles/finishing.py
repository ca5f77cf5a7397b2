"""The end of every command that has a report: its files, what is printed, the exit status."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text

from oracles.arguments import UsageError
from oracles.baseline import changes_since
from oracles.broken_pipe import write
from oracles.changes import Kind
from oracles.console import Terminal
from oracles.exit_status import BROKEN, INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.github import tell_github
from oracles.outputs import ALWAYS, write_outputs
from oracles.report import Report
from oracles.report_reader import load_report
from oracles.reporting.details import details
from oracles.reporting.json_form import json_text
from oracles.reporting.lines import counted, wrapped
from oracles.reporting.terminal import footer, verdict_line
from oracles.visible import visible


def load_baseline(options: Namespace, *, has_changes: bool = False) -> Report | None:
    """Return the report to compare with, read before anything is written in its place.

    Parameters
    ----------
    options
        ``baseline`` and ``fail_on`` of the command line.
    has_changes
        Whether the report in hand has been compared already, which ``--fail-on new`` needs.

    Raises
    ------
    UsageError
        If it cannot be read, or is needed and not given.
    """
    if options.baseline is not None:
        try:
            return load_report(options.baseline)
        except ValueError as error:
            raise UsageError(f"argument --baseline: {error}") from error
    if options.fail_on == "new" and not has_changes:
        raise UsageError("argument --fail-on: new is since an earlier report: give --baseline")
    return None


def finish(
    options: Namespace, report: Report, console: Terminal, baseline: Report | None = None
) -> int:
    """Compare a report with `baseline`, write its files, print what follows the table.

    Returns
    -------
    The exit status.
    """
    if baseline is not None:
        report = replace(report, changes=changes_since(baseline, report, against=options.baseline))
    trouble, written = "", []
    try:
        written = write_outputs(options, report)
    except OSError as error:  # a full disk; the verdict is to be seen all the same
        trouble = f"oracle-diff: error: no report written, earlier files are as they were: {error}"
    if console.data is not None:
        write(f"{json_text(report)}\n", console.data)
    if not options.quiet:
        _tell(options, report, written, console)
    elif console.data is None:
        console.print(Text(visible(verdict_line(report))))
    tell_github(report, console, quiet=options.quiet)
    if trouble:
        sys.stderr.write(f"{trouble}\n")
        return BROKEN
    status = status_of(report, options.require, only_new=options.fail_on == "new")
    if status == RIGHT and not report.passed and not options.quiet:
        console.print(Text("exit status 0: with --fail-on new, none of that is a failure"))
    if status == WITNESS_FAILED:  # of which the verdict says nothing
        failed = "; ".join(_failed(report, options.require))
        console.print(Text(visible(f"exit status 3: required witness {failed}")))
    return status


def tell_of_earlier_reports(options: Namespace, began: float) -> None:
    """Say of a run without a report that the files where it would be are none of its own.

    Parameters
    ----------
    options
        ``output`` and ``no_report`` of the command line.
    began
        When the run began, in seconds since the epoch.
    """
    there = [Path(options.output) / name for name in ALWAYS]
    earlier = [path for path in there if path.is_file() and path.stat().st_mtime < began]
    if earlier and not options.no_report:
        told = f"no report written: those in {options.output} are of an earlier run"
        sys.stderr.write(f"oracle-diff: {told}\n")


def _tell(options: Namespace, report: Report, written: Sequence[str], console: Terminal) -> None:
    if options.verbose:
        console.print(Text(f"\n{details(report, console.width)}"))
    console.print(footer(report, console.width))
    if written:
        told = wrapped(f"report: {' '.join(written)}", console.width, "", "  ")
        console.print(Text(told, "dim"))


def status_of(report: Report, required: Sequence[str], *, only_new: bool = False) -> int:
    """Return the exit status that a report comes to.

    Parameters
    ----------
    report
        The report.
    required
        Witnesses that had to answer.
    only_new
        Whether a subject that was wrong or vacuous already is let pass (``--fail-on new``).
    """
    if report.interrupted:
        return INTERRUPTED
    if _has_new(report, "new failure") if only_new else report.failures:
        return WRONG
    unseen = _has_new(report, "newly vacuous") if only_new else not report.passed
    if report.cases == 0 or unseen:  # no case at all, or none that could have shown an error
        return NOTHING
    return WITNESS_FAILED if _failed(report, required) else RIGHT


def _failed(report: Report, required: Sequence[str]) -> list[str]:
    """Return in words what became of each required witness that is missing, or died."""
    missing = [f"{name} is missing" for name in report.missing if name in required]
    return missing + [
        f"{d.witness} {d.kind} in {e.op} {e.dtype} ({d.count} of {counted(e.cases, 'case')})"
        for e in report.entries
        for d in e.defects
        if d.kind in ("crashed", "timed out") and d.witness in required
    ]


def _has_new(report: Report, kind: Kind) -> bool:
    return report.changes is not None and bool(report.changes.of(kind))
