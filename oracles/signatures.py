"""What a subject's functions take, read off their signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from inspect import Parameter, signature
from typing import Any

from oracles.gradient_names import SYNONYMS

Function = Callable[..., Any]

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_ALIKE = 0.7


def parameters(function: Function | None) -> Mapping[str, Parameter] | None:
    """Return a function's parameters, or None where Python cannot tell."""
    if function is None:
        return None
    try:
        return signature(function).parameters
    except (TypeError, ValueError):
        return None


def dropped_options(
    options: Mapping[str, Any], function: Function | None, called: Mapping[str, str]
) -> frozenset[str]:
    """Return those of `options` that the function does not take, under the names it calls them."""
    named = parameters(function)
    if named is None or any(p.kind is Parameter.VAR_KEYWORD for p in named.values()):
        return frozenset()
    return frozenset(name for name in options if called.get(name, name) not in named)


def positional(function: Function | None, known: Sequence[str]) -> list[Parameter] | None:
    """Return the positional parameters that are not in `known`; None if any number are taken."""
    named = parameters(function)
    if named is None or any(p.kind is Parameter.VAR_POSITIONAL for p in named.values()):
        return None
    return [p for p in named.values() if p.kind in _POSITIONAL and p.name not in known]


def is_bias(parameter: Parameter) -> bool:
    """Return whether a parameter behind x and w is the bias, and not some further option."""
    return parameter.name in SYNONYMS["b"] or parameter.default in (None, Parameter.empty)


def bias_limit(forward: Function, known: Sequence[str]) -> dict[str, bool]:
    """Return whether the forward takes a bias behind x and w: always, never, or either way."""
    taken = positional(forward, known)
    if taken is None:
        return {}
    if len(taken) < 3 or not is_bias(taken[2]):
        return {"bias": False}
    return {"bias": True} if taken[2].default is Parameter.empty else {}


def scalar_limits(
    forward: Function, options: Sequence[str], called: Mapping[str, str]
) -> dict[str, bool]:
    """Return the limits of a forward that says by annotation that its options are single ints."""
    named = parameters(forward) or {}
    known = {option: named.get(called.get(option, option)) for option in options}
    ints = {o for o, p in known.items() if p is not None and p.annotation in (int, "int")}
    found = {"scalar_options": True} if ints & {"stride", "padding", "dilation"} else {}
    return found | ({"named_padding": False} if "padding" in ints else {})


def check_names(
    what: str, function: Function | None, options: Mapping[str, Any], called: Mapping[str, str]
) -> None:
    """Raise if a parameter seems to be an option by another name: it would never be tried.

    Raises
    ------
    TypeError
        With the parameter's name and the option's.
    """
    named = parameters(function) or {}
    missing = dropped_options(options, function, called)
    for parameter in named.values():
        known = (*options, *called.values())
        if parameter.default is Parameter.empty or parameter.name in known:
            continue
        for option in (name for name in options if name in missing):
            if _alike(parameter.name, option):
                raise TypeError(
                    f"`{what}` takes `{parameter.name}`, which seems to be `{option}`: "
                    f"`options={{{option!r}: {parameter.name!r}}}` says so"
                )


def _alike(name: str, option: str) -> bool:
    if len(name) == 1 or name in option or option in name:
        return name[0] == option[0] or len(name) > 2
    return SequenceMatcher(None, name, option).ratio() >= _ALIKE


def check_order(backward: Function | None, operands: Sequence[str]) -> None:
    """Raise if the backward takes an operand where it will be given the cotangent.

    Raises
    ------
    TypeError
        With the order in which it will be called.
    """
    taken = positional(backward, ())
    if not taken or len(taken) < 2:
        return
    first = taken[0].name
    if any(first in SYNONYMS.get(operand, (operand,)) for operand in operands):
        order = ", ".join(("cotangent", *operands))
        raise TypeError(f"`backward` takes `{first}` first; it is called as backward({order})")
