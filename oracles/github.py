"""GitHub Actions: a run says there what it found without being asked to, by the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from secrets import token_hex

from rich.text import Text

from oracles.console import Terminal
from oracles.report import Report
from oracles.reporting.annotations import workflow_commands
from oracles.reporting.step_summary import MOST, step_summary


def hold_commands(console: Terminal, *, quiet: bool) -> None:
    """Have GitHub take no line for a command until `tell_github`: names and subjects may print any.

    A row of the table begins with a name, and ``##[error]`` is a command anywhere in a line.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true" and not quiet:
        console.held = token_hex(16)
        console.print(Text(f"::stop-commands::{console.held}"))


def tell_github(report: Report, console: Terminal, *, quiet: bool) -> None:
    """Append to the step's summary and mark lines of the change, where GitHub asks for it.

    The summary is appended if ``$GITHUB_STEP_SUMMARY`` names a file, whatever the options say of
    files: it is the environment that asks. Lines are marked if ``$GITHUB_ACTIONS`` is ``true``, by
    commands among the lines of the console, unless it is to be quiet. Neither changes the
    exit status: where the summary cannot be written, a line on standard error says so.
    """
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            _append(Path(path), report)
        except OSError as error:
            sys.stderr.write(f"oracle-diff: no summary of the step: {error}\n")
    if os.environ.get("GITHUB_ACTIONS") == "true" and not quiet:
        if console.held:
            console.print(Text(f"::{console.held}::"))
        for line in workflow_commands(report):
            console.print(Text(line))


def _append(path: Path, report: Report) -> None:
    """Append the summary in one piece, as far as there is room beside what is there.

    It begins a line of its own, for a heading is one at the beginning of a line alone.
    """
    with path.open("a+b") as file:
        there = file.tell()
        file.seek(max(there - 1, 0))
        start = "" if file.read() in (b"", b"\n") else "\n"
        file.write(f"{start}{step_summary(report, MOST - there - len(start))}".encode())
