"""Mutations of what the subject is given: operands and the cotangent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import Op
from oracles.plug import SPATIAL
from oracles.selftest.call import BACKWARDS, Call
from oracles.selftest.changes import Change, Seen, rotated, rounded
from oracles.selftest.form import COTANGENT, Form
from oracles.selftest.mutation import Mutation, Tamper
from oracles.selftest.of_results import seen

Array = npt.NDArray[Any]

WHERE = {
    "forward": ("forward",),
    "backward": BACKWARDS,
    "both": ("forward", *BACKWARDS),
}
"""In which functions something is taken for something else."""

_TOLD = {
    "forward": "in the forward alone",
    "backward": "in the backward alone",
    "both": "in forward and backward alike, so that the gradients match the wrong forward",
}


def told_where(where: str) -> str:
    """Return in words where something is wrong."""
    return _TOLD[where]


def mutations_of_operands(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield for each operand what may be taken in its place, and where."""
    for name in form.usual:
        taken = op.backward_operands is None or name in op.backward_operands
        there = taken and op.backward is not None
        for where in WHERE if there else ("forward",):
            for change in _changes(form.axes[name], form.letters[name]):
                yield _mutation(form, name, change, where, "operand")
            yield _stale(name, where)


def mutations_of_cotangent(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield what a backward may take for the cotangent, and for the directions."""
    if op.backward is not None and op.takes_cotangent:
        for change in _OF_COTANGENT:
            yield _mutation(form, COTANGENT, change, "backward", "cotangent")
    if op.double_backward is not None:
        for name in form.gradients:
            yield _mutation(form, f"v_{name}", _UNUSED, "backward", "cotangent")


def _changes(axes: int, letters: str) -> Iterator[Change]:
    yield _UNUSED
    if axes:
        yield Change("rotated", "is taken mirrored along its spatial axes, or all axes", rotated)
    spatial = [at for at, letter in enumerate(letters) if letter in SPATIAL]
    if spatial and "N" not in letters:
        for corner in _corners(len(spatial)):
            words = " and ".join(
                f"{letters[at]}={i}" for at, i in zip(spatial, corner, strict=True)
            )
            tap = words.replace("=-1", " last").replace("=0", " first")
            yield Change(f"tap {tap} dropped", f"is taken without the tap {tap}", _dropped(corner))


def _corners(axes: int) -> list[tuple[int, ...]]:
    """Return the first and last corners; of three axes not the others."""
    return list(product((0, -1), repeat=axes)) if axes < 3 else [(0,) * axes, (-1,) * axes]


def _dropped(corner: tuple[int, ...]) -> Callable[[Array, Seen], Array]:
    at: tuple[Any, ...] = (Ellipsis, *corner)

    def change(array: Array, seen: Seen) -> Array:
        found = array.copy()
        found[at] = 0
        return found

    return change


def _zeros(array: Array, seen: Seen) -> Array:
    return np.zeros_like(array)


_UNUSED = Change("not used", "is taken for zeros", _zeros)


def _ones(array: Array, seen: Seen) -> Array:
    return np.ones_like(array)


def _averaged(array: Array, seen: Seen) -> Array | None:
    return np.full_like(array, array.mean()) if array.size else None


_OF_COTANGENT = (
    Change("taken for ones", "is taken for ones, as in a test of a sum", _ones),
    Change("averaged", "is taken for its mean in every place", _averaged),
    Change("rotated", "is taken mirrored along its spatial axes, or all axes", rotated),
    Change("in float16", "is rounded to float16 on the way", rounded("float16")),
)


def _mutation(form: Form, name: str, change: Change, where: str, kind: str) -> Mutation:
    def arguments(call: Call) -> Call | None:
        array = call.arrays.get(name)
        if call.function not in WHERE[where] or array is None:
            return None
        made = change.make(array, seen(form, name, call, array))
        return None if made is None else call.having(name, made)

    story = f"{name} {change.story}, {told_where(where)}"
    alone = kind == "cotangent"
    return Mutation(
        f"{name}: {change.name}" + ("" if alone else f", {where}"),
        f"{name} {change.story}" if alone else story,
        kind,
        lambda: Tamper(arguments=arguments),
    )


def _stale(name: str, where: str) -> Mutation:
    """Return the mutation that takes what was given first under the same shape."""

    def start() -> Tamper:
        first: dict[Any, Array] = {}

        def arguments(call: Call) -> Call | None:
            array = call.arrays.get(name)
            if call.function not in WHERE[where] or array is None or call.symbolic:
                return None
            old = first.setdefault((array.shape, array.dtype), array.copy())
            return call.having(name, old)

        return Tamper(arguments=arguments)

    story = f"{name} is taken from the first call with its shape, {told_where(where)}"
    return Mutation(f"{name}: of an earlier call, {where}", story, "operand", start)
