"""Numbers for the cases: few and readable, and yet no permutation or swap escapes them.

An array that is constant, or nearly so, hides errors that permute its elements; so do
cotangents of ones. Patterns are therefore ramps, one-hots and seeded numbers, the simplest
first, since that is the direction in which Hypothesis shrinks. Special values stand in
strata of their own: one or two of them, laid over an array of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from oracles.draws import choice, deal, integer

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

PATTERNS = ("ramp", "integers", "one-hot", "eighths", "reals")
NETWORK_PATTERNS = ("ramp of eighths", "eighths")
KINK_PATTERNS = ("ramp", "few", "one-hot", "reals", "eighths")
SMOOTH_PATTERNS = ("ramp of eighths", "eighths", "reals", "few")
ACTIVATION_PATTERNS = ("ramp", "eighths", "reals", "wide reals")


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array and, in words, how it came about."""

    array: Array
    origin: str


_SEEDED: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "integers": lambda rng, size: rng.integers(-9, 10, size).astype(np.float64),
    "few": lambda rng, size: rng.integers(-2, 3, size).astype(np.float64),
    "eighths": lambda rng, size: rng.integers(-16, 17, size) / 8,
    "reals": lambda rng, size: rng.standard_normal(size),
    "wide reals": lambda rng, size: rng.standard_normal(size) * 2.0 ** rng.integers(-12, 7, size),
}


def make(pattern: str, shape: Shape, dtype: str, seed: int, first: int = 1) -> Array:
    """Return the array of `pattern`; the same arguments give the same bits.

    Parameters
    ----------
    pattern
        ``ramp`` 1, 2, 3, ...; ``ramp of eighths``; ``integers`` from -9 to 9; ``few`` of them, from
        -2 to 2, so that some are equal; ``one-hot``;
        ``eighths``: multiples of 1/8 from -2 to 2; ``reals``: standard normal; ``wide
        reals``: normal times a power of two from 2**-12 to 2**6.
    shape, dtype
        Of the array.
    seed
        Of everything random; one-hot puts its 1 there, modulo the size.
    first
        With which a ramp begins: arrays of one shape that are equal hide that one is taken for
        the other.

    Raises
    ------
    ValueError
        If `pattern` is unknown.
    """
    size = prod(shape)
    if pattern in _SEEDED:
        numbers = _SEEDED[pattern](np.random.default_rng(seed), size)
    elif pattern == "ramp":
        numbers = np.arange(first, first + size, dtype=np.float64)
    elif pattern == "ramp of eighths":
        numbers = ((np.arange(size) + 7 * first - 6) % 33 - 16) / 8
    elif pattern == "one-hot":
        numbers = (np.arange(size) == seed % max(size, 1)).astype(np.float64)
    else:
        raise ValueError(f"`pattern` (={pattern!r}) is unknown")
    return numbers.astype(dtype).reshape(shape)


def numbers(
    draw: st.DrawFn,
    shape: Shape,
    dtype: str,
    seed: int,
    patterns: tuple[str, ...] = PATTERNS,
    first: int = 1,
) -> Numbers:
    """Draw the pattern of an array without special values."""
    pattern = choice(draw, patterns)
    words = f"{pattern} from {first}" if pattern.startswith("ramp") else f"{pattern}, seed {seed}"
    return Numbers(make(pattern, shape, dtype, seed, first), words)


@cache
def special_values(dtype: str) -> tuple[tuple[float, ...], ...]:
    """Return the values at which floating-point code goes wrong, in `dtype`, kind by kind."""
    info = np.finfo(dtype)
    integer_limit = 2.0 ** (info.nmant + 1)
    normal, subnormal = float(info.smallest_normal), float(info.smallest_subnormal)
    largest = float(info.max)
    return (
        (0.0, 1.0, -1.0, 1e-3, float(info.eps), integer_limit, integer_limit + 2, normal),
        (-0.0,),
        (float("nan"),),
        (float("inf"), float("-inf")),
        (subnormal, normal / 4, -normal / 2),
        (largest, -largest, largest / 4),
        (19.0, -40.0, 90.0, -90.0),
    )


def overlaid(draw: st.DrawFn, plain: Numbers, values: tuple[float, ...], name: str) -> Numbers:
    """Draw `plain`, the operand `name`, with one of `values` laid over it.

    A subnormal number takes all others down with it: in a sum beside numbers of the usual size
    nobody could tell it from zero.
    """
    array, words = plain.array.copy(), plain.origin
    if array.size == 0:
        return plain
    position = integer(draw, 0, array.size - 1)
    value = deal(draw, f"{name}: one of {values}", values)
    if 0 < abs(value) < np.finfo(array.dtype).smallest_normal:
        array *= array.dtype.type(abs(value))
        words += f", times {abs(value)!r}"
    array.ravel()[position] = value
    return Numbers(array, f"{words}, {value!r} at flat index {position}")
