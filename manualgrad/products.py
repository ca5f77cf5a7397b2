"""What is computed of a matrix of columns X: ``w X`` into y, or ``y X^T`` into w."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.depthwise import gather, slide
from manualgrad.geometry import Shape
from manualgrad.layout import Factor
from manualgrad.matrices import (
    in_column_order,
    leading,
    reshaped,
    rows,
    seen_at,
    weights,
    write_weights,
)
from manualgrad.plan import Share, Step, Tile
from manualgrad.scratch import scratch

Array = npt.NDArray[Any]

_FEW_RESULTS = 64
"""Up to this number of rows, OpenBLAS multiplies float64 faster with the long side first."""

_MANY_COLUMNS = 2**9
"""That make it worth while to turn them around."""


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
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
        taps, place = part
        return Pair(self.w[taps], self.y[place])


class Onto:
    """Writes y, or adds to it, for the phases that are one product.

    Parameters
    ----------
    pairs
        Of each phase, with its taps in this tile.
    """

    def __init__(self, pairs: Sequence[Pair], tile: Tile, share: Share) -> None:
        self._places = [pair.y for pair in pairs]
        self._adds = tile.adds
        self._factors = share.factors
        self._matrices = [_stacked(pairs, tile, factor) for factor in share.factors]

    def take(self, z: Array, step: Step) -> None:
        """Multiply the columns of a step."""
        places = [in_column_order(y[step.of_y]) for y in self._places]
        if not places[0].size:
            return
        first, *others = zip(self._matrices, self._factors, strict=True)
        groups, results = first[0].shape[:2]
        shape = groups, results, step.shifts[0].stop
        by_column = z.dtype == np.float64 and results <= _FEW_RESULTS and shape[2] >= _MANY_COLUMNS
        single = len(places) == 1 and places[0].shape[2:] == step.positions
        direct = reshaped(places[0], shape) if single and not (self._adds or by_column) else None
        total = _empty("total", shape, z.dtype, by_column=by_column) if direct is None else direct
        np.matmul(first[0], _right(z, first[1], step), out=total)
        for left, factor in others:
            product = _empty("product", shape, z.dtype, by_column=by_column)
            total += np.matmul(left, _right(z, factor, step), out=product)
        if direct is None:
            _write(total, places, step.positions, adds=self._adds)

    def finish(self) -> None:
        """Do nothing: all is written."""


class Along:
    """Sums w over the steps of a tile, and writes it, for one phase."""

    def __init__(self, pair: Pair, tile: Tile, share: Share) -> None:
        self._pair = Pair(pair.w[tile.of_w], pair.y)
        self._factors = share.factors
        self._sums: list[Array] = []

    def take(self, z: Array, step: Step) -> None:
        """Multiply the columns of a step."""
        y = self._pair.y[step.of_y]
        if not y.size:
            return
        left, positions = rows(y), in_column_order(y).shape[2:]
        first = not self._sums
        for i, factor in enumerate(self._factors):
            right = seen_at(_right(z, factor, step), step, positions).swapaxes(1, 2)
            shape = (*left.shape[:2], right.shape[2])
            if first:
                self._sums.append(np.matmul(left, right, out=np.empty(shape, z.dtype)))
            else:
                self._sums[i] += np.matmul(left, right, out=scratch("product", shape, z.dtype))

    def finish(self) -> None:
        """Write the sums."""
        for total, factor in zip(self._sums, self._factors, strict=False):
            write_weights(total, self._pair.w[factor.taps])


class OntoDepthwise:
    """Does what `Onto` does, with one channel in each group."""

    def __init__(self, pairs: Sequence[Pair], tile: Tile, share: Share) -> None:
        self._pairs = [Pair(pair.w[tile.of_w][_index(share)], pair.y) for pair in pairs]
        self._tile, self._window = tile, share.window

    def take(self, read: Array, step: Step) -> None:
        """Multiply what a step reads."""
        for pair in self._pairs:
            place = pair.y[step.of_y]
            if place.size:
                found = slide(read, pair.w, self._tile.layout.geometry, self._window, place.shape)
                place[...] = place + found if self._tile.adds else found

    def finish(self) -> None:
        """Do nothing: all is written."""


class AlongDepthwise:
    """Does what `Along` does, with one channel in each group."""

    def __init__(self, pair: Pair, tile: Tile, share: Share) -> None:
        self._w, self._y = pair.w[tile.of_w][_index(share)], pair.y
        self._tile, self._window = tile, share.window

    def take(self, read: Array, step: Step) -> None:
        """Multiply what a step reads."""
        y = self._y[step.of_y]
        if y.size:
            self._w += gather(read, y, self._tile.layout.geometry, self._window)

    def finish(self) -> None:
        """Do nothing: all is added."""


Product = Onto | Along | OntoDepthwise | AlongDepthwise


def products(
    tile: Tile, share: Share, onto: Sequence[Pair], along: Sequence[Pair]
) -> list[Product]:
    """Return what is to be computed for the phases of a share.

    Parameters
    ----------
    onto
        Of each phase, if y is to be written.
    along
        Of each phase, if w is to be written, which holds zeros.
    """
    if tile.layout.depthwise:
        return [
            *([OntoDepthwise(onto, tile, share)] if onto else []),
            *(AlongDepthwise(pair, tile, share) for pair in along),
        ]
    return [
        *([Onto(onto, tile, share)] if onto else []),
        *(Along(pair, tile, share) for pair in along),
    ]


def _stacked(pairs: Sequence[Pair], tile: Tile, factor: Factor) -> Array:
    """Return (groups, results of all pairs, taps * channels)."""
    found = [weights(pair.w[tile.of_w][factor.taps]) for pair in pairs]
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def _right(z: Array, factor: Factor, step: Step) -> Array:
    return z[:, factor.rows, step.shifts[factor.shift]]


def _index(share: Share) -> tuple[Any, ...]:
    return (..., *(slice(*taps) for taps in share.taps))


def _empty(purpose: str, shape: Shape, dtype: np.dtype[Any], *, by_column: bool) -> Array:
    if by_column:
        return scratch(purpose, (shape[0], shape[2], shape[1]), dtype).swapaxes(1, 2)
    return scratch(purpose, shape, dtype)


def _write(total: Array, places: Sequence[Array], positions: Shape, *, adds: bool) -> None:
    start = 0
    for place in places:
        stop = start + place.shape[1]
        part = total[:, start:stop].reshape(*place.shape[:2], *positions)
        part = leading(part, place.shape[2:])
        place[...] = place + part if adds else part
        start = stop
