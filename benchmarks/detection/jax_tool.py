"""What users of JAX have: `check_grads`."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.detection.asking import Asked

Array = npt.NDArray[Any]


def prepare() -> None:
    """Import JAX on the CPU, with float64 and one thread as every tool has."""
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    logging.getLogger("jax").setLevel(logging.CRITICAL)  # it prints what a subject raises
    jax.config.update("jax_enable_x64", True)


def check_grads(asked: Asked) -> None:
    """Check the subject as a ``jax.custom_vjp``, all tolerances at their defaults.

    Raises
    ------
    Exception
        Of whatever kind, if it fails.
    """
    from jax.test_util import check_grads as check

    given = asked.question.operands
    check(_function(asked), [given[n] for n in asked.question.leaves], order=1, modes=("rev",))


def _function(asked: Asked) -> Any:
    """Return the subject as a function of the leaves that JAX differentiates.

    The two functions that JAX calls back are made once, so that they are compiled once a case.
    """
    import jax

    question = asked.question
    leaves = [question.operands[name] for name in question.leaves]
    dtype = np.result_type(*leaves)
    y_form = jax.ShapeDtypeStruct(question.y_shape, dtype)
    forms = tuple(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves)

    def operands(given: Any) -> Mapping[str, Array]:
        arrays = dict(zip(question.leaves, map(np.asarray, given), strict=True))
        return {**question.operands, **arrays}

    def forward(*given: Any) -> Any:
        return asked.forward(operands(given))

    def backward(cotangent: Any, *given: Any) -> Any:
        return tuple(asked.backward(np.asarray(cotangent), operands(given)))

    def called(*given: Any) -> Any:
        return jax.pure_callback(forward, y_form, *given)

    subject = jax.custom_vjp(called)

    def forwards(*given: Any) -> Any:
        return subject(*given), given

    def backwards(given: Any, cotangent: Any) -> Any:
        return jax.pure_callback(backward, forms, cotangent, *given)

    subject.defvjp(forwards, backwards)
    return subject
