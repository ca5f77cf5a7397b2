"""The primitive draws, for Hypothesis and without it.

Hypothesis takes some 20 microseconds for each number that it draws, and thousands of cases are
drawn for each that convicts. So cases are drawn by hand (`Draws`), and Hypothesis is given the
choices of the one that convicts, to shrink it: the same function makes the case of either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial, wraps
from random import Random
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from hypothesis import strategies as st

T = TypeVar("T")
P = ParamSpec("P")


class Draws:
    """Draws without Hypothesis, and keeps each choice as Hypothesis would have made it.

    Parameters
    ----------
    random
        From which all choices follow; None makes each the simplest.
    decks
        What is left to be dealt, by name: see `deal`. Kept from case to case, it spreads rare
        choices evenly over the cases.

    Attributes
    ----------
    choices
        All that were made.
    """

    def __init__(self, random: Random | None, decks: dict[str, list[int]] | None = None) -> None:
        self._random = random
        self._decks = {} if decks is None else decks
        self.choices: list[int] = []

    def integer(self, least: int, most: int) -> int:
        """Choose an int from `least` to `most`, each as likely."""
        if self._random is None:
            chosen = max(least, min(0, most))
        else:
            chosen = least + int(self._random.random() * (most - least + 1))
        self.choices.append(chosen)
        return chosen

    def dealt(self, name: str, count: int) -> int:
        """Choose an int below `count` that has not come since all others did."""
        if self._random is None:
            return self.integer(0, count - 1)
        deck = self._decks.setdefault(f"{name} {count}", [])
        if not deck:
            order = [self._random.random() for _ in range(count)]
            deck.extend(sorted(range(count), key=order.__getitem__))
        self.choices.append(deck.pop())
        return self.choices[-1]

    def __call__(self, strategy: st.SearchStrategy[Any], label: object = None) -> Any:
        """Refuse what Hypothesis alone can draw."""
        raise TypeError(f"`strategy` (={strategy!r}) can be drawn by Hypothesis alone")


_BY_HAND: WeakKeyDictionary[Any, Callable[[st.DrawFn], Any]] = WeakKeyDictionary()


def drawable(
    function: Callable[Concatenate[st.DrawFn, P], T],
) -> Callable[P, st.SearchStrategy[T]]:
    """Make of ``function(draw, ...)`` a maker of strategies, as ``hypothesis.composite`` does.

    The function may draw by `integer` and `choice` alone, so that `by_hand` can as well.
    """
    composite = st.composite(function)

    @wraps(function)
    def strategy(*args: P.args, **kwargs: P.kwargs) -> st.SearchStrategy[T]:
        made = composite(*args, **kwargs)
        _BY_HAND[made] = partial(_called, function, args, kwargs)
        return made

    return strategy


def _called(function: Callable[..., T], args: Any, kwargs: Any, draw: st.DrawFn) -> T:
    return function(draw, *args, **kwargs)


def by_hand(strategy: st.SearchStrategy[T]) -> Callable[[st.DrawFn], T] | None:
    """Return the function that a `drawable` strategy was made of, None for any other."""
    return _BY_HAND.get(strategy)


def integer(draw: st.DrawFn, least: int, most: int) -> int:
    """Draw an int from `least` to `most`, the one nearest to 0 first."""
    if least == most:
        return least
    return draw.integer(least, most) if isinstance(draw, Draws) else draw(_between(least, most))


def choice(draw: st.DrawFn, values: Sequence[T]) -> T:
    """Draw one of `values`, the first first."""
    return values[integer(draw, 0, len(values) - 1)]


def deal(draw: st.DrawFn, name: str, values: Sequence[T]) -> T:
    """Draw one of `values` as from a pack of cards: each comes once before one comes again.

    What is drawn at random with probability p fails to come up in n cases with probability
    ``(1 - p)^n``: at p = 1/50, in a third of all runs of 50 cases. Hypothesis, which draws case by
    case, takes `choice`.

    Parameters
    ----------
    name
        Of the pack: every call by this name with as many values deals from the same.
    values
        Of which the first is the simplest.
    """
    if len(values) > 1 and isinstance(draw, Draws):
        return values[draw.dealt(name, len(values))]
    return choice(draw, values)


@lru_cache(maxsize=4096)
def _between(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most)
