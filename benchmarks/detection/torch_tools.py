"""What users of PyTorch have: `gradcheck`, and `assert_close` beside a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.detection.asking import Asked
from benchmarks.detection.questions import Question

Array = npt.NDArray[Any]


def gradcheck(asked: Asked, *, fast: bool) -> None:
    """Check the subject as a ``torch.autograd.Function``, all tolerances at their defaults.

    Raises
    ------
    Exception
        Of whatever kind, if it fails.
    """
    import torch

    names, leaves = list(asked.question.operands), asked.question.leaves
    tensors = _tensors(asked.question)
    function = _function(asked)

    def call(*given: Any) -> Any:
        by_name = tensors | dict(zip(leaves, given, strict=True))
        return function.apply(*(by_name[name] for name in names))

    torch.autograd.gradcheck(call, [tensors[name] for name in leaves], fast_mode=fast)


def _function(asked: Asked) -> Any:
    """Return the subject as people wrap NumPy code: memory is shared, nothing is copied."""
    import torch

    names, leaves = list(asked.question.operands), asked.question.leaves

    class Subject(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            return _tensor(asked.forward(_arrays(names, tensors)))

        @staticmethod
        def backward(ctx: Any, cotangent: Any) -> Any:
            operands = _arrays(names, ctx.saved_tensors)
            found = asked.backward(cotangent.contiguous().numpy(), operands)
            by_name = dict(zip(leaves, map(_tensor, found), strict=True))
            return tuple(by_name.get(name) for name in names)

    return Subject


def assert_close(asked: Asked) -> None:
    """Compare result and gradients with PyTorch's own, of the sum of the result.

    Raises
    ------
    Exception
        Of whatever kind, if they are not close by the default tolerances.
    """
    import torch

    question, leaves = asked.question, asked.question.leaves
    tensors = _tensors(question)
    expected = asked.op.references["torch"](torch, *tensors.values(), **question.options)
    expected.sum().backward()
    operands = _arrays(list(tensors), tensors.values())
    y = _tensor(asked.forward(operands))
    torch.testing.assert_close(y, expected.detach())
    ones = np.ones(tuple(expected.shape), expected.detach().numpy().dtype)
    for name, found in zip(leaves, asked.backward(ones, operands), strict=True):
        torch.testing.assert_close(_tensor(found), _gradient(tensors[name]))


def _gradient(leaf: Any) -> Any:
    """Return the gradient that was found; zero where the result does not depend on the leaf."""
    import torch

    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def _tensors(question: Question) -> dict[str, Any]:
    import torch

    found = {}
    for name, array in question.operands.items():
        given = torch.from_numpy(array)
        # Made by PyTorch, as users do: of an empty array of NumPy's it would keep strides of 0.
        found[name] = torch.empty(array.shape, dtype=given.dtype).copy_(given)
        found[name].requires_grad_(name in question.leaves)
    return found


def _arrays(names: list[str], tensors: Any) -> dict[str, Array]:
    return {name: tensor.detach().numpy() for name, tensor in zip(names, tensors, strict=True)}


def _tensor(array: Any) -> Any:
    """Return an array as a tensor, of the same memory where PyTorch can use it."""
    import torch

    backwards = isinstance(array, np.ndarray) and any(step < 0 for step in array.strides)
    return torch.from_numpy(array.copy() if backwards else array)


def prepare() -> None:
    """Import PyTorch, with one thread as every tool has."""
    import warnings

    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # gradcheck warns of every float32
