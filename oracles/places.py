"""Where a subject's source stands, for whoever marks the line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from oracles.op import Op
from oracles.plugging import place_of


@dataclass(frozen=True)
class Place:
    """A line of a file.

    Attributes
    ----------
    path
        Relative to the working directory if it lies below it, with ``/`` between the parts.
    line
        From 1.
    """

    path: str
    line: int


def place_of_subject(op: Op) -> Place | None:
    """Return where the subject's backward begins (the forward's if it has none), if it is known."""
    functions = op.plug or op
    for function in (functions.backward, functions.forward):
        if function is not None:
            return _place(function)
    return None


def backward_of(op: Op) -> str:
    """Return the full name of the backward that a user plugged in, "" if there is none."""
    function = op.plug.backward if op.plug is not None else None
    return "" if function is None else place_of(_whole(function))


def _place(function: Callable[..., Any]) -> Place | None:
    try:
        found = inspect.unwrap(_whole(function))
        _, first = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found) or "").resolve()
    except (TypeError, OSError, ValueError):  # a builtin, a C function, a callable object
        return None
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return Place(shown.as_posix(), first)


def _whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of which a partial takes some arguments."""
    while isinstance(function, partial):
        function = function.func
    return function
