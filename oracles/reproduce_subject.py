"""The part of a reproducing script that asks the subject: its author's functions, in their form."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from oracles.gradient_names import Recovered, by_operand, spellings
from oracles.literals import name_of, option
from oracles.op import FORWARD, Case, Op, gradient_of
from oracles.plug import SPATIAL, Order, Plug
from oracles.subject import ask_subject

Array = npt.NDArray[Any]
Function = Callable[..., Any]


def import_lines(op: Op, case: Case) -> list[str]:
    """Return the lines that import the author's functions, or say where to paste them."""
    functions = _functions(op, case)
    places = {name: _place(function) for name, function in functions.items()}
    wanting = [name for name, place in places.items() if place is None]
    paste = f"  # paste {' and '.join(wanting)} of {op.subject or op.name} here" * bool(wanting)
    imports = [_import(name, place) for name, place in places.items() if place]
    homes = dict.fromkeys(place[0] for place in places.values() if place and place[0])
    lines = [f"{' = '.join(functions)} = None{paste}"]
    if imports:
        paths = [f"sys.path.insert(0, {home!r})" for home in homes]
        lines += [*paths, "try:", *(f"    {line}" for line in imports)]
        lines += ["except ImportError:", "    pass  # paste them here"]
    return lines


def _import(name: str, place: tuple[str, str, str]) -> str:
    _, module, function = place
    return f"from {module} import {function}" + f" as {name}" * (name != function)


def subject_lines(op: Op, case: Case, recorded: Mapping[str, Array]) -> list[str]:
    """Return the function ``subject()`` that calls the author's functions on the case."""
    plug = op.plug or Plug(op.forward, op.backward, op.double_backward)
    taken = _backward_names(op, case)
    lines = [line for name in _given(op, case) for line in _layout_lines(case, name)]
    kept = _options(case.options, plug.dropped.get("forward", frozenset()))
    lines.append(_call("result", "forward", [_theirs(plug, case, n) for n in case.operands], kept))
    answer = {FORWARD: _ours("result", plug.orders.get("y"), recorded.get(FORWARD))}
    if op.gradient_names(case):
        kept = _options(case.options, plug.dropped.get("backward", frozenset()))
        given = [_theirs(plug, case, name) for name in taken]
        lines.append(_call("gradients", "backward", given, kept))
        accesses = _accesses(op, case, _returned(op, case) if recorded else None)
        for name in op.gradient_names(case):
            found = f"gradients{accesses.get(name, '')}"
            compared = gradient_of(name)
            answer[compared] = _ours(found, plug.orders.get(name), recorded.get(compared))
    if op.second_names(case):
        lines.append(_double_call(op, case, plug, taken))
        names = [name for name in op.compared_names(case) if name not in answer]
        several = "" if len(names) == 1 else "[{}]"
        orders = ["y", *(op.backward_operands or ())]
        for at, name in enumerate(names):
            order = plug.orders.get(orders[at]) if plug.orders else None
            answer[name] = _ours(f"second{several.format(at)}", order, recorded.get(name))
    told = ["return {", *(f'    "{name}": {text},' for name, text in answer.items()), "}"]
    return [
        "def subject():",
        *(f"    {part}" for line in [*lines, *told] for part in line.split("\n")),
    ]


def _functions(op: Op, case: Case) -> dict[str, Any]:
    """Return the author's functions that the case asks."""
    source = op.plug or op
    found: dict[str, Any] = {"forward": source.forward}
    if op.gradient_names(case):
        found["backward"] = source.backward
    if op.second_names(case):
        found["double_backward"] = source.double_backward
    return found


def _place(function: Any) -> tuple[str, str, str] | None:
    """Return directory ("" for an installed package), module and name of a function, or None.

    None is the place of what cannot be imported: a lambda, a local function, a method, one of
    ``__main__`` or of this harness, a name that now means something else.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    found = sys.modules.get(module) if isinstance(module, str) else None
    if found is None or module in ("__main__", "builtins") or not name.isidentifier():
        return None
    if str(module).split(".")[0] == "oracles" or getattr(found, name, None) is not function:
        return None
    return (*_home(found), name)


def _home(module: Any) -> tuple[str, str]:
    """Return the directory that an import of `module` needs, and the name to import."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__.split(".")[0] == "manualgrad":
        return "", module.__name__
    path = Path(file).resolve()
    if getattr(module, "__loaded_by_path__", ""):  # loaded by its path, under a name of its own
        return str(path.parent), path.stem
    root = path.parents[module.__name__.count(".") + (path.name == "__init__.py")]
    installed = {os.path.realpath(sysconfig.get_path(n)) for n in ("purelib", "platlib", "stdlib")}
    return "" if str(root) in installed else str(root), module.__name__


def _given(op: Op, case: Case) -> list[str]:
    """Return the names of the arrays that the subject is given."""
    cotangent = ["cotangent"] if op.takes_cotangent and op.gradient_names(case) else []
    directions = [f"v_{name}" for name in case.directions] if op.second_names(case) else []
    return [*case.operands, *cotangent, *directions]


def _layout_lines(case: Case, name: str) -> list[str]:
    """Return the lines that copy an array into its memory layout: see `oracles.layouts`."""
    theirs, array = name_of(name), f'arrays["{name}"]'
    layout, axes = case.layouts.get(name, "C"), case.arrays[name].ndim
    if layout == "read-only":
        return [f"{theirs} = {array}.copy()", f"{theirs}.flags.writeable = False"]
    if layout == "C" or axes == 0:
        return [f"{theirs} = {array}.copy()"]
    if layout == "Fortran":
        return [f'{theirs} = {array}.copy("F")']
    if layout == "reversed":
        backwards = f"[{', '.join(['::-1'] * axes)}]"
        return [f"{theirs} = {array}{backwards}.copy(){backwards}"]
    wide = tuple(2 * n for n in case.arrays[name].shape)
    second = ", ".join(["::2"] * axes)
    return [f"{theirs} = np.full({wide}, -99, {array}.dtype)[{second}]", f"{theirs}[:] = {array}"]


