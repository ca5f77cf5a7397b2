"""Causes in a convolution or a dense layer: the right sums, asked about something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np

from oracles.diagnosis.arrays import from_arrays
from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import letters_of
from oracles.diagnosis.options import from_options, one_sided_padding
from oracles.diagnosis.question import Expected, Question
from oracles.diagnosis.sizes import letters_for
from oracles.diagnosis.sums import Alter, Sums, altered, left_over, result, sums_of
from oracles.exact.bilinear import Bilinear
from oracles.op import FORWARD, Op, gradient_of
from oracles.plug import SPATIAL


def from_sums(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` that lie in what is summed."""
    yield from from_options(op, name)
    yield from from_arrays(op, name)
    if name == FORWARD:
        yield from _of_bias(name)
        yield from with_an_index(op)
        yield from one_sided_padding(op, name)
    else:
        yield from _of_ranges(op, name)


def _of_bias(name: str) -> Iterator[Candidate]:
    def without(asked: Sums, groups: int) -> Sums:
        return replace(asked, b=None)

    def taps(asked: Sums, groups: int) -> Sums:
        count = prod(asked.w.shape[2:])
        return asked if asked.b is None else replace(asked, b=asked.b * count)

    yield altered("equals the oracle's without bias", "the bias is not added", name, without)
    for factor, much in ((-1.0, "negated"), (2.0, "doubled")):
        claim = f"equals what the oracle gives with the bias {much}"
        yield altered(claim, "", name, _times_bias(factor))
    yield altered(
        "equals what the oracle gives with the bias times the number of taps",
        "it is added once for each tap", name, taps,
    )  # fmt: skip


def _times_bias(factor: float) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        return asked if asked.b is None else replace(asked, b=factor * asked.b)

    return alter


def with_an_index(op: Op) -> Iterator[Candidate]:
    """Yield the causes: a loop's index stands where the bias should."""
    for letter in op.letters["y"]:
        yield Candidate(
            f"equals the oracle's with the index along {letter} in place of the bias",
            "the bias is shadowed by another variable",
            partial(_indexed, letter=letter),
        )


def _indexed(question: Question, letter: str) -> Expected | None:
    asked, true = sums_of(question), question.true[FORWARD]
    letters = letters_of(asked.letters["y"], true.value.ndim)
    definition = question.op.definition
    assert isinstance(definition, Bilinear)
    if asked.b is None or letter not in letters:
        return true
    bare = result(definition, replace(asked, b=None), FORWARD)
    if bare is None:
        return None
    index = np.indices(bare.shape)[letters.index(letter)]
    return Expected(bare + index, true.error)


def _of_ranges(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: positions or taps that are left out."""
    letters = letters_for(op, FORWARD)
    spatial = [letter for letter in letters if letter in SPATIAL]
    for end, kept in (("first", slice(1, None)), ("last", slice(None, -1))):
        yield altered(
            f"equals what the oracle gives for the {end} sample alone",
            "the batch is not summed over", name, _one_sample(kept),
        )  # fmt: skip
    if not spatial:
        return
    for letter in spatial:
        for end, at in (("last", -1), ("first", 0)):
            yield altered(
                f"equals what the oracle gives without the {end} position of the cotangent "
                f"along {letter}", "one position is left out", name, _blanked("g", letter, at),
            )  # fmt: skip
            yield altered(
                f"equals what the oracle gives without the {end} tap of the kernel along {letter}",
                "one tap is left out", name, _blanked("w", letter, at),
            )  # fmt: skip
    if len(spatial) == 2:
        for array, words in (("g", "positions of the cotangent"), ("w", "taps of the kernel")):
            yield altered(
                f"equals what the oracle gives if the {words} run as far along H as there are "
                "along W, and along W as along H", "height and width are swapped in a loop",
                name, _loops_swapped(array),
            )  # fmt: skip
    if "padding" in op.options and name == gradient_of("x"):
        yield without_what_is_left_over(name)


def _axis_of(asked: Sums, array: str, letter: str) -> int:
    letters = asked.letters["y" if array == "g" else array]
    return letters_of(letters, getattr(asked, array).ndim).index(letter)


def _blanked(array: str, letter: str, at: int) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        np.moveaxis(changed, _axis_of(asked, array, letter), 0)[at : (at + 1) or None] = 0
        return asked.with_array(array, changed)

    return alter


def without_what_is_left_over(name: str) -> Candidate:
    """Return the cause: a gradient that ends where the last position of the kernel does."""

    def predict(question: Question) -> Expected:
        true, value = question.true[name], question.true[name].value.copy()
        rows = left_over(sums_of(question))
        for axis, count in enumerate(rows):
            np.moveaxis(value, value.ndim - len(rows) + axis, 0)[
                value.shape[value.ndim - len(rows) + axis] - count :
            ] = 0
        return Expected(value, true.error)

    return Candidate(
        "is the oracle's with zeros in the rows and columns that are left over by the stride",
        "the last rows are lost where sizes do not divide by the stride",
        predict,
    )


def _loops_swapped(array: str) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        height, width = changed.shape[-2:]
        changed[..., width:, :] = 0
        changed[..., :, height:] = 0
        return asked.with_array(array, changed)

    return alter


def _one_sample(others: slice) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        letters = letters_of(asked.letters["y"], asked.g.ndim)
        if "N" not in letters:
            return asked
        changed = asked.g.copy()
        changed[others] = 0
        return replace(asked, g=changed)

    return alter
