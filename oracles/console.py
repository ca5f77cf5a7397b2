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

    Lines are as wide as the terminal, and 80 cells where there is none. There are no escape codes
    in files and pipes, where ``NO_COLOR`` is set, or on a terminal that has none.

    Attributes
    ----------
    data
        Standard output, if that is for data alone and people read standard error; else None.
    """

    def __init__(self, data: IO[str] | None = None) -> None:
        stream = sys.stdout if data is None else sys.stderr
        super().__init__(
            stderr=data is not None,
            width=None if stream.isatty() else NARROW,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            soft_wrap=True,
            highlight=False,
        )
        self.data = data

    def on_broken_pipe(self) -> None:
        """Let what is still to be printed go nowhere."""
        leave_unread(self.file)


def terminal(*, data: bool = False) -> Terminal:
    """Return where tables are printed: standard output, or standard error.

    Parameters
    ----------
    data
        Whether standard output is for data alone. From here on, whatever else this process and
        its children print there goes to standard error.
    """
    if not data:
        return Terminal()
    sys.stdout.flush()
    kept = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return Terminal(kept)
