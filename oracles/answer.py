"""What a participant says to a case: a value, or how it failed to give one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy.typing as npt

from oracles.foreign import type_name

Kind = Literal["value", "rejected", "crashed", "timed out"]


@dataclass(frozen=True)
class NotAnArray:
    """Stands in an answer where the subject gave something else than an array of numbers.

    Attributes
    ----------
    kind
        Of what type it is, or of which dtype its elements are.
    """

    kind: str

    @property
    def words(self) -> str:
        """What it is: ``a list``, ``None``."""
        if self.kind == "NoneType":
            return "None"
        return f"{'an' if self.kind[:1].lower() in tuple('aeiou') else 'a'} {self.kind}"

    @property
    def problem(self) -> str:
        """What is wrong with it, in words that follow the operand's name."""
        meant = "of numbers" if self.kind.startswith("array of") else "an array"
        return f"is {self.words}, not {meant}"


def kind_of(value: object) -> str:
    """Return of what type something is that is no array."""
    return value.kind if isinstance(value, NotAnArray) else type_name(value)


@dataclass(frozen=True, eq=False)
class Answer:
    """One participant's answer to one case.

    Attributes
    ----------
    kind
        ``value``; ``rejected`` (it raised); ``crashed`` (its process died); ``timed out``.
    values
        Arrays by compared name (``y``, ``grad_x``, ...), and `NotAnArray` for what is none;
        empty unless `kind` is ``value``.
    detail
        For the other kinds, what happened in one line: the exception, the signal, the limit.
    seconds
        Wall time of the answer, in seconds.
    case_file
        Where the case lies on disk, for one that killed or hung its worker.
    unsupported
        Whether the subject raised what it said it would for a case that it does not support.
    held
        The arrays that a subject returned, of which `values` are copies: for as long as they
        are held, another call can give them again only if the subject keeps them too.
    errors
        Bounds on what the participant's method adds to the operation's rounding error, by
        compared name (finite differences truncate); absent names add nothing.
    """

    kind: Kind
    values: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    detail: str = ""
    seconds: float = 0.0
    case_file: str = ""
    unsupported: bool = False
    held: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict, repr=False)
    errors: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
