"""The files of a run: each format is made from the same report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from oracles.files import write_files
from oracles.report import Report
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.page import report_html

ALWAYS: Mapping[str, Callable[[Report], str]] = {
    "report.json": json_text,
    "report.md": markdown,
    "report.html": report_html,
}
"""What is left in the output directory by every run that writes reports."""


def texts(report: Report) -> dict[str, str]:
    """Return the files of the output directory by name, as text."""
    return {name: render(report) for name, render in ALWAYS.items()}


def write_html(path: str, report: Report) -> list[str]:
    """Write the report as a page to `path`, whole or not at all; return the path."""
    place = Path(path)
    return write_files(str(place.parent), {place.name: report_html(report)})
