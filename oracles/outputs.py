"""The files of a run: each format is made from the same report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from oracles.files import write_files
from oracles.report import Report
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown

ALWAYS: Mapping[str, Callable[[Report], str]] = {
    "report.json": json_text,
    "report.md": markdown,
}
"""What is left in the output directory by every run that writes reports."""


def texts(report: Report) -> dict[str, str]:
    """Return the files of the output directory by name, as text."""
    return {name: render(report) for name, render in ALWAYS.items()}


def write_outputs(options: Namespace, report: Report) -> list[str]:
    """Write what the output options (`oracles.cli`) ask for, and return the paths.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    written = [] if options.no_report else write_files(options.output, texts(report))
    if options.json not in (None, "-"):
        path = Path(options.json)
        written += write_files(str(path.parent), {path.name: json_text(report)})
    return written
