"""Something that a case has or has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oracles.diagnosis.question import Question


@dataclass(frozen=True)
class Circumstance:
    """Something that a case has or has not.

    Attributes
    ----------
    words
        That follow "where": ``stride is not 1``.
    limit
        The limit that leaves such cases out, or "".
    holds
        Whether a question has it.
    """

    words: str
    limit: str
    holds: Callable[[Question], bool]
