"""JAX as a witness: forward functions lowered to XLA, `jax.vjp` for the gradients."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
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
from oracles.witnesses.jax_executables import kept
from oracles.witnesses.jax_programs import keep_programs, options_for

Array = npt.NDArray[Any]

# A compiled program keeps one to two MiB, and cases seldom come twice.
_PROGRAMS = 64


def load() -> tuple[Any, dict[str, str], int]:
    """Import JAX on the CPU with float64; return it, its versions and its number of threads.

    Called in a worker process, so that no user's JAX settings change.
    """
    flags = os.environ.get("XLA_FLAGS", "")  # the cores are shared with the other participants
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax  # noqa: PLC0415 - heavy, and wanted in the worker alone
    import jax.scipy.signal  # noqa: PLC0415
    import jaxlib.version  # noqa: PLC0415

    jax.config.update("jax_enable_x64", True)
    keep_programs(jax)
    return jax, {"jax": jax.__version__, "jaxlib": jaxlib.version.__version__}, 1


def answer(
    jax: Any, reference: Reference, case: Case, gradients: Sequence[str], key: str
) -> dict[str, Array]:
    """Return JAX's result and gradients.

    Parameters
    ----------
    jax
        The module.
    reference
        ``reference(jax, *operands, **options) -> y``.
    case
        What is asked.
    gradients
        Names of the operands whose gradients are wanted.
    key
        Names operation and witness: with the options it tells compiled programs apart.
    """
    names = tuple(case.operands)
    wanted = tuple(names.index(name) for name in gradients)
    given = list(case.operands.values())
    directions = tuple(case.directions[name] for name in gradients) if case.directions else ()
    forms = tuple((a.shape, a.dtype.str) for a in (*given, case.cotangent, *directions))
    call = _Call(jax, reference, key, case.options, options_for(jax, names))
    compiled = _compiled(call, wanted, forms, len(directions))
    y, found, along, second = compiled(given, case.cotangent, directions)
    answered = [FORWARD, *map(gradient_of, gradients)]
    if case.directions:
        answered += [GRAD_GRAD_Y, *map(second_gradient_of, gradients)]
    return {n: np.array(a) for n, a in zip(answered, (y, *found, *along, *second), strict=True)}


def answer_eagerly(
    jax: Any, reference: Reference, case: Case, gradients: Sequence[str]
) -> dict[str, Array]:
    """Return the result and gradients without compiling, in the process of whoever asks."""
    operands = dict(case.operands)

    def of_wanted(*leaves: Any) -> Any:
        given = {**operands, **dict(zip(gradients, leaves, strict=True))}
        return reference(jax, *given.values(), **case.options)

    y, vjp = jax.vjp(of_wanted, *(jax.numpy.asarray(operands[name]) for name in gradients))
    found = vjp(jax.numpy.asarray(case.cotangent)) if gradients else ()
    named = zip(map(gradient_of, gradients), found, strict=True)
    return {FORWARD: np.array(y), **{name: np.array(gradient) for name, gradient in named}}


class _Call:
    """A reference with its options and XLA's, hashed by what the former say."""

    def __init__(
        self, jax: Any, reference: Reference, key: str, options: Any, of_compiler: Any
    ) -> None:
        self.jax, self.reference, self.options = jax, reference, dict(options)
        self.of_compiler = of_compiler
        self.key = f"{key} {sorted(options.items())!r}"

    @property
    def place(self) -> str:
        """Where the operation lies."""
        return self.key.split(" ")[1]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self.key == other.key

    def __call__(self, *operands: Any) -> Any:
        return self.reference(self.jax, *operands, **self.options)


@lru_cache(_PROGRAMS)
def _compiled(
    call: _Call,
    wanted: tuple[int, ...],
    forms: tuple[tuple[tuple[int, ...], str], ...],
    directions: int,
) -> Callable[..., Any]:
    """Return a compiled function of operands, cotangent and so many directions.

    It gives the result, the wanted VJPs and, if there are directions, the VJPs of those for
    the cotangent and for the operands. It takes arrays of these `forms` (shapes and dtypes).
    """
    key = f"{call.key} {call.of_compiler!r} {wanted} {forms} {directions}"
    arrays = [call.jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in forms]
    operands = len(forms) - 1 - directions
    given = arrays[:operands], arrays[operands], tuple(arrays[operands + 1 :])
    every = _every_result(call, wanted, second=bool(directions))
    jitted = call.jax.jit(every, compiler_options=call.of_compiler or None)
    made: Callable[..., Any] = kept(
        call.jax, call.place, key, lambda: jitted.lower(*given).compile()
    )
    return made


def _every_result(call: _Call, wanted: tuple[int, ...], *, second: bool) -> Callable[..., Any]:
    """Return the function that `_compiled` compiles."""
    jax = call.jax

    def every(operands: list[Any], cotangent: Any, directions: Sequence[Any]) -> Any:
        def of_wanted(*leaves: Any) -> Any:
            given = list(operands)
            for index, leaf in zip(wanted, leaves, strict=True):
                given[index] = leaf
            return call(*given)

        def backward(cotangent: Any, *leaves: Any) -> Any:
            y, vjp = jax.vjp(of_wanted, *leaves)
            return vjp(cotangent), y

        leaves = [operands[index] for index in wanted]
        if not second:
            found, y = backward(cotangent, *leaves)
            return y, found, (), ()
        found, vjp, y = jax.vjp(backward, cotangent, *leaves, has_aux=True)
        along, *gradients = vjp(tuple(directions))
        return y, found, (along,), gradients

    return every


