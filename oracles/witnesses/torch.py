"""PyTorch as a witness: its forward functions, its autograd."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import (
    FORWARD,
    GRAD_GRAD_Y,
    Case,
    Reference,
    gradient_of,
    second_gradient_of,
)

Array = npt.NDArray[Any]


def load() -> tuple[Any, dict[str, str], int]:
    """Import PyTorch; return it, its version by package and its number of threads."""
    import torch  # noqa: PLC0415 - heavy, and wanted in the worker alone

    torch.set_num_threads(1)  # two frameworks and the subject share the cores
    warnings.simplefilter("ignore")
    return torch, {"torch": torch.__version__}, torch.get_num_threads()


def answer(
    torch: Any, reference: Reference, case: Case, gradients: Sequence[str], key: str
) -> dict[str, Array]:
    """Return PyTorch's result and gradients.

    Parameters
    ----------
    torch
        The module.
    reference
        ``reference(torch, *operands, **options) -> y``.
    case
        What is asked.
    gradients
        Names of the operands whose gradients are wanted.
    key
        Names operation and witness; eager execution has no use for it.
    """
    operands = {name: torch.tensor(array) for name, array in case.operands.items()}
    leaves = [operands[name].requires_grad_() for name in gradients]
    y = reference(torch, *operands.values(), **case.options)
    values = {FORWARD: y.detach().numpy().copy()}
    cotangent = torch.tensor(case.cotangent)
    second = bool(case.directions)
    found = _gradients(torch, [y], leaves, [cotangent.requires_grad_(second)], second)
    values |= _named(map(gradient_of, gradients), leaves, found)
    if not second:
        return values
    directions = [torch.tensor(case.directions[name]) for name in gradients]
    leaves = [cotangent, *leaves]
    names = [GRAD_GRAD_Y, *map(second_gradient_of, gradients)]
    return values | _named(names, leaves, _gradients(torch, found, leaves, directions, False))


def _named(names: Iterable[str], leaves: Sequence[Any], found: Sequence[Any]) -> dict[str, Array]:
    triples = zip(names, leaves, found, strict=True)
    return {name: _array(gradient, leaf) for name, leaf, gradient in triples}


def _gradients(
    torch: Any, results: Sequence[Any], leaves: Sequence[Any], cotangents: Sequence[Any], keep: bool
) -> Sequence[Any]:
    """Return autograd's gradients: None where no result depends on the leaf."""
    pairs = [
        (result, cotangent)
        for result, cotangent in zip(results, cotangents, strict=True)
        if result is not None and result.requires_grad
    ]
    if not (leaves and pairs):
        return [None] * len(leaves)
    roots, given = zip(*pairs, strict=True)
    found: Sequence[Any] = torch.autograd.grad(
        roots, leaves, given, allow_unused=True, create_graph=keep
    )
    return found


def _array(gradient: Any, leaf: Any) -> Array:
    """Return a gradient as an array: zeros where the result does not depend on the operand."""
    if gradient is None:
        return np.zeros(tuple(leaf.shape), leaf.detach().numpy().dtype)
    return np.array(gradient.detach().numpy())


def conv(torch: Any, x: Any, w: Any, b: Any = None, *, axes: int, **options: Any) -> Any:
    """Call ``torch.nn.functional.conv{axes}d``."""
    return getattr(torch.nn.functional, f"conv{axes}d")(x, w, b, **options)


def conv_transpose(torch: Any, x: Any, w: Any, b: Any = None, *, axes: int, **options: Any) -> Any:
    """Call ``torch.nn.functional.conv_transpose{axes}d``."""
    return getattr(torch.nn.functional, f"conv_transpose{axes}d")(x, w, b, **options)
