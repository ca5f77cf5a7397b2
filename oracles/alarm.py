"""A time limit on code of this process: an alarm that raises where the code stands."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class OutOfTime(BaseException):
    """Raised in code that takes longer than it may."""


@contextmanager
def at_most(seconds: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in the code of the block once it has run for so many seconds.

    And again after as many more, for code that catches everything and goes on. Without a limit,
    outside the main thread, or on a system without alarms, nothing is limited. Code of other
    languages is interrupted when it returns. An alarm that was set before rings when it would
    have.
    """
    here = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if seconds is None or not here:
        yield
        return
    handler = signal.signal(signal.SIGALRM, _ring)
    start = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            due = max(left - (time.monotonic() - start), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, due, interval)


def _ring(number: int, frame: FrameType | None) -> None:
    raise OutOfTime
