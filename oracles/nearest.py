"""What the user may have meant by a name that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

NEAR = 0.5
"""Share of the letters that two names must have in common; with less, one is no hint."""


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a clause with the nearest of the known names.

    Parameters
    ----------
    name
        What there is not.
    known
        What there is.
    otherwise
        The clause if none of them is near; "" names all of them.
    """
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=NEAR)
    if near:
        return f"the nearest name is {near[0]!r}"
    return otherwise or f"known are {', '.join(names)}"


LISTED = "oracle-diff list names all"
"""What to say instead of the catalog's names, which are many."""
