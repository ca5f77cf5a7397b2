"""PyTorch as a witness: its forward functions, its autograd."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.op import FORWARD, Case, Reference, gradient_of

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
    pairs = zip(gradients, leaves, _gradients(torch, y, leaves, case.cotangent), strict=True)
    return values | {gradient_of(n): _array(g, leaf) for n, leaf, g in pairs}


def _gradients(torch: Any, y: Any, leaves: Sequence[Any], cotangent: Array) -> Sequence[Any]:
    """Return autograd's gradients: None where y does not depend on the leaf."""
    if not (leaves and y.requires_grad):
        return [None] * len(leaves)
    found: Sequence[Any] = torch.autograd.grad(
        y, leaves, torch.tensor(cotangent), allow_unused=True
    )
    return found


def _array(gradient: Any, leaf: Any) -> Array:
    """Return a gradient as an array: zeros where the result does not depend on the operand."""
    if gradient is None:
        return np.zeros(tuple(leaf.shape), leaf.detach().numpy().dtype)
    return np.array(gradient.numpy())


def conv(torch: Any, x: Any, w: Any, b: Any = None, *, axes: int, **options: Any) -> Any:
    """Call ``torch.nn.functional.conv{axes}d``."""
    return getattr(torch.nn.functional, f"conv{axes}d")(x, w, b, **options)


def conv_transpose(torch: Any, x: Any, w: Any, b: Any = None, *, axes: int, **options: Any) -> Any:
    """Call ``torch.nn.functional.conv_transpose{axes}d``."""
    return getattr(torch.nn.functional, f"conv_transpose{axes}d")(x, w, b, **options)
