"""Causes that show in the result alone: it is the true one, turned, summed, or another array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np

from oracles.bounds import rounding_bound
from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import Form, forms, letters_of
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.scales import by_a_factor, constants, scaled
from oracles.diagnosis.sizes import blanked, cut, groups_of, letters_for
from oracles.op import FORWARD, Op, gradient_of


def from_results(op: Op, name: str, ndim: int, wrong: Sequence[Question]) -> Iterator[Candidate]:
    """Yield every cause that shows in the result alone."""
    letters = letters_for(op, name) if op.letters else ""
    yield from mixed_up(name, wrong[0].true)
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
    yield Candidate(
        "has the oracle's numbers in another shape", "an axis too many or too few",
        partial(_reshaped, name=name),
    )  # fmt: skip
    if name == gradient_of("b"):
        yield from sums_of_others(op)


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


def mixed_up(name: str, names: Iterable[str]) -> Iterator[Candidate]:
    """Yield the causes: what is returned under this name is right under another."""
    for other in names:
        if other not in (name, FORWARD):
            yield Candidate(
                f"equals the oracle's {other}",
                "gradients are returned in another order (`gradients=` says which)",
                partial(_other, other=other),
            )


def equal_to(name: str, op: Op) -> Iterator[Candidate]:
    """Yield the causes: the result is one of the arrays that were given, or zero."""
    yield Candidate("is zero", "it is never computed", lambda q: _nothing(q, name))
    names = [*(["cotangent"] if op.takes_cotangent else []), *_operand_names(op)]
    for given in names:
        yield Candidate(
            f"equals {'the cotangent' if given == 'cotangent' else given} itself",
            "a derivative is missing" if given == "cotangent" else "another variable is returned",
            partial(_given, given=given),
        )


def _reshaped(question: Question, name: str) -> Expected | None:
    true, shape = question.true[name], np.shape(question.said(name))
    if shape == true.shape or np.prod(shape) != true.value.size:
        return None
    return Expected(true.value.reshape(shape), true.error.reshape(shape))


def _other(question: Question, other: str) -> Expected | None:
    return question.true.get(other)


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


def sums_of_others(op: Op) -> Iterator[Candidate]:
    """Yield the causes: a bias gradient that sums another array over all but the channels."""
    for other in ("x", "y"):
        yield Candidate(
            f"equals the sum of {other} over all axes but the channels",
            "another variable stands where the cotangent should",
            partial(_sum_of, other=other),
        )


def _sum_of(question: Question, other: str) -> Expected | None:
    letters = letters_for(question.op, FORWARD if other == "y" else other)
    array = question.true[FORWARD].value if other == "y" else question.case.operands[other]
    known = letters_of(letters, array.ndim)
    axes = tuple(at for at, letter in enumerate(known) if letter != "C")
    plain = array.astype(np.float64)
    sizes = np.asarray(np.abs(plain).sum(axis=axes))
    error = rounding_bound(array.size, sizes, question.case.dtype)
    return Expected(np.asarray(plain.sum(axis=axes)), error)


def plain_forms(ndim: int) -> Iterator[Form]:
    """Yield the transformations of an array whose axes have no letters."""
    if ndim > 1:
        yield Form("rotated by 180 degrees", lambda a, _: np.flip(a, (-2, -1)), 2)
        yield Form("reversed in every axis", lambda a, _: np.flip(a), 0)
    for axis in range(ndim):
        yield Form(f"reversed along axis {axis}", partial(_flipped, axis=axis), axis + 1)
    for a, b in combinations(range(ndim), 2):
        yield Form(f"with axes {a} and {b} swapped", partial(_swapped, a=a, b=b), b + 1)


def _flipped(array: Array, groups: int, *, axis: int) -> Array:
    return np.flip(array, axis)


def _swapped(array: Array, groups: int, *, a: int, b: int) -> Array:
    return array.swapaxes(a, b)
