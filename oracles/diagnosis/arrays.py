"""Causes in the arrays that sums are made of: turned, misread, scaled, one for the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import Form, forms
from oracles.diagnosis.sizes import letters_for
from oracles.diagnosis.sums import STEPS, Alter, Sums, altered
from oracles.op import FORWARD, Op


def from_arrays(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` that lie in the arrays that it is made of."""
    for array in _taking_part(name):
        yield from _of_array(op, name, array)


def _taking_part(name: str) -> Sequence[str]:
    """Return the arrays on which a result depends, apart from the bias."""
    return {FORWARD: ("w", "x"), "grad_x": ("w", "g"), "grad_w": ("g", "x"), "grad_b": ("g",)}.get(
        name, ()
    )


_WORDS = {"g": "the cotangent"}


def _of_array(op: Op, name: str, array: str) -> Iterator[Candidate]:
    letters = letters_for(op, "cotangent" if array == "g" else array)
    words = _WORDS.get(array, array)
    for form in forms(letters):
        claim = f"equals what the oracle gives for {words} {form.words}"
        yield altered(claim, _meaning(op, name, array, form.words), name, _replacing(array, form))
        if array == "g" and "stride" in op.options and "output_padding" not in op.options:
            claim = (
                f"equals what the oracle gives for {words}, spread by the stride and {form.words}"
            )
            yield altered(claim, _meaning(op, name, array, form.words), name, _spread(form))
    for factor, much in ((-1.0, "negated"), (2.0, "doubled"), (0.5, "halved")):
        yield altered(
            f"equals what the oracle gives for {words} {much}", "", name, _times(array, factor)
        )
    if name != FORWARD:
        other = {"w": "the kernel", "x": "x", "g": "the cotangent"}[array]
        for given in ("x", "w", "g"):
            if given != array:
                yield altered(
                    f"equals what the oracle gives with {_WORDS.get(given, given)} for {other}",
                    "one variable stands where another should", name, _substituting(array, given),
                )  # fmt: skip


def _replacing(array: str, form: Form) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        return asked.with_array(array, form.apply(getattr(asked, array), groups))

    return alter


def _spread(form: Form) -> Alter:
    """Lay the cotangent on the positions that a stride of 1 has, and transform it there."""

    def alter(asked: Sums, groups: int) -> Sums | None:
        if isinstance(asked.options.get("padding"), str):
            return asked
        s, p, d = (asked.each(name, default) for name, default in STEPS)
        sizes = [
            n + 2 * b - c * (k - 1)
            for n, k, b, c in zip(
                asked.x.shape[-asked.axes :], asked.w.shape[2:], p, d, strict=True
            )
        ]
        wide = np.zeros((*asked.g.shape[: -asked.axes], *sizes))
        apart: tuple[Any, ...] = tuple(slice(None, None, step) for step in s)
        wide[(..., *apart)] = asked.g
        made = form.apply(wide, groups)
        return replace(asked, g=made, options={**asked.options, "stride": 1})

    return alter


def _times(array: str, factor: float) -> Alter:
    return lambda asked, groups: asked.with_array(array, factor * getattr(asked, array))


def _substituting(array: str, given: str) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums | None:
        old, new = getattr(asked, array), getattr(asked, given)
        return asked.with_array(array, new) if old.shape == new.shape else None

    return alter


def _meaning(op: Op, name: str, array: str, words: str) -> str:
    if words == "flipped along W" and "H" not in op.letters["x"]:
        words = "rotated by 180 degrees"  # of one axis that is the same
    if words == "rotated by 180 degrees" and name == FORWARD and array == "w":
        return (
            "this is a true convolution where the operation is a cross-correlation, or the "
            "reverse (`flip_kernel=True` says that the subject's kernel is rotated)"
        )
    if words == "rotated by 180 degrees":
        return {
            ("grad_w", "g"): "the cotangent is not rotated, or once too often",
            ("grad_x", "w"): "the kernel is not rotated, or once too often",
        }.get((name, array), "a rotation is missing, or one too many")
    if words.startswith("flipped"):
        return "rotated along one axis alone: the other reversal is missing or cancels"
    if "written by" in words:
        return "a reshape where the axes should have been transposed"
    if "swapped" in words:
        return "a transposition is missing, or one too many"
    return ""
