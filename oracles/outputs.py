"""The files of a run: each format is made from the same report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path

from oracles.files import check_writable, write_files
from oracles.report import Report
from oracles.reporting.json_form import json_text
from oracles.reporting.junit import junit_xml
from oracles.reporting.markdown import markdown
from oracles.reporting.sarif import sarif_text

ALWAYS: Mapping[str, Callable[[Report], str]] = {
    "report.json": json_text,
    "report.md": markdown,
}
"""What is left in the output directory by every run that writes reports."""

EXTRA: Mapping[str, Callable[[Report], str]] = {
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
        If a file cannot be written.
    """
    written = [] if options.no_report else write_files(options.output, texts(report))
    for option, render in EXTRA.items():
        if given := getattr(options, option):
            written += write_files(str(Path(given).parent), {Path(given).name: render(report)})
    return written


def check_places(options: Namespace) -> None:
    """Make the directories of the files that options name.

    Raises
    ------
    OSError
        If one of the files cannot be written: the text names the option.
    """
    for option in EXTRA:
        if given := getattr(options, option):
            try:
                if Path(given).is_dir():
                    raise IsADirectoryError(f"{given!r} is a directory")
                check_writable(Path(given).parent)
            except OSError as error:
                raise OSError(f"argument --{option}: {error}") from error
