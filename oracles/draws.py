"""The primitive draws: each strategy is made once, since making one costs more than drawing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


def integer(draw: st.DrawFn, least: int, most: int) -> int:
    """Draw an int from `least` to `most`, the one nearest to 0 first."""
    return least if least == most else draw(_between(least, most))


def choice(draw: st.DrawFn, values: Sequence[T]) -> T:
    """Draw one of `values`, the first first."""
    return values[integer(draw, 0, len(values) - 1)]


@lru_cache(maxsize=4096)
def _between(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)
