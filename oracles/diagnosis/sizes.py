"""Sizes of a question's arrays by the letters of their axes, and results of the wrong size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import letters_of
from oracles.diagnosis.question import Array, Expected, Question
from oracles.exact.terms import per_axis
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op
from oracles.plug import SPATIAL


def letters_for(op: Op, name: str) -> str:
    """Return the letters of the axes of what is compared under `name`, or ""."""
    if name in (FORWARD, "cotangent", GRAD_GRAD_Y):
        return op.letters.get("y", "")
    operand = name.partition("_")[2] if "_" in name else name
    return "O" if operand == "b" and op.letters else op.letters.get(operand, "")


def groups_of(case: Case) -> int:
    """Return the number of groups of a case."""
    return int(case.options.get("groups", 1))


def sizes_of(question: Question, operand: str) -> dict[str, int]:
    """Return the length of each axis of an operand, or of y, by its letter."""
    array = question.case.cotangent if operand == "y" else question.case.operands[operand]
    letters = letters_of(question.op.letters[operand], array.ndim)
    return dict(zip(letters, array.shape, strict=True))


def positions(question: Question, operand: str) -> float:
    """Return the number of positions, or of taps, of an operand or of y."""
    sizes = sizes_of(question, operand)
    return float(prod(size for letter, size in sizes.items() if letter in SPATIAL))


def fit(array: Array, shape: tuple[int, ...]) -> Array:
    """Return `array` cut, or filled up with zeros, at the end of each axis."""
    found = np.zeros(shape, array.dtype)
    common = tuple(slice(min(a, b)) for a, b in zip(array.shape, shape, strict=True))
    found[common] = array[common]
    return found


def cut(name: str, letters: str) -> Iterator[Candidate]:
    """Yield the causes: the true result with rows too few, too many, or none where none is cut."""
    yield Candidate(
        "is empty exactly along the axes whose padding is 0, and else the oracle's",
        "`x[p:-p]` is empty for p = 0",
        lambda q: _sliced(q, name, letters),
        of_nothing=True,
    )
    yield Candidate(
        "is the oracle's without its last rows or columns",
        "the size of the gradient is computed from sizes that do not divide by the stride, "
        "instead of taken from the operand",
        lambda q: _resized(q, name, longer=False),
    )
    yield Candidate(
        "is the oracle's with further rows or columns behind it",
        "it is longer than its operand: what lies beyond has to be cut off",
        lambda q: _resized(q, name, longer=True),
    )


def _sliced(question: Question, name: str, letters: str) -> Expected | None:
    padding = question.case.options.get("padding")
    true = question.true[name]
    if padding is None or isinstance(padding, str):
        return None
    known = letters_of(letters, true.value.ndim)
    spatial = [at for at, letter in enumerate(known) if letter in SPATIAL]
    if not spatial:
        return None
    each = per_axis(padding, tuple(spatial))
    kept: list[Any] = [slice(None)] * true.value.ndim
    for at, p in zip(spatial, each, strict=True):
        kept[at] = slice(0, 0) if p == 0 else slice(None)
    return Expected(true.value[tuple(kept)], true.error[tuple(kept)])


def _resized(question: Question, name: str, *, longer: bool) -> Expected | None:
    """Return truth in the shape of what was said, which is longer or shorter somewhere."""
    true, said = question.true[name], question.said(name)
    if not isinstance(said, np.ndarray) or said.ndim != true.value.ndim:
        return None
    if said.shape == true.shape:
        return true
    less = [s < t for s, t in zip(said.shape, true.shape, strict=True)]
    more = [s > t for s, t in zip(said.shape, true.shape, strict=True)]
    if any(less) == longer or any(more) != longer:
        return None
    value, error = fit(true.value, said.shape), fit(true.error, said.shape)
    if longer:  # whatever stands there
        beyond = np.ones(said.shape, bool)
        beyond[tuple(slice(n) for n in true.shape)] = False
        value = np.where(beyond, said, value)
    return Expected(value, error)


def blanked(name: str, letters: str) -> Iterator[Candidate]:
    """Yield the causes: the true result with zeros in the last or first row or column."""
    for letter in (letter for letter in letters if letter in SPATIAL):
        for end, at in (("last", -1), ("first", 0)):
            yield Candidate(
                f"is the oracle's with zeros at the {end} position along {letter}",
                "one row or column is lost",
                partial(_blank, name=name, letters=letters, letter=letter, at=at),
            )


def _blank(question: Question, name: str, letters: str, letter: str, at: int) -> Expected:
    true = question.true[name]
    value = true.value.copy()
    axis = letters_of(letters, value.ndim).index(letter)
    np.moveaxis(value, axis, 0)[at : (at + 1) or None] = 0
    return Expected(value, true.error)
