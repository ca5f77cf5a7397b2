"""A user's reference functions as bytes, so that a witness's process can call them.

They may be local functions, lambdas, or live in a script or test file that a worker must not
import, since importing runs it. So they travel by value, and so does what else of their own
module they use; what is installed travels by name.
"""

from __future__ import annotations

import functools
import pickle
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

Reference = Callable[..., Any]


def packed(references: Mapping[str, Reference]) -> bytes:
    """Return references by witness as bytes, each apart: no witness unpacks another's.

    Raises
    ------
    TypeError
        If one cannot be pickled.
    """
    return pickle.dumps({name: _packed(name, each) for name, each in references.items()})


def unpacked(payload: bytes, witness: str) -> Reference:
    """Return the reference of a witness out of what `packed` gave."""
    reference: Reference = cloudpickle.loads(pickle.loads(payload)[witness])
    return reference


def place_of_payload(payload: bytes) -> str:
    """Return under which name workers and compiled programs know a payload."""
    return f"payload:{sha256(payload).hexdigest()[:24]}"


def _packed(witness: str, reference: Reference) -> bytes:
    try:
        with _by_value(_own_module(reference)):
            data: bytes = cloudpickle.dumps(reference)
    except Exception as error:
        told = getattr(_innermost(reference), "__qualname__", repr(reference))
        raise TypeError(
            f"the reference {told} for {witness} cannot be sent to a process of its own: "
            f"{type(error).__name__}: {error}"
        ) from error
    return data


@contextmanager
def _by_value(module: ModuleType | None) -> Iterator[None]:
    """Have functions of `module` pickled by value for a while, unless they are already."""
    known = cloudpickle.list_registry_pickle_by_value()
    if module is None or module.__name__ in known:
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _own_module(function: Any) -> ModuleType | None:
    """Return the module of a function if it is the user's own, else None."""
    inner = _innermost(function)
    name = getattr(inner, "__module__", None) or type(inner).__module__
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None or file is None or name.partition(".")[0] in ("oracles", "manualgrad"):
        return None
    path = Path(file).resolve()
    return None if any(path.is_relative_to(home) for home in _installed()) else module


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        nested = [each for each in function.args if callable(each)]
        function = nested[0] if nested else function.func
    return function


@functools.cache
def _installed() -> tuple[Path, ...]:
    """Return where the standard library and installed packages lie."""
    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return tuple({Path(paths[name]).resolve() for name in names})
