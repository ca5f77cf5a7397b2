"""Where tables are printed, and where data goes."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

from rich.console import Console

from oracles.broken_pipe import give_up, say
from oracles.reporting.lines import NARROW


class Terminal(Console):
    """A console that may be full, or left by its reader: the run goes on, for report and status.

    Attributes
    ----------
    data
        Standard output, if that is for data alone and people read standard error; else None.
    held
        What GitHub takes for the end of text without commands (`oracles.github`), or "".
    """

    data: IO[str] | None = None
    held = ""

    def print(self, *objects: Any, **styles: Any) -> None:
        """Print as any console does; once that fails, what is still to be printed goes nowhere."""
        try:
            super().print(*objects, **styles)
        except OSError as error:
            give_up(self.file, error)

    def on_broken_pipe(self) -> None:
        """Leave it to `print`, where this would end the process."""
        raise  # noqa: PLE0704 - the error that is being handled


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
    say("")
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