def _theirs(plug: Plug, case: Case, name: str) -> str:
    """Return an array in the author's order of axes."""
    operand = "y" if name == "cotangent" else name.removeprefix("v_")
    order, theirs = plug.orders.get(operand), name_of(name)
    if order is None or order.natural:
        return theirs
    ours, wanted = order.letters(case.arrays[name].ndim)
    turned = _turned(theirs, ours, wanted)
    return f"np.ascontiguousarray({turned}{_flip(order, wanted)})"


def _ours(text: str, order: Order | None, recorded: Array | None) -> str:
    """Return the author's array in the catalog's order, as `Order.from_subject` turns it."""
    if order is None or order.natural or recorded is None:
        return text
    ours, theirs = order.letters(recorded.ndim)
    if recorded.ndim != len(theirs):
        return text
    return _turned(f"{text}{_flip(order, theirs)}", theirs, ours)


def _turned(text: str, present: str, wanted: str) -> str:
    if present == wanted:
        return text
    return f"{text}.transpose({', '.join(str(present.index(letter)) for letter in wanted)})"


def _flip(order: Order, letters: str) -> str:
    if not order.flipped:
        return ""
    return f"[{', '.join('::-1' if letter in SPATIAL else ':' for letter in letters)}]"


def _options(options: Mapping[str, Any], dropped: frozenset[str]) -> list[str]:
    """Return the options as arguments: all of them, or those that the function takes."""
    if not options or not dropped & set(options):
        return ["**options"] if options else []
    return [f"{name}={option(value)}" for name, value in options.items() if name not in dropped]


def _call(result: str, function: str, given: Sequence[str], options: Sequence[str]) -> str:
    """Return a call on one line, or one argument to a line where that is too long."""
    arguments = [*given, *options]
    line = f"{result} = {function}({', '.join(arguments)})"
    if len(line) <= 92:
        return line
    return "\n".join([f"{result} = {function}(", *(f"    {each}," for each in arguments), ")"])


def _backward_names(op: Op, case: Case) -> list[str]:
    """Return the arrays that the backward takes, in order."""
    known = op.backward_operands if op.backward_operands is not None else tuple(case.operands)
    operands = [name for name in known if name in case.operands]
    return ["cotangent", *operands] if op.takes_cotangent else operands


def _double_call(op: Op, case: Case, plug: Plug, taken: Sequence[str]) -> str:
    names = op.gradients if op.gradients is not None else tuple(case.operands)
    along = [f"v_{name}" if name in case.directions else "" for name in names]
    given = [_theirs(plug, case, name) if name else "None" for name in [*along, *taken]]
    return _call("second", "double_backward", given, _options(case.options, frozenset()))


def _accesses(op: Op, case: Case, returned: Any) -> dict[str, str]:
    """Return by operand how its gradient is taken out of what the author's backward returned.

    That is ``[1]``, ``['dw']``, ``.grad_w``, or nothing for an array, and for an object that
    cannot be looked through a second time; a tuple is assumed where nothing was returned.
    """
    try:
        return _looked_through(op, case, returned)
    except Exception:  # `Unnamed`, or whatever the author's object raises
        return {}


def _looked_through(op: Op, case: Case, returned: Any) -> dict[str, str]:
    names = list(op.gradients if op.gradients is not None else case.operands)
    wanted = op.gradient_names(case)
    spelled = op.plug.spelled if op.plug else None
    if returned is None and isinstance(spelled, Mapping):
        return {name: f"[{spelled[name]!r}]" for name in wanted if name in spelled}
    found = by_operand(returned, op.gradients, spelled) if op.plug else returned
    if isinstance(found, Mapping):
        return {n: _access(returned, found[n], spelled, n) for n in wanted if n in found}
    if isinstance(found, tuple | list):
        order = names if len(found) == len(names) else wanted
        return {name: f"[{order.index(name)}]" for name in wanted}
    return {} if len(wanted) == 1 else {name: f"[{names.index(name)}]" for name in wanted}


def _returned(op: Op, case: Case) -> Any:
    """Call the author's backward once more, and return what it returns; None if nothing."""
    seen: list[Any] = []

    def watched(function: Function | None) -> Function:
        def call(*arrays: Any, **options: Any) -> Any:
            assert function is not None
            seen.append(function(*arrays, **options))
            return seen[-1]

        return call

    if op.plug is None:
        ask_subject(replace(op, backward=watched(op.backward)), case)
    else:
        plug = replace(op.plug, backward=watched(op.plug.backward))
        ask_subject(replace(op, backward=plug.call_backward), case)
    return seen[0] if seen and not isinstance(seen[0], Recovered) else None


def _access(returned: Any, gradient: Any, spelled: Any, name: str) -> str:
    if isinstance(returned, Mapping):
        return next(f"[{key!r}]" for key, value in returned.items() if value is gradient)
    if isinstance(returned, tuple | list):
        return next(f"[{at}]" for at, value in enumerate(returned) if value is gradient)
    if isinstance(spelled, Mapping):
        return f".{spelled[name]}"
    return next(f".{key}" for key in spellings(name, bare=False) if hasattr(returned, key))
