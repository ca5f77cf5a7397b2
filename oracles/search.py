"""Goes through generated cases, and has Hypothesis shrink the first that convicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from random import Random
from typing import TypeVar, cast
from unittest import SkipTest

from hypothesis import (
    HealthCheck,
    Phase,
    Verbosity,
    given,
    reproduce_failure,
    seed,
    settings,
)
from hypothesis import __version__ as hypothesis_version
from hypothesis.database import ExampleDatabase, choices_to_bytes
from hypothesis.errors import DidNotReproduce, Flaky
from hypothesis.strategies import DrawFn, SearchStrategy

from oracles.draws import Draws, by_hand

T = TypeVar("T")


class Convicted(Exception):  # noqa: N818 - tells Hypothesis to shrink
    """Raised by whoever examines a case if the subject is wrong on it."""


_TRIES = 100
"""After so many cases that were seen before there are no others."""


def search(
    strategy: SearchStrategy[T],
    examine: Callable[[T], None],
    *,
    start: int,
    most: int,
    blob: str | None = None,
) -> None:
    """Call `examine` with generated cases until one convicts, and then with smaller ones.

    Parameters
    ----------
    strategy
        Of the cases.
    examine
        Raises `Convicted` if the subject is wrong on a case.
    start
        The seed.
    most
        Number of cases.
    blob
        Replays one case, the only one.

    Raises
    ------
    Convicted
        If a case convicted, after the smallest; `blob_of` finds how to replay that.
    Flaky
        If a case convicted once and did not when it was examined again.
    """
    configured = _settings(most, phases=(Phase.generate, Phase.shrink), database=None)
    make = by_hand(strategy)
    if blob is not None:
        test = configured(seed(start)(given(strategy)(examine)))
        with suppress(DidNotReproduce):  # the subject has been mended
            reproduce_failure(hypothesis_version, blob.encode())(test)()
    elif make is None:
        configured(seed(start)(given(strategy)(examine)))()
    else:
        found = _convicting(make, examine, start, most)
        if found is not None:
            case, choices = found
            _again(examine, case)
            shrink(strategy, examine, choices, start=start, most=most)
            # Not convicted again, or this Hypothesis did not start from there: once more.
            configured(seed(start)(given(strategy)(examine)))()
            raise Flaky(_ONCE)


_ONCE = "a case convicted once, and not again"


def _again(examine: Callable[[T], None], case: T) -> None:
    with suppress(Convicted):
        examine(case)
        raise Flaky(_ONCE)


def shrink(
    strategy: SearchStrategy[T],
    examine: Callable[[T], None],
    choices: Sequence[int],
    *,
    start: int,
    most: int,
) -> None:
    """Let Hypothesis begin with the case of `choices`, and go on to smaller ones."""
    saved = _Saved(choices)
    configured = _settings(most, phases=(Phase.reuse, Phase.shrink), database=saved)
    with suppress(SkipTest):  # it does not begin there, and has nothing to do
        configured(seed(start)(given(strategy)(examine)))()


def _settings(most: int, *, phases: Sequence[Phase], database: ExampleDatabase | None) -> settings:
    return settings(
        max_examples=most,
        database=database,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=True,
        report_multiple_bugs=False,
    )


def until_convicted(
    strategy: SearchStrategy[T], examine: Callable[[T], None], *, start: int, most: int
) -> None:
    """Call `examine` with the cases of `search`, in its order, until one convicts: none smaller."""
    make = by_hand(strategy)
    if make is not None:
        _convicting(make, examine, start, most)
        return
    configured = _settings(most, phases=(Phase.generate,), database=None)
    with suppress(Convicted):
        configured(seed(start)(given(strategy)(examine)))()


def _convicting(
    make: Callable[[DrawFn], T], examine: Callable[[T], None], start: int, most: int
) -> tuple[T, list[int]] | None:
    """Return the first case that convicts and its choices: the simplest, then at random."""
    random, seen, decks = Random(start), set[tuple[int, ...]](), dict[str, list[int]]()
    while len(seen) < most:
        for _ in range(_TRIES):
            draws = Draws(random if seen else None, decks)
            case = make(cast("DrawFn", draws))
            if tuple(draws.choices) not in seen:
                break
        else:
            return None
        seen.add(tuple(draws.choices))
        try:
            examine(case)
        except Convicted:
            return case, draws.choices
    return None


class _Saved(ExampleDatabase):
    """Has one sequence of choices, from which Hypothesis starts; what it finds is not kept."""

    def __init__(self, choices: Sequence[int]) -> None:
        super().__init__()
        self._choices = [choices_to_bytes(choices)]

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the choices as found, and not shrunk so far: what Hypothesis keeps apart."""
        return self._choices if key.endswith(b".secondary") else []

    def save(self, key: bytes, value: bytes) -> None:
        """Keep nothing."""

    def delete(self, key: bytes, value: bytes) -> None:
        """Keep nothing."""


def blob_of(error: BaseException) -> str:
    """Return Hypothesis's text that replays the failing case, from the error's notes."""
    notes = "\n".join(getattr(error, "__notes__", []))
    found = re.search(r"@reproduce_failure\('[^']*', b'([^']*)'\)", notes)
    return found[1] if found else ""
