"""What to do when whoever reads the output leaves early, as ``head`` does."""

from __future__ import annotations

import os
import sys


def say(text: str) -> None:
    """Write `text` to standard output, or nowhere if nobody reads on."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        leave_unread()


def leave_unread() -> None:
    """Send all further output, and what is still buffered, nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
