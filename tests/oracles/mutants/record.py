"""What a mutant is: a subject in which exactly one thing is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oracles.catalog import ops
from oracles.op import Op
from oracles.plugging import DTYPES

Function = Callable[..., Any]

FAMILIES = {
    "forward": "results of convolutions",
    "dgrad": "input gradients of convolutions",
    "wgrad": "weight gradients of convolutions",
    "bias": "biases of convolutions",
    "dense": "the dense layer",
    "activation": "activations",
    "pooling": "max pooling",
    "loss": "losses",
    "second order": "second derivatives",
    "network": "networks",
    "article": "the article's network",
    "precision": "digits that are lost",
    "special values": "special numbers, memory and batches",
    "manners": "manners",
}
"""What mutants spoil, in words."""


@dataclass(frozen=True)
class Mutant:
    """A subject with one error, or with a change that is none.

    Attributes
    ----------
    title
        Short, and no other mutant's.
    story
        What its author did wrong, in one line.
    family
        What it spoils: see `FAMILIES`.
    op
        Name of the operation.
    plug
        Makes the operation with the mutant as its subject.
    dtypes
        In each of which it is wrong.
    equivalent
        None; or why no input can tell it from the right subject.
    seen
        Whether the error was seen in other people's code.
    """

    title: str
    story: str
    family: str
    op: str
    plug: Callable[[], Op]
    dtypes: tuple[str, ...] = DTYPES
    equivalent: str | None = None
    seen: bool = False

    def subject(self) -> Op:
        """Return the operation with the wrong functions plugged in."""
        return self.plug()


def mutant(
    op: str,
    family: str,
    title: str,
    story: str,
    *,
    forward: Function | None = None,
    backward: Function | None = None,
    double_backward: Function | None = None,
    dtypes: tuple[str, ...] = DTYPES,
    limits: Mapping[str, Any] | None = None,
    fresh: Callable[[], Mapping[str, Function]] | None = None,
    equivalent: str | None = None,
) -> Mutant:
    """Return a mutant of an operation of the catalog, of which a function or two are exchanged.

    Second derivatives are checked if `double_backward` is given. Functions that remember are made
    by `fresh`, as ``{"backward": ...}``, for each subject anew.
    """

    def plug() -> Op:
        right, made = ops[op], fresh() if fresh else {}
        functions = (
            made.get("forward", forward or right.forward),
            made.get("backward", backward or right.backward),
            double_backward,
        )
        return right.implemented_by(*functions, layout=None, limits=limits)

    return Mutant(title, story, family, op, plug, dtypes, equivalent)