# --- convolutions in XLA's terms ------------------------------------------------------------


def conv(
    jax: Any,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    axes: int,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """Convolve with ``lax.conv_general_dilated``, of x without what no position reads.

    With elements left over behind the last position, gradients can abort JAX 0.10.2.
    """
    pads = _conv_padding(padding, _per_axis(dilation, axes), w.shape[2:])
    x, pads = _all_read(jax, x, pads, _per_axis(stride, axes), _reach(dilation, w.shape[2:]))
    y = jax.lax.conv_general_dilated(
        x if x.ndim == axes + 2 else x[None],
        w,
        window_strides=_per_axis(stride, axes),
        padding=pads,
        rhs_dilation=_per_axis(dilation, axes),
        feature_group_count=groups,
    )
    return _with_bias(y, b, axes, unbatched=x.ndim == axes + 1)


def conv_transpose(
    jax: Any,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    axes: int,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """Convolve transposed: the whole result without padding first, its border cropped after.

    The lowering that pads by ``dilation (kernel - 1) - padding`` at once, which may be
    negative, is `conv_transpose_dilated`: its gradients are wrong in JAX 0.10.2, or abort.
    """
    low = _per_axis(padding, axes)
    extra = _per_axis(output_padding, axes)
    reach = _reach(dilation, w.shape[2:])
    # What is cropped behind may be less than output_padding adds.
    pads = [(r, r + max(0, e - p)) for r, e, p in zip(reach, extra, low, strict=True)]
    y = _input_dilated(jax, x, w, axes, stride, dilation, groups, pads)
    size = x.shape[-axes:]
    steps = _per_axis(stride, axes)
    outs = [
        (n - 1) * s - 2 * p + r + e + 1
        for n, s, p, r, e in zip(size, steps, low, reach, extra, strict=True)
    ]
    inner = tuple(slice(p, p + out) for p, out in zip(low, outs, strict=True))
    return _with_bias(y[(..., *inner)], b, axes, unbatched=x.ndim == axes + 1)


def conv_transpose_dilated(
    jax: Any,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    axes: int,
    stride: Any,
    padding: Any,
    output_padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """Convolve transposed in one step, padded by ``dilation (kernel - 1) - padding``."""
    low, extra = _per_axis(padding, axes), _per_axis(output_padding, axes)
    reach = _reach(dilation, w.shape[2:])
    pads = [(r - p, r - p + e) for r, p, e in zip(reach, low, extra, strict=True)]
    y = _input_dilated(jax, x, w, axes, stride, dilation, groups, pads)
    return _with_bias(y, b, axes, unbatched=x.ndim == axes + 1)


def _input_dilated(
    jax: Any,
    x: Any,
    w: Any,
    axes: int,
    stride: Any,
    dilation: Any,
    groups: int,
    pads: list[tuple[int, int]],
) -> Any:
    """Convolve x, its elements `stride` apart, with the flipped kernel of each group."""
    flipped = jax.numpy.flip(w, tuple(range(2, axes + 2)))
    grouped = flipped.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    kernel = grouped.swapaxes(1, 2).reshape(groups * w.shape[1], w.shape[0] // groups, *w.shape[2:])
    return jax.lax.conv_general_dilated(
        x if x.ndim == axes + 2 else x[None],
        kernel,
        window_strides=(1,) * axes,
        padding=pads,
        lhs_dilation=_per_axis(stride, axes),
        rhs_dilation=_per_axis(dilation, axes),
        feature_group_count=groups,
    )


def _with_bias(y: Any, b: Any, axes: int, *, unbatched: bool) -> Any:
    biased = y if b is None else y + b.reshape(-1, *(1,) * axes)
    return biased[0] if unbatched else biased


def _all_read(
    jax: Any, x: Any, pads: list[tuple[int, int]], stride: tuple[int, ...], reach: list[int]
) -> tuple[Any, list[tuple[int, int]]]:
    """Return x, and what is to be padded, so that the last position reads the last element."""
    axes = len(pads)
    over = [
        (n + low + high - r - 1) % s
        for n, (low, high), r, s in zip(x.shape[-axes:], pads, reach, stride, strict=True)
    ]
    if not any(over):
        return x, pads
    padded = jax.numpy.pad(x, [(0, 0)] * (x.ndim - axes) + pads)
    read = tuple(slice(n - o) for n, o in zip(padded.shape[-axes:], over, strict=True))
    return padded[(..., *read)], [(0, 0)] * axes


def _conv_padding(
    padding: Any, dilation: tuple[int, ...], kernel: tuple[int, ...]
) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        return [(r // 2, r - r // 2) for r in _reach(dilation, kernel)]
    return [(p, p) for p in _per_axis(padding, len(kernel))]


def _reach(dilation: Any, kernel: tuple[int, ...]) -> list[int]:
    steps = _per_axis(dilation, len(kernel))
    return [d * (k - 1) for d, k in zip(steps, kernel, strict=True)]


def _per_axis(option: Any, axes: int) -> tuple[int, ...]:
    return tuple(option) if isinstance(option, tuple | list) else (option,) * axes
