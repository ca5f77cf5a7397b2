"""How far answers are from truth: counts that add up, and the worst."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any


@dataclass(frozen=True)
class Worst:
    """The answer that is off by the most ULP: the input, the answer, truth."""

    ulps: float
    x: float
    answer: float
    truth: float


@dataclass(frozen=True)
class Score:
    """What was found on some inputs.

    Attributes
    ----------
    inputs
        How many were judged.
    misrounded
        Answers that are not the number nearest to truth; all that follow included.
    zeros, infinities, nans
        Answers that are zero, infinite or NaN where they should not be, or, for the last
        two, are not where they should. They are not part of `worst`.
    flushed
        Zeros where a subnormal number is right; neither in `zeros` nor in `worst`.
    worst
        The largest error of the other answers, or None if there is none.
    spurious_at
        An input with one of `zeros`, `infinities` and `nans`.
    """

    inputs: int = 0
    misrounded: int = 0
    zeros: int = 0
    infinities: int = 0
    nans: int = 0
    flushed: int = 0
    worst: Worst | None = None
    spurious_at: float | None = None

    @property
    def spurious(self) -> int:
        """Number of answers that are no numbers of the right kind."""
        return self.zeros + self.infinities + self.nans

    @property
    def ulps(self) -> float:
        """The largest error in ULP."""
        return 0.0 if self.worst is None else self.worst.ulps

    def __add__(self, other: Score) -> Score:
        """Return the score on both sets of inputs, the same in whatever order they are added."""
        at = [x for x in (self.spurious_at, other.spurious_at) if x is not None]
        return Score(
            self.inputs + other.inputs,
            self.misrounded + other.misrounded,
            self.zeros + other.zeros,
            self.infinities + other.infinities,
            self.nans + other.nans,
            self.flushed + other.flushed,
            _worse(self.worst, other.worst),
            min(at, key=_simplicity, default=None),
        )


def score_from(fields: dict[str, Any]) -> Score:
    """Return the score that `dataclasses.asdict` made `fields` of."""
    worst = fields["worst"]
    return Score(**{**fields, "worst": worst and Worst(**worst)})


def _worse(first: Worst | None, second: Worst | None) -> Worst | None:
    if first is None or second is None:
        return first or second
    return max(first, second, key=lambda worst: (worst.ulps, *_nearness(worst.x)))


def _nearness(x: float) -> tuple[float, bool]:
    return -abs(x), x > 0


def _simplicity(x: float) -> tuple[bool, float, bool]:
    """Order numbers from zero outwards, NaN last."""
    return isnan(x), 0.0 if isnan(x) else abs(x), x < 0
