"""What can be done to one array: each change gives another array, or None where it means nothing.

Arrays that are given are never written to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.plug import SPATIAL

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Seen:
    """What a change may look at beside the array.

    Attributes
    ----------
    letters
        Of the array's axes; "" if they have none.
    batch
        Size of the batch; None if there is none.
    groups
        Of channels.
    finite
        Whether everything that the call was given is finite.
    """

    letters: str = ""
    batch: int | None = None
    groups: int = 1
    finite: bool = True


@dataclass(frozen=True)
class Change:
    """A change of one array.

    Attributes
    ----------
    name
        In few words, behind the array's name: ``wrong sign``.
    story
        What it is, behind the array's name: ``has the wrong sign``.
    make
        ``make(array, seen)``: the changed array, or None.
    """

    name: str
    story: str
    make: Callable[[Array, Seen], Array | None]


def changes_of(axes: int, letters: str) -> Iterator[Change]:
    """Yield the changes of an array of at most so many axes, which may have letters."""
    yield from _OF_NUMBERS
    yield from _of_axes(axes, letters)
    if "N" not in letters:
        yield _MEAN
    if "C" in letters:
        yield from _OF_CHANNELS
    if letters:
        yield _GROUPS
    yield from _OF_FORM


def few_changes_of(axes: int, letters: str) -> Iterator[Change]:
    """Yield the changes that tell most: for results of second order."""
    few = ("wrong sign", "all zeros", "doubled", "one element off by 2^-10", "last element zero")
    yield from (change for change in _OF_NUMBERS if change.name in few)
    yield from (c for c in _of_axes(axes, letters) if not c.name.startswith(("rolled", "last")))


def _of_axes(axes: int, letters: str) -> Iterator[Change]:
    """Yield what mistakes one place for another along an axis, or loses the last one."""
    for at, name in _named_axes(axes, letters):
        yield Change(f"mirrored along {name}", f"is mirrored along {name}", _along(at, _mirrored))
        yield Change(f"rolled along {name}", f"is moved by one along {name}", _along(at, _rolled))
        told = f"has zeros in the last place of {name}, as when a size does not divide"
        yield Change(f"last of {name} lost", told, _along(at, _last_lost))
    spatial = [letter for letter in letters if letter in SPATIAL]
    if len(spatial) > 1 or (not letters and axes > 1):
        where = "all spatial axes" if letters else "all axes"
        yield Change("rotated", f"is mirrored along {where}", rotated)
        pair = "".join(spatial[-2:]) or "the last two axes"
        told = f"is transposed in {pair} wherever they are equally long"
        yield Change(f"{pair} transposed", told, _transposed(pair if letters else ""))
    if letters[:2] in ("OI", "IO"):
        told = f"is transposed in {letters[:2]} wherever they are equally long"
        yield Change(f"{letters[:2]} transposed", told, _transposed(letters[:2]))


def _named_axes(axes: int, letters: str) -> list[tuple[int | str, str]]:
    if letters:
        return [(letter, letter) for letter in letters]
    if axes < 2:
        return [(-1, "its axis")] * axes
    return [(0, "the first axis"), (-1, "the last axis")]


def _along(at: int | str, make: Callable[[Array, int], Array]) -> Callable[..., Array | None]:
    def change(array: Array, seen: Seen) -> Array | None:
        axis = seen.letters.find(at) if isinstance(at, str) else at
        if array.ndim == 0 or (isinstance(at, str) and axis < 0):
            return None
        return make(array, axis)

    return change


def _mirrored(array: Array, axis: int) -> Array:
    return np.flip(array, axis)


def _rolled(array: Array, axis: int) -> Array:
    return np.roll(array, 1, axis)


def _last_lost(array: Array, axis: int) -> Array:
    lost = array.copy()
    np.moveaxis(lost, axis, 0)[-1:] = 0
    return lost


def rotated(array: Array, seen: Seen) -> Array:
    """Return the array mirrored along its spatial axes, or all axes if it has none of those."""
    spatial = tuple(at for at, letter in enumerate(seen.letters) if letter in SPATIAL)
    return np.flip(array, spatial or None)


def _transposed(letters: str) -> Callable[[Array, Seen], Array | None]:
    def change(array: Array, seen: Seen) -> Array | None:
        if array.ndim < 2 or not all(letter in seen.letters for letter in letters):
            return None
        one, other = (seen.letters.index(x) for x in letters) if letters else (-1, -2)
        return array.swapaxes(one, other) if array.shape[one] == array.shape[other] else None

    return change


def _signed(array: Array, seen: Seen) -> Array:
    return np.where(array == 0, array, -array)


def _zeros(array: Array, seen: Seen) -> Array:
    return np.zeros_like(array)


def _doubled(array: Array, seen: Seen) -> Array:
    return array + array


def _off(digits: int) -> Callable[[Array, Seen], Array | None]:
    def change(array: Array, seen: Seen) -> Array | None:
        if array.dtype.kind != "f" or not np.isfinite(array).any():
            return None
        finite = np.where(np.isfinite(array), np.abs(array), -1)
        at = np.unravel_index(int(finite.argmax()), array.shape)
        found = array.copy()
        found[at] *= found.dtype.type(1 + 2.0**-digits)
        return found

    return change


def _element_lost(array: Array, seen: Seen) -> Array:
    found = array.copy()
    found.reshape(-1)[-1:] = 0  # a copy in C order is one piece of memory
    return found


def _absolute(array: Array, seen: Seen) -> Array:
    return np.abs(array)


def rounded(dtype: str) -> Callable[[Array, Seen], Array | None]:
    """Return the change to the numbers of a shorter dtype."""

    def change(array: Array, seen: Seen) -> Array | None:
        if array.dtype.kind != "f" or array.itemsize <= np.dtype(dtype).itemsize:
            return None
        with np.errstate(all="ignore"):
            return array.astype(dtype).astype(array.dtype)

    return change


def _without_nan(array: Array, seen: Seen) -> Array:
    return np.where(np.isnan(array), array.dtype.type(0), array)


def _clipped(array: Array, seen: Seen) -> Array | None:
    if seen.finite:
        return None  # where numbers overflow, the largest one is as near
    most = np.finfo(array.dtype).max
    return np.clip(array, -most, most)


def _other_dtype(array: Array, seen: Seen) -> Array | None:
    if array.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        return array.astype("float32" if array.dtype == np.float64 else "float64")


def _axis_more(array: Array, seen: Seen) -> Array:
    return array[None]


def _shorter(array: Array, seen: Seen) -> Array | None:
    return array[:-1] if array.ndim and array.shape[0] else None


def _mean(array: Array, seen: Seen) -> Array | None:
    return array / array.dtype.type(seen.batch) if seen.batch and array.dtype.kind == "f" else None


def _corner(channel: int, place: int) -> Callable[[Array, Seen], Array | None]:
    def change(array: Array, seen: Seen) -> Array | None:
        if "C" not in seen.letters:
            return None
        found = array.copy()
        at = [slice(None) if x == "N" else channel if x == "C" else place for x in seen.letters]
        if found.size:
            found[tuple(at)] = 0
        return found

    return change


def _groups_exchanged(array: Array, seen: Seen) -> Array | None:
    axis = max(seen.letters.find("C"), 0)
    if seen.groups < 2 or array.ndim == 0 or array.shape[axis] % seen.groups:
        return None
    return np.roll(array, array.shape[axis] // seen.groups, axis)


_OF_NUMBERS = (
    Change("wrong sign", "has the wrong sign", _signed),
    Change("all zeros", "is all zeros", _zeros),
    Change("doubled", "is twice what it should be", _doubled),
    Change("one element off by 2^-10", "is off by one part in 1024 in its largest element",
           _off(10)),
    Change("one element off by 2^-20", "is off by one part in a million in its largest element",
           _off(20)),
    Change("last element zero", "has a zero in its last element", _element_lost),
    Change("absolute values", "has lost its signs", _absolute),
    Change("in float16", "is rounded to float16 on the way", rounded("float16")),
    Change("in float32", "is rounded to float32 on the way, in a case of float64",
           rounded("float32")),
    Change("0 for NaN", "has 0 where it should have NaN", _without_nan),
    Change("infinities clipped", "has the largest number for infinity", _clipped),
)  # fmt: skip

_MEAN = Change("divided by the batch", "is a mean over the batch where a sum is meant", _mean)

_OF_CHANNELS = (
    Change("corner of the last channel zero", "has zeros in the first corner of the last channel",
           _corner(-1, 0)),
    Change("corner of the first channel zero", "has zeros in the last corner of the first channel",
           _corner(0, -1)),
)  # fmt: skip

_GROUPS = Change("groups exchanged", "has one group's channels for another's", _groups_exchanged)

_OF_FORM = (
    Change("other dtype", "has float32 for float64, and the other way round", _other_dtype),
    Change("an axis more", "has an axis of length 1 before the others", _axis_more),
    Change("first axis too short", "lacks the last entry of its first axis", _shorter),
)
