"""Mutations that are wrong now and then: one element, in cases of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import Op
from oracles.plug import SPATIAL
from oracles.selftest.call import Call, Results
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Tamper

Array = npt.NDArray[Any]
When = Callable[[Call], bool]

_MANY = 100
"""Elements of an array that is large for a generated case."""


def rare_mutations(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield for each circumstance a subject that is wrong in it alone."""
    whens = {**_of_batch(form), **_of_shapes(form), **_of_options(op, form), **_of_numbers(form)}
    for words, when in {**whens, **_of_memory()}.items():
        story = f"one element of a gradient (of y, if there is none) is wrong {words}"
        yield Mutation(f"wrong {words}", story, "rare", _wrong_when(op, when))
    for words, when in {**_REFUSED, **_of_memory()}.items():
        story = f"raises an exception {words}"
        yield Mutation(f"raises {words}", story, "rare", _refusing(when))


def _wrong_when(op: Op, when: When) -> Callable[[], Tamper]:
    function = "forward" if op.backward is None else "backward"

    def results(call: Call, found: Results) -> Results:
        if call.function != function or call.symbolic or not when(call):
            return {}
        name = next((name for name, array in found.items() if array.size), "")
        return {name: _one_wrong(found[name])} if name else {}

    return lambda: Tamper(results=results)


def _one_wrong(array: Array) -> Array:
    """Return a copy whose last element has the wrong sign, or is 1 for 0 and NaN."""
    found = np.array(array, order="C")
    last = found.reshape(-1)[-1:]
    last[...] = 1 if last[0] == 0 or np.isnan(last[0]) else -last[0]
    return found


def _refusing(when: When) -> Callable[[], Tamper]:
    return lambda: Tamper(refuses=lambda call: not call.symbolic and when(call))


def _of_batch(form: Form) -> dict[str, When]:
    letters = form.letters.get(form.labels[0], "")
    if "N" not in letters:
        return {}
    spatial = any(letter in SPATIAL for letter in letters)
    unbatched = {"without a batch": lambda call: form.batch_of(call.operands) is None}
    return {
        "for an empty batch": lambda call: form.batch_of(call.operands) == 0,
        "for a batch of one": lambda call: form.batch_of(call.operands) == 1,
        "for a batch of three": lambda call: form.batch_of(call.operands) == 3,
        **(unbatched if spatial else {}),
    }


def _of_shapes(form: Form) -> dict[str, When]:
    found: dict[str, When] = {f"for arrays of more than {_MANY} elements": _large}
    for name in form.optional:
        if name in form.usual:
            found[f"without {name}"] = partial(_lacks, name)
            found[f"with {name}"] = partial(_has, name)
    first = form.labels[0]
    if len([letter for letter in form.letters.get(first, "") if letter in SPATIAL]) > 1:
        found["where the last two axes are equal"] = lambda c: _last_two(c.operands[first], True)
        found["where the last two axes differ"] = lambda c: _last_two(c.operands[first], False)
    return found


def _large(call: Call) -> bool:
    return any(array.size > _MANY for array in _arrays(call))


def _lacks(name: str, call: Call) -> bool:
    return name not in call.operands


def _has(name: str, call: Call) -> bool:
    return name in call.operands


def _last_two(array: Array, equal: bool) -> bool:
    return array.ndim > 1 and (array.shape[-1] == array.shape[-2]) == equal


def _of_options(op: Op, form: Form) -> dict[str, When]:
    found: dict[str, When] = {}
    usual = {name: op.options.get(name, values[0]) for name, values in form.options.items()}
    for name, values in form.options.items():
        found[f"where {name} is not {usual[name]}"] = partial(_unusual, {name: usual[name]})
        most = max((v for v in values if isinstance(v, int)), default=0)
        if most > 1:
            found[f"where {name} is {most}"] = partial(_holds, name, most)
        if any(isinstance(value, tuple) for value in values):
            found[f"where {name} differs between axes"] = partial(_is, name, tuple)
        if isinstance(usual[name], int) and any(isinstance(v, str) for v in values):
            found[f"where {name} is given by name"] = partial(_is, name, str)
    if len(usual) > 1:
        found["where no option has its usual value"] = partial(_unusual, usual)
    if {"stride", "padding", "dilation"} <= set(usual) and "output_padding" not in usual:
        found["where the stride does not divide"] = _leaves_a_rest
    return found


def _unusual(usual: Mapping[str, Any], call: Call) -> bool:
    return all(call.options.get(name, value) != value for name, value in usual.items())


def _holds(name: str, value: int, call: Call) -> bool:
    return value in _each(call.options.get(name))


def _is(name: str, kind: type, call: Call) -> bool:
    return isinstance(call.options.get(name), kind)


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _leaves_a_rest(call: Call) -> bool:
    """Whether some last places of x are seen by no window that stands on a stride."""
    x, w = list(call.operands.values())[:2]
    kernel = w.shape[2:]
    padding = call.options.get("padding", 0)
    if isinstance(padding, str):
        return False
    steps = {n: _per_axis(call.options, n, len(kernel)) for n in ("stride", "dilation", "padding")}
    sizes = x.shape[x.ndim - len(kernel) :]
    rows = zip(sizes, kernel, steps["stride"], steps["dilation"], steps["padding"], strict=True)
    return any((n + 2 * p - d * (k - 1) - 1) % s for n, k, s, d, p in rows)


def _per_axis(options: Mapping[str, Any], name: str, axes: int) -> tuple[int, ...]:
    value = options.get(name, 0 if name == "padding" else 1)
    return value if isinstance(value, tuple) else (value,) * axes


def _of_numbers(form: Form) -> dict[str, When]:
    return {
        "where an operand has a NaN": lambda call: _any(call, np.isnan),
        "where an operand has an infinity": lambda call: _any(call, np.isinf),
        "where an operand is beyond 20": lambda call: _any(
            call, lambda a: np.isfinite(a) & (np.abs(a) > 20)
        ),
        "where an operand is tiny": lambda call: _any(
            call, lambda a: (a != 0) & (np.abs(a) < 2.0**-10)
        ),
    }


def _any(call: Call, is_so: Callable[[Array], Array]) -> bool:
    arrays = [array for array in call.operands.values() if array.dtype.kind == "f"]
    return any(bool(is_so(array).any()) for array in arrays)


def _of_memory() -> dict[str, When]:
    return {
        "for arrays not in C order": lambda call: any(
            not array.flags.c_contiguous for array in _arrays(call)
        ),
    }


def _arrays(call: Call) -> list[Array]:
    return [array for array in call.arrays.values() if isinstance(array, np.ndarray)]


_REFUSED: dict[str, When] = {
    "for an empty array": lambda call: any(array.size == 0 for array in _arrays(call)),
    "for a read-only array": lambda call: any(not a.flags.writeable for a in _arrays(call)),
}
