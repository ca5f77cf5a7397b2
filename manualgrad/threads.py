"""Steps of a convolution side by side, one thread for each core.

NumPy copies and adds on one core alone, so steps that write apart from each other are shared
among threads. Their products of matrices must stay small: OpenBLAS divides larger ones among
threads of its own, for one caller at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache

ALONE = 2**19 - 1
"""Multiplications of the largest product that OpenBLAS surely leaves whole (interface/gemm.c)."""

_WORTH = 2**23
"""Multiplications that take some 250 us: with fewer, a thread is no sooner ready than begun."""

_READ = 2**5
"""Multiplications that take as long as to read a number."""


def threads(multiplications: int) -> int:
    """Return how many threads are to share so many multiplications, done by matrix products."""
    return max(1, min(cores(), multiplications // _WORTH))


def shares(size: int, numbers: int) -> list[slice]:
    """Cut the indices of an axis among the threads that are to read so many numbers once."""
    step = max(1, -(-size // threads(_READ * numbers)))
    return [slice(start, start + step) for start in range(0, max(1, size), step)]


def side_by_side(tasks: Iterable[Callable[[], None]]) -> None:
    """Run tasks at the same time, the first of them in the calling thread; wait for all."""
    first, *others = tasks
    if not others:
        first()
        return
    # Each runs in a copy of the context, where NumPy keeps how floating-point errors are met.
    running = [_pool(os.getpid()).submit(copy_context().run, task) for task in others]
    try:
        first()
    finally:
        wait(running)
    for each in running:
        each.result()


@cache
def cores() -> int:
    """Return the cores of this process, or fewer where BLAS is asked to use fewer."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(own or 1, int(asked) if asked.isdecimal() and int(asked) else 2**10)


@cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the threads of a process; those of its parent do not exist in it."""
    return ThreadPoolExecutor(thread_name_prefix=f"manualgrad-{process}")
