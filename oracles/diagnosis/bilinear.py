"""Causes in a convolution or a dense layer: the right sums over the wrong arrays or options.

The definition's index triples (`oracles.exact.terms`) give what a backward pass would say if it
took another cotangent, kernel or option; the numbers are small and whole, so float64 is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import SPATIAL, Form, forms, letters_of
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.results import fit, groups_of, letters_for
from oracles.exact.bilinear import Bilinear
from oracles.exact.terms import Terms
from oracles.op import FORWARD, Case, Op, gradient_of

Options = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Sums:
    """A question to the sums: arrays in float64, and options.

    Attributes
    ----------
    x, w, b, g
        The operands (b may be None) and the cotangent.
    options
        Of the call.
    letters
        Of the axes.
    """

    x: Array
    w: Array
    b: Array | None
    g: Array
    options: Options
    letters: Mapping[str, str]

    def terms(self, definition: Bilinear) -> Terms | None:
        """Return the index triples, or None if there are none for these options."""
        try:
            with np.errstate(all="ignore"):
                return definition.terms(self.x.shape, self.w.shape, **self.options)
        except (ValueError, IndexError, TypeError):
            return None


def sums_of(question: Question) -> Sums:
    """Return a question's arrays for the sums."""
    case = question.case
    x, w = (case.operands[name].astype(np.float64) for name in ("x", "w"))
    b = case.operands.get("b")
    g = case.cotangent.astype(np.float64)
    bias = None if b is None else b.astype(np.float64)
    return Sums(x, w, bias, g, case.options, question.op.letters)


def result(definition: Bilinear, asked: Sums, name: str) -> Array | None:
    """Return y or a gradient; a cotangent of another size counts as far as it reaches."""
    terms = asked.terms(definition)
    if terms is None or not prod(terms.y_shape):
        return None
    x, w = asked.x.ravel(), asked.w.ravel()
    if name == FORWARD:
        y = np.bincount(terms.y, x[terms.x] * w[terms.w], prod(terms.y_shape))
        return _biased(y.reshape(terms.y_shape), asked)
    g = asked.g if asked.g.shape == terms.y_shape else _reached(asked.g, terms.y_shape)
    if g is None:
        return None
    flat = g.ravel()[terms.y]
    if name == gradient_of("x"):
        return np.bincount(terms.x, flat * w[terms.w], x.size).reshape(asked.x.shape)
    if name == gradient_of("w"):
        return np.bincount(terms.w, flat * x[terms.x], w.size).reshape(asked.w.shape)
    letters = letters_of(asked.letters["y"], asked.g.ndim)
    return np.asarray(asked.g.sum(axis=tuple(a for a, n in enumerate(letters) if n != "C")))


def _reached(g: Array, shape: tuple[int, ...]) -> Array | None:
    return fit(g, shape) if g.ndim == len(shape) else None


def _biased(y: Array, asked: Sums) -> Array:
    if asked.b is None:
        return y
    at = letters_of(asked.letters["y"], y.ndim).index("C")
    return y + asked.b.reshape([-1 if a == at else 1 for a in range(y.ndim)])


Alter = Callable[[Sums, int], Sums | None]


def altered(claim: str, meaning: str, name: str, alter: Alter) -> Candidate:
    """Return the cause: the sums are right, the question is another."""

    def predict(question: Question) -> Expected | None:
        asked = alter(sums_of(question), groups_of(question.case))
        definition = question.op.definition
        assert isinstance(definition, Bilinear)
        found = None if asked is None else result(definition, asked, name)
        if found is None:
            return None
        shape = question.true[name].shape
        if name != FORWARD and found.shape != shape:
            found = fit(found, shape) if found.ndim == len(shape) else found
        return Expected(found, np.zeros(found.shape))

    return Candidate(claim, meaning, predict)


