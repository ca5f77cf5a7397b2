"""Mutations of manners: the numbers are right, or right at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import Op
from oracles.selftest.call import Call, Results
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Tamper

Array = npt.NDArray[Any]


def mutations_of_manners(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield subjects that treat memory, or earlier calls, as they should not."""
    functions = ["forward", *(["backward"] if op.backward is not None else [])]
    for function in functions:
        for name, story, tamper in _MANNERS:
            yield Mutation(f"{function}: {name}", f"the {function} {story}", "manners",
                           _starting(tamper, function))  # fmt: skip


def _starting(make: Callable[[], Tamper], function: str) -> Callable[[], Tamper]:
    def start() -> Tamper:
        tamper = make()

        def results(call: Call, found: Results) -> Results:
            if call.function != function or call.symbolic:
                return {}
            return tamper.results(call, found)

        return Tamper(results=results, bare=tamper.bare)

    return start


def _writing() -> Tamper:
    def results(call: Call, found: Results) -> Results:
        for array in call.arrays.values():
            if array.dtype.kind == "f" and array.flags.writeable and array.size:
                array[...] = -array - 1
                return dict(list(found.items())[:1])
        return {}

    return Tamper(results=results, bare=True)


def _viewing() -> Tamper:
    def results(call: Call, found: Results) -> Results:
        for (name, result), array in product(found.items(), call.arrays.values()):
            if result.size and array.dtype == result.dtype and array.size == result.size:
                view = array.reshape(result.shape)
                if view.tobytes() == result.tobytes() and np.shares_memory(view, array):
                    return {name: view}
        return {}

    return Tamper(results=results, bare=True)


def _keeping() -> Tamper:
    kept: dict[Any, Array] = {}

    def results(call: Call, found: Results) -> Results:
        given: Results = {}
        for name, result in found.items():
            if result.size:
                buffer = kept.setdefault((name, result.shape, result.dtype), np.empty_like(result))
                buffer[...] = result
                given[name] = buffer
        return given

    return Tamper(results=results, bare=True)


def _wavering() -> Tamper:
    calls = 0

    def results(call: Call, found: Results) -> Results:
        nonlocal calls
        calls += 1
        name = next((n for n, array in found.items() if array.size), "")
        if not name or calls % 2:
            return {}
        wavering = np.array(found[name], order="C")
        last = wavering.reshape(-1)[-1:]
        last[...] = np.nextafter(last, last.dtype.type(0))
        return {name: wavering}

    return Tamper(results=results)


def _adding() -> Tamper:
    before: dict[Any, Array] = {}

    def results(call: Call, found: Results) -> Results:
        given: Results = {}
        for name, result in found.items():
            key = name, result.shape, result.dtype
            given[name] = before[key] = before.get(key, 0) + result
        return given

    return Tamper(results=results)


_MANNERS: tuple[tuple[str, str, Callable[[], Tamper]], ...] = (
    ("writes to an input", "writes to an array that it was given", _writing),
    ("returns a view of an input", "returns an array that it was given, where it equals a result",
     _viewing),
    ("returns one buffer each time", "returns the same memory at each call of one shape", _keeping),
    ("last bit differs", "rounds the last element otherwise at every second call", _wavering),
    ("adds to earlier results", "adds each result to those of earlier calls of one shape", _adding),
)  # fmt: skip
