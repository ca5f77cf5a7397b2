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


def write_outputs(options: Namespace, report: Report) -> list[str]:
    """Write what the output options (`oracles.cli`) ask for, and return the paths.

    Raises
    ------
    OSError
        If a file cannot be written; then all are as they were.
    """
    wanted = asked(options)
    made = {render: render(report) for render in dict.fromkeys(r for _, _, r in wanted)}
    return write_paths({path: made[render] for _, path, render in wanted})


def asked(options: Namespace) -> list[tuple[str, Path, Callable[[Report], str]]]:
    """Return every file that the options ask for: the option, the path, what renders it."""
    files = [(f"--{name}", Path(path), EXTRA[name]) for name, path in named(options).items()]
    if options.output is None or options.no_report:
        return files
    home = Path(options.output)
    return files + [("--output", home / name, render) for name, render in ALWAYS.items()]


def named(options: Namespace) -> dict[str, str]:
    """Return the paths that options name, by option; ``--json -`` is standard output."""
    given = {option: getattr(options, option, None) for option in EXTRA}
    return {o: path for o, path in given.items() if path is not None and (o, path) != _STDOUT}


_STDOUT = ("json", "-")


def check_place(option: str, path: str) -> None:
    """Make the directory of a file.

    Raises
    ------
    OSError
        If the file cannot be written: the text names the option.
    """
    place = Path(path)
    try:
        if path == "-":
            raise OSError("standard output is for --json alone")
        if place.exists() and not place.is_file():
            raise OSError(f"{path!r} is no regular file")
        check_writable(place.parent)
    except OSError as error:
        raise OSError(f"argument {option}: {error}") from error
