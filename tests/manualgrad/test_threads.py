"""Threads share steps; none of it shows in what a caller sees."""

import os
import threading
import time

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import threads
from manualgrad.threads import side_by_side


def test_every_task_runs_and_the_first_one_here():
    ran = {}
    tasks = [lambda n=n: ran.setdefault(n, threading.get_ident()) for n in range(4)]
    side_by_side(tasks)
    assert sorted(ran) == [0, 1, 2, 3]
    assert ran[0] == threading.get_ident()
    assert threading.get_ident() not in {ran[n] for n in (1, 2, 3)}


def test_threads_are_named_for_their_process():
    with threads._pool.__wrapped__(7) as pool:
        name = pool.submit(lambda: threading.current_thread().name).result()
    assert name == "manualgrad-7_0"


@pytest.mark.parametrize("fails", [0, 1, 2])
def test_an_error_reaches_the_caller_when_all_have_ended(fails):
    ended = []

    def task(number):
        if number == fails:
            ended.append(number)
            raise MemoryError(f"task {number}")
        time.sleep(0.05)
        ended.append(number)

    with pytest.raises(MemoryError, match=f"task {fails}"):
        side_by_side([lambda n=n: task(n) for n in range(3)])
    assert sorted(ended) == [0, 1, 2]


def test_each_meets_floating_point_errors_as_the_caller_does():
    found = []
    with np.errstate(over="raise"):
        side_by_side([lambda: found.append(np.geterr()["over"])] * 3)
    assert found == ["raise"] * 3


def test_little_work_is_done_alone():
    assert threads.threads(0) == threads.threads(threads._WORTH - 1) == 1


def test_threads_grow_with_the_work_up_to_the_cores(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 4)
    found = [threads.threads(n * threads._WORTH // 2) for n in (1, 2, 3, 4, 5, 8, 9, 100)]
    assert found == [1, 1, 1, 2, 2, 4, 4, 4]
    assert all(isinstance(number, int) for number in found)


@pytest.mark.parametrize("size", [0, 1, 2, 5, 64])
@pytest.mark.parametrize("cores", [1, 3])
def test_shares_of_an_axis_are_all_of_it(monkeypatch, size, cores):
    monkeypatch.setattr(threads, "cores", lambda: cores)
    indices = list(range(size))
    parts = [indices[some] for some in threads.shares(size, 10**9)]
    assert [each for part in parts for each in part] == indices
    assert len(parts) == max(1, min(size, cores)) or size == 5
    assert len(threads.shares(size, 10)) == 1


@pytest.mark.parametrize(("asked", "most"), [("1", 1), ("", 2**9), ("0", 2**9), ("many", 2**9)])
def test_no_more_threads_than_blas_is_asked_to_use(monkeypatch, asked, most):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    cores = threads.cores.__wrapped__()
    assert 1 <= cores <= most
    assert asked == "1" or cores <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("allowed", "there", "asked", "found"),
    [
        (3, 5, None, 3), (3, 5, "2", 2), (3, 5, "4", 3), (None, 5, None, 5), (None, None, None, 1),
        (None, None, "4", 1), (3000, 3000, None, 1024),
    ],
)  # fmt: skip
def test_cores_are_those_that_this_process_may_use(monkeypatch, allowed, there, asked, found):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(allowed), raising=False)
    if allowed is None:
        monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert threads.cores.__wrapped__() == found


def test_convolutions_of_many_callers_do_not_meet(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    rng = np.random.default_rng(3)
    cases = [
        [rng.integers(-3, 4, size).astype(float) for size in ((2, 8, 40, 41), (8, 8, 3, 3))]
        for _ in range(6)
    ]
    expected = [mg.conv2d(x, w) for x, w in cases]
    found = {}
    callers = [
        threading.Thread(target=lambda i=i: found.setdefault(i, mg.conv2d(*cases[i])))
        for i in range(6)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(found[i], expected[i]) for i in range(6))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 2)
    side_by_side([lambda: None] * 2)
    child = os.fork()
    if not child:
        try:
            side_by_side([lambda: None] * 2)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
