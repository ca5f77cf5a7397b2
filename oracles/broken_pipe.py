"""What to do when the output cannot be written: its reader left, as ``head`` does, or it is full.

The run goes on, for its report and status, and the output goes nowhere.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import IO

from oracles.visible import visible

_lost: list[OSError] = []
"""Why output that somebody waits for was not written."""


def open_streams() -> None:
    """Make standard output and standard error fit for all that follows.

    Not every screen has every letter of a name; and where a stream was closed, as ``>&-`` does,
    nobody waits for what is said.
    """
    _lost.clear()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for good
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Write `text` to standard output, or nowhere if that is over."""
    write(visible(text), sys.stdout)


def write(text: str, stream: IO[str]) -> None:
    """Write `text` to `stream` at once, or nowhere if that is over."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        give_up(stream, error)


def give_up(stream: IO[str], error: OSError) -> None:
    """Send all further output of `stream`, and what is still buffered, nowhere.

    A reader that left has read enough. Any other error is told on standard error.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if not isinstance(error, BrokenPipeError):
        _lost.append(error)
        with suppress(OSError):  # nobody is left to be told
            sys.stderr.write(f"oracle-diff: error: the output cannot be written: {error}\n")


def is_lost() -> bool:
    """Whether output was not written that somebody waits for."""
    return bool(_lost)
