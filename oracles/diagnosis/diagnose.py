"""From a case on which the subject is wrong to the cause, or to where and when it is wrong.

A cause is a prediction of all that the subject says. It is tried on the case that convicted and
on others, and named only if it is right on every one of them: those on which the subject is
wrong, of which there must be some, and those on which it is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import methodcaller

import numpy as np

from oracles.diagnosis.bilinear import from_sums
from oracles.diagnosis.cause import (
    FEWEST,
    Candidate,
    Cause,
    confirmed,
    explains,
    first_that_explains,
    given,
)
from oracles.diagnosis.chains import from_layers
from oracles.diagnosis.elementwise import from_functions, with_another_operand
from oracles.diagnosis.history import accumulates
from oracles.diagnosis.jacobian import from_rows, of_ties
from oracles.diagnosis.own_forward import of_own_forward
from oracles.diagnosis.question import WANTED, Question, asked, questions
from oracles.diagnosis.refusals import of_refusals
from oracles.diagnosis.results import from_results
from oracles.diagnosis.scatter import from_scatter
from oracles.diagnosis.sums import case_has_sums
from oracles.diagnosis.when import circumstances, when
from oracles.diagnosis.where import units_beside_cotangent, where
from oracles.exact.chain import Chain
from oracles.limits import Limits
from oracles.op import FORWARD, Case, Op, gradient_of


def diagnose(op: Op, case: Case, limits: Limits, *, seed: int) -> tuple[Cause, ...]:
    """Return the cause of each operand that is wrong, or what else can be said of it.

    Parameters
    ----------
    op, case
        A subject and a case on which it is wrong.
    limits
        On further cases.
    seed
        From which these follow.

    Returns
    -------
    tuple of Cause
        One for each operand that is wrong on `case`, or often on others, in the order of the
        comparison; empty if nothing can be said.
    """
    with np.errstate(all="ignore"):  # the subject may have given NaN and infinities
        return _causes(op, case, limits, seed)


def _causes(op: Op, case: Case, limits: Limits, seed: int) -> tuple[Cause, ...]:
    first = asked(op, case)
    if first.answer.kind != "value":
        return of_refusals(op, case, limits, seed)
    names = _names(op, case)
    told = _enough(questions(op, case, limits, seed), names)
    wrong = [n for n in names if first.wrong(n) or len(_wrong(told, n)) >= FEWEST]
    if not wrong:
        return of_ties(op, names[1:], told)
    found = (_of_operand(op, name, wrong, told, seed) for name in wrong)
    causes = tuple(cause for cause in found if cause is not None)
    untidy = [name for name in wrong if len(_wrong(told, name)) < FEWEST]
    return causes or _by_circumstances(op, case, limits, seed, untidy, told)


def _names(op: Op, case: Case) -> list[str]:
    """Return what may be wrong: all that is compared on `case`, and on others that have more.

    A case that was shrunk has lost its bias, say, and with it a gradient that is wrong as well.
    """
    here = op.compared_names(case)
    known = op.gradients if op.backward is not None and op.gradients is not None else ()
    return list(dict.fromkeys([*here, *map(gradient_of, known)]))


def explanations(op: Op, case: Case, limits: Limits, *, seed: int) -> dict[str, Candidate]:
    """Return by operand the candidate that `diagnose` names, to be tried on further cases.

    Of gradients beside a wrong forward, which may be its own, none.
    """
    with np.errstate(all="ignore"):
        names = op.compared_names(case)
        told = _enough(questions(op, case, limits, seed), names)
        wrong = [name for name in names if len(_wrong(told, name)) >= FEWEST]
        found = {
            name: _explanation(op, name, _wrong(told, name), _right(told, name))
            for name in wrong
            if name == FORWARD or FORWARD not in wrong
        }
    return {name: each for name, each in found.items() if each is not None}


def _enough(asked: Iterable[Question], names: Sequence[str]) -> list[Question]:
    """Return answered questions until enough of them are wrong in whatever is wrong at all."""
    told: list[Question] = []
    counts: Counter[str] = Counter()
    for question in asked:
        if question.answer.kind == "timed out":
            break
        if question.answer.kind == "value":
            told.append(question)
            counts.update(name for name in names if question.wrong(name))
        if counts and min(counts.values()) >= WANTED:
            break
    return told


def _wrong(told: Iterable[Question], name: str) -> list[Question]:
    return [each for each in told if each.wrong(name)]


def _right(told: Iterable[Question], name: str) -> list[Question]:
    return [each for each in told if name in each.true and not each.wrong(name)]


def _of_operand(
    op: Op, name: str, wrong: Sequence[str], told: Sequence[Question], seed: int
) -> Cause | None:
    """Return the cause of one wrong operand, or where it is wrong; None if it is too seldom."""
    mine = _wrong(told, name)
    if len(mine) < FEWEST or all(each.said(name) is None for each in mine):
        return None  # seldom, or no array of floats, which the verdict says
    added = accumulates(name, mine[0])
    if added is not None:
        return added
    if name != FORWARD and FORWARD in wrong:
        own = of_own_forward(op, name, told, seed)
        if own is not None:
            return own
    right = _right(told, name)
    candidate = _explanation(op, name, mine, right)
    if candidate is not None:
        return confirmed(candidate, name, mine)
    return _located(op, name, mine, [*mine, *right])


def _explanation(
    op: Op, name: str, mine: Sequence[Question], right: Sequence[Question]
) -> Candidate | None:
    """Return the first cause that explains all, or does under one circumstance."""
    known = list(candidates(op, name, mine))
    every = [*mine, *right[: 2 * WANTED]]
    found = first_that_explains(known, name, every)
    if found is not None:
        return found
    partly = [each for each in known if explains(each, name, mine)]
    when_so = (given(each, c, name) for each in partly for c in circumstances(op))
    return first_that_explains(when_so, name, every)


def candidates(op: Op, name: str, wrong: Sequence[Question]) -> Iterator[Candidate]:
    """Yield the causes that `name` may be wrong by, the plainest first."""
    first = wrong[0]
    ndim = max(each.true[name].value.ndim for each in wrong)
    sums = all(case_has_sums(each.case, op) for each in wrong)
    yield from from_results(op, name, ndim, wrong)
    if sums:
        yield from from_sums(op, name)
        yield from from_scatter(op, name)
    elif isinstance(op.definition, Chain):
        yield from from_layers(op, name, first)
        yield from with_another_operand(op, name, first)
    else:
        yield from from_rows(op, name)
        yield from from_functions(op, name, ndim)
        yield from with_another_operand(op, name, first)


def _located(op: Op, name: str, mine: Sequence[Question], told: Sequence[Question]) -> Cause | None:
    """Return where and when an operand is wrong for which no cause was found."""
    place = where(name, mine)
    found = when(op, told, methodcaller("wrong", name))
    circumstance = f"exactly where {found.words}" if found else ""
    parts = [part for part in (place, circumstance) if part]
    count = f"in {len(mine)} of {len(told)} cases"
    worst = max(units_beside_cotangent(each, name) for each in mine)
    why = (
        f"off by at most {worst:.2g} eps times the cotangent: digits are lost, as in a difference "
        "of numbers that are nearly equal, and the formula may be right"
        if worst <= _UNITS
        else "no known cause explains it"
    )
    text = f"{name} is wrong {', '.join([*parts, count])}; {why}"
    return Cause(name, text, len(mine), False, digits=worst <= _UNITS)


_UNITS = 64.0
"""Errors of so many eps beside the cotangent are rounding."""


def _by_circumstances(
    op: Op, case: Case, limits: Limits, seed: int, wrong: Sequence[str], plain: Sequence[Question]
) -> tuple[Cause, ...]:
    """Return when a subject is wrong that is right on plain numbers in plain layouts."""
    told = [q for q in islice(questions(op, case, limits, seed, plain=False), _UNTIDY)
            if q.answer.kind == "value"]  # fmt: skip
    causes = []
    for name in wrong:
        mine = _wrong(told, name)
        found = when(op, [q for q in told if name in q.true], methodcaller("wrong", name))
        if found is None and (not mine or _wrong(plain, name) or len(plain) < FEWEST):
            continue
        where_so = (
            f"exactly where {found.words}" if found else "but never on plain numbers in C order"
        )
        text = f"{name} is wrong {where_so}: in {len(mine)} of {len(told)} cases"
        causes.append(Cause(name, text, len(mine), False))
    return tuple(causes)


_UNTIDY = 120
