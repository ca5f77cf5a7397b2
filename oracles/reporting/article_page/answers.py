"""What everyone said of each cell, to all digits, beside exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import takewhile
from typing import Any

from oracles.reporting.article_page.grids import significant

_EXACTLY = Context(prec=60)  # more than the digits of a float and of the text of truth together


@dataclass(frozen=True)
class Said:
    """A cell as someone gave it.

    Attributes
    ----------
    agreed, rest, exponent
        The digits up to the first that differs from truth's, those from there on, and ``e−7``.
    error, ratio
        ``|value - truth|``, and that over the bound, as texts.
    right
        Whether it lies within the bound.
    """

    agreed: str
    rest: str
    exponent: str
    error: str
    ratio: str
    right: bool


@dataclass(frozen=True)
class CellAnswers:
    """A cell: its place, the truth, how far rounding may take it, what everyone said."""

    place: str
    truth: str
    bound: str
    said: Mapping[str, Said]


@dataclass(frozen=True)
class Judgement:
    """A participant's whole matrix.

    Attributes
    ----------
    who
        ``manual``, ``torch``, ``jax``.
    right
        Whether every cell lies within its bound.
    error, bound, ratio
        Of the cell with the largest error/bound, as texts.
    verdict
        In words.
    digits_lost
        Whether all that is wrong is what ``1 - tanh^2`` loses.
    """

    who: str
    right: bool
    error: str
    bound: str
    ratio: str
    verdict: str
    digits_lost: bool


@dataclass(frozen=True)
class StepAnswers:
    """A step on one image."""

    judgements: tuple[Judgement, ...]
    cells: tuple[CellAnswers, ...]


def step_answers(step: Mapping[str, Any]) -> StepAnswers:
    """Return what everyone said of a step: of ``images``, ``steps`` in `article_data`."""
    return StepAnswers(
        judgements=tuple(_judgement(who, by, step) for who, by in step["by"].items()),
        cells=tuple(_cells(step)),
    )


def _judgement(who: str, by: Mapping[str, Any], step: Mapping[str, Any]) -> Judgement:
    if by["value"] is None:
        return Judgement(who, False, "", "", "", by["problem"], digits_lost=False)
    distances = [
        (_ratio(error, bound), error, bound)
        for value, truth, bound in _triples(by, step)
        for error in [_error(value, truth)]
    ]
    _, error, bound = max(distances)
    wrong = len(by["wrong"])
    return Judgement(
        who=who,
        right=by["right"],
        error=significant(error, 2),
        bound=significant(bound, 2),
        ratio="∞" if by["ratio"] is None else significant(by["ratio"], 2),
        verdict="within the bound" if by["right"] else f"outside it in {_counted(wrong)}",
        digits_lost=by["digits_lost"],
    )


def _counted(cells: int) -> str:
    return f"{cells} cell" if cells == 1 else f"{cells} cells"


def _triples(
    by: Mapping[str, Any], step: Mapping[str, Any]
) -> Iterator[tuple[float | None, str, float]]:
    for values, truths, bounds in zip(by["value"], step["text"], step["bound"], strict=True):
        yield from zip(values, truths, bounds, strict=True)


def _cells(step: Mapping[str, Any]) -> Iterator[CellAnswers]:
    answered = {who: by for who, by in step["by"].items() if by["value"] is not None}
    for row, truths in enumerate(step["text"]):
        for column, truth in enumerate(truths):
            bound = step["bound"][row][column]
            yield CellAnswers(
                place=f"{row}, {column}",
                truth=_minus(truth),
                bound=significant(bound, 2),
                said={
                    who: _said(
                        by["value"][row][column], truth, bound, [row, column] not in by["wrong"]
                    )
                    for who, by in answered.items()
                },
            )


def _said(value: float | None, truth: str, bound: float, right: bool) -> Said:
    error = _error(value, truth)
    if value is None:
        infinite = significant(error)
        return Said("", "not a finite number", "", infinite, infinite, right)
    digits, e, exponent = repr(value).partition("e")
    agreed = _same_start(digits, truth) if error else digits
    return Said(
        agreed=_minus(agreed),
        rest=_minus(digits[len(agreed) :]),
        exponent=_minus(f"e{int(exponent)}") if e else "",
        error=significant(error, 2),
        ratio=significant(_ratio(error, bound), 2),
        right=right,
    )


def _same_start(one: str, other: str) -> str:
    pairs = zip(one, other, strict=False)
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _error(value: float | None, truth: str) -> float:
    """Return ``|value - truth|``; None stands for NaN and infinities, as in `article_data`."""
    if value is None:
        return math.inf
    return float(abs(_EXACTLY.subtract(Decimal(value), Decimal(truth))))


def _ratio(error: float, bound: float) -> float:
    return 0.0 if error == 0 else (error / bound if bound else math.inf)


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
