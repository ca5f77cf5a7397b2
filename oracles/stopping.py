"""A run that is told to end does as for Ctrl-C: it writes the report of what was done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from oracles.exit_status import INTERRUPTED, TERMINATED


class Stop:
    """Whether the process was told to end."""

    terminated = False

    def status(self, status: int) -> int:
        """Return the exit status, with the signal that it comes from."""
        return TERMINATED if self.terminated and status == INTERRUPTED else status


@contextmanager
def stopping() -> Iterator[Stop]:
    """Raise `KeyboardInterrupt` in the block on SIGTERM, by which CI systems end a job.

    Outside the main thread SIGTERM stays as it is.

    Raises
    ------
    SystemExit
        With status 143, if the block lets that `KeyboardInterrupt` pass.
    """
    stop, owner = Stop(), os.getpid()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a child that was forked has no report to write
            os._exit(TERMINATED)
        stop.terminated = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield stop
    except KeyboardInterrupt:  # nothing was done yet of which there could be a report
        if stop.terminated:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
