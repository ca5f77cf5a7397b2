"""Where a run takes place: versions, threads, platform."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("manualgrad", "numpy", "hypothesis", "python-flint", "torch", "jax", "jaxlib")


@dataclass(frozen=True)
class Environment:
    """Where a run took place: versions by package, threads, platform, time in UTC (ISO 8601)."""

    versions: Mapping[str, str]
    threads: Mapping[str, int]
    platform: str
    started: str


def now() -> str:
    """Return the time in UTC (ISO 8601), to the millisecond: it tells two runs apart."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def environment(
    versions: Mapping[str, str], threads: Mapping[str, int], started: str | None = None
) -> Environment:
    """Return the environment of this process.

    Parameters
    ----------
    versions, threads
        What the framework witnesses say of themselves; it goes before what is installed.
    started
        When the run began, of `now`; by default it begins now.
    """
    installed = {"python": platform.python_version()}
    installed |= {name: found for name in _PACKAGES if (found := installed_version(name))}
    return Environment(
        versions={**installed, **versions},
        threads=dict(threads),
        platform=platform.platform(),
        started=started or now(),
    )


def installed_version(package: str) -> str:
    """Return the installed version of `package`, or ""; the package is not imported."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """Return the processor's name, as far as the system tells it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
