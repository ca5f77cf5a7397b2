"""What a planted error is: a subject with one known fault, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Function = Callable[..., Any]


@dataclass(frozen=True)
class Right:
    """A right implementation, as people write it, from which the planted ones differ.

    Attributes
    ----------
    title
        How it is written.
    op
        Name of the catalog's operation; None for one that is defined by `reference`.
    forward, backward
        The subject's functions.
    limits
        What the code does not support, as limits on the generated cases.
    arguments
        Further keyword arguments of `Op.implemented_by`.
    reference
        Without `op`, the forward for any array library: ``reference(xp, *operands, **options)``.
    """

    title: str
    op: str | None
    forward: Function
    backward: Function
    limits: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reference: Function | None = None

    def but(
        self,
        number: int,
        title: str,
        *,
        wrong: set[str],
        cause: str,
        forward: Function | None = None,
        backward: Function | None = None,
        sentence: str = "",
        examples: int = 60,
    ) -> Planted:
        """Return this implementation with another forward or backward: a planted error."""
        return Planted(
            number=number,
            title=title,
            op=self.op,
            forward=forward or self.forward,
            backward=backward or self.backward,
            limits=self.limits,
            wrong=frozenset(wrong),
            cause=cause,
            arguments=self.arguments,
            reference=self.reference,
            sentence=sentence,
            examples=examples,
        )


@dataclass(frozen=True)
class Planted:
    """An implementation with one error that was seen in other people's code.

    Attributes
    ----------
    number
        Of the error, 1 to 18: see `ERRORS`.
    title
        Of this variant of it.
    op, forward, backward, limits, arguments, reference
        Of `Right`.
    wrong
        Names of everything that must be convicted, and nothing else: ``y``, ``grad_x``, ...;
        empty for a subject that gives no answer, or none that may be used.
    cause
        What a careful reviewer would say about the code.
    sentence
        What the verdict says of a subject without a usable answer, in part.
    examples
        How many cases it takes to see it.
    """

    number: int
    title: str
    op: str | None
    forward: Function
    backward: Function
    limits: Mapping[str, Any]
    wrong: frozenset[str]
    cause: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    reference: Function | None = None
    sentence: str = ""
    examples: int = 60
