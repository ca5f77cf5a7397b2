"""The inputs: all of a short format, and of float64 the points where things happen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.every_float.entries import Entry

Array = npt.NDArray[Any]

FLOAT32 = 2**32
"""Number of float32 bit patterns."""

_SEED = 20180613
_RANDOM = 2000
_NEIGHBOURS = 8

# Where exp, its square or 1 - exp leave float32 or float64, where results saturate, and zeros
# of derivatives; both signs are taken.
_TURNS = (
    1e-8, 2.0**-27, 0.7517915246935645, 0.7524614220710162, 1.0, 1.1924312145154912,
    1.2784645427610738, 1.5, 3.0, 6.0, 8.3, 9.01, 13.2, 14.4, 16.6, 18.4, 19.06, 20.0, 36.04,
    37.5, 38.6, 40.0, 44.4, 87.34, 88.72, 103.97, 174.7, 354.9, 372.6, 708.4, 709.78, 745.13,
    1500.0, 1e154, 1.34e154, 1.7976931348623157e308,
)  # fmt: skip


def float32_patterns(first: int, count: int) -> Array:
    """Return the float32 numbers whose bits are `first` and the next ones."""
    return np.arange(first, first + count, dtype=np.uint32).view(np.float32)


def all_bfloat16() -> Array:
    """Return every bfloat16 number, as float32."""
    return (np.arange(2**16, dtype=np.uint32) << np.uint32(16)).view(np.float32)


def all_float16() -> Array:
    """Return every float16 number."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16)


def telling_float64(entry: Entry) -> Array:
    """Return knots and turns with their neighbours, powers of two, special and random numbers."""
    turns = np.array([*(float(knot) for knot in entry.pieces.knots), *_TURNS])
    powers = np.ldexp(1.0, np.arange(-1074, 1024))
    special = np.array([0.0, np.inf, np.nan, 5e-324, 2.0**-1022 - 5e-324])
    bits = np.random.default_rng(_SEED).integers(0, 2**64, _RANDOM, dtype=np.uint64)
    around = np.concatenate([_neighbours(turns), powers, special])
    return np.concatenate([around, -around, bits.view(np.float64)])


def widened(x: Array) -> Array:
    """Return the same numbers as float64, quiet about signalling NaN."""
    with np.errstate(invalid="ignore"):
        return x.astype(np.float64)


def _neighbours(points: Array) -> Array:
    """Return the numbers up to `_NEIGHBOURS` ULP to either side of each point."""
    rows = [points]
    with np.errstate(over="ignore", under="ignore"):
        for direction in (-np.inf, np.inf):
            row = points
            for _ in range(_NEIGHBOURS):
                row = np.nextafter(row, direction)
                rows.append(row)
    return np.concatenate(rows)
