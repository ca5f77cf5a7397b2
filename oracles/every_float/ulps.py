"""Errors in ULP of a float format, measured against truth in float64.

One ULP of truth t is the distance of neighbouring numbers in the binade of t, and not below
the smallest subnormal number nor above what it is in the highest binade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.every_float.reference import BOUND
from oracles.every_float.score import Score, Worst

Array = npt.NDArray[Any]

_EXPONENT = np.int64(0x7FF) << np.int64(52)


@dataclass(frozen=True)
class Ruler:
    """Measures answers in one dtype against one truth.

    Parameters of `ruler`, and what follows from them: `scale` is the number of ULP in 1, or for
    float64, where that may overflow, its binary logarithm.
    """

    truth: Array
    rest: Array | float
    dtype: np.dtype[Any]
    scale: Array
    half: float

    def errors(self, answer: Array) -> Array:
        """Return the distance from truth in ULP, NaN or infinite where either is."""
        difference = np.subtract(answer, self.truth, dtype=np.float64)
        if self.dtype.itemsize == 8:
            return np.abs(np.ldexp(difference - self.rest, self.scale))
        np.abs(difference, out=difference)
        difference *= self.scale
        return difference


def ruler(truth: Array, dtype: npt.DTypeLike, *, rest: Array | float = 0.0) -> Ruler:
    """Return the ruler for answers in `dtype`, truth being ``truth + rest``.

    Without a rest (float16, float32) truth is good to `reference.BOUND` alone, and an answer
    counts as misrounded only if its error is more than half an ULP beyond that doubt.
    """
    info = np.finfo(dtype)
    if info.dtype.itemsize == 8:
        exponent = np.frexp(np.where(np.isfinite(truth), truth, 0))[1] - 1
        scale = info.nmant - np.maximum(exponent, int(info.minexp))
        return Ruler(truth, rest, info.dtype, scale, 0.5)
    low, high = (np.int64(e + 1023) << np.int64(52) for e in (int(info.minexp), info.maxexp - 1))
    bits = np.minimum(np.maximum(truth.view(np.int64) & _EXPONENT, low), high)
    scale = ((np.int64(2046 + info.nmant) << np.int64(52)) - bits).view(np.float64)
    return Ruler(truth, rest, info.dtype, scale, 0.5 + BOUND * 2.0 ** (info.nmant + 1))


def score(x: Array, answer: Array, against: Ruler, *, free_nan: bool = False) -> Score:
    """Return the score of `answer` at the inputs `x`.

    Parameters
    ----------
    free_nan
        Where truth is NaN, take any answer: see `Entry.slope_of_nan_is_free`.
    """
    with np.errstate(all="ignore"):
        errors = against.errors(answer)
        if (answer == 0).any() or not np.isfinite(errors.max(initial=0.0)):
            return _with_strange(x, answer, against, errors, free_nan)
        return _of_numbers(x, answer, against, errors)


def _of_numbers(x: Array, answer: Array, against: Ruler, errors: Array) -> Score:
    if not errors.size:
        return Score()
    wrong = int(np.count_nonzero(errors > against.half))
    i = int(errors.argmax())
    worst = Worst(float(errors[i]), float(x[i]), float(answer[i]), float(against.truth[i]))
    return Score(errors.size, misrounded=wrong, worst=worst)


def _with_strange(x: Array, answer: Array, against: Ruler, errors: Array, free_nan: bool) -> Score:
    """Return the score where zeros, infinities and NaN must be told apart first."""
    truth = against.truth
    rounded = truth.astype(against.dtype)
    nan = np.isnan(answer) != np.isnan(truth)
    if free_nan:
        nan &= ~np.isnan(truth)
    numbers = ~(np.isnan(answer) | np.isnan(truth))
    infinite = np.isinf(answer) & (answer != rounded) & numbers
    infinite |= np.isinf(truth) & ~np.isinf(answer) & numbers
    zero = (answer == 0) & (rounded != 0) & ~infinite & numbers
    flushed = zero & (np.abs(rounded) < np.finfo(against.dtype).tiny)
    right = np.isnan(truth) | (np.isinf(answer) & (answer == rounded))
    spurious = nan | infinite | (zero & ~flushed)
    judged = ~(spurious | flushed | right)
    errors = np.where(judged, errors, 0)
    found = _of_numbers(x, answer, against, errors)
    return Score(
        x.size - (int(np.isnan(truth).sum()) if free_nan else 0),
        found.misrounded + int(spurious.sum()) + int(flushed.sum()),
        zeros=int((zero & ~flushed).sum()),
        infinities=int(infinite.sum()),
        nans=int(nan.sum()),
        flushed=int(flushed.sum()),
        worst=found.worst if judged.any() else None,
        spurious_at=float(x[spurious][0]) if spurious.any() else None,
    )
