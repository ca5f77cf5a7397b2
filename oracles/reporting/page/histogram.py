"""How often everybody is how far from truth: the classes that somebody is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oracles.portrait import CLASSES, RIGHT_CLASSES, Portrait

_LONGEST = 10


@dataclass(frozen=True)
class Bin:
    """One class of error/bound.

    Attributes
    ----------
    words
        What it counts.
    within
        Whether it is within the bound.
    counts
        Number of cells of each participant.
    lengths
        The same as lengths of bars, from 0 to 10; at least 1 for any cell.
    skipped
        Number of empty classes between the one before and this.
    """

    words: str
    within: bool
    counts: tuple[int, ...]
    lengths: tuple[int, ...]
    skipped: int


@dataclass(frozen=True)
class Histogram:
    """Participants, and the classes that are not empty."""

    participants: tuple[str, ...]
    bins: tuple[Bin, ...]


def histogram(portrait: Portrait, titles: Mapping[str, str]) -> Histogram:
    """Return the histogram of an operand, with the participants under their `titles`."""
    counts = list(portrait.counts.values())
    most = max((max(each) for each in counts), default=0)
    bins: list[Bin] = []
    last = -1
    for place, words in enumerate(CLASSES):
        here = tuple(each[place] for each in counts)
        if any(here):
            lengths = tuple(-(-count * _LONGEST // most) for count in here)
            skipped = place - last - 1 if bins else 0
            bins.append(Bin(words, place < RIGHT_CLASSES, here, lengths, skipped))
            last = place
    return Histogram(tuple(titles.get(name, name) for name in portrait.counts), tuple(bins))
