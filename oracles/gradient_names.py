"""Gradients as people return them: a tuple, a dict, an object with attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "x": ("x", "X", "input", "inputs"),
    "w": ("w", "W", "weight", "weights", "kernel", "kernels", "filters"),
    "b": ("b", "B", "bias", "biases"),
}
"""What operands are called elsewhere; an operand that is not here has its own name alone."""

FORMS = ("grad_{}", "{}_grad", "d{}", "d_{}", "g_{}", "grad_wrt_{}")
"""How a gradient's name is made of its operand's."""


class Unnamed(TypeError):  # noqa: N818 - the subject's fault, told as its answer
    """Gradients that have no names this harness knows; the text says which were looked for."""


@dataclass(frozen=True)
class Recovered:
    """Gradients by operand that were not returned but recovered, which costs a rounding.

    Attributes
    ----------
    gradients
        By operand.
    errors
        By operand: bounds on what recovering added to the rounding error.
    """

    gradients: Mapping[str, Any]
    errors: Mapping[str, Array]


def by_operand(
    returned: Any,
    names: Sequence[str] | None,
    spelled: Sequence[str] | Mapping[str, str] | None = None,
) -> Any:
    """Return gradients by operand if they are named; else as they are.

    Parameters
    ----------
    returned
        What the subject's backward returned: an array, a tuple or list (in the order of
        `spelled`, or of `names`), a dict, a named tuple, an object with attributes.
    names
        Of the operands that have gradients; None if they differ from case to case, and a dict
        is then taken to use them.
    spelled
        Names in the order of a tuple, or by operand the key or attribute.

    Raises
    ------
    Unnamed
        If a dict or an object has none of the names.
    """
    if isinstance(returned, Recovered | np.ndarray | np.generic):
        return returned
    if isinstance(spelled, Mapping):
        return {name: _told(returned, name, key) for name, key in spelled.items()}
    if names is None:
        return returned
    if isinstance(returned, Mapping):
        return _named(returned, names, bare=True) or _refuse(returned, names)
    if isinstance(returned, tuple | list):
        return _in_order(returned, names, spelled)
    return _named(returned, names, bare=False) or returned


def in_turn(returned: Any, every: Sequence[str], wanted: Sequence[str]) -> Mapping[str, Any] | None:
    """Return gradients by operand, whether they came by name or in order; None if miscounted.

    Parameters
    ----------
    returned
        A mapping by operand, a tuple or list, or a single gradient.
    every, wanted
        Names of the operands that may have gradients, and of those that have one in this case:
        what comes in order is either all of the one or all of the other.
    """
    if isinstance(returned, Mapping):
        return returned
    found = returned if isinstance(returned, tuple | list) else (returned,)
    if len(found) not in (len(every), len(wanted)):
        return None
    return dict(zip(every if len(found) == len(every) else wanted, found, strict=True))


def _in_order(returned: Sequence[Any], names: Sequence[str], spelled: Sequence[str] | None) -> Any:
    """Return by operand a named tuple whose fields all are gradients, or one in a stated order."""
    found = _named(returned, names, bare=False) if hasattr(returned, "_fields") else {}
    if len(found) == len(returned):
        return found
    return dict(zip(spelled, returned, strict=False)) if spelled else returned


def spellings(name: str, *, bare: bool) -> Iterator[str]:
    """Yield the names under which the gradient of operand `name` is looked for."""
    for synonym in SYNONYMS.get(name, (name,)):
        yield from (form.format(synonym) for form in FORMS)
        if bare:
            yield synonym


def found_in(holder: Any, name: str) -> str:
    """Return the attribute of `holder` that is called like a gradient of `name`, or ""."""
    return next((s for s in spellings(name, bare=False) if hasattr(holder, s)), "")


def _named(returned: Any, names: Sequence[str], *, bare: bool) -> dict[str, Any]:
    """Return what is found under one of the spellings; `bare` for the operand's name itself."""
    found = {}
    for name in names:
        key = next((s for s in spellings(name, bare=bare) if _has(returned, s)), None)
        if key is not None:
            found[name] = _get(returned, key)
    return found


def _refuse(returned: Mapping[Any, Any], names: Sequence[str]) -> Any:
    known = ", ".join(list(spellings(names[0], bare=True))[:3])
    raise Unnamed(
        f"returned gradients under the names {', '.join(map(repr, returned)) or 'of nothing'}; "
        f"known are {known} and the like, `gradients` says others"
    )


def _told(returned: Any, name: str, key: str) -> Any:
    if not _has(returned, key):
        raise Unnamed(f"returned no {key!r}, which `gradients` says is the gradient of {name}")
    return _get(returned, key)


def _has(returned: Any, key: str) -> bool:
    return key in returned if isinstance(returned, Mapping) else hasattr(returned, key)


def _get(returned: Any, key: str) -> Any:
    return returned[key] if isinstance(returned, Mapping) else getattr(returned, key)
