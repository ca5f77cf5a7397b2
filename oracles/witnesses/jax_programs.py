"""How the JAX witness compiles: cheaply where shapes are many, and once for many runs.

Every new shape is a new program, and XLA takes far longer to compile one than to run it on a
few hundred numbers. For operations that are sums of products the result on the lattice is exact
however it is compiled, and elsewhere the order of the sum alone is at stake, for which the
rounding bounds allow. Elementary functions XLA evaluates by other formulas when it compiles
cheaply: activations, softmax and losses are compiled as JAX does by default. Whole networks,
of which no two are alike, are compiled cheaply too, functions included; their bounds allow for
any implementation of a function that is accurate to `oracles.bounds.CALL` roundings.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

CHEAP: dict[str, bool | int] = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""Options of XLA that leave IEEE's arithmetic as it is, and optimise less."""

MOST_BYTES = 2**28
"""Of programs kept on disk; the oldest go first."""


def keep_programs(jax: Any) -> None:
    """Let JAX keep compiled programs on disk, unless the user has said where, or not to.

    They lie in ``$XDG_CACHE_HOME/oracles``, apart for each kind of CPU.
    """
    home = cache_home()
    if home is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(home / f"jax-{kind_of_cpu()}"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    with suppress(OSError):  # another run may be at it
        trim(home, MOST_BYTES)


def cache_home() -> Path | None:
    """Return where programs are kept; None if the user has said where JAX's go, or has no home."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return None
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "oracles"
    except RuntimeError:
        return None


def trim(home: Path, most: int) -> None:
    """Remove the oldest files under `home` until they have at most `most` bytes."""
    files = [(path, path.stat()) for path in home.rglob("*") if path.is_file()]
    files.sort(key=lambda each: each[1].st_mtime)
    excess = sum(stat.st_size for _, stat in files) - most
    for path, stat in files:
        if excess <= 0:
            return
        path.unlink()
        excess -= stat.st_size


@cache
def kind_of_cpu() -> str:
    """Return a short name for the instructions that a program may use here."""
    told = platform.machine() + platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        told += next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def options_for(jax: Any, operands: Iterable[str]) -> dict[str, bool | int]:
    """Return XLA's options for a program of these operands: cheap ones if it has weights."""
    last_parts = (name.rpartition(".")[2] for name in operands)
    return known_options(jax) if any(part.startswith("w") for part in last_parts) else {}


@cache
def known_options(jax: Any) -> dict[str, bool | int]:
    """Return those of the `CHEAP` options that this XLA has: names come and go with versions."""
    found = {}
    for name, value in CHEAP.items():
        with suppress(RuntimeError):  # JAX's errors are
            jax.jit(lambda x: x, compiler_options={name: value}).lower(0.0).compile()
            found[name] = value
    return found
