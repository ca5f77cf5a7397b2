"""Arrays in, `Comparison` out: how far each element lies from truth, in units of its bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import NotAnArray, kind_of
from oracles.bounds import smallest_subnormal
from oracles.exact.bounded import Approximate, least_relative, text_of
from oracles.exact.distance import error_to

Array = npt.NDArray[Any]

_UNDERFLOWS = 1024

WORST = 5
"""Number of worst cells that a comparison keeps."""


@dataclass(frozen=True)
class Cell:
    """One element outside (or nearest to) its bound.

    Attributes
    ----------
    index
        Where.
    value
        What the participant says, as a float.
    truth
        The exact value, as text.
    error, bound
        ``|value - truth|`` and the largest rounding error that the operation may have.
    ratio
        ``error / bound``; infinite where the bound is 0 and the error is not.
    """

    index: tuple[int, ...]
    value: float
    truth: str
    error: float
    bound: float
    ratio: float


@dataclass(frozen=True)
class Comparison:
    """One participant's operand against truth.

    Attributes
    ----------
    participant, operand
        Who, and what: ``y``, ``grad_x``, ...
    problem
        "" if the array could be compared, else why not (wrong shape, dtype, type, missing).
    elements, wrong
        Number of elements, and of those outside their bound.
    worst_ratio
        The largest error/bound.
    worst
        Up to five cells with the largest error/bound among the wrong ones.
    wrong_cells
        Boolean array of the operand's shape (flattened to a tuple of flat indices).
    shape
        Of the true array.
    worst_probable_ratio
        The largest error over the bound that holds but for a small probability.
    resolution
        The smallest relative error of an element that rounding cannot explain: twice its
        bound (once for the error, once for a rounding that hides it) over its true value.
        Elements that are zero have none; NaN if all are and must be.
    tells
        Whether a witness that agrees would not have agreed with the subject too, where that is
        wrong: its method may be too coarse (`is_blind_to`).
    worst_error
        The largest error of the wrong elements; infinite if the array could not be compared.
    """

    participant: str
    operand: str
    problem: str
    elements: int
    wrong: int
    worst_ratio: float
    worst: tuple[Cell, ...]
    wrong_cells: tuple[int, ...]
    shape: tuple[int, ...]
    worst_probable_ratio: float = 0.0
    resolution: float = np.inf
    tells: bool = True
    worst_error: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether every element lies within its bound."""
        return not self.problem and self.wrong == 0

    @property
    def share(self) -> str:
        """How many of a hundred elements are wrong, in words that say 0 or 100 of no other."""
        if 0 < 100 * self.wrong < self.elements:
            return "<1%"
        if 0 < 100 * (self.elements - self.wrong) < self.elements:
            return ">99%"
        return f"{100 * self.wrong / self.elements:.0f}%"


def compare(
    participant: str,
    values: Mapping[str, Array],
    truth: Mapping[str, Approximate],
    dtype: np.dtype[Any],
    errors: Mapping[str, Array] | None = None,
) -> list[Comparison]:
    """Compare a participant's arrays with truth, operand by operand.

    Parameters
    ----------
    participant
        Name for the record.
    values
        The participant's arrays by operand.
    truth
        Truth by operand, with the rounding bound of each element.
    dtype
        The dtype that every array must have.
    errors
        Bounds on what the participant's method adds to the rounding error, by operand.

    Returns
    -------
    list of Comparison
        One for each operand of `truth`, in its order.
    """
    own = errors or {}
    return [
        _compare_operand(participant, name, values.get(name), true, dtype, own.get(name))
        for name, true in truth.items()
    ]


def _compare_operand(
    participant: str,
    operand: str,
    value: Array | None,
    true: Approximate,
    dtype: np.dtype[Any],
    own_error: Array | None,
) -> Comparison:
    problem = _problem(value, true, dtype)
    if problem or value is None:
        every = tuple(range(true.error.size))
        return Comparison(
            participant, operand, problem, len(every), len(every), np.inf, (), every, true.shape,
            worst_error=np.inf,
        )  # fmt: skip
    error = error_to(true, value)
    bound = true.error if own_error is None else true.error + own_error
    resolution = _resolution(true, bound, dtype)
    if not error.any():
        return Comparison(
            participant, operand, "", value.size, 0, 0.0, (), (), value.shape, 0.0, resolution
        )
    ratio = error_over_bound(error, bound)
    wrong = np.flatnonzero(ratio > 1)
    worst = wrong[np.argsort(-ratio.ravel()[wrong], kind="stable")][:WORST]
    worst_ratio = float(ratio.max())
    return Comparison(
        participant=participant,
        operand=operand,
        problem="",
        elements=value.size,
        wrong=len(wrong),
        worst_ratio=worst_ratio,
        worst=tuple(_cell(int(flat), value, true, error, bound, ratio) for flat in worst),
        wrong_cells=tuple(wrong.tolist()),
        shape=value.shape,
        worst_probable_ratio=_probable_ratio(error, true, own_error, worst_ratio),
        resolution=resolution,
        worst_error=float(error.ravel()[wrong].max(initial=0.0)),
    )


