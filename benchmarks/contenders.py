"""Each contender in a process of its own, so that no other's idle threads disturb it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.helper import Helper
from benchmarks.machine import PROBES
from benchmarks.shapes import Shape, cotangent, operands

Call = Callable[[], Any]


class Contender:
    """A process that runs what it is told to and returns how long each call took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._helper = Helper(_contender, name)

    def seconds(self, shape: Shape | str, dtype: str, calls: int) -> list[float]:
        """Return the seconds that each of `calls` calls took, after one that is not counted.

        `shape` may be the name of a probe of the machine.
        """
        try:
            return self._helper.ask(shape, dtype, calls)
        except RuntimeError as error:
            raise RuntimeError(f"{self.name}: {error}") from None

    def least(self, probe: str, dtype: str) -> float:
        """Return the least time of a probe of the machine."""
        return min(self.seconds(probe, dtype, 3))

    def close(self) -> None:
        self._helper.close()


def _contender(name: str) -> Callable[[Shape | str, str, int], list[float]]:
    make = {"manualgrad": _manualgrad, "torch": _torch, "jax": _jax}[name]
    prepared: dict[tuple[str, str], Call] = {}

    def answer(shape: Shape | str, dtype: str, calls: int) -> list[float]:
        key = (str(shape), dtype)
        if key not in prepared:
            prepared.clear()
            prepared[key] = PROBES[shape](dtype) if isinstance(shape, str) else make(shape, dtype)
        return _timed(prepared[key], calls)

    return answer


def _timed(call: Call, calls: int) -> list[float]:
    call()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def _manualgrad(shape: Shape, dtype: str) -> Call:
    import manualgrad

    x, w, b = operands(shape, dtype)
    forward = partial(getattr(manualgrad, shape.op), **shape.options)
    backward = partial(getattr(manualgrad, f"{shape.op}_backward"), **shape.options)
    g = cotangent(forward(x, w, b).shape, dtype)
    return lambda: (forward(x, w, b), backward(g, x, w))


def _torch(shape: Shape, dtype: str) -> Call:
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    given = [torch.tensor(a, requires_grad=True) for a in operands(shape, dtype)]
    forward = partial(getattr(torch.nn.functional, shape.op), **shape.options)
    g = torch.tensor(cotangent(tuple(forward(*given).shape), dtype))
    return lambda: torch.autograd.grad(forward(*given), given, g)


def _jax(shape: Shape, dtype: str) -> Call:
    import jax

    from oracles.witnesses.jax import conv, conv_transpose_dilated

    jax.config.update("jax_enable_x64", True)
    given = [jax.numpy.asarray(a) for a in operands(shape, dtype)]
    defaults = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    if shape.transposed:
        defaults["output_padding"] = 0
    lowered = conv_transpose_dilated if shape.transposed else conv
    forward = partial(lowered, jax, axes=len(shape.w) - 2, **{**defaults, **shape.options})
    g = jax.numpy.asarray(cotangent(forward(*given).shape, dtype))

    def both(x: Any, w: Any, b: Any, g: Any) -> Any:
        y, vjp = jax.vjp(forward, x, w, b)
        return y, vjp(g)

    compiled = jax.jit(both)
    return lambda: jax.block_until_ready(compiled(*given, g))
