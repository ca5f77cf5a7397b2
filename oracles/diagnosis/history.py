"""Tells whether a subject adds to what its earlier calls have left."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from oracles.diagnosis.cause import Cause
from oracles.diagnosis.question import Question
from oracles.subject import ask_subject

_CALLS = 4


def accumulates(name: str, question: Question) -> Cause | None:
    """Return that the same call gives the oracle's more each time, if it does."""
    found = []
    for _ in range(_CALLS):
        answer = ask_subject(question.op, question.case)
        value = answer.values.get(name)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return None
        if value.shape != question.true[name].shape or not np.isfinite(value).all():
            return None
        found.append(value.astype(np.float64))
    true = question.true[name]
    steps = [b - a for a, b in pairwise(found)]
    if not (np.abs(true.value) > 4 * true.error).any() or not all(
        (np.abs(step - true.value) <= 2 * true.error).all() for step in steps
    ):
        return None
    sentence = (
        f"{name} grows by the oracle's with each call, {_CALLS} times out of {_CALLS}: it is "
        "accumulated over calls"
    )
    return Cause(name, sentence, _CALLS, True)
