"""The terminal, for tables."""

from __future__ import annotations

import sys

from rich.console import Console

from oracles.broken_pipe import leave_unread


class Terminal(Console):
    """A console whose reader may leave early: the run goes on, for its report and status."""

    def on_broken_pipe(self) -> None:
        """Let what is still to be printed go nowhere."""
        leave_unread()


def terminal() -> Terminal:
    """Return standard output, which is as wide as its lines unless it is a terminal."""
    return Terminal(width=None if sys.stdout.isatty() else 120, soft_wrap=True, highlight=False)
