"""Causes that scale a result: a mean for a sum, counted too often, a sign, a stray factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.sizes import groups_of, positions, sizes_of
from oracles.op import Op

Constant = Callable[[Question], float]


def constants(op: Op) -> Mapping[str, Constant]:
    """Return the numbers by which results are wrongly scaled, by what they are."""
    found: dict[str, Constant] = {"-1": lambda q: -1.0, "2": lambda q: 2.0}
    if op.letters:
        found |= {
            "N, the batch size": lambda q: sizes_of(q, "y").get("N", 1),
            "the number of positions of y": lambda q: positions(q, "y"),
            "N times the number of positions of y": lambda q: (
                sizes_of(q, "y").get("N", 1) * positions(q, "y")
            ),
            "the number of positions of x": lambda q: positions(q, "x"),
            "N times the number of positions of x": lambda q: (
                sizes_of(q, "x").get("N", 1) * positions(q, "x")
            ),
            "the number of taps of the kernel": lambda q: positions(q, "w"),
            "the number of groups": lambda q: groups_of(q.case),
            "the number of input channels": lambda q: _channels(q)[0],
            "the number of output channels": lambda q: _channels(q)[1],
            "the stride": lambda q: float(np.prod(q.case.options.get("stride", 1))),
        }
    else:
        found |= {
            "the length of the first axis": lambda q: float(_first(q).shape[0]) if _first(q).ndim
            else 1.0,
            "the length of the last axis": lambda q: float(_first(q).shape[-1]) if _first(q).ndim
            else 1.0,
            "the number of elements": lambda q: float(_first(q).size),
        }  # fmt: skip
    return found


def scaled(name: str, words: str, constant: Constant) -> Iterator[Candidate]:
    """Yield the causes: the true result times the constant, and divided by it."""

    def predict(question: Question, power: int) -> Expected | None:
        factor = constant(question)
        if not factor:
            return None
        true, by = question.true[name], factor if power > 0 else 1 / factor
        return Expected(true.value * by, true.error * abs(by))

    if words == "-1":
        yield Candidate("is the oracle's negated", "a sign is wrong", lambda q: predict(q, 1))
        return
    yield Candidate(f"equals the oracle's times {words}", _why(words, 1), lambda q: predict(q, 1))
    yield Candidate(
        f"equals the oracle's divided by {words}", _why(words, -1), lambda q: predict(q, -1)
    )


def _why(words: str, power: int) -> str:
    if power < 0 and (words.startswith(("N", "the number of pos", "the number of el", "the len"))):
        return "a mean is taken where there is a sum"
    if words.startswith("the number of taps"):
        return "it is counted once for each tap" if power > 0 else "a mean over the taps is taken"
    return "it is counted so many times" if power > 0 and words not in ("2",) else ""


def by_a_factor(name: str, wrong: Sequence[Question]) -> Iterator[Candidate]:
    """Yield the cause: the true result times one and the same number, read off a cell."""
    for question in wrong[:3]:
        true, said = question.true[name], question.said(name)
        known = np.isfinite(true.value).all() and true.value.any()
        if said is None or said.shape != true.shape or not known:
            continue
        at = int(np.abs(true.value).argmax())
        factor = float(said.ravel()[at]) / float(true.value.ravel()[at])
        if np.isfinite(factor):
            yield from scaled(name, f"{factor:.6g}", partial(_constant, number=factor))
            return


def _constant(question: Question, number: float) -> float:
    return number


def _first(question: Question) -> Array:
    return next(iter(question.case.operands.values()))


def _channels(question: Question) -> tuple[float, float]:
    return float(sizes_of(question, "x")["C"]), float(sizes_of(question, "y")["C"])
