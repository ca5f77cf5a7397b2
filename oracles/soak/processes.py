"""Runs chunks side by side, in processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import active_children, get_context, parent_process
from threading import Thread

from oracles.soak.chunk import Done, run_chunk
from oracles.soak.plan import Chunk, Plan

_AHEAD = 2
"""Chunks handed out for each process, so that none waits for this one."""


def run_chunks(
    chunks: Iterable[Chunk], plan: Plan, directory: str, *, processes: int
) -> Generator[tuple[Chunk, Done]]:
    """Yield each chunk with what became of it, as they are finished.

    Parameters
    ----------
    chunks
        Asked for the next one when there is room for it, so that they may end early.
    plan, directory
        Of `run_chunk`.
    processes
        How many work side by side; 1 works in this one.

    Raises
    ------
    concurrent.futures.process.BrokenProcessPool
        If a subject ends its process.
    """
    if processes == 1:
        yield from ((chunk, run_chunk(chunk, plan, directory)) for chunk in chunks)
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin)
    try:
        running: dict[Future[Done], Chunk] = {}
        for chunk in chunks:
            running[pool.submit(run_chunk, chunk, plan, directory)] = chunk
            if len(running) >= _AHEAD * processes:
                yield from _finished(running)
        while running:
            yield from _finished(running)
    except BaseException:
        for child in set(active_children()) - before:  # a slow chunk would be waited for
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(running: dict[Future[Done], Chunk]) -> Iterator[tuple[Chunk, Done]]:
    """Wait until something is finished, take that out of `running`, and yield it."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), future.result()


def _begin() -> None:
    """Leave interrupts to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
