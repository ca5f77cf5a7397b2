"""How large a page may become, and what of a long list fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LIMIT = 4_900_000
"""Bytes of a page, at most."""

_PATIENCE = 20
"""After so many items in a row that did not fit, the rest is not tried."""


def size(text: str) -> int:
    """Return the bytes of `text` in UTF-8 (a lone surrogate, which it has not, counts three)."""
    return len(text.encode(errors="surrogatepass"))


@dataclass(frozen=True)
class Fitting:
    """What fits of a list: the texts by their place in it, and their bytes together."""

    texts: dict[int, str]
    size: int


def fitting(texts: Iterable[str], most: int) -> Fitting:
    """Return of `texts`, in order, what fits into `most` bytes; later ones that are short may fit.

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
    return Fitting(found, used)


def few(items: Iterable[str], most: int) -> tuple[list[str], int]:
    """Return the first items that fit into `most` bytes, and how many others there are."""
    every = list(items)
    kept, used = 0, 0
    while kept < len(every) and used + size(every[kept]) <= most:
        used += size(every[kept])
        kept += 1
    return every[:kept], len(every) - kept
