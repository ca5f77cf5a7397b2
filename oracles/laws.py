"""Structural laws that a backward pass obeys whatever its numbers; no framework is asked.

Some hold for every operation: inputs stay as they are and results have memory of their own
(`oracles.subject` watches every call and rejects an answer that breaks it), the same call gives the
same bits, a zero cotangent gives zero gradients. One is for operations with ties
(`oracles.shift_law`). The others are identities between integers, checked on the lattice with
``==``: the backward pass is linear in the cotangent; forward and gradients are adjoint,
``<g, A x> = <A^T g, x>``; the input gradient of a convolution is a transposed convolution, which
in turn is "rotate the kernel by 180 degrees, pad, convolve".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.exact.terms import (
    Shape,
    Terms,
    convolution_terms,
    paddings,
    per_axis,
    transposed_convolution_terms,
)
from oracles.op import FORWARD, Case, Op, gradient_of
from oracles.shift_law import shift_law
from oracles.subject import ask_subject

Array = npt.NDArray[Any]
Law = Callable[[Op, Case, Answer], str]

MANNERS = "inputs unchanged, results in memory of their own"
SAME_BITS = "the same call gives the same bits"
ZERO = "a zero cotangent gives zero gradients"
LINEAR = "the backward pass is linear in the cotangent"
ADJOINT = "forward and gradients are adjoint"
TRANSPOSED = "dgrad is the transposed convolution"
ROTATED = "dgrad is rotate, pad, convolve"
SHIFT = "where numbers tie, a gradient sums to the derivative along a shift"


def laws_of(op: Op, case: Case) -> dict[str, Law]:
    """Return the laws that apply to a case: each gives how it is broken, or ""."""
    found: dict[str, Law] = {}
    if not op.gradient_names(case):
        return found
    if op.takes_cotangent and case.finite:
        found[ZERO] = _zero
    if getattr(op.definition, "compares", False) and case.finite:
        found[SHIFT] = shift_law
    if not case.lattice:
        return found
    if op.takes_cotangent:
        found[LINEAR] = _linear
    if op.takes_cotangent and not op.payload:  # a user's polynomial may have any degree in x
        found[ADJOINT] = _adjoint
    if op.name.startswith("conv") and not op.payload:
        found |= {TRANSPOSED: _transposed, ROTATED: _rotated}
    return found


def broken(op: Op, case: Case, answer: Answer) -> dict[str, str]:
    """Return for each law that applies how the subject's `answer` breaks it, "" if it does not."""
    if answer.kind != "value" or not all(isinstance(v, np.ndarray) for v in answer.values.values()):
        return {}
    again = ask_subject(op, case)
    pairs = ((n, answer.held.get(n), array) for n, array in again.held.items())
    shared = [n for n, old, new in pairs if old is not None and np.shares_memory(old, new)]
    where = f"the next call gives {', '.join(shared)} in the same memory" if shared else ""
    found = {MANNERS: where, SAME_BITS: _same_bits(answer, again)}
    if any(_unfit(case, name, value) for name, value in answer.values.items()):
        return found  # wrong already, and there is nothing to compute with
    with np.errstate(all="ignore"):
        return found | {name: law(op, case, answer) for name, law in laws_of(op, case).items()}


def _unfit(case: Case, name: str, value: Any) -> str:
    """Return why no law can be tried on what was answered as `name`, or ""."""
    if not isinstance(value, np.ndarray):
        return str(value.problem)
    if value.dtype.kind == "c":
        return f"has dtype {value.dtype}"
    like = {gradient_of(operand): array for operand, array in case.operands.items()}
    like[FORWARD] = case.cotangent
    if name in like and value.shape != like[name].shape:
        return f"has shape {value.shape}, not {like[name].shape}"
    return ""


def _same_bits(answer: Answer, again: Answer) -> str:
    if again.kind != "value":
        return f"the second call: {again.detail}"
    for name, value in answer.values.items():
        other = again.values[name]
        if not isinstance(other, np.ndarray) or other.tobytes() != value.tobytes():
            return f"{name} of the second call has other bits"
    return ""


def _zero(op: Op, case: Case, answer: Answer) -> str:
    found = _gradients(op, case, np.zeros_like(case.cotangent))
    if isinstance(found, str):
        return f"with a zero cotangent: {found}"
    for name, gradient in found.items():
        if np.any(gradient != 0):
            return f"{name} is not zero for a zero cotangent"
    return ""


def _linear(op: Op, case: Case, answer: Answer) -> str:
    half = np.asarray(np.floor(case.cotangent / 2))
    rest = np.asarray(case.cotangent - half)
    parts = [_gradients(op, case, part) for part in (half, rest)]
    for part in parts:
        if isinstance(part, str):
            return f"with half the cotangent: {part}"
    for name in parts[0]:
        if np.any(parts[0][name] + parts[1][name] != answer.values[name]):
            return f"{name} of a sum of cotangents is not the sum of their {name}"
    return ""


