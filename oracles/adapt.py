"""Lets a subject keep its arrays in another order of axes than the catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Function = Callable[..., Any]

_SPATIAL = "DHW"


def in_layout(
    forward: Function,
    backward: Function | None,
    double_backward: Function | None = None,
    *,
    layout: str,
    kernel: str,
) -> tuple[Function, Function | None, Function | None]:
    """Return the subject's functions as functions of arrays in the catalog's order of axes.

    Parameters
    ----------
    forward, backward, double_backward
        The subject's functions: ``x`` first, then ``w`` if there is one; ``backward`` takes
        the cotangent before them, and ``double_backward`` the directions before that.
    layout, kernel
        See `oracles.Op.implemented_by`.

    Raises
    ------
    ValueError
        If `layout` or `kernel` does not hold its two letters and spatial letters once each.
    """
    _check_letters("layout", layout, "NC")
    _check_letters("kernel", kernel, "OI")
    if _is_natural(layout, "NC") and _is_natural(kernel, "OI"):
        return forward, backward, double_backward

    return (
        partial(_forward_in, forward, layout, kernel),
        None if backward is None else partial(_backward_in, backward, layout, kernel),
        None if double_backward is None else partial(_double_in, double_backward, layout, kernel),
    )


def _forward_in(
    forward: Function, layout: str, kernel: str, *operands: Array, **options: Any
) -> Any:
    y = forward(*_to_subject(operands, layout, kernel), **options)
    return _from_layout(y, layout, "NC")


def _backward_in(
    backward: Function, layout: str, kernel: str, g: Array, *operands: Array, **options: Any
) -> Any:
    cotangent = _to_layout(g, layout, "NC")
    gradients = backward(cotangent, *_to_subject(operands, layout, kernel), **options)
    if not isinstance(gradients, tuple | list):
        return _from_layout(gradients, layout, "NC")
    orders = ((layout, "NC"), (kernel, "OI"))
    moved = [_from_layout(g, *order) for g, order in zip(gradients, orders, strict=False)]
    return (*moved, *gradients[len(moved) :])


def _double_in(
    double_backward: Function, layout: str, kernel: str, *given: Array | None, **options: Any
) -> Any:
    """Turn (v_x, v_w, v_b, g, x, w) of a convolution: the only arrays that have a layout."""
    v_x, v_w, v_b, g, x, w = given
    data, weights = (layout, "NC"), (kernel, "OI")
    orders = (data, weights, None, data, data, weights)
    turned = [
        array if order is None or array is None else _to_layout(array, *order)
        for array, order in zip((v_x, v_w, v_b, g, x, w), orders, strict=True)
    ]
    found = double_backward(*turned, **options)
    return tuple(_from_layout(a, *o) for a, o in zip(found, (data, data, weights), strict=True))


def _check_letters(name: str, letters: str, first: str) -> None:
    spatial = [letter for letter in letters if letter in _SPATIAL]
    known = sorted((*first, *spatial))
    if sorted(letters) != known or len(set(letters)) != len(letters) or "W" not in spatial:
        raise ValueError(
            f"`{name}` (={letters!r}) must hold {first[0]}, {first[1]} and the spatial letters "
            f"out of {_SPATIAL}, each once"
        )


def _is_natural(letters: str, first: str) -> bool:
    return letters == first + "".join(letter for letter in _SPATIAL if letter in letters)


def _axes(letters: str, first: str, ndim: int) -> list[int]:
    """Position in the catalog's order of each axis in the subject's order."""
    axes = first + _SPATIAL[len(_SPATIAL) - (ndim - 2) :]
    missing = "".join(letter for letter in axes if letter not in letters)
    if missing:
        raise ValueError(f"a layout {letters!r} has no letter for the axes {missing!r}")
    return [axes.index(letter) for letter in letters if letter in axes]


def _to_layout(array: Array, letters: str, first: str) -> Array:
    return np.ascontiguousarray(array.transpose(_axes(letters, first, array.ndim)))


def _from_layout(array: Any, letters: str, first: str) -> Any:
    if not isinstance(array, np.ndarray) or array.ndim < len(first) + 1:
        return array
    return array.transpose(np.argsort(_axes(letters, first, array.ndim)))


def _to_subject(operands: Sequence[Array], layout: str, kernel: str) -> list[Array]:
    orders = ((layout, "NC"), (kernel, "OI"))
    moved = [_to_layout(a, *order) for a, order in zip(operands, orders, strict=False)]
    return [*moved, *operands[len(moved) :]]
