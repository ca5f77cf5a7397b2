"""How large a page may become, and what of a long list fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LIMIT = 4_900_000
"""Bytes of a page, at most."""

_PATIENCE = 20
"""After so many items in a row that did not fit, the rest is not tried."""


def size(text: str) -> int:
    """Return the bytes of `text` in UTF-8."""
    return len(text.encode())


@dataclass(frozen=True)
class Fitting:
    """What fits of a list.

    Attributes
    ----------
    texts
        The texts that fit, by their place in the list.
    size
        Their bytes.
    left
        How many others the list has.
    """

    texts: dict[int, str]
    size: int
    left: int


def fitting(texts: Iterable[str], most: int, *, count: int) -> Fitting:
    """Return of `count` texts, in order, what fits into `most` bytes; later short ones may fit.

    They are asked for one by one, and no more once hardly any could fit.
    """
    found: dict[int, str] = {}
    used = missed = 0
    for place, text in enumerate(texts):
        if used + size(text) <= most:
            found[place] = text
            used, missed = used + size(text), 0
        else:
            missed += 1
        if missed == _PATIENCE:
            break
    return Fitting(found, used, count - len(found))
