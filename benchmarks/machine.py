"""What is measured on: the processor, the versions, and what the machine can do at most."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracles.environment import installed_version, processor

SIDE = 2048
"""Of the square matrices whose product is the peak."""

LARGE = 2**26
"""Bytes of the large array that is copied."""

_PACKAGES = ("numpy", "torch", "jax", "jaxlib")
_SYSTEM = Path("/sys/devices/system/cpu/cpu0/cache")


@dataclass(frozen=True)
class Ceilings:
    """What NumPy reaches: a matrix product in FLOP/s, copies in bytes read and written per second.

    Attributes
    ----------
    gemm
        The product of two 2048 x 2048 matrices, all threads.
    copy
        Copying 64 MiB, one thread.
    copy_in_cache
        Copying a quarter of the second level cache, one thread.
    """

    gemm: float
    copy: float
    copy_in_cache: float


@dataclass(frozen=True)
class Machine:
    """Where a run took place.

    Attributes
    ----------
    cores
        That this process may use.
    blas
        Of NumPy.
    load
        Average number of busy processes before the run: 0 on a quiet machine.
    """

    cpu: str
    cores: int
    system: str
    blas: str
    versions: dict[str, str]
    load: float
    cache: int
    ceilings: dict[str, Ceilings]


def machine(seconds: Callable[[str, str], float]) -> Machine:
    """Return where this run takes place.

    Parameters
    ----------
    seconds
        ``seconds(probe, dtype)``: the least time of a probe, see `PROBES`.
    """
    load = os.getloadavg()[0]
    return Machine(
        cpu=processor(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        system=platform.platform(),
        blas=_blas(),
        versions={"python": platform.python_version()}
        | {name: installed_version(name) for name in _PACKAGES},
        load=load,
        cache=second_level(),
        ceilings={dtype: ceilings(seconds, dtype) for dtype in ("float64", "float32")},
    )


def ceilings(seconds: Callable[[str, str], float], dtype: str) -> Ceilings:
    """Return what NumPy reaches in `dtype`."""
    return Ceilings(
        gemm=2 * SIDE**3 / seconds("gemm", dtype),
        copy=2 * LARGE / seconds("copy", dtype),
        copy_in_cache=_REPEAT * 2 * (second_level() // 4) / seconds("copy in cache", dtype),
    )


# --- probes, made and timed in the process of manualgrad ------------------------------------

_REPEAT = 64


def _gemm(dtype: str) -> Callable[[], Any]:
    import numpy as np

    a = np.ones((SIDE, SIDE), dtype)
    return lambda: a @ a


def _copy(dtype: str) -> Callable[[], Any]:
    return _copying(LARGE, dtype, 1)


def _copy_in_cache(dtype: str) -> Callable[[], Any]:
    return _copying(second_level() // 4, dtype, _REPEAT)


def _copying(size: int, dtype: str, times: int) -> Callable[[], Any]:
    import numpy as np

    source = np.ones(size // np.dtype(dtype).itemsize, dtype)
    target = np.zeros_like(source)

    def call() -> None:
        for _ in range(times):
            np.copyto(target, source)

    return call


PROBES = {"gemm": _gemm, "copy": _copy, "copy in cache": _copy_in_cache}
"""``PROBES[name](dtype)`` returns a call to be timed."""


# --- what the system says of itself ---------------------------------------------------------


def second_level() -> int:
    """Return the bytes of the second level cache of one core; 1 MiB if the system is silent."""
    with suppress(OSError, ValueError):
        for index in sorted(_SYSTEM.glob("index*")):
            if (index / "level").read_text().strip() == "2":
                return int((index / "size").read_text().strip().removesuffix("K")) * 2**10
    return 2**20


def _blas() -> str:
    import numpy as np

    found: Any = np.show_config(mode="dicts")
    blas = found["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"
