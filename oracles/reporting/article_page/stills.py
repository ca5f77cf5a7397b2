"""A convolution step as one picture that stands still: what slides over what, what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oracles.reporting.article_page.grids import Array, Grid, grid

_STEPS = {
    "l1": ("x", "w1", False), "l2": ("a1", "w2", False), "g2": ("a1", "d2", True),
    "dA1": ("w2", "d2", True), "g1": ("x", "d1", True),
}  # fmt: skip
"""The matrix, what slides over it, and whether the step goes backward."""


@dataclass(frozen=True)
class Still:
    """A step: its panels, ``(title, grid, indices)``, and what they show.

    An index tells where a cell is; in a kernel, where it was before it was rotated.
    """

    step: str
    panels: tuple[tuple[str, Grid, tuple[str, ...]], ...]
    words: str


def stills(matrix: Callable[[str], Array]) -> list[Still]:
    """Return the five steps, of matrices by name."""
    return [_backward(s, matrix) if _STEPS[s][2] else _forward(s, matrix) for s in _STEPS]


def _forward(step: str, matrix: Callable[[str], Array]) -> Still:
    name, kernel, _ = _STEPS[step]
    panels = (
        (name, grid(name, matrix(name)), _indices(matrix(name))),
        (f"R({kernel})", grid(kernel, _turned(matrix(kernel))),
         _indices(matrix(kernel))[::-1]),
        (step, grid(step, matrix(step)), _indices(matrix(step))),
    )  # fmt: skip
    places = matrix(step).size
    return Still(
        step, panels, f"*v rotates {kernel}, and slides it over {name}, in {places} places."
    )


def _backward(step: str, matrix: Callable[[str], Array]) -> Still:
    name, kernel, _ = _STEPS[step]
    padded = step == "dA1"
    under = np.pad(matrix(name), [(n - 1,) * 2 for n in matrix(kernel).shape]) if padded else None
    title, lower = (f"pad1({name})", under) if under is not None else (name, matrix(name))
    result = matrix(step)
    panels = (
        (title, grid(name, lower), _indices(lower)),
        (kernel, grid(kernel, matrix(kernel)), _indices(matrix(kernel))),
        ("the sums", grid(step, _turned(result)), _indices(result)),
        (f"R: {step}", grid(step, result), _indices(result)),
    )
    words = (
        f"*v is true convolution: it turns the kernel. R has turned it before, the two cancel: "
        f"what slides is {kernel} itself, in {result.size} places. The sums are rotated in the end."
    )
    ring = f"{name} gets a ring of zeros. " if padded else ""
    lacks = " This is the rotation that the published line lacks." if padded else ""
    return Still(step, panels, ring + words + lacks)


def _turned(matrix: Array) -> Array:
    return matrix[::-1, ::-1]


def _indices(matrix: Array) -> tuple[str, ...]:
    return tuple(f"{row},{column}" for row, column in np.ndindex(matrix.shape))
