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

    @property
    def axes(self) -> int:
        """Number of spatial axes."""
        return self.w.ndim - 2

    def each(self, option: str, default: int) -> tuple[int, ...]:
        """Return an option for each axis."""
        value = self.options.get(option, default)
        return tuple(value) if isinstance(value, tuple) else (value,) * self.axes

    def every_position(self) -> Sums:
        """Return the question in which each position of the cotangent counts.

        However far the options take the kernel at it: beyond x nothing is met.
        """
        if isinstance(self.options.get("padding"), str) or not self.axes:
            return self
        s, p, d = (self.each(name, default) for name, default in _STEPS)
        n, k, out = self.x.shape[-self.axes :], self.w.shape[2:], self.g.shape[-self.axes :]
        if "output_padding" in self.options:
            rest = tuple(
                m - (i - 1) * a + 2 * b - c * (j - 1) - 1
                for m, i, j, a, b, c in zip(out, n, k, s, p, d, strict=True)
            )
            return replace(self, options={**self.options, "output_padding": rest})
        more = tuple(
            max(0, a * (m - 1) + c * (j - 1) + 1 - 2 * b - i)
            for m, i, j, a, b, c in zip(out, n, k, s, p, d, strict=True)
        )
        behind = [(0, 0)] * (self.x.ndim - self.axes) + [(0, m) for m in more]
        return replace(self, x=np.pad(self.x, behind))


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
    if terms is None or min(terms.y_shape, default=1) < 0:
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
    letters = letters_of(asked.letters["y"], g.ndim)
    return np.asarray(g.sum(axis=tuple(a for a, n in enumerate(letters) if n != "C")))


def _reached(g: Array, shape: tuple[int, ...]) -> Array | None:
    return fit(g, shape) if g.ndim == len(shape) else None


def _biased(y: Array, asked: Sums) -> Array:
    if asked.b is None:
        return y
    at = letters_of(asked.letters["y"], y.ndim).index("C")
    return y + asked.b.reshape([-1 if a == at else 1 for a in range(y.ndim)])


def _in_shape(found: Array, question: Question, name: str) -> Array:
    """Return a gradient in its operand's shape, or cut off where the subject's ends before."""
    shape, said = question.true[name].shape, question.said(name)
    if name == FORWARD or found.ndim != len(shape):
        return found
    found = fit(found, shape)
    ends = isinstance(said, np.ndarray) and said.ndim == found.ndim
    return found[tuple(slice(n) for n in said.shape)] if ends else found


Alter = Callable[[Sums, int], Sums | None]


def altered(claim: str, meaning: str, name: str, alter: Alter) -> Candidate:
    """Return the cause: the sums are right, the question is another."""

    def predict(question: Question) -> Expected | None:
        asked = alter(sums_of(question), groups_of(question.case))
        definition = question.op.definition
        assert isinstance(definition, Bilinear)
        try:
            found = None if asked is None else result(definition, asked, name)
        except IndexError:  # the altered arrays do not belong together
            return None
        if found is None:
            return None
        found = _in_shape(found, question, name)
        return Expected(found, np.zeros(found.shape))

    return Candidate(claim, meaning, predict)


