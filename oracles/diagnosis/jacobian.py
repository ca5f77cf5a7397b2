"""Causes in an operation of one's own: contributions of which one is kept, ties counted twice.

What each element of y contributes to a gradient is a row of the Jacobian: the gradient for a
cotangent that is 1 there and 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from oracles.diagnosis.cause import FEWEST, Candidate, Cause
from oracles.diagnosis.elementwise import answered
from oracles.diagnosis.question import Array, Expected, Question
from oracles.exact.neutral import Neutral
from oracles.op import Op
from oracles.shift_law import shift_law

_MOST = 64
"""Elements of y; more rows would take too long."""


_SLACK = 1e-6
"""Balls have radii of some 30 bits."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The Jacobian, a row for each element of y.

    Attributes
    ----------
    middle, radius
        Of each derivative: where numbers tie it may be anything in between.
    """

    middle: Array
    radius: Array


@lru_cache(maxsize=256)
def rows(question: Question, name: str) -> Rows | None:
    """Return the derivatives by the operand of the gradient `name`, None if y is large."""
    g = question.case.cotangent
    if g.size > _MOST:
        return None
    shape = (g.size, *question.true[name].shape)
    middle, radius = np.zeros(shape), np.zeros(shape)
    for at in range(g.size):
        alone = np.zeros(g.size, g.dtype)
        alone[at] = 1
        found = answered(question, name, arrays={"cotangent": alone.reshape(g.shape)})
        middle[at], radius[at] = found.value, found.error
    return Rows(middle, radius)


def from_rows(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: of overlapping contributions one alone is kept."""
    if not isinstance(op.definition, Neutral):
        return
    for which in ("last", "first"):
        yield Candidate(
            f"has in each cell what the {which} element of y that depends on it adds, not the sum",
            "`=` where `+=` is needed: windows overlap",
            partial(_one_row, name=name, which=which),
            "in which it can be told from the sum",
        )


def _one_row(question: Question, name: str, which: str) -> Expected | None:
    found = rows(question, name)
    if found is None:
        return None
    if not len(found.middle):
        return question.true[name]
    added = _weighted(question, found.middle)
    order = slice(None) if which == "first" else slice(None, None, -1)
    chosen = np.expand_dims((found.middle[order] != 0).argmax(axis=0), 0)
    value = np.take_along_axis(added[order], chosen, 0)[0]
    # Which element of y depends on a number that ties with another, nobody can say.
    open_to_choice = _ties(found).any(axis=0)
    return Expected(value, np.where(open_to_choice, np.inf, question.true[name].error))


def _weighted(question: Question, derivatives: Array) -> Array:
    """Return the contributions: each row times its element of the cotangent."""
    g = question.case.cotangent.astype(np.float64).ravel()
    return np.asarray(derivatives * g.reshape(-1, *(1,) * (derivatives.ndim - 1)))


def _ties(found: Rows) -> Array:
    """Return where a derivative may be anything from none to all of it."""
    return np.asarray(found.radius > np.abs(found.middle) / 2) & (found.middle != 0)


def of_ties(op: Op, names: Sequence[str], told: Sequence[Question]) -> tuple[Cause, ...]:
    """Return that ties are counted more than once, if that is what breaks the law of ties."""
    if not isinstance(op.definition, Neutral):
        return ()
    small = [each for each in told if each.case.cotangent.size <= _MOST]
    broken = [each for each in small if shift_law(op, each.case, each.answer)]
    return tuple(
        Cause(
            name,
            f"{name} gives the whole cotangent to each of several equal numbers on {len(broken)} "
            f"of {len(broken)} cases in which its sum is wrong: ties are counted more than once",
            len(broken),
            True,
        )
        for name in names
        if len(broken) >= FEWEST and all(_whole_to_each(each, name) for each in broken)
    )


def _whole_to_each(question: Question, name: str) -> bool:
    found = rows(question, name)
    if found is None or not _ties(found).any():
        return False
    most = found.middle + np.sign(found.middle) * found.radius
    value = _weighted(question, np.where(_ties(found), most, found.middle)).sum(axis=0)
    slack = _weighted(question, np.where(_ties(found), _SLACK, found.radius))
    return Expected(value, np.abs(slack).sum(axis=0)).is_given_by(
        question.said(name), question.case.dtype
    )
