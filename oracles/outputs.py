"""The files of a run: each format is made from the same report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from oracles.files import check_writable, write_paths
from oracles.report import Report
from oracles.reporting.json_form import json_text
from oracles.reporting.junit import junit_xml
from oracles.reporting.markdown import markdown
from oracles.reporting.page import report_html
from oracles.reporting.sarif import sarif_text

ALWAYS: Mapping[str, Callable[[Report], str]] = {
    "report.html": report_html,
    "report.md": markdown,
    "report.json": json_text,  # last, see `oracles.files`
}
"""What is left in the output directory by every run that writes reports."""

EXTRA: Mapping[str, Callable[[Report], str]] = {
    "html": report_html,
    "json": json_text,
    "junit": junit_xml,
    "sarif": sarif_text,
}
"""By option, what is written besides to the path that it names."""


def texts(report: Report) -> dict[str, str]:
    """Return the files of the output directory by name, as text."""
    return {name: render(report) for name, render in ALWAYS.items()}


def write_outputs(options: Namespace, report: Report) -> list[str]:
    """Write what the output options (`oracles.cli`) ask for, and return the paths.

    Raises
    ------
    OSError
        If a file cannot be written; then all are as they were.
    """
    found = {Path(path): render(report) for path, render in _asked(options).items()}
    if options.output is not None and not options.no_report:
        found |= {Path(options.output) / name: text for name, text in texts(report).items()}
    return write_paths(found)


def _asked(options: Namespace) -> dict[str, Callable[[Report], str]]:
    given = {option: getattr(options, option, None) for option in EXTRA}
    return {path: EXTRA[option] for option, path in given.items() if path not in (None, "-")}


def check_places(options: Namespace) -> None:
    """Make the directories of the files that options name.

    Raises
    ------
    OSError
        If one of the files cannot be written: the text names the option.
    """
    for option in EXTRA:
        given = getattr(options, option)
        if given in (None, "-"):  # standard output
            continue
        try:
            if Path(given).exists() and not Path(given).is_file():
                raise OSError(f"{given!r} is no regular file")
            check_writable(Path(given).parent)
        except OSError as error:
            raise OSError(f"argument --{option}: {error}") from error