def from_sums(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` that lie in the arrays or the options of the sums."""
    yield from _of_options(op, name)
    for array in _taking_part(name):
        yield from _of_array(op, name, array)
    if name == FORWARD:
        yield from _of_bias(name)
        yield from with_an_index(op)
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
        if array == "g" and "stride" in op.options and "output_padding" not in op.options:
            claim = f"equals what the oracle gives for the cotangent, spread by the stride and {form.words}"
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
        return replace(asked, **{array: form.apply(getattr(asked, array), groups)})

    return alter


def _spread(form: Form) -> Alter:
    """Lay the cotangent on the positions that a stride of 1 has, and transform it there."""

    def alter(asked: Sums, groups: int) -> Sums | None:
        if isinstance(asked.options.get("padding"), str):
            return asked
        s, p, d = (asked.each(name, default) for name, default in _STEPS)
        sizes = [
            n + 2 * b - c * (k - 1)
            for n, k, b, c in zip(
                asked.x.shape[-asked.axes :], asked.w.shape[2:], p, d, strict=True
            )
        ]
        wide = np.zeros((*asked.g.shape[: -asked.axes], *sizes))
        wide[(..., *(slice(None, None, step) for step in s))] = asked.g
        made = form.apply(wide, groups)
        return replace(asked, g=made, options={**asked.options, "stride": 1})

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
        if option == "output_padding" and name != FORWARD:
            yield altered(
                "equals what the oracle gives with output_padding ignored: without as many of "
                "the last rows and columns of the cotangent",
                "the backward ignores output_padding", name, _without_output_padding,
            )  # fmt: skip
        elif option != "groups":
            claim = f"equals what the oracle gives with {option} ignored (taken as {default})"
            way = _with_option(option, lambda v, d=default: d)
            yield from _either_way(claim, f"{where} ignores {option}", name, way)
            yield from _of_axes(name, option)
    if "dilation" in op.options:
        claim = "equals what the oracle gives with stride and dilation swapped"
        meaning = f"{where} takes the one for the other"
        yield from _either_way(claim, meaning, name, _swapped_options)


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


def _of_bias(name: str) -> Iterator[Candidate]:
    def without(asked: Sums, groups: int) -> Sums:
        return replace(asked, b=None)

    def taps(asked: Sums, groups: int) -> Sums:
        count = prod(asked.w.shape[2:])
        return asked if asked.b is None else replace(asked, b=asked.b * count)

    yield altered("equals the oracle's without bias", "the bias is not added", name, without)
    for factor, much in ((-1.0, "negated"), (2.0, "doubled")):
        claim = f"equals what the oracle gives with the bias {much}"
        yield altered(claim, "", name, _times_bias(factor))
    yield altered(
        "equals what the oracle gives with the bias times the number of taps",
        "it is added once for each tap", name, taps,
    )  # fmt: skip


def _times_bias(factor: float) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        return asked if asked.b is None else replace(asked, b=factor * asked.b)

    return alter


def with_an_index(op: Op) -> Iterator[Candidate]:
    """Yield the causes: a loop's index stands where the bias should."""
    for letter in op.letters["y"]:
        yield Candidate(
            f"equals the oracle's with the index along {letter} in place of the bias",
            "the bias is shadowed by another variable",
            lambda q, letter=letter: _indexed(q, letter),
        )


def _indexed(question: Question, letter: str) -> Expected | None:
    asked, true = sums_of(question), question.true[FORWARD]
    letters = letters_of(asked.letters["y"], true.value.ndim)
    definition = question.op.definition
    assert isinstance(definition, Bilinear)
    if asked.b is None or letter not in letters:
        return true
    bare = result(definition, replace(asked, b=None), FORWARD)
    if bare is None:
        return None
    index = np.indices(bare.shape)[letters.index(letter)]
    return Expected(bare + index, true.error)


def _of_ranges(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: positions or taps that are left out."""
    letters = letters_for(op, FORWARD)
    spatial = [letter for letter in letters if letter in SPATIAL]
    if name == FORWARD:
        yield from _of_one_sided_padding(op, name)
        return
    for end, kept in (("first", slice(1, None)), ("last", slice(None, -1))):
        yield altered(
            f"equals what the oracle gives for the {end} sample alone",
            "the batch is not summed over", name, _one_sample(kept),
        )  # fmt: skip
    if not spatial:
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
    if "padding" in op.options and name == gradient_of("x"):
        yield without_what_is_left_over(name)


def _axis_of(asked: Sums, array: str, letter: str) -> int:
    letters = asked.letters["y" if array == "g" else array]
    return letters_of(letters, getattr(asked, array).ndim).index(letter)


def _blanked(array: str, letter: str, at: int) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        np.moveaxis(changed, _axis_of(asked, array, letter), 0)[at : (at + 1) or None] = 0
        return replace(asked, **{array: changed})

    return alter


def left_over(asked: Sums) -> tuple[int, ...]:
    """Return how many rows and columns of x lie behind the last position of the kernel."""
    if "output_padding" in asked.options or isinstance(asked.options.get("padding"), str):
        return (0,) * asked.axes
    each = [asked.each(name, default) for name, default in _STEPS]
    sizes = zip(asked.x.shape[-asked.axes :], asked.w.shape[2:], *each, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in sizes)


_STEPS = (("stride", 1), ("padding", 0), ("dilation", 1))


def without_what_is_left_over(name: str) -> Candidate:
    """Return the cause: a gradient that ends where the last position of the kernel does."""

    def predict(question: Question) -> Expected:
        true, value = question.true[name], question.true[name].value.copy()
        rows = left_over(sums_of(question))
        for axis, count in enumerate(rows):
            np.moveaxis(value, value.ndim - len(rows) + axis, 0)[
                value.shape[value.ndim - len(rows) + axis] - count :
            ] = 0
        return Expected(value, true.error)

    return Candidate(
        "is the oracle's with zeros in the rows and columns that are left over by the stride",
        "the last rows are lost where sizes do not divide by the stride",
        predict,
    )


def _loops_swapped(array: str) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        changed = getattr(asked, array).copy()
        height, width = changed.shape[-2:]
        changed[..., width:, :] = 0
        changed[..., :, height:] = 0
        return replace(asked, **{array: changed})

    return alter


def _one_sample(others: slice) -> Alter:
    def alter(asked: Sums, groups: int) -> Sums:
        letters = letters_of(asked.letters["y"], asked.g.ndim)
        if "N" not in letters:
            return asked
        changed = asked.g.copy()
        changed[others] = 0
        return replace(asked, g=changed)

    return alter


def _of_one_sided_padding(op: Op, name: str) -> Iterator[Candidate]:
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


def case_has_sums(case: Case, op: Op) -> bool:
    """Return whether the sums can answer: a convolution or a dense layer on whole numbers."""
    return isinstance(op.definition, Bilinear) and bool(op.letters) and case.finite
