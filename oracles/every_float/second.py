"""Second derivatives in float32, at a spread of bfloat16 numbers, against balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import arb, ctx

from oracles.every_float.entries import ENTRIES
from oracles.every_float.inputs import all_bfloat16
from oracles.every_float.participants import SUBJECT
from oracles.every_float.score import Score
from oracles.every_float.ulps import ruler, score
from oracles.exact.definition import WORKING_PRECISION
from oracles.exact.elementwise import BEYOND, Pieces, jet

Array = npt.NDArray[Any]

SECOND = "second derivative"

STEP = 16
"""One bfloat16 number in so many: eight in each binade, and both infinities."""


def second_inputs() -> Array:
    """Return the inputs, as float32: no NaN, since slopes of slopes at NaN mean nothing."""
    x = all_bfloat16()[::STEP]
    return x[~np.isnan(x)]


def second_scores(name: str, participants: Sequence[str]) -> dict[tuple[str, str], Score]:
    """Return the score of every participant that has a second derivative of the activation."""
    x = second_inputs()
    left, right = _truth(ENTRIES[name].pieces, x)
    low, high = np.minimum(left, right), np.maximum(left, right)
    found = {}
    for who in participants:
        answer = _ASK[who](name, x)
        if answer is not None:
            wide = answer.astype(np.float64)
            nearest = np.where(np.isnan(wide), low, np.clip(wide, low, high))
            found[who, SECOND] = score(x, answer, ruler(nearest, x.dtype))
    return found


def _truth(pieces: Pieces, x: Array) -> tuple[Array, Array]:
    """Return the true second derivatives; at a knot those from the left and from the right."""
    with ctx.workprec(WORKING_PRECISION):
        rows = [_sides(pieces, number) for number in x.tolist()]
    return np.array([row[0] for row in rows]), np.array([row[-1] for row in rows])


def _sides(pieces: Pieces, x: float) -> list[float]:
    ball = arb(x) if np.isfinite(x) else BEYOND if x > 0 else -BEYOND
    return [
        float(jet(Pieces((function,)), ball, order=3).curvature.mid())
        for function in pieces.touching(ball)
    ]


def _manual(name: str, x: Array) -> Array:
    from oracles.catalog import ops  # noqa: PLC0415 - its imports are not cheap

    entry, one = ENTRIES[name], np.ones_like(x)
    double: Any = ops[entry.op].double_backward
    answer: Array = double(one, one, x, **entry.options).grad_x
    return answer


def _torch(name: str, x: Array) -> Array | None:
    from oracles.catalog import ops  # noqa: PLC0415

    torch: Any = import_module("torch")
    entry, leaf = ENTRIES[name], torch.tensor(x, requires_grad=True)
    y = ops[entry.op].references["torch"](torch, leaf, **entry.options)
    one = torch.ones_like(y)
    (slope,) = torch.autograd.grad(y, leaf, one, create_graph=True)
    if not slope.requires_grad:
        return np.zeros_like(x)
    try:
        (second,) = torch.autograd.grad(slope, leaf, one, allow_unused=True)
    except RuntimeError:  # hardsigmoid has no double backward
        return None
    return np.zeros_like(x) if second is None else second.numpy().copy()


def _jax(name: str, x: Array) -> Array:
    from oracles.catalog import ops  # noqa: PLC0415

    jax: Any = import_module("jax")
    entry = ENTRIES[name]

    def slope(x: Any) -> Any:
        y, vjp = jax.vjp(lambda x: ops[entry.op].references["jax"](jax, x, **entry.options), x)
        return vjp(jax.numpy.ones_like(y))[0]

    def second(x: Any) -> Any:
        along, vjp = jax.vjp(slope, x)
        return vjp(jax.numpy.ones_like(along))[0]

    return np.asarray(jax.jit(second)(x))


_ASK: dict[str, Callable[[str, Array], Array | None]] = {
    SUBJECT: _manual, "torch": _torch, "jax": _jax
}  # fmt: skip
