"""One operand of a failing case, cell by cell: who is how far from truth, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, fmpq

from oracles.answer import Answer
from oracles.compare import error_over_bound
from oracles.exact.bounded import Approximate
from oracles.exact.distance import error_to

Array = npt.NDArray[Any]

DECADES = range(-6, 18)
"""Exponents of ten: the edges of the classes of a histogram of error/bound."""

CLASSES = (
    "0",
    f"under 1e{DECADES[0]}",
    *(f"1e{low} to 1e{low + 1}" for low in DECADES[:-1]),
    f"1e{DECADES[-1]} and more",
    "infinite",
)
"""What each number of a histogram counts: exactly right, within a decade, infinitely wrong."""

RIGHT_CLASSES = CLASSES.index("1e0 to 1e1")
"""The first so many classes are within the bound."""


@dataclass(frozen=True, eq=False)
class Portrait:
    """One operand of a failing case, cell by cell.

    Attributes
    ----------
    operand
        ``y``, ``grad_x``, ...
    shape
        Of the true array.
    truth
        The true numbers, each as its nearest float64.
    bound
        How far from truth rounding may take each, float64.
    ratios
        For each participant that answered with an array of this shape, error/bound of each cell;
        above 1 is wrong. The bound is the operation's, with what a witness's method adds.
    counts
        For each of these participants, the number of cells in each of `CLASSES`.
    """

    operand: str
    shape: tuple[int, ...]
    truth: Array
    bound: Array
    ratios: Mapping[str, Array]
    counts: Mapping[str, tuple[int, ...]]


def portraits(
    answers: Mapping[str, Answer], truth: Mapping[str, Approximate]
) -> tuple[Portrait, ...]:
    """Return every operand of a case, cell by cell.

    Parameters
    ----------
    answers
        By participant.
    truth
        By operand.
    """
    return tuple(_portrait(operand, answers, true) for operand, true in truth.items())


def _portrait(operand: str, answers: Mapping[str, Answer], true: Approximate) -> Portrait:
    ratios = {
        name: _ratio(answer.values[operand], true, answer.errors.get(operand))
        for name, answer in answers.items()
        if _has_shape(answer.values.get(operand), true.shape)
    }
    numbers = [_nearest(number) for number in true.value.ravel()]
    return Portrait(
        operand=operand,
        shape=true.shape,
        truth=np.array(numbers, dtype=np.float64).reshape(true.shape),
        bound=np.array(true.error, dtype=np.float64),
        ratios=ratios,
        counts={name: histogram(ratio) for name, ratio in ratios.items()},
    )


def _nearest(number: Any) -> float:
    if isinstance(number, float):
        return number
    if isinstance(number, arb):
        return float(number.mid())
    try:  # Python rounds the quotient of two ints rightly
        return int(number.p) / int(number.q) if isinstance(number, fmpq) else float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf


def _has_shape(value: object, shape: tuple[int, ...]) -> bool:
    if not isinstance(value, np.ndarray) or value.shape != shape:
        return False
    return np.can_cast(value.dtype, np.float64) and value.dtype.kind == "f"


def _ratio(value: Array, true: Approximate, own_error: Array | None) -> Array:
    bound = true.error if own_error is None else true.error + own_error
    return np.asarray(error_over_bound(error_to(true, value), bound), dtype=np.float64)


def histogram(ratio: Array) -> tuple[int, ...]:
    """Return how many of the ratios lie in each of `CLASSES`; 1 itself is within the bound."""
    edges = [0.0, *(float(f"1e{decade}") for decade in DECADES), np.finfo(np.float64).max]
    which = np.searchsorted(edges, ratio.ravel(), side="left")
    return tuple(np.bincount(which, minlength=len(CLASSES)).tolist())
