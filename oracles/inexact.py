"""Names what makes an answer inexact on the lattice, where a plain sum of products is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.compare import compare
from oracles.exact.bounded import Approximate, text_of
from oracles.exact.distance import error_to
from oracles.exact.truth import truth
from oracles.op import Case, Op

Array = npt.NDArray[Any]

_SHORTER = {"TF32 or float16": 11, "bfloat16": 8}
"""Significant bits to which hardware shortens operands."""

_UNITS = 64
"""Units in the last place of the largest sum that a transform may lose on the way there and back;
a wrong coefficient, index or sign is off by far more in some cell."""


def cause(op: Op, case: Case, answer: Answer, true: Mapping[str, Approximate]) -> str:
    """Return why an answer to a lattice case is inexact, or "" if it is exact or just wrong.

    Parameters
    ----------
    op, case
        What was asked.
    answer
        Of the subject or a witness.
    true
        The exact result, by compared name.
    """
    wrong = {n: t for n, t in true.items() if n in answer.values and _apart(answer.values[n], t)}
    if not wrong:
        return ""
    for name, bits in _SHORTER.items():
        if _exact_for(op, _shortened(case, bits), answer, wrong):
            return f"exact for operands rounded to {bits} significant bits: {name}"
    largest = max(_apart(answer.values[name], t) for name, t in wrong.items())
    if largest <= _UNITS:
        return (
            f"off by at most {largest:.3g} where every partial sum is a number of {case.dtype}: "
            "no plain sum of products, but a transform (Winograd, FFT) or a shorter accumulator"
        )
    return ""


def departure(answer: Answer, true: Mapping[str, Approximate]) -> str:
    """Return the first cell in which an answer leaves the integers, or ""."""
    for name, expected in true.items():
        value = answer.values.get(name)
        if not isinstance(value, np.ndarray) or value.shape != expected.shape:
            continue
        broken = (error_to(expected, value) > 0) & (value != np.rint(value))
        for flat in np.flatnonzero(broken)[:1]:
            index = tuple(int(i) for i in np.unravel_index(int(flat), value.shape))
            said, meant = float(value[index]), text_of(expected.value[index])
            return f"{name}{list(index)} leaves the lattice: {said!r} where truth is {meant}"
    return ""


def _apart(value: Any, true: Approximate) -> float:
    if not isinstance(value, np.ndarray) or value.shape != true.shape or value.dtype.kind != "f":
        return float("inf")
    return float(error_to(true, value).max(initial=0.0))


def _exact_for(op: Op, case: Case, answer: Answer, wrong: Mapping[str, Approximate]) -> bool:
    true = truth(op.definition, case, op.gradient_names(case), op.second_names(case))
    asked = {name: true[name] for name in wrong}
    return all(each.agrees for each in compare("", answer.values, asked, case.dtype))


def _shortened(case: Case, bits: int) -> Case:
    """Return the case with every number rounded to `bits` significant bits, ties to even."""

    def short(array: Array) -> Array:
        if array.dtype.kind != "f":
            return array
        mantissa, exponent = np.frexp(array.astype(np.float64))
        rounded = np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits)
        return rounded.astype(array.dtype)

    return replace(
        case,
        operands={name: short(array) for name, array in case.operands.items()},
        cotangent=short(case.cotangent),
        directions={name: short(array) for name, array in case.directions.items()},
    )
