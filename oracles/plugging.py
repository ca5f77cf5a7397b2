"""What `oracles.Op.implemented_by` makes of its arguments, and every error in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

from oracles.gradient_names import SYNONYMS
from oracles.limits import make_limits
from oracles.plug import Order, order

Function = Callable[..., Any]

DTYPES = ("float32", "float64")


def check_functions(forward: Any, backward: Any, double_backward: Any) -> None:
    """Raise `TypeError` unless the subject's functions can be called."""
    if not callable(forward):
        raise TypeError(f"`forward` (={forward!r}) must be callable")
    for what, function in (("backward", backward), ("double_backward", double_backward)):
        if function is not None and not callable(function):
            raise TypeError(f"`{what}` (={function!r}) must be callable or None")


def orders_of(
    letters: Mapping[str, str], layout: str | None, kernel: str | None, *, flip_kernel: bool
) -> dict[str, Order]:
    """Return the order of each array with letters; see `oracles.Op.implemented_by`.

    Raises
    ------
    ValueError
        If an order is given for an operation whose axes have no letters.
    """
    if not letters:
        given = {"layout": layout, "kernel": kernel, "flip_kernel": flip_kernel or None}
        for name, value in given.items():
            if value is not None and value != "NCHW":
                raise ValueError(f"`{name}` (={value!r}) is for operations with channels")
        return {}
    return {
        name: order("layout", layout, catalog)
        if "N" in catalog
        else order("kernel", kernel, catalog, flipped=flip_kernel)
        for name, catalog in letters.items()
    }


def dropped_options(options: Mapping[str, Any], function: Function | None) -> frozenset[str]:
    """Return those of `options` that the function, by its signature, does not take."""
    named = _parameters(function)
    if named is None or any(p.kind is Parameter.VAR_KEYWORD for p in named.values()):
        return frozenset()
    return frozenset(name for name in options if name not in named)


def settled_limits(
    options: Mapping[str, Any],
    forward: Function,
    layout: str | None,
    given: Mapping[str, Any],
    *,
    bias: bool,
) -> dict[str, Any]:
    """Return the limits that a subject asks for, by its signature and in so many words.

    Parameters
    ----------
    options
        The operation's options and their defaults.
    forward
        What it does not take stays at its default; whether it takes a bias is read likewise.
    layout
        With N: always a batch; without: never.
    given
        In so many words, and first.
    bias
        Whether the operation has one.
    """
    found: dict[str, Any] = {name: options[name] for name in dropped_options(options, forward)}
    if found.get("padding") == 0:
        found["named_padding"] = False
    if bias:
        found |= _bias_limit(forward, options)
    if layout is not None and (options or bias):
        found["batched" if "N" in layout else "unbatched"] = True
    found |= given
    make_limits(found)
    return found


def _bias_limit(forward: Function, options: Mapping[str, Any]) -> dict[str, bool]:
    """Read off whether the forward takes a bias behind x and w: always, never, or either way."""
    named = _parameters(forward)
    if named is None or any(p.kind is Parameter.VAR_POSITIONAL for p in named.values()):
        return {}
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    taken = [p for p in named.values() if p.kind in kinds and p.name not in options]
    third = taken[2] if len(taken) > 2 else None
    if third is None:
        return {"bias": False}
    if third.default is Parameter.empty:
        return {"bias": True}
    return {} if third.default is None or third.name in SYNONYMS["b"] else {"bias": False}


def _parameters(function: Function | None) -> Mapping[str, Parameter] | None:
    """Return the parameters, or None where Python cannot tell."""
    if function is None:
        return None
    try:
        return signature(function).parameters
    except (TypeError, ValueError):
        return None


def spelling(
    gradients: Any, names: Sequence[str] | None
) -> tuple[str, ...] | Mapping[str, str] | None:
    """Return the order or the names of the gradients as the user says them.

    Raises
    ------
    TypeError
        If they are neither a sequence nor a mapping.
    ValueError
        If they name an operand that has no gradient.
    """
    if gradients is None:
        return None
    if isinstance(gradients, str) or not isinstance(gradients, Mapping | Sequence):
        raise TypeError(f"`gradients` (={gradients!r}) must be a sequence of operands or a mapping")
    for name in gradients:
        if names is not None and name not in names:
            raise ValueError(f"`gradients` names {name!r}; gradients are of {', '.join(names)}")
    return dict(gradients) if isinstance(gradients, Mapping) else tuple(gradients)


def known_dtypes(dtypes: Any) -> tuple[str, ...]:
    """Return the names of dtypes.

    Raises
    ------
    TypeError
        If they are one string.
    ValueError
        If one is unknown.
    """
    if isinstance(dtypes, str):
        raise TypeError(f"`dtypes` (={dtypes!r}) must be a sequence of names, not one string")
    for name in dtypes:
        if name not in DTYPES:
            raise ValueError(f"`dtypes` holds {name!r}; known are {', '.join(DTYPES)}")
    return tuple(dtypes)


def exception_types(given: Any) -> tuple[type[Exception], ...]:
    """Return exception types as a tuple.

    Raises
    ------
    TypeError
        If one is no subclass of `Exception`.
    """
    types = given if isinstance(given, tuple | list) else (given,)
    for each in types:
        if not (isinstance(each, type) and issubclass(each, Exception)):
            raise TypeError(f"`unsupported` (={given!r}) must be exception types")
    return tuple(types)


def place_of(function: Any) -> str:
    """Return a function's full name; that of its type if it has none."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', type(function).__module__)}.{name}"
