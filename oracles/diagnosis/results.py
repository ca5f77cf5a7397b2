"""Causes that show in the result alone: it is the true one, turned, scaled, summed or cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import SPATIAL, Form, forms, letters_of
from oracles.diagnosis.question import Array, Expected, Question
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op, gradient_of


def letters_for(op: Op, name: str) -> str:
    """Return the letters of the axes of what is compared under `name`, or ""."""
    if name in (FORWARD, "cotangent", GRAD_GRAD_Y):
        return op.letters.get("y", "")
    operand = name.partition("_")[2] if "_" in name else name
    return "O" if operand == "b" and op.letters else op.letters.get(operand, "")


def groups_of(case: Case) -> int:
    """Return the number of groups of a case."""
    return int(case.options.get("groups", 1))


def turned(name: str, form: Form) -> Candidate:
    """Return the cause: the true result, transformed."""

    def predict(question: Question) -> Expected:
        true, groups = question.true[name], groups_of(question.case)
        if true.value.ndim < form.axes:
            return true
        return Expected(form.apply(true.value, groups), form.apply(true.error, groups))

    return Candidate(f"equals the oracle's {form.words}", _meaning(name, form.words), predict)


def _meaning(name: str, words: str) -> str:
    if words == "rotated by 180 degrees":
        return {
            "grad_w": "the cotangent or the result is not rotated, or once too often",
            "grad_x": "the kernel or the result is not rotated, or once too often",
        }.get(name, "a rotation is missing, or one too many")
    if words.startswith("flipped"):
        return "one axis is reversed, or one reversal is missing"
    if "swapped" in words:
        return "a transposition is missing, or one too many"
    if "written by" in words:
        return "a reshape where the axes should have been transposed"
    return ""


Constant = Callable[[Question], float]


def constants(op: Op) -> Mapping[str, Constant]:
    """Return the numbers by which results are wrongly scaled, by what they are."""
    found: dict[str, Constant] = {"-1": lambda q: -1.0, "2": lambda q: 2.0}
    if op.letters:
        found |= {
            "N, the batch size": lambda q: _sizes(q, "y").get("N", 1),
            "the number of positions of y": lambda q: _positions(q, "y"),
            "N times the number of positions of y": lambda q: (
                _sizes(q, "y").get("N", 1) * _positions(q, "y")
            ),
            "the number of positions of x": lambda q: _positions(q, "x"),
            "N times the number of positions of x": lambda q: (
                _sizes(q, "x").get("N", 1) * _positions(q, "x")
            ),
            "the number of taps of the kernel": lambda q: _positions(q, "w"),
            "the number of groups": lambda q: groups_of(q.case),
            "the number of input channels": lambda q: _channels(q)[0],
            "the number of output channels": lambda q: _channels(q)[1],
            "the stride": lambda q: float(np.prod(q.case.options.get("stride", 1))),
        }
    else:
        found |= {
            "the length of the first axis": lambda q: float(_first(q).shape[0]) if _first(q).ndim
            else 1.0,
            "the length of the last axis": lambda q: float(_first(q).shape[-1]) if _first(q).ndim
            else 1.0,
            "the number of elements": lambda q: float(_first(q).size),
        }  # fmt: skip
    return found


def scaled(name: str, words: str, constant: Constant) -> Iterator[Candidate]:
    """Yield the causes: the true result times the constant, and divided by it."""

    def predict(question: Question, power: int) -> Expected | None:
        factor = constant(question)
        if not factor:
            return None
        true, by = question.true[name], factor**power
        return Expected(true.value * by, true.error * abs(by))

    if words == "-1":
        yield Candidate("is the oracle's negated", "a sign is wrong", lambda q: predict(q, 1))
        return
    yield Candidate(f"equals the oracle's times {words}", _why(words, 1), lambda q: predict(q, 1))
    yield Candidate(
        f"equals the oracle's divided by {words}", _why(words, -1), lambda q: predict(q, -1)
    )


def _why(words: str, power: int) -> str:
    if power < 0 and (words.startswith(("N", "the number of pos", "the number of el"))):
        return "a mean is taken where there is a sum"
    if words.startswith("the number of taps"):
        return "it is counted once for each tap" if power > 0 else "a mean over the taps is taken"
    return "it is counted so many times" if power > 0 and words not in ("2",) else ""


def by_a_factor(name: str, wrong: Sequence[Question]) -> Iterator[Candidate]:
    """Yield the cause: the true result times one and the same number, read off a cell."""
    for question in wrong[:3]:
        true, said = question.true[name], question.said(name)
        if said.shape != true.shape or not np.isfinite(true.value).all() or not true.value.any():
            continue
        at = int(np.abs(true.value).argmax())
        factor = float(said.ravel()[at]) / float(true.value.ravel()[at])
        if np.isfinite(factor):
            yield from scaled(name, f"{factor:.6g}", lambda q, f=factor: f)
            return


def blanked(name: str, letters: str) -> Iterator[Candidate]:
    """Yield the causes: the true result with zeros in the last or first row or column."""
    for letter in (letter for letter in letters if letter in SPATIAL):
        for end, at in (("last", -1), ("first", 0)):
            yield Candidate(
                f"is the oracle's with zeros at the {end} position along {letter}",
                "one row or column is lost",
                lambda q, letter=letter, at=at: _blank(q, name, letters, letter, at),
            )


def _blank(question: Question, name: str, letters: str, letter: str, at: int) -> Expected:
    true = question.true[name]
    value = true.value.copy()
    axis = letters_of(letters, value.ndim).index(letter)
    np.moveaxis(value, axis, 0)[at : (at + 1) or None] = 0
    return Expected(value, true.error)


def summed(name: str, axes: str, ndim: int) -> Iterator[Candidate]:
    """Yield the causes: the true result summed over some of its axes."""
    every = range(ndim)
    for count in range(1, ndim + 1):
        for chosen in combinations(every, count):
            words = ", ".join(axes[a] if axes else f"axis {a}" for a in chosen)
            for keep in (False, True, None):
                yield Candidate(
                    f"equals the oracle's summed over {words}" + _SHAPE[keep],
                    "the sum runs over too many axes",
                    _sum(name, chosen, ndim, keep),
                )


_SHAPE = {False: "", True: " (of length 1)", None: " (and repeated along it)"}


def _sum(
    name: str, axes: tuple[int, ...], ndim: int, keep: bool | None
) -> Callable[[Question], Expected | None]:
    def predict(question: Question) -> Expected | None:
        true = question.true[name]
        if true.value.ndim != ndim:
            return None
        parts = [a.sum(axis=axes, keepdims=keep is not False) for a in (true.value, true.error)]
        if keep is None:
            parts = [np.broadcast_to(a, true.shape) for a in parts]
        return Expected(np.asarray(parts[0]), np.asarray(parts[1]))

    return predict


def cut(name: str, letters: str) -> Iterator[Candidate]:
    """Yield the causes: the true result with rows too few, too many, or none where none is cut."""
    yield Candidate(
        "is empty exactly along the axes whose padding is 0, and else the oracle's",
        "`x[p:-p]` is empty for p = 0",
        lambda q: _sliced(q, name, letters),
        of_nothing=True,
    )
    yield Candidate(
        "is the oracle's without its last rows or columns",
        "the size of the gradient is computed from sizes that do not divide by the stride, "
        "instead of taken from the operand",
        lambda q: _resized(q, name, longer=False),
    )
    yield Candidate(
        "is the oracle's with further rows or columns behind it",
        "it is longer than its operand: what lies beyond has to be cut off",
        lambda q: _resized(q, name, longer=True),
    )


def _sliced(question: Question, name: str, letters: str) -> Expected | None:
    padding = question.case.options.get("padding")
    true = question.true[name]
    if padding is None or isinstance(padding, str):
        return None
    known = letters_of(letters, true.value.ndim)
    spatial = [at for at, letter in enumerate(known) if letter in SPATIAL]
    each = padding if isinstance(padding, tuple) else (padding,) * len(spatial)
    kept: list[Any] = [slice(None)] * true.value.ndim
    for at, p in zip(spatial, each, strict=True):
        kept[at] = slice(0, 0) if p == 0 else slice(None)
    return Expected(true.value[tuple(kept)], true.error[tuple(kept)])


def _resized(question: Question, name: str, *, longer: bool) -> Expected | None:
    """Return truth in the shape of what was said, which is longer or shorter somewhere."""
    true, said = question.true[name], question.said(name)
    if not isinstance(said, np.ndarray) or said.ndim != true.value.ndim:
        return None
    if said.shape == true.shape:
        return true
    less = [s < t for s, t in zip(said.shape, true.shape, strict=True)]
    more = [s > t for s, t in zip(said.shape, true.shape, strict=True)]
    if any(less) == longer or any(more) != longer:
        return None
    value, error = fit(true.value, said.shape), fit(true.error, said.shape)
    if longer:  # whatever stands there
        beyond = np.ones(said.shape, bool)
        beyond[tuple(slice(n) for n in true.shape)] = False
        value = np.where(beyond, said, value)
    return Expected(value, error)


def fit(array: Array, shape: tuple[int, ...]) -> Array:
    """Return `array` cut, or filled up with zeros, at the end of each axis."""
    found = np.zeros(shape, array.dtype)
    common = tuple(slice(min(a, b)) for a, b in zip(array.shape, shape, strict=True))
    found[common] = array[common]
    return found


def equal_to(name: str, op: Op) -> Iterator[Candidate]:
    """Yield the causes: the result is one of the arrays that were given, or zero."""
    yield Candidate("is zero", "it is never computed", lambda q: _nothing(q, name))
    names = [*(["cotangent"] if op.takes_cotangent else []), *_operand_names(op)]
    for given in names:
        yield Candidate(
            f"equals {'the cotangent' if given == 'cotangent' else given} itself",
            "a derivative is missing" if given == "cotangent" else "another variable is returned",
            lambda q, given=given: _given(q, given),
        )


def mixed_up(op: Op, name: str, names: Iterable[str]) -> Iterator[Candidate]:
    """Yield the causes: what is returned under this name is right under another."""
    for other in names:
        if other not in (name, FORWARD):
            yield Candidate(
                f"equals the oracle's {other}",
                "gradients are returned in another order (`gradients=` says which)",
                lambda q, other=other: q.true.get(other),
            )


def _operand_names(op: Op) -> list[str]:
    known = [name for name in op.letters if name != "y"]
    return [*known, "b"] if known else list(op.backward_operands or op.gradients or ("x",))


def _nothing(question: Question, name: str) -> Expected:
    zeros = np.zeros(question.true[name].shape)
    return Expected(zeros, zeros)


def _given(question: Question, given: str) -> Expected | None:
    array = question.case.arrays.get(given)
    if array is None or array.dtype.kind != "f":
        return None
    return Expected(array.astype(np.float64), np.zeros(array.shape))


def from_results(op: Op, name: str, ndim: int, wrong: Sequence[Question]) -> Iterator[Candidate]:
    """Yield every cause that shows in the result alone."""
    letters = letters_for(op, name) if op.letters else ""
    yield from mixed_up(op, name, wrong[0].true)
    yield from equal_to(name, op)
    for words, constant in constants(op).items():
        yield from scaled(name, words, constant)
    yield from by_a_factor(name, wrong)
    for form in forms(letters) if letters else plain_forms(ndim):
        yield turned(name, form)
    if letters:
        yield from cut(name, letters)
        yield from blanked(name, letters)
    yield from summed(name, letters_of(letters, ndim) if letters else "", ndim)
    if name == gradient_of("b"):
        yield from sums_of_others(op)


def sums_of_others(op: Op) -> Iterator[Candidate]:
    """Yield the causes: a bias gradient that sums another array over all but the channels."""
    for other in ("x", "y"):
        yield Candidate(
            f"equals the sum of {other} over all axes but the channels",
            "another variable stands where the cotangent should",
            lambda q, other=other: _sum_of(q, other),
        )


def _sum_of(question: Question, other: str) -> Expected | None:
    letters = letters_for(question.op, FORWARD if other == "y" else other)
    array = question.true[FORWARD].value if other == "y" else question.case.operands[other]
    known = letters_of(letters, array.ndim)
    axes = tuple(at for at, letter in enumerate(known) if letter != "C")
    found = np.asarray(array.astype(np.float64).sum(axis=axes))
    return Expected(found, np.zeros(found.shape))


def plain_forms(ndim: int) -> Iterator[Form]:
    """Yield the transformations of an array whose axes have no letters."""
    if ndim > 1:
        yield Form("rotated by 180 degrees", lambda a, _: np.flip(a, (-2, -1)), 2)
        yield Form("reversed in every axis", lambda a, _: np.flip(a), 0)
    for axis in range(ndim):
        yield Form(
            f"reversed along axis {axis}", lambda a, _, axis=axis: np.flip(a, axis), axis + 1
        )
    for a, b in combinations(range(ndim), 2):
        yield Form(f"with axes {a} and {b} swapped", lambda x, _, a=a, b=b: x.swapaxes(a, b), b + 1)


def _first(question: Question) -> Array:
    return next(iter(question.case.operands.values()))


def _sizes(question: Question, operand: str) -> dict[str, int]:
    array = question.case.cotangent if operand == "y" else question.case.operands[operand]
    letters = letters_of(question.op.letters[operand], array.ndim)
    return dict(zip(letters, array.shape, strict=True))


def _positions(question: Question, operand: str) -> float:
    sizes = _sizes(question, operand)
    return float(prod(size for letter, size in sizes.items() if letter in SPATIAL))


def _channels(question: Question) -> tuple[float, float]:
    return float(_sizes(question, "x")["C"]), float(_sizes(question, "y")["C"])
