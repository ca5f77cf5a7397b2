"""A run that is told to end does as for Ctrl-C: it writes the report of what was done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from oracles.exit_status import BROKEN, INTERRUPTED, TERMINATED


class Stop:
    """Whether the process was told to end."""

    terminated = False
    interrupted = False

    def hold(self) -> None:
        """From here to the end of the block no signal ends anything: what was found is written.

        CI systems send a second signal seconds after the first, when the report is being made.
        """
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.terminated |= number == signal.SIGTERM
        self.interrupted |= number == signal.SIGINT

    def status(self, status: int) -> int:
        """Return the exit status, with the signal that it comes from; a broken harness stays so."""
        if status == BROKEN:
            return status
        if self.terminated:
            return TERMINATED
        return INTERRUPTED if self.interrupted else status


@contextmanager
def stopping() -> Iterator[Stop]:
    """Raise `KeyboardInterrupt` in the block on SIGTERM, by which CI systems end a job.

    Until `Stop.hold`, after which signals are noted and no more. Outside the main thread they stay
    as they are.

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
    ctrl_c = signal.getsignal(signal.SIGINT)
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield stop
    except KeyboardInterrupt:  # nothing was done yet of which there could be a report
        if stop.terminated:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, ctrl_c)
