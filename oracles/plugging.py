"""What `oracles.Op.implemented_by` makes of its arguments, and every error in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oracles.limits import make_limits
from oracles.plug import Order, order
from oracles.signatures import (
    bias_limit,
    dropped_options,
    is_bias,
    positional,
    scalar_limits,
)

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


def settled_limits(
    options: Mapping[str, Any],
    forward: Function,
    layout: str | None,
    given: Mapping[str, Any],
    *,
    called: Mapping[str, str],
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
    called
        By option what the subject calls it.
    bias
        Whether the operation has one.
    """
    dropped = dropped_options(options, forward, called)
    found: dict[str, Any] = {}
    if "padding" in options:
        found = {name: options[name] for name in options if name in dropped}
        found |= {"named_padding": False} if "padding" in dropped else {}
        found |= scalar_limits(forward, list(options), called)
    elif dropped:
        found = {"default_parameters": True}
    if bias:
        found |= bias_limit(forward, [called.get(name, name) for name in options])
    if layout is not None and bias:
        found["batched" if "N" in layout else "unbatched"] = True
    found |= given
    make_limits(found)
    return found


def operands_of(
    names: tuple[str, ...] | None, backward: Function | None, known: Sequence[str]
) -> tuple[str, ...] | None:
    """Return the operands that a backward takes: ``b`` as well if it has a parameter for it."""
    if names != ("x", "w"):
        return names
    taken = positional(backward, known)
    return (*names, "b") if taken is not None and len(taken) > 3 and is_bias(taken[3]) else names


def names_of_options(called: Any, options: Mapping[str, Any]) -> dict[str, str]:
    """Return by option what the subject calls it.

    Raises
    ------
    TypeError
        If `called` is no mapping.
    ValueError
        If it names an option that the operation has not.
    """
    if called is None:
        return {}
    if not isinstance(called, Mapping):
        raise TypeError(f"`options` (={called!r}) must be a mapping from options to names")
    for name in called:
        if name not in options:
            known = ", ".join(options) or "none"
            raise ValueError(f"`options` names {name!r}; the operation's options are {known}")
    return dict(called)


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
