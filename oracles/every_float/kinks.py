"""What everybody takes for the derivative at a knot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from oracles.every_float.entries import ENTRIES
from oracles.every_float.participants import participant
from oracles.every_float.truth import slopes_at


@dataclass(frozen=True)
class Kink:
    """A knot: the derivatives from the left and the right, and each participant's, in float32."""

    activation: str
    x: float
    left: float
    right: float
    answers: Mapping[str, float]


def kinks_of(name: str, participants: Sequence[str]) -> list[Kink]:
    """Return the kinks of an activation; knots where both derivatives agree are none."""
    entry = ENTRIES[name]
    points = [float(knot) for knot in entry.pieces.knots]
    sides = {x: slopes_at(entry.pieces, x) for x in points}
    return [
        Kink(name, x, left, right, {who: _slope(who, name, x) for who in participants})
        for x, (left, right) in sides.items()
        if left != right
    ]


def _slope(who: str, activation: str, x: float) -> float:
    return float(participant(who, activation)(np.array([x], np.float32))[1][0])