def _gradients(op: Op, case: Case, cotangent: Array) -> Any:
    """Return the gradients for another cotangent, or in words why there are none."""
    said = ask_subject(op, replace(case, cotangent=cotangent, directions={}))
    if said.kind != "value":
        return said.detail
    gradients = {name: value for name, value in said.values.items() if name != FORWARD}
    for name, value in gradients.items():
        if problem := _unfit(case, name, value):
            return f"{name} {problem}"
    return gradients


def _adjoint(op: Op, case: Case, answer: Answer) -> str:
    """Compare ``<g, y> - <b, grad_b>`` with ``<x, grad_x>`` and ``<w, grad_w>``."""
    for name, value in answer.values.items():
        if not np.isfinite(value).all():
            return f"{name} is not finite, and all that it is made of is"
    whole = _paired(case.cotangent, answer.values[FORWARD])
    names = op.gradient_names(case)
    if "b" in names:
        whole -= _paired(case.operands["b"], answer.values[gradient_of("b")])
    for name in names:
        if name == "b":
            continue
        along = _paired(case.operands[name], answer.values[gradient_of(name)])
        if along != whole:
            return f"<{name}, grad_{name}> is {along}, <cotangent, y> without bias is {whole}"
    return ""


def _paired(a: Array, b: Array) -> int:
    """Return the exact inner product of two arrays of whole numbers."""
    return sum(int(x) * int(y) for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))


def _transposed(op: Op, case: Case, answer: Answer) -> str:
    """Compare dgrad with the other operation's definition: what lays w where g is."""
    name, image, g, size = _dgrad(op, case, answer)
    options = dict(case.options)
    options.pop("output_padding", None)
    kernel = case.operands["w"].shape[2:]
    axes, stride, dilation = len(kernel), *_steps(options, kernel)
    low, _ = paddings(options["padding"], kernel, dilation)
    reached = [
        (n - 1) * s - 2 * p + d * (k - 1) + 1
        for n, s, p, d, k in zip(g.shape[-axes:], stride, low, dilation, kernel, strict=True)
    ]
    rest = tuple(n - r for n, r in zip(size, reached, strict=True))
    terms = transposed_convolution_terms(
        g.shape, case.operands["w"].shape, **{**options, "padding": low}, output_padding=rest
    )
    return "" if _equal(terms, g, case.operands["w"], image) else f"{name} is another array"


def _rotated(op: Op, case: Case, answer: Answer) -> str:
    """Compare dgrad with a convolution of the padded cotangent and the rotated kernel."""
    name, image, g, size = _dgrad(op, case, answer)
    w, groups = case.operands["w"], case.options["groups"]
    axes, stride, dilation = w.ndim - 2, *_steps(case.options, w.shape[2:])
    low, _ = paddings(case.options["padding"], w.shape[2:], dilation)
    reach = [d * (k - 1) for d, k in zip(dilation, w.shape[2:], strict=True)]
    padded = np.zeros((*g.shape[:-axes], *(n + r for n, r in zip(size, reach, strict=True))))
    places: list[Any] = []
    kept: list[Any] = []
    for a in range(axes):
        at = np.arange(g.shape[g.ndim - axes + a]) * stride[a] + reach[a] - low[a]
        inside = (at >= 0) & (at < padded.shape[padded.ndim - axes + a])
        places.append(at[inside])
        kept.append(np.flatnonzero(inside))
    padded[(Ellipsis, *np.ix_(*places))] = g[(Ellipsis, *np.ix_(*kept))]
    grouped = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    turned = np.flip(grouped.reshape(-1, *grouped.shape[2:]), tuple(range(2, axes + 2)))
    terms = convolution_terms(padded.shape, turned.shape, dilation=dilation, groups=groups)
    return "" if _equal(terms, padded, turned, image) else f"{name} is another array"


def _dgrad(op: Op, case: Case, answer: Answer) -> tuple[str, Array, Array, tuple[int, ...]]:
    """Return the name and array of dgrad, the array in g's place, and the spatial size.

    For a convolution dgrad is the gradient of x; for a transposed one the result without bias.
    """
    axes = case.operands["w"].ndim - 2
    if "transpose" not in op.name:
        image = answer.values[gradient_of("x")]
        return gradient_of("x"), image, case.cotangent, image.shape[-axes:]
    y = answer.values[FORWARD]
    if "b" in case.operands:
        y = y - case.operands["b"].reshape(-1, *(1,) * axes)
    return f"{FORWARD} without bias", y, case.operands["x"], y.shape[-axes:]


def _equal(terms: Terms, left: Array, right: Array, image: Array) -> bool:
    whole = [array.ravel().astype(np.int64) for array in (left, right)]
    sums = np.zeros(prod(terms.y_shape), np.int64)
    np.add.at(sums, terms.y, whole[0][terms.x] * whole[1][terms.w])
    return bool((sums.reshape(terms.y_shape) == image).all())


def _steps(options: Mapping[str, Any], kernel: Shape) -> tuple[Shape, Shape]:
    """Return stride and dilation, one int for each axis."""
    return per_axis(options["stride"], kernel), per_axis(options["dilation"], kernel)
