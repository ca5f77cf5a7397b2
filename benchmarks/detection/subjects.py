"""The implementations that are put under every tool: wrong ones and right ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from oracles.catalog import ops
from oracles.op import Op
from tests.oracles.mutants import EQUIVALENT, MUTANTS
from tests.oracles.planted import RIGHT
from tests.oracles.planted.plugging import plugged


@dataclass(frozen=True)
class Subject:
    """One implementation.

    Attributes
    ----------
    title
        No other subject's of its kind.
    op
        Name of the operation.
    make
        Makes the operation with it plugged in.
    family, story
        Of a mutant: what is wrong with it.
    dtypes
        Of a mutant: in each of which it is wrong.
    """

    title: str
    op: str
    make: Callable[[], Op]
    family: str = ""
    story: str = ""
    dtypes: tuple[str, ...] = ("float32", "float64")


def mutants() -> dict[str, Subject]:
    """Return the wrong implementations by title."""
    return _by_title(
        Subject(each.title, each.op, each.subject, each.family, each.story, each.dtypes)
        for each in MUTANTS
    )


def right() -> dict[str, Subject]:
    """Return the right implementations by title.

    They are manualgrad's own, first derivatives alone; those from which the planted errors
    differ; and the changes of mutants that no input can tell from right code.
    """
    own = (Subject(f"manualgrad, {op.name}", op.name, partial(_first_order, op)) for op in ops)
    planted = (
        Subject(f"{each.title}, {each.op or 'max_pool2d'}", each.op or "", partial(plugged, each))
        for each in RIGHT
    )
    same = (Subject(each.title, each.op, each.subject) for each in EQUIVALENT)
    return _by_title((*own, *planted, *same))


KINDS: Mapping[str, Callable[[], dict[str, Subject]]] = {"mutant": mutants, "right": right}
"""By the name under which a question crosses to another process."""


def _first_order(op: Op) -> Op:
    return replace(op, double_backward=None)


def _by_title(subjects: Any) -> dict[str, Subject]:
    found: dict[str, Subject] = {}
    for each in subjects:
        if each.title in found:
            raise ValueError(f"`subjects` holds two of the title {each.title!r}")
        found[each.title] = each
    return found
