"""Where a subject is wrong: the narrowest set of cells that holds all that are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.diagnosis.cause import FEWEST
from oracles.diagnosis.forms import letters_of
from oracles.diagnosis.question import Question
from oracles.diagnosis.sizes import groups_of, letters_for
from oracles.op import FORWARD
from oracles.plug import SPATIAL

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Region = Callable[[Question, tuple[int, ...]], Mask]

_NAMES = {"N": "sample", "C": "channel", "O": "output channel", "I": "input channel",
          "D": "plane", "H": "row", "W": "column"}  # fmt: skip


def wrong_cells(question: Question, name: str) -> Mask | None:
    """Return which cells are wrong, or None if the subject's array has another shape."""
    true, said = question.true[name], question.said(name)
    if not isinstance(said, np.ndarray) or said.shape != true.shape:
        return None
    with np.errstate(invalid="ignore"):
        right = np.abs(said.astype(np.float64) - true.value) <= true.error
    both_nan = np.isnan(said) & np.isnan(true.value)
    return np.asarray(~(right | both_nan | (said == true.value)))


def units_beside_cotangent(question: Question, name: str) -> float:
    """Return the largest error of a cell in eps times its cotangent; infinite if it has none."""
    true, g = question.true[name].value, question.case.cotangent
    if wrong_cells(question, name) is None or g.shape != true.shape or name == FORWARD:
        return np.inf
    with np.errstate(all="ignore"):
        apart = np.abs(question.said(name).astype(np.float64) - true)
        units = apart / (np.abs(g) * np.finfo(question.case.dtype).eps)
    return float(np.where(apart == 0, 0.0, np.where(np.isnan(units), np.inf, units)).max(initial=0))


def where(name: str, asked: Sequence[Question]) -> str:
    """Return in which cells `name` is wrong: the narrowest set that holds them all, or ""."""
    pairs = [(each, wrong_cells(each, name)) for each in asked]
    telling = [(q, mask) for q, mask in pairs if mask is not None and mask.any()]
    if len(telling) < FEWEST:
        return ""
    known = {ndim: _by_words(telling[0][0], name, ndim) for ndim in {m.ndim for _, m in telling}}
    words = list(known[max(known)])
    return next((w for w in words if _holds(partial(_of_ndim, known, w), telling)), "")


def _by_words(question: Question, name: str, ndim: int) -> dict[str, Region]:
    letters = letters_of(letters_for(question.op, name), ndim) if question.op.letters else ""
    return dict(_regions(letters, ndim) if letters else _plain_regions(ndim))


def _of_ndim(
    known: Mapping[int, Mapping[str, Region]],
    words: str,
    question: Question,
    shape: tuple[int, ...],
) -> Mask:
    """Return the cells of a region; none where there is none, as the last sample of no batch."""
    region = known[len(shape)].get(words)
    return np.zeros(shape, bool) if region is None else region(question, shape)


def _holds(region: Region, telling: Sequence[tuple[Question, Mask]]) -> bool:
    """Return whether all wrong cells lie within, and cells outside were seen to be right."""
    outside = 0
    for question, mask in telling:
        inside = region(question, mask.shape)
        if (mask & ~inside).any():
            return False
        outside += bool((~inside).any())
    return outside >= FEWEST


def _regions(letters: str, ndim: int) -> Iterator[tuple[str, Region]]:
    """Yield sets of cells of an array whose axes have letters, the narrow ones first."""
    spatial = [at for at, letter in enumerate(letters) if letter in SPATIAL]
    for at, letter in enumerate(letters):
        yield f"in the last {_NAMES[letter]} alone", _index(at, -1)
        yield f"in the first {_NAMES[letter]} alone", _index(at, 0)
    for at in spatial:
        yield f"at the border along {letters[at]} alone", _border([at])
        yield f"away from the border along {letters[at]} alone", _but(_border([at]))
        along = f"at positions along {letters[at]} that are"
        yield f"{along} multiples of the stride", _phase(at, spatial.index(at))
        yield f"{along} no multiples of the stride", _but(_phase(at, spatial.index(at)))
    if spatial:
        yield "at the border alone", _border(spatial)
        yield "away from the border alone", _but(_border(spatial))
    for at, letter in enumerate(letters):
        if letter in "CO":
            yield f"in the {_NAMES[letter]}s of every group but the first", _later_groups(at)
    for at, letter in enumerate(letters):
        yield f"in every {_NAMES[letter]} but the first", _but(_index(at, 0))
        yield f"in every {_NAMES[letter]} but the last", _but(_index(at, -1))


def _plain_regions(ndim: int) -> Iterator[tuple[str, Region]]:
    """Yield sets of cells of an array whose axes have no letters, by the operand's values."""
    yield "where x is 0", _by_value(lambda x: x == 0)
    yield "where x is negative", _by_value(lambda x: x < 0)
    yield "where x is positive", _by_value(lambda x: x > 0)
    for size in (40, 20, 10, 6, 4, 3, 2, 1):
        yield f"where |x| is at least {size}", _by_value(partial(_at_least, size=size))
    for at in range(ndim):
        yield f"at the last index of axis {at} alone", _index(at, -1)
        yield f"at the first index of axis {at} alone", _index(at, 0)
    for at in range(ndim):
        yield f"at every index of axis {at} but the first", _but(_index(at, 0))
        yield f"at every index of axis {at} but the last", _but(_index(at, -1))


def _index(at: int, index: int) -> Region:
    def region(question: Question, shape: tuple[int, ...]) -> Mask:
        mask = np.zeros(shape, bool)
        if at < len(shape) and shape[at]:
            np.moveaxis(mask, at, 0)[index] = True
        return mask

    return region


def _border(axes: Sequence[int]) -> Region:
    def region(question: Question, shape: tuple[int, ...]) -> Mask:
        mask = np.zeros(shape, bool)
        for at in axes:
            for index in (0, -1):
                mask |= _index(at, index)(question, shape)
        return mask

    return region


def _but(region: Region) -> Region:
    return lambda question, shape: ~region(question, shape)


def _phase(at: int, axis: int) -> Region:
    def region(question: Question, shape: tuple[int, ...]) -> Mask:
        stride = question.case.options.get("stride", 1)
        step = stride[axis] if isinstance(stride, tuple) else stride
        mask = np.zeros(shape, bool)
        np.moveaxis(mask, at, 0)[::step] = True
        return mask

    return region


def _later_groups(at: int) -> Region:
    def region(question: Question, shape: tuple[int, ...]) -> Mask:
        mask = np.zeros(shape, bool)
        np.moveaxis(mask, at, 0)[shape[at] // groups_of(question.case) :] = True
        return mask

    return region


def _at_least(x: Array, size: float) -> Mask:
    return np.asarray(np.abs(x) >= size)


def _by_value(condition: Callable[[Array], Mask]) -> Region:
    def region(question: Question, shape: tuple[int, ...]) -> Mask:
        x = next(iter(question.case.operands.values()))
        return condition(x) if x.shape == shape else np.ones(shape, bool)

    return region
