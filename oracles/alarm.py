"""A time limit on code of this process: an alarm that raises where the code stands."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType

from oracles.ranges import LONGEST


class OutOfTime(BaseException):
    """Raised in code that takes longer than it may."""


class at_most:  # noqa: N801 - read as a word of the with statement
    """Raise `OutOfTime` in the code of a ``with`` block once it has run for so many seconds.

    And again after as many more, for code that catches everything and goes on. Without a limit,
    outside the main thread, or on a system without alarms, nothing is limited. Code of other
    languages is interrupted when it returns. An alarm that was set before rings when it would
    have.

    Parameters
    ----------
    seconds
        The limit, or None.

    Raises
    ------
    ValueError
        If no alarm can be set for so many seconds.
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not 0 < seconds <= LONGEST:
            raise ValueError(f"`seconds` (={seconds!r}) must be above 0, and at most {LONGEST:g}")
        self._seconds = seconds
        self._set = False

    def __enter__(self) -> None:
        here = threading.current_thread() is threading.main_thread()
        if self._seconds is None or not here or not hasattr(signal, "setitimer"):
            return
        self._start = time.monotonic()
        self._handler = signal.signal(signal.SIGALRM, _ring)
        self._before = signal.setitimer(signal.ITIMER_REAL, self._seconds, self._seconds)
        self._set = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._set:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._handler)
        left, interval = self._before
        if left:
            due = max(left - (time.monotonic() - self._start), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, due, interval)


def _ring(number: int, frame: FrameType | None) -> None:
    """Raise, but not in what the lines above call: an alarm left set would end the process."""
    while frame is not None:
        if frame.f_code.co_filename == __file__:
            return
        frame = frame.f_back
    raise OutOfTime
