"""What an operation's calls look like, as its own cases show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.limits import Limits
from oracles.op import FORWARD, GRAD_GRAD_Y, Case, Op, gradient_of, second_gradient_of
from oracles.search import search

Array = npt.NDArray[Any]

COTANGENT = "cotangent"

_CASES = 80


@dataclass(frozen=True)
class Form:
    """The names, axes and options of an operation's calls.

    Attributes
    ----------
    labels
        What the operands are called, by position: by the name that they have in every case.
    usual
        Those of them that most cases have.
    optional
        Those of them that some cases leave out.
    gradients
        Of `usual`, those that have gradients.
    results
        Compared names, of first and second order.
    letters
        By operand and compared name: the letters of the axes, "" where they have none.
    axes
        By operand and compared name: the largest number of axes.
    options
        By option the values that cases have, the simplest first.
    """

    labels: tuple[str, ...]
    usual: tuple[str, ...]
    optional: tuple[str, ...]
    gradients: tuple[str, ...]
    results: tuple[str, ...]
    letters: Mapping[str, str]
    axes: Mapping[str, int]
    options: Mapping[str, tuple[Any, ...]]

    def letters_of(self, name: str, array: Array) -> str:
        """Return the letters of an array's axes, without N if it has no batch; "" if unknown."""
        letters = self.letters.get(name, "")
        if len(letters) == array.ndim + 1:
            letters = letters.replace("N", "")
        return letters if len(letters) == array.ndim else ""

    def batch_of(self, arrays: Mapping[str, Any]) -> int | None:
        """Return the size of the batch, None if no array has one."""
        for name, array in arrays.items():
            if isinstance(array, np.ndarray) and "N" in self.letters_of(name, array):
                return array.shape[self.letters_of(name, array).index("N")]
        return None


def form_of(op: Op) -> Form:
    """Return the form of the calls of `op`, from some of its cases without limits."""
    cases: list[Case] = []
    search(op.cases(op.dtypes[0], Limits()), cases.append, start=0, most=_CASES)
    labels = _labels(cases)
    having = [sum(len(case.operands) > at for case in cases) for at in range(len(labels))]
    usual = tuple(n for n, count in zip(labels, having, strict=True) if 2 * count > len(cases))
    gradients = op.gradients if op.gradients is not None else usual
    gradients = tuple(gradients) if op.backward is not None else ()
    second = [n for n in gradients if op.second_gradients is None or n in op.second_gradients]
    second = second if op.double_backward is not None else []
    along = (GRAD_GRAD_Y,) if second and op.takes_cotangent else ()
    origins = {
        **{name: name for name in labels},
        **dict.fromkeys((FORWARD, COTANGENT, *along), FORWARD),
        **{gradient_of(n): n for n in gradients},
        **{second_gradient_of(n): n for n in second},
    }
    axes = _axes(labels, cases)
    return Form(
        labels=labels,
        usual=usual,
        optional=tuple(n for n, count in zip(labels, having, strict=True) if count < len(cases)),
        gradients=gradients,
        results=(FORWARD, *map(gradient_of, gradients), *along, *map(second_gradient_of, second)),
        letters={name: op.letters.get(origin, "") for name, origin in origins.items()},
        axes={name: axes.get(origin, 0) for name, origin in origins.items()},
        options=_options(cases),
    )


def _labels(cases: Sequence[Case]) -> tuple[str, ...]:
    """Name the operands by position; ``0.w`` and ``1.w`` in the same place are both ``w``."""
    found: list[str] = []
    for at in range(max(len(case.operands) for case in cases)):
        names = {list(case.operands)[at] for case in cases if len(case.operands) > at}
        names = names if len(names) == 1 else {name.rpartition(".")[2] for name in names}
        name = names.pop() if len(names) == 1 else f"operand {at + 1}"
        found.append(name if name not in found else f"{name} of operand {at + 1}")
    return tuple(found)


def _axes(labels: Sequence[str], cases: Sequence[Case]) -> dict[str, int]:
    axes: dict[str, int] = {}
    for case in cases:
        named = dict(zip(labels, case.operands.values(), strict=False))
        for name, array in {**named, FORWARD: case.cotangent}.items():
            axes[name] = max(axes.get(name, 0), array.ndim)
    return axes


def _options(cases: Sequence[Case]) -> dict[str, tuple[Any, ...]]:
    """Return by option its values; of those that are layers and the like, none."""
    found: dict[str, list[Any]] = {}
    for case in cases:
        for name, value in case.options.items():
            seen = found.setdefault(name, [])
            if _plain(value) and value not in seen:
                seen.append(value)
    return {name: tuple(values) for name, values in found.items() if values}


def _plain(value: Any) -> bool:
    each = value if isinstance(value, tuple) else (value,)
    return all(isinstance(v, int | float | str) for v in each)
