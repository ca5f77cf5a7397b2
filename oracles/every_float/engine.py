"""One activation, some inputs, all participants: scores.

float32 goes through in chunks small enough that the temporaries of every formula stay in the
cache, and in the allocator's hands; what is merged and kept is a block of many chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.every_float.entries import ENTRIES, PARTS, Entry
from oracles.every_float.inputs import (
    all_bfloat16,
    all_float16,
    float32_patterns,
    telling_float64,
    widened,
)
from oracles.every_float.participants import participant
from oracles.every_float.score import Score
from oracles.every_float.truth import Sided, Truth, ball_truth, fast_truth
from oracles.every_float.ulps import ruler, score

Array = npt.NDArray[Any]
Scores = dict[tuple[str, str], Score]
"""By participant and part (value or derivative)."""

CHUNK = 2**14

QUICK_KINDS = ("float16", "bfloat16", "float64")
"""What `quick_scores` looks at: all of two short formats, points of float64."""


def block_scores(name: str, first: int, count: int, participants: Sequence[str]) -> Scores:
    """Return the scores on the float32 numbers with the bits ``first .. first + count - 1``."""
    total: Scores = {}
    for start in range(first, first + count, CHUNK):
        x = float32_patterns(start, min(CHUNK, first + count - start))
        total = added(total, _chunk_scores(ENTRIES[name], x, participants))
    return total


def quick_scores(name: str, kind: str, participants: Sequence[str]) -> Scores:
    """Return the scores on the inputs of a kind out of `QUICK_KINDS`."""
    entry = ENTRIES[name]
    if kind == "float64":
        x = telling_float64(entry)
        return scores(entry, x, ball_truth(entry, x), participants)
    if kind == "float16":  # JAX on the CPU computes float16 in float32
        asked = [each for each in participants if each != "jax"]
        return _chunk_scores(entry, all_float16(), asked)
    return _chunk_scores(entry, all_bfloat16(), participants)


def scores(entry: Entry, x: Array, truth: Truth, participants: Sequence[str]) -> Scores:
    """Return the scores of every participant's answers at `x`, in the dtype of `x`."""
    value = ruler(truth.value, x.dtype, rest=truth.value_rest)
    slope = ruler(truth.slope, x.dtype, rest=truth.slope_rest)
    free = entry.slope_of_nan_is_free
    found: Scores = {}
    for name in participants:
        y, derivative = participant(name, entry.name)(x)
        if truth.kinks.at.size:
            nearest = _nearest(truth, derivative)
            slope = ruler(nearest, x.dtype, rest=truth.slope_rest)
        found[name, PARTS[0]] = score(x, y, value)
        found[name, PARTS[1]] = score(x, derivative, slope, free_nan=free)
    return found


def added(first: Mapping[Any, Score], second: Mapping[Any, Score]) -> dict[Any, Score]:
    """Return the scores on both sets of inputs."""
    return {key: first.get(key, Score()) + second.get(key, Score()) for key in {**first, **second}}


def _chunk_scores(entry: Entry, x: Array, participants: Sequence[str]) -> Scores:
    return scores(entry, x, fast_truth(entry, widened(x)), participants)


def _nearest(truth: Truth, answer: Array) -> Array:
    """Return the true slopes, at a knot the one between both sides nearest to the answer."""
    slope, kinks = np.array(truth.slope), truth.kinks
    slope[kinks.at] = _between(kinks, widened(answer[kinks.at]))
    return slope


def _between(kinks: Sided, answer: Array) -> Array:
    low, high = np.minimum(kinks.left, kinks.right), np.maximum(kinks.left, kinks.right)
    return np.where(np.isnan(answer), low, np.clip(answer, low, high))