def from_sums(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` that lie in the arrays or the options of the sums."""
    yield from _of_options(op, name)
    for array in _taking_part(name):
        yield from _of_array(op, name, array)
    if name == FORWARD:
        yield from _of_bias(name)
    yield from _of_ranges(op, name)


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
        return replace(asked, **{array: form.apply(getattr(asked, array), groups)})

    return alter


def _times(array: str, factor: float) -> Alter:
    return lambda asked, groups: replace(asked, **{array: factor * getattr(asked, array)})


def _substituting(array: str, given: str) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums | None:
        old, new = getattr(asked, array), getattr(asked, given)
        return replace(asked, **{array: new}) if old.shape == new.shape else None

    return alter


def _meaning(op: Op, name: str, array: str, words: str) -> str:
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


def _of_options(op: Op, name: str) -> Iterator[Candidate]:
    where = "the forward" if name == FORWARD else "the backward"
    for option, default in op.options.items():
        if option != "groups":
            yield altered(
                f"equals what the oracle gives with {option} ignored (taken as {default})",
                f"{where} ignores {option}", name, _with_option(option, lambda v, d=default: d),
            )  # fmt: skip
            yield from _of_axes(name, option)
    if "dilation" in op.options:
        yield altered(
            "equals what the oracle gives with stride and dilation swapped",
            f"{where} takes the one for the other", name, _swapped_options,
        )  # fmt: skip


def _of_axes(name: str, option: str) -> Iterator[Candidate]:
    """Yield the causes: values of an option that belong to other axes."""
    ways: dict[str, Callable[[Any], Any]] = {
        "in the reverse order of axes": lambda v: v[::-1],
        "of the first axis on every axis": lambda v: (v[0],) * len(v),
        "of the last axis on every axis": lambda v: (v[-1],) * len(v),
    }
    for words, way in ways.items():
        yield altered(
            f"equals what the oracle gives with {option} {words}",
            f"the axes of {option} are mixed up", name, _with_option(option, way, tuples=True),
        )  # fmt: skip


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


def _of_bias(name: str) -> Iterator[Candidate]:
    def without(asked: Sums, groups: int) -> Sums:
        return replace(asked, b=None)

    def taps(asked: Sums, groups: int) -> Sums:
        count = prod(asked.w.shape[2:])
        return asked if asked.b is None else replace(asked, b=asked.b * count)

    yield altered("equals the oracle's without bias", "the bias is not added", name, without)
    yield altered(
        "equals what the oracle gives with the bias times the number of taps",
        "it is added once for each tap", name, taps,
    )  # fmt: skip


def _of_ranges(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: positions or taps that are left out."""
    letters = letters_for(op, FORWARD)
    spatial = [letter for letter in letters if letter in SPATIAL]
    if not spatial or name == FORWARD:
        return
    for letter in spatial:
        for end, at in (("last", -1), ("first", 0)):
            yield altered(
                f"equals what the oracle gives without the {end} position of the cotangent "
                f"along {letter}", "one position is left out", name, _blanked("g", letter, at),
            )  # fmt: skip
            yield altered(
                f"equals what the oracle gives without the {end} tap of the kernel along {letter}",
                "one tap is left out", name, _blanked("w", letter, at),
            )  # fmt: skip
    if len(spatial) == 2:
        for array, words in (("g", "positions of the cotangent"), ("w", "taps of the kernel")):
            yield altered(
                f"equals what the oracle gives if the {words} run as far along H as there are "
                "along W, and along W as along H", "height and width are swapped in a loop",
                name, _loops_swapped(array),
            )  # fmt: skip
    yield altered(
        "equals what the oracle gives for the first sample alone", "the batch is not summed over",
        name, _first_sample,
    )  # fmt: skip


def _axis_of(asked: Sums, array: str, letter: str) -> int:
    letters = asked.letters["y" if array == "g" else array]
    return letters_of(letters, getattr(asked, array).ndim).index(letter)


def _blanked(array: str, letter: str, at: int) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        np.moveaxis(changed, _axis_of(asked, array, letter), 0)[at : (at + 1) or None] = 0
        return replace(asked, **{array: changed})

    return alter


def left_over(asked: Sums) -> bool:
    """Return whether some row or column of x lies behind the last position of the kernel."""
    if "output_padding" in asked.options or isinstance(asked.options.get("padding"), str):
        return False
    axes = asked.w.ndim - 2
    each = [_per_axis(asked.options.get(n, d), axes) for n, d in _STEPS]
    sizes = zip(asked.x.shape[-axes:], asked.w.shape[2:], *each, strict=True)
    return any((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in sizes)


_STEPS = (("stride", 1), ("padding", 0), ("dilation", 1))


def _per_axis(value: Any, axes: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) * axes


def _loops_swapped(array: str) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        height, width = changed.shape[-2:]
        changed[..., width:, :] = 0
        changed[..., :, height:] = 0
        return replace(asked, **{array: changed})

    return alter


def _first_sample(asked: Sums, groups: int) -> Sums:
    letters = letters_of(asked.letters["y"], asked.g.ndim)
    if "N" not in letters:
        return asked
    changed = asked.g.copy()
    changed[1:] = 0
    return replace(asked, g=changed)


def case_has_sums(case: Case, op: Op) -> bool:
    """Return whether the sums can answer: a convolution or a dense layer on whole numbers."""
    return isinstance(op.definition, Bilinear) and bool(op.letters) and case.finite
