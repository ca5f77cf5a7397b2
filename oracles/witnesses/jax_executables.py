"""JAX's compiled programs kept as they lie in memory: not traced, lowered or compiled again.

JAX's own cache knows a program by its lowered text, and tracing and lowering take most of the
time of a program that was compiled before. Here a program is known by what its text follows
from: operation, options, shapes and dtypes, and the fingerprint of everything else, so that
neither another definition nor another JAX ever answers with it. What cannot be loaded, for
whatever reason, is compiled afresh.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from oracles.witnesses.jax_programs import cache_home, kind_of_cpu

_MAGIC = b"oracles program\n"
_DIGEST = hashlib.sha256().digest_size

PLACE = "oracles.catalog:ops"
"""Where the operations lie whose references the fingerprint covers."""

SOURCES = ("article.py", "catalog.py", "op.py", "witnesses/*.py")
"""All code of this package that runs while one of those references is traced."""


class Store:
    """Compiled programs on disk.

    Parameters
    ----------
    directory
        Of the files; made if need be. Loading unpickles, which runs whatever a file says: the
        store stays empty unless the directory is the user's own and closed to all others.
    fingerprint
        Of everything that a program depends on beside its key.
    """

    def __init__(self, directory: Path, fingerprint: str) -> None:
        self._directory, self._fingerprint = directory, fingerprint
        self._open = _is_private(directory)

    def load(self, key: str) -> Any:
        """Return what was kept for `key`, or None."""
        with suppress(Exception):  # unreadable, foreign, or of another Python: as if not there
            return pickle.loads(self._payload(self._told(key)))
        return None

    def save(self, key: str, kept: Any) -> None:
        """Keep what pickle can take; whoever reads meanwhile finds the old file or the new one."""
        if not self._open:
            return
        told = self._told(key)
        packed = zlib.compress(pickle.dumps(kept), 1)
        with suppress(OSError):  # the disk may be full
            handle, name = tempfile.mkstemp(dir=self._directory, suffix=".new")
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(told + packed).digest() + told + packed)
            os.replace(name, self._path(told))

    def _told(self, key: str) -> bytes:
        return f"{self._fingerprint}\n{key}".encode()

    def _path(self, told: bytes) -> Path:
        return self._directory / hashlib.sha256(told).hexdigest()

    def _payload(self, told: bytes) -> bytes:
        """Return the bytes kept for what was told, not before they are known to be those."""
        if not self._open:
            raise FileNotFoundError
        data = self._path(told).read_bytes()
        start = len(_MAGIC) + _DIGEST
        digest, rest = data[len(_MAGIC) : start], data[start:]
        whole = data.startswith(_MAGIC) and hashlib.sha256(rest).digest() == digest
        if not (whole and rest.startswith(told)):
            raise ValueError("not the program that was asked for, or not whole")
        return zlib.decompress(rest[len(told) :])


def kept(jax: Any, place: str, key: str, compile_afresh: Callable[[], Any]) -> Any:
    """Return a compiled program: kept from before, or compiled afresh and kept.

    Parameters
    ----------
    jax
        The module.
    place
        Where the operation lies; programs of those elsewhere than `PLACE` are not kept.
    key
        Tells operation, options, compiler options, shapes and dtypes.
    compile_afresh
        Returns the program as JAX's `Compiled`.
    """
    store = _store(jax) if place == PLACE else None
    if store is None:
        return compile_afresh()
    found = store.load(key)
    if found is not None:
        with suppress(Exception):  # XLA refuses it
            return _serializer().deserialize_and_load(*found)
    with _without_cache(jax):
        compiled = compile_afresh()
    with suppress(Exception):  # some programs cannot be serialized
        store.save(key, _serializer().serialize(compiled))
    return compiled


def _serializer() -> Any:
    from jax.experimental import serialize_executable  # noqa: PLC0415 - JAX is heavy

    return serialize_executable


@contextmanager
def _without_cache(jax: Any) -> Iterator[None]:
    """Compile without JAX's own cache: what that gives back cannot be serialized once more."""
    from jax.experimental.compilation_cache import compilation_cache  # noqa: PLC0415 - as above

    def turn(on: bool) -> None:
        jax.config.update("jax_enable_compilation_cache", on)
        compilation_cache.reset_cache()

    before = jax.config.jax_enable_compilation_cache
    turn(False)
    try:
        yield
    finally:
        turn(before)


@cache
def _store(jax: Any) -> Store | None:
    """Return the store of this JAX, or None if programs are not to be kept."""
    home = cache_home()
    if home is None:
        return None
    try:
        from jax.experimental import serialize_executable  # noqa: F401, PLC0415
        from jax.experimental.compilation_cache import compilation_cache  # noqa: F401, PLC0415
    except ImportError:  # another JAX
        return None
    sources = Path(__file__).parents[1]
    return Store(home / "executables", fingerprint_of(sources, versions_of(jax), os.environ))


def versions_of(jax: Any) -> str:
    """Return what runs here: Python, JAX, the kind of CPU."""
    import jaxlib.version  # noqa: PLC0415 - JAX is heavy

    return f"{sys.version} {jax.__version__} {jaxlib.version.__version__} {kind_of_cpu()}"


def fingerprint_of(sources: Path, versions: str, environment: Mapping[str, str]) -> str:
    """Return a digest of the `SOURCES` below `sources`, of versions, and of settings."""
    digest = hashlib.sha256(versions.encode())
    settings = {k: v for k, v in environment.items() if k.startswith(("JAX_", "XLA_"))}
    digest.update(repr(sorted(settings.items())).encode())
    for path in sorted(path for pattern in SOURCES for path in sources.glob(pattern)):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(sources)} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _is_private(directory: Path) -> bool:
    """Make the directory; return whether it is the user's own and closed to all others."""
    if not hasattr(os, "getuid"):
        return False
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = directory.lstat()
    except OSError:
        return False
    closed = stat.S_ISDIR(told.st_mode) and not told.st_mode & 0o077
    return closed and told.st_uid == os.getuid()