def _probable_ratio(
    error: Array, true: Approximate, own_error: Array | None, worst_ratio: float
) -> float:
    if true.probable is None:
        return worst_ratio
    probable = true.probable if own_error is None else true.probable + own_error
    return float(error_over_bound(error, probable).max())


def _resolution(true: Approximate, bound: Array, dtype: np.dtype[Any]) -> float:
    least = true.finest if bound is true.error else least_relative(bound, true.size)
    if not np.isnan(least):
        return 2 * least
    # Where all must be zero, or next to it after an underflow, an error of any size shows.
    finite = np.isfinite(true.size) & np.isfinite(bound)
    return np.nan if (bound[finite] <= _UNDERFLOWS * smallest_subnormal(dtype)).all() else np.inf


def is_blind_to(wrong: Comparison, own_error: Array | None) -> bool:
    """Return whether a method with errors of its own could not have seen what is wrong.

    Parameters
    ----------
    wrong
        Of a participant that is wrong.
    own_error
        Bounds on what the method adds to the rounding error of each cell, or None.
    """
    if own_error is None or wrong.problem:
        return False
    if wrong.wrong > len(wrong.worst):  # the errors of the others are known to be no larger
        theirs = own_error.ravel()[list(wrong.wrong_cells)]
        return bool((wrong.worst_error <= theirs).all())
    return all(cell.error <= cell.bound + own_error[cell.index] for cell in wrong.worst)


def _problem(value: object, true: Approximate, dtype: np.dtype[Any]) -> str:
    if value is None:
        return "missing"
    if not isinstance(value, np.ndarray | np.generic):
        return NotAnArray(kind_of(value)).problem
    if value.shape != true.shape:
        return f"has shape {value.shape}, truth has {true.shape}"
    if value.dtype != dtype:
        return f"has dtype {value.dtype}, the case has {dtype}"
    return ""


def distances(
    mine: Mapping[str, Array],
    other: Mapping[str, Array],
    truth: Mapping[str, Approximate],
    errors: Mapping[str, Array],
) -> dict[str, Array]:
    """Return how far two participants are apart, in units of what rounding allows them both.

    Parameters
    ----------
    mine, other
        Arrays by operand.
    truth
        For the bounds: twice the operation's own, since either may be off by it.
    errors
        What the other's method adds to its bound, by operand.

    Returns
    -------
    dict
        Ratios for each operand that both have, in the same shape; above 1, rounding cannot
        explain the difference.
    """
    return {
        name: _distance_ratio(mine[name], other[name], true, errors.get(name))
        for name, true in truth.items()
        if _comparable(mine.get(name), true) and _comparable(other.get(name), true)
    }


def _comparable(value: object, true: Approximate) -> bool:
    return isinstance(value, np.ndarray) and value.shape == true.shape and value.dtype.kind == "f"


def _distance_ratio(mine: Array, other: Array, true: Approximate, own_error: Array | None) -> Array:
    a, b = mine.astype(np.float64), other.astype(np.float64)
    with np.errstate(all="ignore"):
        apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    either_is_nan = np.isnan(a) | np.isnan(b)
    apart = np.where(np.isnan(apart) | (np.isinf(a) != np.isinf(b)), np.inf, apart)
    apart = np.where(either_is_nan & true.or_nan, 0.0, apart)
    return error_over_bound(apart, 2 * true.error + (0.0 if own_error is None else own_error))


def error_over_bound(error: Array, bound: Array) -> Array:
    """Return error/bound; 0/0 is 0 (exactly right), and an infinite bound forgives all."""
    with np.errstate(all="ignore"):
        ratio = np.where(error == 0, 0.0, error / bound)
    return np.where(np.isinf(bound), 0.0, ratio)


def _cell(
    flat: int, value: Array, true: Approximate, error: Array, bound: Array, ratio: Array
) -> Cell:
    index = tuple(int(i) for i in np.unravel_index(flat, value.shape))
    return Cell(
        index=index,
        value=float(value[index]),
        truth=text_of(true.value[index]),
        error=float(error[index]),
        bound=float(bound[index]),
        ratio=float(ratio[index]),
    )
