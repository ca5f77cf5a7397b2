"""``oracle-diff activations``: survey, progress, files."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from oracles.broken_pipe import say
from oracles.every_float.participants import present
from oracles.every_float.survey import Progress, Survey, exhaustive, quick, worker_processes
from oracles.exit_status import RIGHT, WRONG
from oracles.files import write_files
from oracles.reporting.activations import activations_markdown


def survey_activations(options: Namespace, names: Sequence[str]) -> int:
    """Survey the activations `names`, write the tables, and return the exit status."""
    text_of = activations_markdown(found := _survey(options, names))
    written = write_files(options.output, {"activations.md": text_of})
    if options.table is not None:
        table = Path(options.table)
        written += write_files(str(table.parent), {table.name: text_of})
    say(f"{text_of}\nreport: {' '.join(written)}\n")
    return WRONG if found.failures else RIGHT


def _survey(options: Namespace, names: Sequence[str]) -> Survey:
    participants = present()
    with worker_processes() as executor:
        found = quick(names, participants, executor=executor, show=_show)
        if options.exhaustive:
            home = Path(options.output)
            rows = exhaustive(names, participants, home=home, executor=executor, show=_show)
            found = replace(found, rows=(*rows, *found.rows))
    return found


def _show(progress: Progress) -> None:
    """Rewrite one line on a terminal; elsewhere write a line every now and then."""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    line = f"{progress.done}/{progress.steps} {progress.activation}, {minutes}:{seconds:02} left"
    last = progress.done == progress.steps
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{'' if last else line}")
    elif last or progress.done % 64 == 0:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
