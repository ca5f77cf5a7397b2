"""The end of every command that has a report: its files, what is printed, the exit status."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from rich.text import Text

from oracles.broken_pipe import write
from oracles.console import Terminal
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.outputs import write_outputs
from oracles.report import Report
from oracles.reporting.details import details
from oracles.reporting.json_form import json_text
from oracles.reporting.lines import wrapped
from oracles.reporting.terminal import footer, verdict_line
from oracles.visible import visible


def finish(options: Namespace, report: Report, console: Terminal) -> int:
    """Write the files of a report, print what follows the table, and return the exit status."""
    written = write_outputs(options, report)
    if console.data is not None:
        write(f"{json_text(report)}\n", console.data)
    if not options.quiet:
        _tell(options, report, written, console)
    elif console.data is None:
        console.print(Text(visible(verdict_line(report))))
    return status_of(report, options.require)


def _tell(options: Namespace, report: Report, written: Sequence[str], console: Terminal) -> None:
    if options.verbose:
        console.print(Text(f"\n{details(report, console.width)}"))
    console.print(footer(report, console.width))
    if written:
        told = wrapped(f"report: {' '.join(written)}", console.width, "", "  ")
        console.print(Text(told, "dim"))


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
