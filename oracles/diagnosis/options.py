"""Causes in the options: ignored, swapped, taken from another axis, applied on one side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.sums import Alter, Sums, altered
from oracles.op import FORWARD, Op


def from_options(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` that lie in the options."""
    where = "the forward" if name == FORWARD else "the backward"
    for option, default in op.options.items():
        if option == "output_padding" and name != FORWARD:
            yield altered(
                "equals what the oracle gives with output_padding ignored: without as many of "
                "the last rows and columns of the cotangent",
                "the backward ignores output_padding", name, _without_output_padding,
            )  # fmt: skip
        elif option != "groups":
            claim = f"equals what the oracle gives with {option} ignored (taken as {default})"
            way = _with_option(option, partial(_instead, default=default))
            yield from _either_way(claim, f"{where} ignores {option}", name, way)
            yield from _of_axes(name, option)
    if "dilation" in op.options:
        claim = "equals what the oracle gives with stride and dilation swapped"
        meaning = f"{where} takes the one for the other"
        yield from _either_way(claim, meaning, name, _swapped_options)


def _instead(value: Any, default: Any) -> Any:
    return default


def _of_axes(name: str, option: str) -> Iterator[Candidate]:
    """Yield the causes: values of an option that belong to other axes."""
    ways: dict[str, Callable[[Any], Any]] = {
        "in the reverse order of axes": lambda v: v[::-1],
        "of the first axis on every axis": lambda v: (v[0],) * len(v),
        "of the last axis on every axis": lambda v: (v[-1],) * len(v),
    }
    for words, way in ways.items():
        claim = f"equals what the oracle gives with {option} {words}"
        meaning = f"the axes of {option} are mixed up"
        yield from _either_way(claim, meaning, name, _with_option(option, way, tuples=True))


def _without_output_padding(asked: Sums, groups: int) -> Sums:
    changed = asked.g.copy()
    for axis, rows in enumerate(asked.each("output_padding", 0)):
        at = changed.ndim - asked.axes + axis
        np.moveaxis(changed, at, 0)[changed.shape[at] - rows :] = 0
    return replace(asked, g=changed)


def _either_way(claim: str, meaning: str, name: str, alter: Alter) -> Iterator[Candidate]:
    """Yield the cause: with the positions that the options have, and with all of the cotangent."""
    yield altered(claim, meaning, name, alter)
    if name != FORWARD:
        yield altered(claim, meaning, name, lambda asked, groups: _whole(alter(asked, groups)))


def _whole(asked: Sums | None) -> Sums | None:
    return None if asked is None else asked.every_position()


def _with_option(option: str, value: Callable[[Any], Any], *, tuples: bool = False) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums | None:
        given = asked.options.get(option)
        if given is None or isinstance(given, str):
            return None
        if tuples and not isinstance(given, tuple):
            return asked
        return replace(asked, options={**asked.options, option: value(given)})

    return alter


def _swapped_options(asked: Sums, groups: int) -> Sums:
    stride, dilation = asked.options["stride"], asked.options["dilation"]
    return replace(asked, options={**asked.options, "stride": dilation, "dilation": stride})


def one_sided_padding(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: all of the padding on one side."""
    if "padding" not in op.options or "output_padding" in op.options:
        return
    for words, front in (
        ("behind x and none before it", False),
        ("before x and none behind", True),
    ):
        yield altered(
            f"equals what the oracle gives with all of the padding {words}",
            "the padding belongs half before and half behind", name, _padded_once(front),
        )  # fmt: skip


def _padded_once(front: bool) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        if isinstance(asked.options.get("padding"), str):
            return asked
        sides = [(2 * p, 0) if front else (0, 2 * p) for p in asked.each("padding", 0)]
        wide = np.pad(asked.x, [(0, 0)] * (asked.x.ndim - asked.axes) + sides)
        return replace(asked, x=wide, options={**asked.options, "padding": 0})

    return alter
