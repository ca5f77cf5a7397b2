"""Transformations of arrays that wrong code applies, or forgets: rotations, swaps, misreadings.

An array's axes have letters (``NCHW``, ``OIHW``), so that each can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.plug import SPATIAL

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Form:
    """A transformation of an array.

    Attributes
    ----------
    words
        That follow the array's name: ``rotated by 180 degrees``.
    apply
        ``apply(array, groups)``; the result need not have the same shape.
    axes
        The fewest axes that the array must have.
    """

    words: str
    apply: Callable[[Array, int], Array]
    axes: int = 0


def letters_of(letters: str, ndim: int) -> str:
    """Return the letters of an array of `ndim` axes, of which the batch may be missing."""
    return letters if ndim == len(letters) else letters.replace("N", "")


def forms(letters: str) -> Iterator[Form]:
    """Yield the transformations of an array with these axes, the usual ones first."""
    spatial = [letter for letter in letters if letter in SPATIAL]
    if len(spatial) > 1:
        yield Form("rotated by 180 degrees", _flip(letters, spatial))
    for letter in spatial:
        yield Form(f"flipped along {letter}", _flip(letters, [letter]))
    if len(spatial) > 2:
        for pair in combinations(spatial, 2):
            yield Form(f"flipped along {' and '.join(pair)}", _flip(letters, list(pair)))
    for a, b in combinations(spatial, 2):
        yield Form(f"with {a} and {b} swapped", _swap(letters, a, b))
    if len(spatial) > 1:
        words = f"reshaped to {' before '.join(reversed(spatial))}"
        yield Form(words, _reshape_reversed(len(spatial)))
    channels = [letter for letter in letters if letter in "COI"]
    if len(channels) == 2:
        yield Form(f"with {channels[0]} and {channels[1]} swapped", _swap(letters, *channels))
    for letter in channels:
        yield Form(f"with the order of {_NAMES[letter]} reversed", _flip(letters, [letter]))
        yield Form(f"with {_NAMES[letter]} shuffled between groups", _shuffle(letters, letter))
        yield Form(f"with {_NAMES[letter]} shuffled back", _shuffle(letters, letter, back=True))
    if "N" in letters:
        yield Form("with the order of the batch reversed", _flip(letters, ["N"]))
    yield from _misreadings(letters)


_NAMES = {"C": "channels", "O": "output channels", "I": "input channels", "N": "samples",
          "P": "positions", "K": "taps"}  # fmt: skip


def _flip(letters: str, along: list[str]) -> Callable[[Array, int], Array]:
    def apply(array: Array, groups: int) -> Array:
        known = letters_of(letters, array.ndim)
        return np.flip(array, tuple(known.index(a) for a in along if a in known))

    return apply


def _swap(letters: str, a: str, b: str) -> Callable[[Array, int], Array]:
    def apply(array: Array, groups: int) -> Array:
        known = letters_of(letters, array.ndim)
        return array.swapaxes(known.index(a), known.index(b))

    return apply


def _reshape_reversed(axes: int) -> Callable[[Array, int], Array]:
    def apply(array: Array, groups: int) -> Array:
        return array.reshape(*array.shape[:-axes], *array.shape[-axes:][::-1])

    return apply


def _shuffle(letters: str, axis: str, *, back: bool = False) -> Callable[[Array, int], Array]:
    """Swap groups and channels within them: the axis read as (channel, group)."""

    def apply(array: Array, groups: int) -> Array:
        at = letters_of(letters, array.ndim).index(axis)
        size = array.shape[at]
        if groups < 2 or size % groups:
            return array
        parts = (size // groups, groups) if back else (groups, size // groups)
        split = array.reshape(*array.shape[:at], *parts, *array.shape[at + 1 :])
        return split.swapaxes(at, at + 1).reshape(array.shape)

    return apply


def _misreadings(letters: str) -> Iterator[Form]:
    """Yield what a reshape gives where axes should have been transposed.

    Batch, channels and all positions together are three axes: their elements are written in
    one order and read in another.
    """
    heads = [letter for letter in letters if letter not in SPATIAL]
    tail = ["K" if "O" in letters else "P"] if len(heads) < len(letters) else []
    axes = "".join([*heads, *tail])
    orders = ["".join(order) for order in permutations(axes)]
    # What is right as written, or as read, first: it is the likelier.
    pairs = [(w, r) for w in orders for r in orders if w != r]
    for written, read in sorted(pairs, key=lambda pair: axes not in pair):
        words = f"written by {_listed(written)} and read by {_listed(read)}"
        yield Form(words, _reread(letters, axes, written, read))


def _listed(order: Any) -> str:
    return ", ".join(_NAMES[letter] for letter in order)


def _reread(letters: str, axes: str, written: str, read: str) -> Callable[[Array, int], Array]:
    def apply(array: Array, groups: int) -> Array:
        known = letters_of(letters, array.ndim)
        mine = [a for a in axes if a != "N" or "N" in known]
        heads = len(known) - sum(letter in SPATIAL for letter in known)
        sizes = dict(zip(mine, [*array.shape[:heads], prod(array.shape[heads:])], strict=False))
        there, back = ([a for a in order if a in mine] for order in (written, read))
        whole = array.reshape([sizes[a] for a in mine]).transpose([mine.index(a) for a in there])
        taken = whole.reshape([sizes[a] for a in back])
        return taken.transpose([back.index(a) for a in mine]).reshape(array.shape)

    return apply
