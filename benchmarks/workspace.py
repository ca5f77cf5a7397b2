"""Time and memory of one convolution: python -m benchmarks.workspace reads a question, as JSON.

It is a process of its own, with NumPy and manualgrad alone, so that nothing that was
allocated before hides what the call needs.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.shapes import Shape

_ROOT = Path(__file__).resolve().parents[1]
_ENOUGH, _LEAST, _TOO_LONG = 0.25, 3, 2.0
"""Seconds after which the median is taken, of so many calls unless they take too long."""


@dataclass(frozen=True)
class Found:
    """What one convolution took, forward and backward.

    Attributes
    ----------
    seconds
        Of each call; of the first one alone, if it was not to be timed.
    operands, results
        Bytes of x, w, b and the cotangent; of y and the gradients.
    workspace
        Most bytes that NumPy had allocated beyond those, of forward or backward.
    resident
        The same by the system's account, which counts BLAS and pages, not reservations.
    """

    seconds: tuple[float, ...]
    operands: int
    results: int
    workspace: int
    resident: int

    @property
    def in_and_out(self) -> int:
        return self.operands + self.results


def found(shape: Shape, dtype: str, *, timed: bool) -> Found:
    """Return what a fresh process finds.

    Raises
    ------
    RuntimeError
        If the process failed.
    """
    question = json.dumps({"shape": asdict(shape), "dtype": dtype, "timed": timed})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.workspace"],
        input=question, capture_output=True, text=True, cwd=_ROOT, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{shape.name}, {dtype}: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    return Found(**{**answer, "seconds": tuple(answer["seconds"])})


def _measure(shape: Shape, dtype: str, *, timed: bool) -> Found:
    import numpy as np

    import manualgrad

    options = shape.options
    forward = getattr(manualgrad, shape.op)
    backward = getattr(manualgrad, f"{shape.op}_backward")
    _warm_up(forward, backward, shape, dtype)
    rng = np.random.default_rng(2018)

    def numbers(size: tuple[int, ...]) -> Any:
        array = np.empty(size, dtype)  # without a copy, which would raise the resident peak
        rng.random(dtype=np.dtype(dtype), out=array)
        array -= 0.5
        return array

    x, w, b = map(numbers, (shape.x, shape.w, (shape.channels,)))
    g = numbers(shape.y)
    before = _resident_peak()
    tracemalloc.start()
    start = time.perf_counter()
    y = forward(x, w, b, **options)
    # Forward by itself: what it needs must not hide behind gradients that do not exist yet.
    beyond = [_peaks(before, y.nbytes)]
    gradients = backward(g, x, w, **options)
    seconds = [time.perf_counter() - start]
    results = y.nbytes + sum(each.nbytes for each in gradients)
    beyond.append(_peaks(before, results))
    tracemalloc.stop()
    workspace, resident = map(max, zip(*beyond, strict=True))
    if timed:
        seconds = _timed(lambda: (forward(x, w, b, **options), backward(g, x, w, **options)))
    operands = sum(each.nbytes for each in (x, w, b, g))
    return Found(tuple(seconds), operands, results, workspace, resident)


def _peaks(before: int, results: int) -> tuple[int, int]:
    """Return what NumPy and the system say was needed beyond `results` since the last time."""
    allocated = tracemalloc.get_traced_memory()[1] - results
    tracemalloc.reset_peak()
    return allocated, max(0, _resident_peak() - before - results)


def _timed(call: Callable[[], Any]) -> list[float]:
    seconds: list[float] = []
    while sum(seconds) < (_ENOUGH if len(seconds) >= _LEAST else _TOO_LONG):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def _warm_up(forward: Any, backward: Any, shape: Shape, dtype: str) -> None:
    """Import what is imported late, and let BLAS reserve what it always has."""
    import numpy as np

    a = np.ones((512, 512), dtype)
    _ = a @ a
    axes = len(shape.x) - 2
    x, w = np.ones((1, 1, *(2,) * axes), dtype), np.ones((1, 1, *(1,) * axes), dtype)
    backward(forward(x, w), x, w)


def _resident_peak() -> int:
    """Return the most bytes that were ever resident.

    Linux hands the peak that `getrusage` tells on from parent to child, which would hide what a
    child needs that is smaller than its parent: there the process's own account is read.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 2**10
    unit = 1 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Answer the question on standard input."""
    asked = json.load(sys.stdin)
    options = {name: _tuples(value) for name, value in asked["shape"].pop("options").items()}
    shape = Shape(**{n: _tuples(v) for n, v in asked["shape"].items()}, options=options)
    print(json.dumps(asdict(_measure(shape, asked["dtype"], timed=asked["timed"]))))


def _tuples(value: Any) -> Any:
    """Return what was a tuple before it became JSON as one."""
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
