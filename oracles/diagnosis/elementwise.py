"""Causes in an activation, softmax or loss: another function, another point, another constant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from oracles.diagnosis.cause import Candidate
from oracles.diagnosis.forms import Form
from oracles.diagnosis.question import Array, Expected, Question, expected
from oracles.diagnosis.results import plain_forms
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.definition import Definition
from oracles.exact.elementwise import Elementwise
from oracles.exact.softmax import Softmax
from oracles.exact.truth import truth
from oracles.op import FORWARD, Op, gradient_of

CONSTANTS = (0.0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Values that are seen in code where a parameter should stand."""


def answered(
    question: Question,
    name: str,
    definition: Definition | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> Expected:
    """Return what exact arithmetic answers to the question with some of it replaced.

    `arrays` are operands by name, or ``cotangent``.
    """
    case, given = question.case, dict(arrays or {})
    cotangent = given.pop("cotangent", case.cotangent)
    changed = replace(
        case,
        operands={**case.operands, **given},
        cotangent=cotangent,
        options=case.options if options is None else options,
    )
    op = question.op
    found = truth(definition or op.definition, changed, op.gradient_names(case))
    return expected(found[name])


def from_functions(op: Op, name: str, ndim: int) -> Iterator[Candidate]:
    """Yield the causes of a wrong `name` of an activation or softmax."""
    if isinstance(op.definition, Elementwise):
        yield from _of_constants(op, name)
        yield from _of_other_functions(op, name)
        yield from _of_multiples(name)
        if name != FORWARD:
            yield from _of_points(name)
            yield from _of_result_formula(op)
    if isinstance(op.definition, Softmax):
        yield from _of_softmax(op, name)
    yield from _of_turned(op, name, ndim)


def _of_other_functions(op: Op, name: str) -> Iterator[Candidate]:
    for other, definition in ACTIVATIONS.items():
        if definition is op.definition:
            continue
        for options in _parameters(other):
            words = other + "".join(f" ({k}={v!r})" for k, v in options.items())
            claim = f"equals {words}" if name == FORWARD else (
                f"equals the cotangent times the derivative of {words}"
            )  # fmt: skip
            yield Candidate(
                claim,
                f"this is another activation than {op.name}",
                partial(answered, name=name, definition=definition, options=options),
            )


def _parameters(name: str) -> list[dict[str, Any]]:
    """Return the parameters for which another activation is tried: the defaults."""
    known = signature(ACTIVATIONS[name].pieces).parameters
    found: list[dict[str, Any]] = [{n: p.default for n, p in known.items()}]
    return [*found, {"approximate": "tanh"}] if name == "gelu" else found


def _of_constants(op: Op, name: str) -> Iterator[Candidate]:
    """Yield the causes: a parameter that is ignored, with a constant in its place."""
    known = signature(op.definition.pieces).parameters  # type: ignore[attr-defined]
    for parameter, default in ((n, p.default) for n, p in known.items()):
        values = ("none", "tanh") if isinstance(default, str) else CONSTANTS
        for value in values:
            yield Candidate(
                f"equals what the oracle gives with {parameter} = {value!r}, whatever is asked",
                "a constant stands where the parameter should",
                partial(_with_option, name=name, option=parameter, value=value),
            )


def _of_multiples(name: str) -> Iterator[Candidate]:
    """Yield the causes: the function of a multiple of x."""
    for factor, words in ((-1, "negated"), (2, "doubled"), (0.5, "halved")):
        yield Candidate(
            f"equals what the oracle gives for x {words}",
            "the argument of the function is another",
            partial(_of_multiple, name=name, factor=factor),
        )


BY_RESULT: Mapping[str, tuple[str, Callable[[Array], Array]]] = {
    "sigmoid": ("y (1 - y)", lambda t: t * (1 - t)),
    "tanh": ("1 - y^2", lambda t: 1 - t * t),
    "arctan": ("cos(y)^2", lambda t: np.cos(t) ** 2),
    "softplus": ("1 - exp(-y)", lambda t: 1 - np.exp(-t)),
}
"""Derivatives as functions of the result, in words and in float64."""


def _of_result_formula(op: Op) -> Iterator[Candidate]:
    """Yield the cause: the derivative as a function of the result, taken at the operand."""
    if op.name in BY_RESULT:
        words, formula = BY_RESULT[op.name]
        yield Candidate(
            f"equals the cotangent times {words} with x in place of y",
            "the formula holds for the result, not for the operand",
            lambda q: _at_operand(q, formula),
        )


def _at_operand(question: Question, formula: Callable[[Array], Array]) -> Expected:
    x, g = (question.case.arrays[n].astype(np.float64) for n in ("x", "cotangent"))
    with np.errstate(all="ignore"):
        value = g * formula(x)
    return Expected(value, _FEW * np.finfo(question.case.dtype).eps * np.abs(g) * (1 + x * x))


_FEW = 4


def _with_option(question: Question, name: str, option: str, value: Any) -> Expected | None:
    """Return the answer with another parameter; None where there is none, as for softplus by 0."""
    try:
        return answered(question, name, options={**question.case.options, option: value})
    except ZeroDivisionError:
        return None


def _of_multiple(question: Question, name: str, factor: float) -> Expected:
    x = question.case.operands["x"]
    return answered(question, name, arrays={"x": x * x.dtype.type(factor)})


def _of_points(name: str) -> Iterator[Candidate]:
    """Yield the causes: a derivative at another point, or without the cotangent."""
    operand = name.partition("_")[2]
    yield Candidate(
        "equals the derivative without the cotangent",
        "the cotangent is not multiplied in",
        lambda q: answered(q, name, arrays={"cotangent": np.ones_like(q.case.cotangent)}),
    )
    yield Candidate(
        "equals the cotangent times the derivative at y",
        "the derivative is taken at the result, where the formula wants the operand",
        lambda q: answered(q, name, arrays={operand: _result(q)}),
    )


def _result(question: Question) -> Array:
    return question.true[FORWARD].value.astype(question.case.dtype)


def _of_softmax(op: Op, name: str) -> Iterator[Candidate]:
    for axis in (-1, 0, 1):
        yield Candidate(
            f"equals what the oracle gives with axis = {axis}, whatever is asked",
            "the axis is ignored",
            partial(_along, name=name, axis=axis),
        )
    if name != gradient_of("x"):
        return
    ways: dict[str, Callable[[Array, Array, int], Array]] = {
        "g y (1 - y)": lambda g, y, axis: g * y * (1 - y),
        "g y": lambda g, y, axis: g * y,
        "g (1 - y)": lambda g, y, axis: g * (1 - y),
        "g - y": lambda g, y, axis: g - y,
    }
    for words, way in ways.items():
        yield Candidate(
            f"equals {words}, g being the cotangent and y the softmax",
            "the derivative by the other elements of the axis is missing",
            partial(_by_hand, way=way),
        )


def _along(question: Question, name: str, axis: int) -> Expected | None:
    ndim = question.case.cotangent.ndim
    return _with_option(question, name, "axis", axis) if -ndim <= axis < ndim else None


def _by_hand(question: Question, way: Callable[[Array, Array, int], Array]) -> Expected:
    axis = question.case.options["axis"]
    x = question.case.operands["x"].astype(np.float64)
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
    value = way(question.case.cotangent.astype(np.float64), e / e.sum(axis=axis, keepdims=True),
                axis)  # fmt: skip
    own = _FEW * np.finfo(np.float64).eps * np.abs(question.case.cotangent)  # of this evaluation
    return Expected(value, question.true[gradient_of("x")].error + own)


def _of_turned(op: Op, name: str, ndim: int) -> Iterator[Candidate]:
    """Yield the causes: the cotangent or an operand is turned, and the rest is not."""
    with_cotangent = name != FORWARD and op.takes_cotangent
    arrays = [*(op.gradients or ("x",)), *(["cotangent"] if with_cotangent else [])]
    for form in plain_forms(ndim):
        for array in reversed(arrays):
            words = "the cotangent" if array == "cotangent" else array
            yield Candidate(
                f"equals what the oracle gives for {words} {form.words}",
                f"{words} is turned, and what it is multiplied with is not",
                partial(_for_turned, name=name, array=array, form=form),
            )


def _for_turned(question: Question, name: str, array: str, form: Form) -> Expected | None:
    old = question.case.arrays[array]
    if old.ndim < form.axes:
        return question.true[name]
    new = np.ascontiguousarray(form.apply(old, 1))
    return answered(question, name, arrays={array: new}) if new.shape == old.shape else None


def with_another_operand(op: Op, name: str, first: Question) -> Iterator[Candidate]:
    """Yield the causes: one operand stands where another of the same shape should."""
    operands = [n for n, a in first.case.operands.items() if a.dtype.kind == "f"]
    where = "the forward" if name == FORWARD else "the backward"
    for there in operands:
        for given in operands:
            if given != there:
                yield Candidate(
                    f"equals what the oracle gives with {given} in place of {there}",
                    f"{where} uses one operand where it should use another",
                    partial(_with_operand, name=name, there=there, given=given),
                    f"in which {given} and {there} have the same shape",
                )


def _with_operand(question: Question, name: str, there: str, given: str) -> Expected | None:
    operands = question.case.operands
    if not {there, given} <= set(operands) or operands[there].shape != operands[given].shape:
        return None
    return answered(question, name, arrays={there: operands[given]})
