"""Convolutions of which one result is spoiled, all others being manualgrad's.

A spoiler takes the right function first, then what that takes: ``y(right, x, w, b, of)``,
``grad_x(right, g, x, w, of)`` and likewise ``grad_w`` and ``grad_b``. Arrays have a batch; `of` is
the geometry, whose shapes stay what they are whatever a spoiler makes of its options.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from manualgrad.convolution import add_bias, as_batch, bias_gradient, from_batch
from manualgrad.geometry import convolution_geometry, transposed_geometry
from manualgrad.trilinear import dgrad, fprop, wgrad
from tests.oracles.mutants.record import Function, Mutant, mutant


def convolution(
    op: str,
    family: str,
    title: str,
    story: str,
    *,
    y: Function | None = None,
    grad_x: Function | None = None,
    grad_w: Function | None = None,
    grad_b: Function | None = None,
    **more: Any,
) -> Mutant:
    """Return a mutant of a convolution or of a transposed one."""
    forward = _forward(op, y) if y else None
    spoilers = {"x": grad_x, "w": grad_w, "b": grad_b}
    backward = _backward(op, spoilers) if any(spoilers.values()) else None
    return mutant(op, family, title, story, forward=forward, backward=backward, **more)


def _geometry(op, x, w, options):
    make = transposed_geometry if "transpose" in op else convolution_geometry
    return make(x, w, None, axes=w.ndim - 2, **options)


def _right(op):
    """Return y and the gradients of x, w and b, each as a function of batches and geometry."""
    transposed = "transpose" in op
    return {
        "y": lambda x, w, b, of: add_bias((dgrad if transposed else fprop)(x, w, of), b),
        "x": lambda g, x, w, of: (fprop if transposed else dgrad)(g, w, of),
        "w": lambda g, x, w, of: wgrad(g, x, of) if transposed else wgrad(x, g, of),
        "b": lambda g, x, w, of: bias_gradient(g),
    }


def _forward(op, spoiler):
    right = _right(op)["y"]

    def forward(x, w, b=None, **options):
        axes = w.ndim - 2
        of = _geometry(op, x, w, options)
        with np.errstate(all="ignore"):
            return from_batch(spoiler(right, as_batch(x, axes), w, b, of), x, axes)

    return forward


def _backward(op, spoilers):
    right = _right(op)

    def backward(grad_y, x, w, **options):
        axes = w.ndim - 2
        of, g = _geometry(op, x, w, options), as_batch(grad_y, axes)
        found = {}
        with np.errstate(all="ignore"):
            for name, spoiler in spoilers.items():
                given = g, as_batch(x, axes), w, of
                found[name] = spoiler(right[name], *given) if spoiler else right[name](*given)
        return from_batch(found["x"], x, axes), found["w"], found["b"]

    return backward


@lru_cache(maxsize=256)  # the same geometry is the same object
def moved(of, axis, **steps):
    """Return a geometry with so much added to options of one axis, as far as they may go."""
    least = {"stride": 1, "dilation": 1, "padding": 0}
    changed = {}
    for name, step in steps.items():
        each = list(getattr(of, name))
        each[axis] = max(least[name], each[axis] + step)
        changed[name] = tuple(each)
    return replace(of, **changed)


@lru_cache(maxsize=256)
def but(of, **options):
    """Return a geometry with other options."""
    return replace(of, **options)
