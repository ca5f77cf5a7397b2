"""What to do when whoever reads the output leaves early, as ``head`` does."""

from __future__ import annotations

import os
import sys
from typing import IO

from oracles.visible import visible


def say(text: str) -> None:
    """Write `text` to standard output, or nowhere if nobody reads on."""
    write(visible(text), sys.stdout)


def write(text: str, stream: IO[str]) -> None:
    """Write `text` to `stream` at once, or nowhere if nobody reads on."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        leave_unread(stream)


def leave_unread(stream: IO[str]) -> None:
    """Send all further output of `stream`, and what is still buffered, nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
