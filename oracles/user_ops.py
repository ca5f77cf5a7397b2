"""Finds an operation by its text: ``module:name``, ``path/to/file.py:name`` or ``file.py``."""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from oracles.op import Op

CATALOG = "oracles.catalog:ops"
"""Where the catalog's own operations are: ``oracles.catalog:ops.conv2d``."""

_NAME = r"[^\W\d]\w*(\.[^\W\d]\w*)*"


class NotFound(Exception):  # noqa: N818 - the user's word led nowhere; the text says why
    """There is no operation where the user said; one line says why."""


def load_op(spec: str) -> Op:
    """Import what `spec` names and return its operation, which knows its `spec` from then on.

    Parameters
    ----------
    spec
        ``module:name``; ``path/to/file.py:name``; or ``path/to/file.py``, if the file holds
        exactly one operation. A name may have dots: ``oracles.catalog:ops.tanh``.

    Raises
    ------
    NotFound
        If there is no such file, module or name, if its import raises, or if it is no `Op`.
    """
    place, name = _parts(spec)
    if not place.endswith(".py"):
        module = _imported(spec, lambda: _import_module(place))
        return _op_of(spec, module, name, portable=spec)
    path = Path(place)
    if not path.is_file():
        raise NotFound(f"cannot load {spec!r}: there is no file {place!r}")
    module = _imported(spec, lambda: _import_file(path))
    name = name or _only_op(spec, module)
    return _op_of(spec, module, name, portable=_portable(path, name))


def _parts(spec: str) -> tuple[str, str]:
    if spec.endswith(".py"):
        return spec, ""
    place, _, name = spec.rpartition(":")
    if not place or not re.fullmatch(_NAME, name):
        raise NotFound(f"{spec!r} is neither module:name nor path/to/file.py:name")
    return place, name


def _import_module(name: str) -> ModuleType:
    if "" not in sys.path:
        sys.path.insert(0, "")  # the current directory, as `python -m` has it
    return import_module(name)


def _import_file(path: Path) -> ModuleType:
    """Import a file as the module that it is from its own folder.

    If there is another module of that name, it gets a name of its own.
    """
    path = path.resolve()
    name, number = path.stem if _is_free(path) else f"{path.stem}_file", 1
    while (known := sys.modules.get(name)) is not None:
        if getattr(known, "__file__", None) == str(path):
            return known
        number += 1
        name = f"{path.stem}_file_{number}"
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None
    assert found.loader is not None  # the name ends in .py
    module = importlib.util.module_from_spec(found)
    vars(module)["__loaded_by_path__"] = True
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # for what it imports itself
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_free(path: Path) -> bool:
    known = sys.modules.get(path.stem)
    if known is not None:
        return getattr(known, "__file__", None) == str(path)
    with suppress(ImportError, ValueError):
        found = importlib.util.find_spec(path.stem)
        return found is None or (found.origin is not None and Path(found.origin) == path)
    return False


def _imported(spec: str, load: Callable[[], ModuleType]) -> ModuleType:
    try:
        return load()
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        if isinstance(error, ImportError) and not _where(error):
            told = str(error)
        one_line = " ".join(f"{told}{_where(error)}".split())
        raise NotFound(f"cannot load {spec!r}: {one_line}") from error


def _where(error: BaseException) -> str:
    """Return file and line at which the user's code raised, "" if it did not come so far."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith("<") and f.filename not in _OURS]
    return f" ({theirs[-1].filename}, line {theirs[-1].lineno})" if theirs else ""


_OURS = (__file__, import_module.__code__.co_filename)


def _only_op(spec: str, module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Op)]
    if len(names) == 1:
        return names[0]
    if not names:
        raise NotFound(f"{spec!r} holds no oracles.Op")
    listed = ", ".join(f"{spec}:{name}" for name in names)
    raise NotFound(f"{spec!r} holds {len(names)} operations; say which: {listed}")


def _op_of(spec: str, module: ModuleType, name: str, *, portable: str) -> Op:
    found: object = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise NotFound(f"cannot load {spec!r}: there is no {name!r} in it")
        found = getattr(found, part)
    if not isinstance(found, Op):
        raise NotFound(f"{spec!r} is a {type(found).__name__}, not an oracles.Op")
    return replace(found, spec=portable)


def _portable(path: Path, name: str) -> str:
    """Return how the same file is named from this directory; "" if it is not below it."""
    here = Path.cwd().resolve()
    whole = path.resolve()
    return f"{whole.relative_to(here).as_posix()}:{name}" if whole.is_relative_to(here) else ""


def spec_of(op: Op) -> str:
    """Return a text by which `load_op` finds `op` again in another process; "" if there is none.

    It is the one under which `op` was loaded, its place in the catalog, or a global of a module
    that can be imported.
    """
    if op.spec:
        return op.spec
    for name, module in list(sys.modules.items()):
        if name == "__main__" or not isinstance(module, ModuleType):
            continue
        if name == "oracles.catalog" and op.name in module.ops and module.ops[op.name] is op:
            return f"{CATALOG}.{op.name}"
        for attribute, value in list(vars(module).items()):
            if value is op and not attribute.startswith("_") and _importable(module):
                return f"{name}:{attribute}"
    return ""


def _importable(module: ModuleType) -> bool:
    """Whether an import of the module's name, from the beginning, would come to its file."""
    name, path, spec = "", None, None
    for part in module.__name__.split("."):
        name = f"{name}.{part}" if name else part
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((each for each in found if each is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return spec is not None and spec.origin == getattr(module, "__file__", None)


def check_recorded(spec: str) -> None:
    """Raise unless `spec`, read from a file, may be imported from the current directory.

    Raises
    ------
    NotFound
        If it is neither a module's name nor a file below the current directory.
    """
    place, _, name = spec.rpartition(":")
    if not re.fullmatch(_NAME, name, re.ASCII):
        raise NotFound(f"the subject {spec!r} is neither module:name nor path/to/file.py:name")
    if not place.endswith(".py"):
        if not re.fullmatch(_NAME, place, re.ASCII):
            raise NotFound(f"the subject {spec!r} is neither module:name nor path/to/file.py:name")
        return
    path, here = Path(place), Path.cwd().resolve()
    outside = path.is_absolute() or ".." in path.parts or "\\" in place or ":" in place
    if outside or not path.resolve().is_relative_to(here):
        raise NotFound(f"the subject {spec!r} is not a file below the current directory")
