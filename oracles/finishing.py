"""The end of every command that has a report: its files, what is printed, the exit status."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.github import tell_github
from oracles.outputs import write_outputs
from oracles.report import Report
from oracles.reporting.terminal import footer, verdict_line


def finish(options: Namespace, report: Report, console: Console) -> int:
    """Write the files of a report, print what follows the table, and return the exit status."""
    written = write_outputs(options, report)
    console.print(Text(verdict_line(report)) if options.quiet else footer(report))
    if written and not options.quiet:
        console.print(Text(f"report: {' '.join(written)}", "dim"))
    tell_github(report, console, quiet=options.quiet)
    return status_of(report, options.require)


def status_of(report: Report, required: Sequence[str]) -> int:
    """Return the exit status that a report comes to."""
    if report.interrupted:
        return INTERRUPTED
    if report.failures:
        return WRONG
    if not report.passed:  # no case at all, or none that could have shown an error
        return NOTHING
    died = {d.witness for e in report.entries for d in e.defects if d.kind in _DEATHS}
    return WITNESS_FAILED if died & set(required) else RIGHT


_DEATHS = ("crashed", "timed out")
