"""One call of a subject's function, and its results by name, whatever form they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.gradient_names import Recovered
from oracles.op import FORWARD, GRAD_GRAD_Y, Op, gradient_of, second_gradient_of
from oracles.selftest.form import COTANGENT, Form

Array = npt.NDArray[Any]
Results = dict[str, Any]

BACKWARDS = ("backward", "double_backward")


@dataclass(frozen=True)
class Call:
    """A call of one of the subject's functions.

    Attributes
    ----------
    function
        ``forward``, ``backward`` or ``double_backward``.
    arrays
        Those that the function takes, by name and in order: operands, ``cotangent``, directions
        such as ``v_x`` (None for that of an absent operand).
    operands
        Those of the forward, whether this function takes them or not.
    options
        Of the call.
    """

    function: str
    arrays: Mapping[str, Any]
    operands: Mapping[str, Array]
    options: Mapping[str, Any]

    def having(self, name: str, array: Array) -> Call:
        """Return the call with another array under one name."""
        operands = {**self.operands, name: array} if name in self.operands else self.operands
        return replace(self, arrays={**self.arrays, name: array}, operands=operands)

    @property
    def symbolic(self) -> bool:
        """Whether the subject is run on symbols."""
        given = (array for array in self.arrays.values() if array is not None)
        return any(array.dtype.kind == "O" for array in given)


def forward_call(form: Form, arrays: Sequence[Array], options: Mapping[str, Any]) -> Call:
    """Return a call of the forward."""
    operands = dict(zip(form.labels, arrays, strict=False))
    return Call("forward", operands, operands, options)


def backward_call(
    op: Op, operands: Mapping[str, Array], arrays: Sequence[Any], options: Mapping[str, Any]
) -> Call:
    """Return a call of the backward, which followed a forward of `operands`."""
    names = [*([COTANGENT] if op.takes_cotangent else []), *op.backward_names(operands)]
    return Call("backward", dict(zip(names, arrays, strict=True)), operands, options)


def double_backward_call(
    op: Op, operands: Mapping[str, Array], arrays: Sequence[Any], options: Mapping[str, Any]
) -> Call:
    """Return a call of the double backward, likewise."""
    along = op.gradients if op.gradients is not None else tuple(operands)
    first = [COTANGENT] if op.takes_cotangent else []
    names = [*(f"v_{name}" for name in along), *first, *op.backward_names(operands)]
    return Call("double_backward", dict(zip(names, arrays, strict=True)), operands, options)


def places(op: Op, call: Call, returned: Any) -> dict[str, Any]:
    """Return by compared name under which key or index a result stands, None for the whole."""
    if call.function == "forward":
        return {FORWARD: None}
    wanted = _wanted(op, call)
    if isinstance(returned, Mapping):
        return {gradient_of(name): name for name in wanted if returned.get(name) is not None}
    if call.function == "double_backward":
        second = [n for n in wanted if op.second_gradients is None or n in op.second_gradients]
        names = [*([GRAD_GRAD_Y] if op.takes_cotangent else []), *map(second_gradient_of, second)]
    else:
        every = op.gradients if op.gradients is not None else tuple(call.operands)
        whole = isinstance(returned, tuple | list) and len(returned) == len(every)
        names = [gradient_of(name) for name in (every if whole else wanted)]
    if not isinstance(returned, tuple | list):
        return {names[0]: None}
    return {n: at for at, n in enumerate(names) if at < len(returned) and returned[at] is not None}


def _wanted(op: Op, call: Call) -> list[str]:
    names = op.gradients if op.gradients is not None else tuple(call.operands)
    return [name for name in names if name in call.operands]


def results_of(op: Op, call: Call, returned: Any) -> Results:
    """Return the results of a call by compared name."""
    whole = returned.gradients if isinstance(returned, Recovered) else returned
    found = places(op, call, whole)
    picked = {name: whole if at is None else whole[at] for name, at in found.items()}
    return {name: _array(value) for name, value in picked.items()}


def _array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic) else value


def with_results(op: Op, call: Call, returned: Any, changed: Results) -> Any:
    """Return what was returned, in its form, with some of the results changed."""
    if isinstance(returned, Recovered):
        return replace(returned, gradients=with_results(op, call, returned.gradients, changed))
    found = places(op, call, returned)
    put = {found[name]: array for name, array in changed.items() if name in found}
    if None in put:
        return put[None]
    if isinstance(returned, Mapping):
        return {**returned, **put}
    return tuple(put.get(at, value) for at, value in enumerate(returned)) if put else returned
