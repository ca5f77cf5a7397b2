import math
import os
import signal
import threading
import time
from contextlib import suppress

import pytest

from oracles.alarm import OutOfTime, at_most


def test_code_that_takes_too_long_is_stopped():
    start = time.monotonic()
    with pytest.raises(OutOfTime), at_most(0.05):
        time.sleep(60)
    assert time.monotonic() - start < 30


def test_code_that_is_done_in_time_is_left_alone():
    before = signal.getsignal(signal.SIGALRM)
    left = signal.getitimer(signal.ITIMER_REAL)[0]  # of the test's own time limit, if it has one
    with at_most(5000):
        within = signal.getitimer(signal.ITIMER_REAL)[0]
    assert within > 4000
    assert signal.getitimer(signal.ITIMER_REAL)[0] <= left
    assert signal.getsignal(signal.SIGALRM) is before


def test_alarm_that_was_set_before_rings_when_it_would_have():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(time.monotonic()))
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with at_most(60):
            time.sleep(0.1)
        while not rung and time.monotonic() - start < 30:
            time.sleep(0.01)
        assert rung[0] - start >= 0.2
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, left, interval)


def test_nothing_is_limited_elsewhere():
    seen = []

    def work():
        with at_most(1e-6):
            time.sleep(0.01)
            seen.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with at_most(None):
        assert seen == [1]


def test_an_alarm_at_the_very_end_leaves_none_set():
    before = signal.getsignal(signal.SIGALRM)
    left = signal.getitimer(signal.ITIMER_REAL)[0]
    for number in range(3000):  # of which many ring while they are being put off
        with suppress(OutOfTime), at_most(1e-4):
            end = time.perf_counter() + (70 + number % 60) * 1e-6
            while time.perf_counter() < end:
                pass
        assert signal.getsignal(signal.SIGALRM) is before
        assert signal.getitimer(signal.ITIMER_REAL)[0] <= left


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan, 1e300])
def test_what_no_alarm_can_be_set_for_is_refused_before_the_block(seconds):
    with pytest.raises(ValueError, match=r"`seconds` \(=.*\) must be above 0, and at most 1e\+06"):
        at_most(seconds)


def test_an_alarm_while_it_is_put_off_does_not_ring(monkeypatch):
    put, before = signal.setitimer, signal.getsignal(signal.SIGALRM)

    def rung(which, seconds, interval=0.0):
        if not seconds:
            os.kill(os.getpid(), signal.SIGALRM)
            time.sleep(0.01)  # in which Python looks for signals
        return put(which, seconds, interval)

    monkeypatch.setattr(signal, "setitimer", rung)
    with at_most(60):
        pass
    assert signal.getsignal(signal.SIGALRM) is before
