"""What a convolution or a dense layer would say if it were asked something else.

The definition's index triples (`oracles.exact.terms`) give what a backward pass would say if it
took another cotangent, kernel or option; most numbers are small and whole, so float64 is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from oracles.bounds import rounding_bound
from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import letters_of
from oracles.diagnosis.question import Array, Expected, Question
from oracles.diagnosis.sizes import fit, groups_of
from oracles.exact.bilinear import Bilinear
from oracles.exact.terms import Terms, per_axis
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

    def with_array(self, name: str, array: Array) -> Sums:
        """Return the question with another x, w or g."""
        arrays = {"x": self.x, "w": self.w, "g": self.g, name: array}
        return Sums(arrays["x"], arrays["w"], self.b, arrays["g"], self.options, self.letters)

    @property
    def axes(self) -> int:
        """Number of spatial axes."""
        return self.w.ndim - 2

    def each(self, option: str, default: int) -> tuple[int, ...]:
        """Return an option for each axis."""
        return per_axis(self.options.get(option, default), self.w.shape[2:])

    def every_position(self) -> Sums:
        """Return the question in which each position of the cotangent counts.

        However far the options take the kernel at it: beyond x nothing is met.
        """
        if isinstance(self.options.get("padding"), str) or not self.axes:
            return self
        s, p, d = (self.each(name, default) for name, default in STEPS)
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


STEPS = (("stride", 1), ("padding", 0), ("dilation", 1))
"""Options that say where the kernel is laid, with their defaults."""


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
        except (IndexError, ValueError):  # the altered arrays do not belong together
            return None
        if found is None:
            return None
        assert asked is not None
        error = _rounding(definition, asked, name, question.case)
        return Expected(*(_in_shape(array, question, name) for array in (found, error)))

    return Candidate(claim, meaning, predict)


def _rounding(definition: Bilinear, asked: Sums, name: str, case: Case) -> Array:
    """Return what rounding may do to `result`: nothing on the lattice."""
    arrays = (np.abs(asked.x), np.abs(asked.w), asked.b, np.abs(asked.g))
    x, w, b, g = arrays if asked.b is None else (*arrays[:2], np.abs(asked.b), arrays[3])
    sizes = result(definition, Sums(x, w, b, g, asked.options, asked.letters), name)
    assert sizes is not None
    if case.lattice:
        return np.zeros(sizes.shape)
    most = asked.g.size + asked.x.size + asked.w.size  # of products in one sum
    return rounding_bound(most, sizes, case.dtype)


def left_over(asked: Sums) -> tuple[int, ...]:
    """Return how many rows and columns of x lie behind the last position of the kernel."""
    if "output_padding" in asked.options or isinstance(asked.options.get("padding"), str):
        return (0,) * asked.axes
    each = [asked.each(name, default) for name, default in STEPS]
    sizes = zip(asked.x.shape[-asked.axes :], asked.w.shape[2:], *each, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, p, d in sizes)


def case_has_sums(case: Case, op: Op) -> bool:
    """Return whether the sums can answer: a convolution or a dense layer on finite numbers."""
    return isinstance(op.definition, Bilinear) and bool(op.letters) and case.finite
