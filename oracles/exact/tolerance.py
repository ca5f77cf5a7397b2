"""A definition where there is none: a framework's float64 stands for truth, within a tolerance.

This is the weakest ground that there is. The framework may itself be wrong, and nothing tells how
far rounding may move a result: a number of roundings, times the result's own size plus the
largest of its array, is assumed. Reports say ``tolerance``, never ``bound``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from oracles.bounds import gamma
from oracles.exact.bounded import Approximate, rationals
from oracles.exact.definition import Format, Options
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Reference, gradient_of, second_gradient_of

ROUNDINGS = 64
"""Roundings that are assumed unless another number is given."""


@dataclass(frozen=True)
class Tolerance:
    """An operation known by a framework's reference alone.

    Attributes
    ----------
    reference, framework
        ``reference(framework, *operands, **options)`` and the framework's name.
    names
        Of the operands, in order.
    differentiable
        Those that have gradients.
    roundings
        The tolerance: ``gamma(roundings) (|value| + max |value|)``.
    takes_cotangent
        False for a loss.
    """

    reference: Reference
    framework: str
    names: tuple[str, ...]
    differentiable: tuple[str, ...]
    roundings: int = ROUNDINGS
    takes_cotangent: bool = True
    polynomial: None = None
    ground: str = "tolerance"

    @property
    def lift(self) -> Any:
        """Floats as they are."""
        return rationals

    @property
    def told_as(self) -> str:
        """What truth is, in words."""
        return f"{self.framework} in float64"

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the reference's result."""
        return self._near(self._answer(operands, options, None, ())[FORWARD], dtype)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return its gradients; of an operand without one, zeros."""
        found = self._answer(operands, options, grad_y, self.differentiable)
        return [
            self._near(found.get(gradient_of(name), np.zeros(each.shape)), dtype)
            for name, each in zip(self.names, operands, strict=True)
        ]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate | None, Sequence[Approximate]]:
        """Return its second gradients."""
        along = {n: _floats(d) for n, d in zip(self.names, directions, strict=True) if d}
        found = self._answer(operands, options, grad_y, tuple(along), along)
        seconds = [
            self._near(found.get(second_gradient_of(name), np.zeros(each.shape)), dtype)
            for name, each in zip(self.names, operands, strict=True)
        ]
        along_g = self._near(found[GRAD_GRAD_Y], dtype) if self.takes_cotangent else None
        return along_g, seconds

    def shape_of(self, operands: Mapping[str, Any], options: Options) -> tuple[int, ...]:
        """Return the shape of the reference's result."""
        given = [rationals(a) if a.dtype.kind == "f" else _whole(a) for a in operands.values()]
        shape: tuple[int, ...] = self._answer(given, options, None, ())[FORWARD].shape
        return shape

    def _near(self, value: Any, dtype: Format) -> Approximate:
        numbers = np.asarray(value, np.float64)
        if dtype is None:
            return Approximate(numbers, np.zeros(numbers.shape))
        sizes = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
        error = gamma(self.roundings, dtype) * (sizes + sizes.max(initial=0.0))
        return Approximate(numbers, error)

    def _answer(
        self,
        operands: Sequence[Approximate],
        options: Options,
        grad_y: Approximate | None,
        gradients: Sequence[str],
        directions: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        arrays = {n: _floats(a) for n, a in zip(self.names, operands, strict=True)}
        cotangent = np.zeros(()) if grad_y is None else _floats(grad_y)
        case = Case("", arrays, options, cotangent, directions=directions or {})
        framework = import_module(self.framework)
        witness = import_module(f"oracles.witnesses.{self.framework}")
        if self.framework == "torch":
            return dict(witness.answer(framework, self.reference, case, gradients, ""))
        with _float64(framework):
            return dict(witness.answer_eagerly(framework, self.reference, case, gradients))


def _float64(jax: Any) -> Any:
    """Let JAX compute in float64 for a while."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return import_module("jax.experimental").enable_x64()  # before JAX 0.8


def _floats(given: Approximate) -> Any:
    """Return an operand as the framework takes it: float64, or int64 for indices."""
    if given.plain is not None:
        return given.plain
    return given.value.astype(np.int64)


def _whole(array: Any) -> Approximate:
    return Approximate(array.astype(object), np.zeros(array.shape))


def tolerance_of(
    references: Mapping[str, Reference],
    names: Sequence[str],
    differentiable: Sequence[str],
    roundings: int,
    *,
    takes_cotangent: bool,
) -> Tolerance:
    """Return the definition by the first installed framework: PyTorch before JAX.

    Raises
    ------
    ValueError
        If none is installed.
    """
    for framework in ("torch", "jax"):
        if framework in references and find_spec(framework) is not None:
            return Tolerance(
                references[framework], framework, tuple(names), tuple(differentiable),
                roundings, takes_cotangent,
            )  # fmt: skip
    raise ValueError(
        f"`references` (of {', '.join(references)}) stand for truth without `reference`, and none "
        "of these frameworks is installed"
    )
