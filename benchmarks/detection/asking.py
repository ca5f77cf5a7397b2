"""The subject as any tool calls it: arrays in, result or gradients out, nothing watched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.detection.questions import Question
from oracles.gradient_names import Recovered, in_turn
from oracles.op import Op

Array = npt.NDArray[Any]


class Asked:
    """A subject and one question to it.

    Attributes
    ----------
    refused
        Whether it raised what it raises for cases that it does not support.
    """

    def __init__(self, op: Op, question: Question) -> None:
        self.op, self.question = op, question
        self.refused = False

    def forward(self, operands: Mapping[str, Array]) -> Any:
        """Return the subject's result; a NumPy scalar becomes an array."""
        return _array(self._called(self.op.forward, list(operands.values())))

    def backward(self, cotangent: Array, operands: Mapping[str, Array]) -> list[Any]:
        """Return the subject's gradients of the leaves, in order.

        The backward of a loss starts from the cotangent 1; it is multiplied by what is asked.

        Raises
        ------
        ValueError
            If there is another number of gradients than the operation has, or one is missing.
        """
        op = self.op
        assert op.backward is not None
        first = [cotangent] if op.takes_cotangent else []
        returned = self._called(op.backward, [*first, *op.backward_arguments(operands)])
        found = [_array(gradient) for gradient in self._in_order(returned)]
        return found if op.takes_cotangent else [cotangent * gradient for gradient in found]

    def _called(self, function: Any, arrays: Sequence[Array]) -> Any:
        try:
            return function(*arrays, **self.question.options)
        except Exception as error:
            self.refused = isinstance(error, self.op.unsupported)
            raise

    def _in_order(self, returned: Any) -> list[Any]:
        leaves = self.question.leaves
        names = self.op.gradients if self.op.gradients is not None else leaves
        returned = returned.gradients if isinstance(returned, Recovered) else returned
        found = in_turn(returned, names, leaves)
        if found is None:
            raise ValueError(f"not one gradient for each of {', '.join(names)}")
        missing = [name for name in leaves if found.get(name) is None]
        if missing:
            raise ValueError(f"no gradient of {', '.join(missing)}")
        return [found[name] for name in leaves]


def _array(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic) else value
