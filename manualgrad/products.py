"""What is computed of a matrix of columns X: ``w X`` into y, or ``y X^T`` into w."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manualgrad.blocks import Range, ranges
from manualgrad.depthwise import gather, slide
from manualgrad.geometry import Shape
from manualgrad.layout import Factor
from manualgrad.matrices import (
    by_position,
    by_row,
    in_column_order,
    leading,
    reshaped,
    seen_at,
    weights,
    write_weights,
)
from manualgrad.phases import WHOLE, Window
from manualgrad.plan import Share, Step, Tile
from manualgrad.scratch import scratch
from manualgrad.threads import ALONE

Array = npt.NDArray[Any]

_ROWS = 64
"""Rows of the result of a small product."""

_COLUMNS = 32
"""A multiple of which their columns are: for those, the kernels of BLAS are fast."""

_TERMS = 128
"""Terms of its sums when y is written; a sum of more is added up."""

_POSITIONS = 512
"""Terms of its sums when w is summed over positions."""


class Pair(NamedTuple):
    """Two operands of the trilinear form, of which one is given and one is to be written.

    Attributes
    ----------
    w
        (groups, results, channels, *kernel).
    y
        (samples, groups, results, *out).
    """

    w: Array
    y: Array

    def at(self, part: tuple[Any, Any]) -> Pair:
        """Return what belongs to a phase, by its taps and positions."""
        return self if part is WHOLE else Pair(self.w[part[0]], self.y[part[1]])


class Term(NamedTuple):
    """A matrix, and by what it is multiplied.

    Attributes
    ----------
    left
        (groups, results, rows).
    rows
        Of the matrix of columns.
    shift
        Number of their shift.
    """

    left: Array
    rows: slice
    shift: int


class Onto:
    """Writes y, or adds to it, for the phases that are one product.

    Parameters
    ----------
    pairs
        Of each phase, with its taps in this tile.
    room
        For the weights of the tile.
    adds, small
        Of the plan.
    """

    def __init__(
        self, pairs: Sequence[Pair], share: Share, room: Array, *, adds: bool, small: bool
    ) -> None:
        self._places = [pair.y for pair in pairs]
        self._adds, self._small = adds, small
        w = by_row([pair.w[share.of_w] for pair in pairs], room[share.room])
        self._terms = [
            term
            for factor in share.factors
            for term in _terms(weights(w, factor.taps), factor, small=small)
        ]

    def take(self, z: Array, step: Step) -> None:
        """Multiply the columns of a step."""
        places = [in_column_order(y[step.of_y]) for y in self._places]
        if not places[0].size:
            return
        first, *others = self._terms
        shape = *first.left.shape[:2], step.shifts[0].stop
        single = len(places) == 1 and places[0].shape[2:] == step.positions
        direct = reshaped(places[0], shape) if single and not self._adds else None
        total = scratch("total", shape, z.dtype) if direct is None else direct
        multiply(first.left, _right(z, first, step), total, small=self._small)
        for term in others:
            product = scratch("product", shape, z.dtype)
            multiply(term.left, _right(z, term, step), product, small=self._small)
            np.add(total, product, out=total)
        if direct is None:
            _write(total, places, step.positions, adds=self._adds)


class Along:
    """Sums w over the steps of a tile, and writes it, for the phases that are one product."""

    def __init__(self, pairs: Sequence[Pair], share: Share, room: Array, *, small: bool) -> None:
        self._pairs = [Pair(pair.w[share.of_w], pair.y) for pair in pairs]
        self._room = room[share.room]
        self._small, self._factors = small, share.factors
        self._total: Array | None = None

    def take(self, z: Array, step: Step) -> None:
        """Multiply the columns of a step."""
        parts = [pair.y[step.of_y] for pair in self._pairs]
        if not parts[0].size:
            return
        right, positions = by_position(parts), in_column_order(parts[0]).shape[2:]
        begun, total = self._total is not None, self._total
        if total is None:
            total = self._total = self._room.reshape(len(z), -1, right.shape[2])
        for factor in self._factors:
            left = seen_at(_right(z, factor, step), step, positions)
            rows = left.shape[1]
            self._add(left, right, total[:, :rows], begun=begun)
            total = total[:, rows:]

    def _add(self, left: Array, right: Array, total: Array, *, begun: bool) -> None:
        terms = left.shape[2]
        for start, stop in _even(terms, _POSITIONS) if self._small else [(0, terms)]:
            out = scratch("product", total.shape, total.dtype) if begun else total
            multiply(left[:, :, start:stop], right[:, start:stop], out, small=self._small)
            if begun:
                np.add(total, out, out=total)
            begun = True

    def join(self, other: Along) -> None:
        """Add what was summed elsewhere."""
        if self._total is None:
            self._total = other._total
        elif other._total is not None:
            self._total += other._total

    def finish(self) -> None:
        """Write the sums."""
        if self._total is None:
            return
        for i, pair in enumerate(self._pairs):
            results = pair.w.shape[1]
            write_weights(self._total[:, :, i * results : (i + 1) * results], pair.w)


class OntoDepthwise:
    """Does what `Onto` does, with one channel in each group."""

    def __init__(self, pairs: Sequence[Pair], tile: Tile, share: Share, *, adds: bool) -> None:
        self._pairs = [Pair(pair.w[share.of_w], pair.y) for pair in pairs]
        self._window = share.window
        self._tile, self._adds = tile, adds

    def take(self, read: Array, step: Step) -> None:
        """Multiply what a step reads."""
        for pair in self._pairs:
            place = pair.y[step.of_y]
            if place.size:
                found = slide(read, pair.w, self._tile.layout.geometry, self._window, place.shape)
                place[...] = place + found if self._adds else found


class AlongDepthwise:
    """Does what `Along` does, with one channel in each group."""

    def __init__(self, pair: Pair, tile: Tile, share: Share) -> None:
        self._w, self._y, self._window = pair.w[share.of_w], pair.y, share.window
        self._sum = np.zeros(self._w.shape, self._w.dtype)
        self._tile = tile

    def take(self, read: Array, step: Step) -> None:
        """Multiply what a step reads."""
        y = self._y[step.of_y]
        if y.size:
            self._sum += gather(read, y, self._tile.layout.geometry, self._window)

    def join(self, other: AlongDepthwise) -> None:
        """Add what was summed elsewhere."""
        self._sum += other._sum

    def finish(self) -> None:
        """Write the sum."""
        self._w[...] = self._sum


def writers(
    tile: Tile, window: Window, pair: Pair, *, adds: bool, small: bool
) -> list[Onto | OntoDepthwise]:
    """Return what writes y of a pair, for each phase that has taps in a tile."""
    found: list[Onto | OntoDepthwise] = []
    room = scratch("weights", (tile.weights,), pair.w.dtype)
    for share in tile.shares:
        pairs = [pair.at(part) for part in window.phases[share.phase].parts]
        if tile.layout.depthwise:
            found.append(OntoDepthwise(pairs, tile, share, adds=adds))
        else:
            found.append(Onto(pairs, share, room, adds=adds, small=small))
    return found


def summers(
    tile: Tile, window: Window, pair: Pair, room: Array, *, small: bool
) -> list[Along | AlongDepthwise]:
    """Return what sums w of a pair, for each phase that has taps in a tile."""
    found: list[Along | AlongDepthwise] = []
    for share in tile.shares:
        pairs = [pair.at(part) for part in window.phases[share.phase].parts]
        if tile.layout.depthwise:
            found += [AlongDepthwise(each, tile, share) for each in pairs]
        else:
            found.append(Along(pairs, share, room, small=small))
    return found


Product = Onto | Along | OntoDepthwise | AlongDepthwise


def multiply(left: Array, right: Array, out: Array, *, small: bool) -> None:
    """Write a product of matrices, if wanted as many small ones that BLAS does not divide.

    Parameters
    ----------
    left, right, out
        (groups, rows, terms), (groups, terms, columns), (groups, rows, columns).
    """
    groups, (rows, terms), columns = len(left), left.shape[1:], right.shape[2]
    if not small or rows * terms * columns <= ALONE:
        np.matmul(left, right, out=out)
        return
    height, width = _small(rows, terms)
    for a, m, i in _stacks(rows, height):
        for b, n, j in _stacks(columns, width):
            np.matmul(
                left[:, i].reshape(groups, a, 1, m, terms),
                right[:, :, j].reshape(groups, 1, terms, b, n).swapaxes(2, 3),
                out=out[:, i, j].reshape(groups, a, m, b, n).swapaxes(2, 3),
            )


def _small(rows: int, terms: int) -> tuple[int, int]:
    """Return rows and columns of small products: whole vectors, of as many as are allowed."""
    most = max(1, min(_ROWS, ALONE // (terms * _COLUMNS)))
    height = -(-rows // -(-rows // most))
    width = max(1, ALONE // (height * terms))
    return height, width // _COLUMNS * _COLUMNS or width


def _stacks(size: int, step: int) -> Iterator[tuple[int, int, slice]]:
    """Yield how many steps of which length an axis is, and what remains."""
    whole = size // step * step
    if whole:
        yield size // step, step, slice(0, whole)
    if whole != size:
        yield 1, size - whole, slice(whole, size)


def _terms(left: Array, factor: Factor, *, small: bool) -> list[Term]:
    """Cut the terms of the sums of a product where it is to be small."""
    if not small:
        return [Term(left, factor.rows, factor.shift)]
    begin, cuts = factor.rows.start, _even(left.shape[2], _TERMS)
    return [
        Term(left[:, :, start:stop], slice(begin + start, begin + stop), factor.shift)
        for start, stop in cuts
    ]


def _even(size: int, most: int) -> list[Range]:
    """Cut indices into as few ranges of at most `most` as will do, about equally long."""
    return ranges(size, -(-size // -(-size // most)))


def _right(z: Array, factor: Factor | Term, step: Step) -> Array:
    return z[:, factor.rows, step.shifts[factor.shift]]


def _write(total: Array, places: Sequence[Array], positions: Shape, *, adds: bool) -> None:
    start = 0
    for place in places:
        stop = start + place.shape[1]
        part = total[:, start:stop].reshape(*place.shape[:2], *positions)
        part = leading(part, place.shape[2:])
        place[...] = place + part if adds else part
        start = stop
