"""Where tables are printed, and where data goes."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console

from oracles.broken_pipe import leave_unread
from oracles.reporting.lines import NARROW


class Terminal(Console):
    """A console whose reader may leave early: the run goes on, for its report and status.

    Attributes
    ----------
    data
        Standard output, if that is for data alone and people read standard error; else None.
    """

    data: IO[str] | None = None

    def on_broken_pipe(self) -> None:
        """Let what is still to be printed go nowhere."""
        leave_unread(self.file)


def terminal(*, data: bool = False) -> Terminal:
    """Return where tables are printed: standard output, or standard error.

    Lines are as wide as the terminal, and 80 cells where there is none. There are no escape codes
    in files and pipes, where ``NO_COLOR`` is set, or on a terminal that has none.

    Parameters
    ----------
    data
        Whether standard output is for data alone. From here on, whatever else this process and
        its children print there goes to standard error.
    """
    sys.stdout.flush()
    kept = os.dup(sys.stdout.fileno()) if data else None
    if kept is not None:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    console = Terminal(
        stderr=data,
        width=None if (sys.stderr if data else sys.stdout).isatty() else NARROW,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        soft_wrap=True,
        highlight=False,
    )
    console.data = None if kept is None else os.fdopen(kept, "w", encoding="utf-8")
    return console
