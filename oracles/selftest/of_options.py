"""Mutations of options: ignored, off by one, of another axis, of another option."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

from oracles.op import Op
from oracles.selftest.call import Call
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Tamper
from oracles.selftest.of_operands import WHERE, told_where

Options = Mapping[str, Any]
Other = Callable[[Options], Options]


def mutations_of_options(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield for each option, and each two, what may be taken in their place, and where."""
    others = [*_single(op, form), *_swapped(form)]
    for where in WHERE if op.backward is not None else ("forward",):
        for name, story, other in others:
            whole = f"{name}, {where}", f"{story}, {told_where(where)}", "option"
            yield Mutation(*whole, _starting(other, where))


def _single(op: Op, form: Form) -> Iterator[tuple[str, str, Other]]:
    for name, values in form.options.items():
        default = op.options.get(name, values[0])
        whole = f"{name}: ignored", f"{name} is taken for {default!r}"
        yield *whole, _changed(name, partial(_default, default))
        if any(isinstance(value, float) for value in values):
            yield f"{name}: doubled", f"twice {name} is taken", _changed(name, _twice)
        elif any(isinstance(value, int) for value in values):
            yield f"{name}: off by one", f"{name} is taken for one more", _changed(name, _one_more)
        if any(isinstance(value, tuple) for value in values):
            whole = f"{name}: of the first axis", f"{name} of the first axis is taken for all axes"
            yield *whole, _changed(name, _first)
            whole = f"{name}: axes swapped", f"{name} of each axis is taken for another"
            yield *whole, _changed(name, _reversed)


def _default(default: Any, value: Any) -> Any:
    return default


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _reversed(value: Any) -> Any:
    return value[::-1] if isinstance(value, tuple) else value


def _twice(value: Any) -> Any:
    return 2 * value if isinstance(value, float) else value


def _one_more(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(each + 1 for each in value)
    return value + 1 if isinstance(value, int) else value


def _changed(name: str, make: Callable[[Any], Any]) -> Other:
    def other(options: Options) -> Options:
        return {**options, name: make(options[name])} if name in options else options

    return other


def _swapped(form: Form) -> Iterator[tuple[str, str, Other]]:
    for one, other in combinations(form.options, 2):
        if _kind(form.options[one]) == _kind(form.options[other]):
            story = f"{one} is taken for {other} and {other} for {one}"
            yield f"{one} and {other}: swapped", story, _exchanged(one, other)


def _kind(values: tuple[Any, ...]) -> type:
    """Return what the simplest value is; an int for each axis is an int."""
    return int if isinstance(values[0], tuple) else type(values[0])


def _exchanged(one: str, other: str) -> Other:
    def swapped(options: Options) -> Options:
        if type(_first(options[one])) is not type(_first(options[other])):
            return options
        return {**options, one: options[other], other: options[one]}

    return swapped


def _starting(other: Other, where: str) -> Callable[[], Tamper]:
    def arguments(call: Call) -> Call | None:
        if call.function not in WHERE[where]:
            return None
        options = other(call.options)
        return None if options == call.options else replace(call, options=options)

    return lambda: Tamper(arguments=arguments)
