"""What a tool is asked: the shapes and options that the harness draws, and normal numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.limits import make_limits
from oracles.op import Case, Op
from oracles.search import until_convicted

Array = npt.NDArray[Any]

SEED = 2018


@dataclass(frozen=True, eq=False)
class Question:
    """One call of a subject, to be checked.

    Attributes
    ----------
    operands
        Arrays by name, in the order of the forward call.
    leaves
        Names of those that have gradients.
    options
        Of the call.
    y_shape
        Of a right result.
    """

    operands: Mapping[str, Array]
    leaves: tuple[str, ...]
    options: Mapping[str, Any]
    y_shape: tuple[int, ...]

    @property
    def hollow(self) -> bool:
        """Whether the result is one number of nothing: a mean is then NaN, and no tool's fault."""
        return self.y_shape == () and any(self.operands[name].size == 0 for name in self.leaves)

    @property
    def size(self) -> int:
        """Elements of all operands and the result."""
        return sum(a.size for a in self.operands.values()) + int(np.prod(self.y_shape))


_FEW = 12
"""Cases that are drawn first: most errors are found by then."""


def questions(op: Op, count: int, dtype: str) -> Iterator[Question]:
    """Yield the first `count` questions about `op`, in the harness's order."""
    done = 0
    for most in (min(_FEW, count), count):
        for number, case in enumerate(drawn(op, most)[done:], done):
            yield question(op, case, dtype, number)
            done += 1


def question(op: Op, case: Case, dtype: str, number: int = 0) -> Question:
    """Return the question of the shapes and options of `case`.

    Floats are drawn anew: standard normal, as ``torch.randn`` gives them, from the seed and
    `number`. Class indices stay as they are.
    """
    rng = np.random.default_rng([SEED, number])
    operands = {
        name: rng.standard_normal(array.shape).astype(dtype) if array.dtype.kind == "f" else array
        for name, array in case.operands.items()
    }
    leaves = tuple(op.gradient_names(case))
    return Question(operands, leaves, case.options, case.cotangent.shape)


def drawn(op: Op, count: int) -> Sequence[Case]:
    """Return the first `count` cases that the harness draws for `op`, of its seed and limits."""
    found: list[Case] = []
    strategy = op.cases("float64", make_limits(op.limits))
    until_convicted(strategy, found.append, start=SEED, most=count)
    return found
