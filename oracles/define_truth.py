"""What is true of a user's operation: by its neutral forward, or within a tolerance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from oracles.data import KINK_PATTERNS, PATTERNS, SMOOTH_PATTERNS
from oracles.define_axes import Axes, Shape
from oracles.define_cases import ShapeOf
from oracles.exact.definition import Definition
from oracles.exact.neutral import Neutral, ties
from oracles.exact.neutral_polynomial import polynomial_in
from oracles.exact.tolerance import ROUNDINGS, tolerance_of
from oracles.op import Reference
from oracles.witnesses.neutral import in_jax, in_torch

FRAMEWORKS = ("torch", "jax")

Function = Callable[..., Any]


@dataclass(frozen=True)
class Truth:
    """A definition, what tells the shape of its result, and the numbers that suit it."""

    definition: Definition
    shape_of: ShapeOf
    patterns: tuple[str, ...]


def check_references(reference: Any, references: Any, roundings: Any) -> None:
    """Raise unless there is either one neutral forward or one for each of some witnesses."""
    if (reference is None) == (references is None):
        said = "neither" if reference is None else "both"
        raise ValueError(f"either `reference` or `references` must be given, not {said}")
    if reference is not None and not callable(reference):
        raise TypeError(f"`reference` (={reference!r}) must be callable")
    if reference is not None and roundings is not None:
        raise ValueError(f"`roundings` (={roundings!r}) is for `references`; here they are counted")
    if references is not None:
        _check_each(references)
    if roundings is not None:
        if isinstance(roundings, bool) or not isinstance(roundings, int):
            raise TypeError(f"`roundings` (={roundings!r}) must be an int")
        if roundings < 1:
            raise ValueError(f"`roundings` (={roundings!r}) must be at least 1")


def _check_each(references: Any) -> None:
    if not isinstance(references, Mapping) or not references:
        raise TypeError(f"`references` (={references!r}) must be functions by witness")
    for witness, function in references.items():
        if witness not in FRAMEWORKS:
            raise ValueError(f"`references` names {witness!r}; known are {', '.join(FRAMEWORKS)}")
        if not callable(function):
            raise TypeError(f"`references` (={witness!r}: {function!r}) must be callable")


def references_of(
    reference: Function | None, references: Mapping[str, Reference] | None
) -> dict[str, Reference]:
    """Return the reference of each witness."""
    if reference is None:
        return dict(references or {})
    return {"torch": partial(in_torch, reference), "jax": partial(in_jax, reference)}


def by_reference(reference: Function, axes: Axes, *, takes_cotangent: bool, drawn: bool) -> Truth:
    """Return exact truth from a neutral forward.

    Parameters
    ----------
    reference
        ``f(xp, *operands, **options)``.
    axes
        Of its operands.
    takes_cotangent
        Whether it is no loss.
    drawn
        Whether cases are drawn by the axes, so that it can be tried on some.

    Raises
    ------
    ValueError
        If it fails.
    TypeError
        If it returns no array of floats, or cannot be evaluated in exact arithmetic.
    """
    shape_of = partial(_numpy_shape, reference)
    indices = tuple(range(len(axes.operands), len(axes.names)))
    if not drawn:
        definition = Neutral(reference, None, True, indices, takes_cotangent)
        return Truth(definition, shape_of, KINK_PATTERNS)
    _try(shape_of, axes, takes_cotangent=takes_cotangent)
    compares = _compares(reference, axes, indices)
    polynomial = None if indices else polynomial_in(reference, axes.combinations())
    definition = Neutral(reference, polynomial, compares, indices, takes_cotangent)
    smooth = PATTERNS if polynomial is not None else SMOOTH_PATTERNS
    return Truth(definition, shape_of, KINK_PATTERNS if compares else smooth)


def by_tolerance(
    references: Mapping[str, Reference],
    axes: Axes,
    differentiable: tuple[str, ...],
    roundings: int | None,
    *,
    takes_cotangent: bool,
    drawn: bool,
) -> Truth:
    """Return what a framework's float64 says, within so many roundings.

    Raises
    ------
    ValueError
        If the framework's reference fails, or no framework is installed.
    """
    definition = tolerance_of(
        references, axes.names, differentiable, ROUNDINGS if roundings is None else roundings,
        takes_cotangent=takes_cotangent,
    )  # fmt: skip
    if drawn:
        _try(definition.shape_of, axes, takes_cotangent=takes_cotangent)
    return Truth(definition, definition.shape_of, KINK_PATTERNS)


def _numpy_shape(
    reference: Function, arrays: Mapping[str, Any], options: Mapping[str, Any]
) -> Shape:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of the mean of nothing
        y = reference(np, *arrays.values(), **options)
    if not isinstance(y, np.ndarray | np.generic | float):
        raise TypeError(f"`reference` returned a {type(y).__name__}, not an array")
    if np.asarray(y).dtype.kind != "f":
        raise TypeError(f"`reference` returned an array of {np.asarray(y).dtype}, not of floats")
    return np.shape(y)


def _try(shape_of: ShapeOf, axes: Axes, *, takes_cotangent: bool) -> None:
    """Evaluate on zeros of small sizes and of the largest."""
    largest = {word: most for word, (_, most) in axes.sizes.items()}
    first = {name: values[0] for name, values in axes.options.items()}
    for sizes, options in [*axes.small(), (largest, first)]:
        arrays = _zeros(axes, sizes)
        try:
            shape = shape_of(arrays, options)
        except TypeError as error:
            if "`reference` returned" in str(error):
                raise
            raise _failed(arrays, options, error) from error
        except Exception as error:
            raise _failed(arrays, options, error) from error
        if not takes_cotangent and shape != ():
            raise ValueError(
                f"`takes_cotangent` (=False) is for a loss, a single number; at "
                f"{_told(arrays, options)} the result has shape {shape}"
            )


def _failed(arrays: Mapping[str, Any], options: Mapping[str, Any], error: Exception) -> ValueError:
    return ValueError(
        f"the reference fails at {_told(arrays, options)}: {type(error).__name__}: {error}; "
        "`sizes` restricts what is drawn"
    )


def _compares(reference: Function, axes: Axes, indices: tuple[int, ...]) -> bool:
    """Return whether there are ties anywhere, having tried exact arithmetic everywhere."""
    found = 0
    for sizes, options in axes.small():
        arrays = _zeros(axes, sizes)
        shapes = [array.shape for array in arrays.values()]
        try:
            found += ties(reference, shapes, options, indices)
        except Exception as error:
            raise TypeError(
                f"`reference` cannot be evaluated in exact arithmetic at "
                f"{_told(arrays, options)}: {error}; `references` for the frameworks can be given "
                "instead, for weaker evidence"
            ) from error
    return found > 0


def _zeros(axes: Axes, sizes: Mapping[str, int]) -> dict[str, Any]:
    floats = {name: np.zeros(shape) for name, shape in axes.shapes(sizes).items()}
    told = axes.index_shapes(sizes)
    return floats | {name: np.zeros(shape, np.int64) for name, (shape, _) in told.items()}


def _told(arrays: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    shapes = [f"{name} of shape {array.shape}" for name, array in arrays.items()]
    return ", ".join([*shapes, *(f"{name}={value!r}" for name, value in options.items())])
