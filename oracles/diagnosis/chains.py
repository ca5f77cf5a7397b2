"""Causes inside a network of layers: what arrives at one layer, or what that layer does, is wrong.

The backward pass is walked layer by layer in exact arithmetic, with one step done wrongly; the
forward pass before it is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from inspect import signature
from typing import Any

from flint import ctx

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.question import Expected, Question, expected
from oracles.diagnosis.results import plain_forms
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bounded import Approximate
from oracles.exact.chain import Chain
from oracles.exact.definition import WORKING_PRECISION, Definition
from oracles.op import Op, gradient_of


@dataclass(frozen=True)
class Step:
    """One layer's backward call: what may be altered.

    Attributes
    ----------
    definition, options
        Of the layer.
    arriving
        The cotangent.
    operands
        Its input and parameters.
    dtype
        In which it is evaluated.
    """

    definition: Definition
    options: Any
    arriving: Approximate
    operands: tuple[Approximate, ...]
    dtype: Any

    def taken(self) -> list[Approximate]:
        """Return the gradients that the step gives."""
        found = self.definition.backward(self.arriving, self.operands, self.options, self.dtype)
        return list(found)


Wrong = Callable[[Step, Sequence[Approximate]], Step | Sequence[Approximate] | None]
"""Given a layer's step and all operands: another step, or its gradients outright."""


def from_layers(op: Op, name: str, first: Question) -> Iterator[Candidate]:
    """Yield the causes of a wrong gradient that lie in one layer's backward step."""
    definition = op.definition
    if not isinstance(definition, Chain) or "layers" in first.case.options:
        return  # generated networks differ from case to case: no layer has a number
    layers = list(definition.layers(first.case.options))
    for at, (layer, count, _) in reversed(list(enumerate(layers))):
        where = f"layer {at + 1} of {len(layers)}, {_KINDS.get(layer, layer)}"
        yield from _of_arriving(name, at, where)
        if layer in ACTIVATIONS:
            yield from _of_derivative(name, at, f"layer {at + 1} of {len(layers)}")
        if count:
            yield from _of_parameter(op, name, at, where, first)


_KINDS = dict.fromkeys(ACTIVATIONS, "an activation")


def _of_arriving(name: str, at: int, where: str) -> Iterator[Candidate]:
    for form in plain_forms(2):
        for what, part in (("the cotangent that arrives at", "arriving"), ("the input of", "x"),
                           ("the weights of", "w")):  # fmt: skip
            yield Candidate(
                f"equals what the oracle gives if {what} {where}, is {form.words} in the backward",
                "a rotation or transposition is missing, or one too many",
                _walking(name, at, _turning(part, form.apply)),
            )
        yield Candidate(
            f"equals what the oracle gives if what {where}, hands back is {form.words}",
            "a rotation or transposition is missing, or one too many",
            _walking(name, at, _turning_result(form.apply)),
        )


def _of_derivative(name: str, at: int, where: str) -> Iterator[Candidate]:
    yield Candidate(
        f"equals what the oracle gives without the derivative of {where}",
        "the derivative of an activation is missing",
        _walking(name, at, lambda step, _: [step.arriving]),
    )
    for other in ACTIVATIONS.values():
        names = [n for n, d in ACTIVATIONS.items() if d is other]
        yield Candidate(
            f"equals what the oracle gives with the derivative of {names[0]} at {where}",
            "the derivative of another activation",
            _walking(name, at, partial(_by_another, definition=other)),
        )


def _of_parameter(op: Op, name: str, at: int, where: str, first: Question) -> Iterator[Candidate]:
    for index, other in enumerate(first.case.operands):
        yield Candidate(
            f"equals what the oracle gives if {where}, uses {other} in the backward",
            "the forward uses one weight, the backward another",
            _walking(name, at, _with_parameter(index)),
            f"in which {other} has the same shape as its own",
        )


def _by_another(step: Step, _: Sequence[Approximate], definition: Definition) -> Step:
    return replace(step, definition=definition, options=_defaults(definition))


def _defaults(definition: Any) -> dict[str, Any]:
    return {n: p.default for n, p in signature(definition.pieces).parameters.items()}


def _turning(part: str, apply: Callable[..., Any]) -> Wrong:
    def wrong(step: Step, _: Sequence[Approximate]) -> Step | None:
        if part == "arriving":
            made = _turned(step.arriving, apply)
            return None if made is None else replace(step, arriving=made)
        at = 0 if part == "x" else 1
        if len(step.operands) <= at:
            return None
        made = _turned(step.operands[at], apply)
        if made is None:
            return None
        return replace(step, operands=(*step.operands[:at], made, *step.operands[at + 1 :]))

    return wrong


def _turning_result(apply: Callable[..., Any]) -> Wrong:
    def wrong(step: Step, _: Sequence[Approximate]) -> Sequence[Approximate] | None:
        first, *rest = step.taken()
        made = _turned(first, apply)
        return None if made is None else [made, *rest]

    return wrong


def _turned(array: Approximate, apply: Callable[..., Any]) -> Approximate | None:
    if len(array.shape) != 2:
        return None
    value, error = apply(array.value, 1), apply(array.error, 1)
    return Approximate(value, error) if value.shape == array.shape else None


def _with_parameter(index: int) -> Wrong:
    def wrong(step: Step, operands: Sequence[Approximate]) -> Step | None:
        other, mine = operands[index], step.operands[1]
        if other is mine or other.shape != mine.shape:
            return None
        return replace(step, operands=(step.operands[0], other, *step.operands[2:]))

    return wrong


def _walking(name: str, at: int, wrong: Wrong) -> Callable[[Question], Expected | None]:
    """Return the prediction of the gradient `name` if layer number `at` steps back wrongly."""

    def predict(question: Question) -> Expected | None:
        with ctx.workprec(WORKING_PRECISION):
            found = _walk(question, at, wrong)
        if found is None:
            return None
        by_name = dict(zip(question.case.operands, found, strict=False))
        gradients = {gradient_of(operand): each for operand, each in by_name.items()}
        return expected(gradients[name]) if name in gradients else None

    return predict


@lru_cache(maxsize=64)
def _forward(question: Question) -> tuple[list[Approximate], list[Approximate]]:
    """Return operands and inputs of the layers, the same whatever the backward does wrongly."""
    chain, case = question.op.definition, question.case
    assert isinstance(chain, Chain)
    operands = [chain.lift(array) for array in case.operands.values()]
    return operands, [operands[0], *chain.results(operands, case.options, case.dtype)[:-1]]


def _walk(question: Question, at: int, wrong: Wrong) -> list[Approximate] | None:
    chain, case = question.op.definition, question.case
    assert isinstance(chain, Chain)
    operands, inputs = _forward(question)
    layers = list(chain.each_layer(operands, case.options))
    arriving, found = chain.lift(case.cotangent), list[Approximate]()
    for number in reversed(range(len(layers))):
        definition, parameters, options = layers[number]
        step = Step(definition, options, arriving, (inputs[number], *parameters), case.dtype)
        made = wrong(step, operands) if number == at else step
        if made is None:
            return None
        gradients = made.taken() if isinstance(made, Step) else made
        arriving = gradients[0]
        found = [*gradients[1:], *found]
    return [arriving, *found]
