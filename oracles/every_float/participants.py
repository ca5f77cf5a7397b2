"""Who is asked: manualgrad, PyTorch and JAX, each imported where it is asked.

A participant maps inputs to values and derivatives in the same dtype; the derivative is the
gradient of the sum, a cotangent of ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.every_float.entries import ENTRIES

Array = npt.NDArray[Any]
Answers = tuple[Array, Array]
Ask = Callable[[Array], Answers]

SUBJECT = "manualgrad"

PARTICIPANTS = (SUBJECT, "torch", "jax")
"""In the order of the tables."""


def present() -> tuple[str, ...]:
    """Return the participants that are installed; imports none."""
    return tuple(name for name in PARTICIPANTS if find_spec(name) is not None)


@cache
def participant(name: str, activation: str) -> Ask:
    """Return the function that asks `name` for an activation (a key of `ENTRIES`).

    To be called in a worker process: it sets the number of threads, and JAX's settings.
    """
    return {SUBJECT: _manual, "torch": _torch, "jax": _jax}[name](activation)


def _reference(activation: str, framework: str) -> Callable[..., Any]:
    from oracles.catalog import ops  # noqa: PLC0415 - its imports are not cheap

    return ops[ENTRIES[activation].op].references[framework]


def _manual(activation: str) -> Ask:
    from oracles.catalog import ops  # noqa: PLC0415

    entry = ENTRIES[activation]
    op, options = ops[entry.op], dict(entry.options)
    backward: Any = op.backward
    return lambda x: (op.forward(x, **options), backward(np.ones_like(x), x, **options))


def _torch(activation: str) -> Ask:
    torch: Any = import_module("torch")
    torch.set_num_threads(1)  # the worker processes share the cores
    reference, options = _reference(activation, "torch"), ENTRIES[activation].options

    def ask(x: Array) -> Answers:
        leaf = torch.from_numpy(x).requires_grad_()
        y = reference(torch, leaf, **options)
        (slope,) = torch.autograd.grad(y, leaf, torch.ones_like(y))
        return y.detach().numpy(), slope.numpy()

    return ask


def _jax(activation: str) -> Ask:
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    jax: Any = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    reference, options = _reference(activation, "jax"), ENTRIES[activation].options

    def both(x: Any) -> Any:
        y, vjp = jax.vjp(lambda x: reference(jax, x, **options), x)
        return y, vjp(jax.numpy.ones_like(y))[0]

    compiled = jax.jit(both)

    def ask(x: Array) -> Answers:
        y, slope = compiled(x)
        return np.asarray(y), np.asarray(slope)

    return ask
