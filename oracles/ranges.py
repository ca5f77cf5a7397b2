"""Which numbers an option, or an argument of its name, takes; imports nothing heavy."""

from __future__ import annotations

import argparse
from numbers import Integral, Real

SHORTEST, LONGEST = 0.01, 1e6
"""Time limits, in seconds: in less no framework answers, and no alarm is set for much longer."""


def check_time_limit(time_limit: float) -> None:
    """Raise `ValueError` unless a time limit is a number of seconds in range."""
    number = isinstance(time_limit, Real) and not isinstance(time_limit, bool)
    if not number or not SHORTEST <= time_limit <= LONGEST:  # NaN is in no range
        raise ValueError(
            f"`time_limit` (={time_limit!r}) must be from {SHORTEST:g} to {LONGEST:g} seconds"
        )


def check_seed(seed: int | None) -> None:
    """Raise `ValueError` unless a seed is None, or an int of at least 0."""
    number = isinstance(seed, Integral) and not isinstance(seed, bool)
    if seed is not None and not (number and seed >= 0):  # NumPy's generators take none below
        raise ValueError(f"`seed` (={seed!r}) must be an int of at least 0")


def seconds(text: str) -> float:
    """Return the value of ``--time-limit``."""
    try:
        given = float(text)
        check_time_limit(given)
    except ValueError as error:
        told = f"{text!r} is not from {SHORTEST:g} to {LONGEST:g} seconds"
        raise argparse.ArgumentTypeError(told) from error
    return given


def seed(text: str) -> int:
    """Return the value of ``--seed``."""
    try:
        given = int(text)
        check_seed(given)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an int of at least 0") from error
    return given
