"""A framework-neutral forward in each framework's terms: the array API standard's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def in_torch(formula: Callable[..., Any], torch: Any, *arrays: Any, **options: Any) -> Any:
    """Call ``formula(xp, *arrays, **options)`` with PyTorch's functions by the standard's names."""
    import array_api_compat.torch as xp  # noqa: PLC0415 - imports PyTorch

    return torch.as_tensor(formula(xp, *arrays, **options))


def in_jax(formula: Callable[..., Any], jax: Any, *arrays: Any, **options: Any) -> Any:
    """Call ``formula(xp, *arrays, **options)`` with ``jax.numpy``."""
    return formula(jax.numpy, *arrays, **options)
