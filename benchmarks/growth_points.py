"""What is grown in the benchmark of growth: one thing at a time, over three decades and more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.shapes import Shape

OPS = ("conv2d", "conv_transpose2d")
DTYPE = "float32"
_POWERS = tuple(2**n for n in range(11))


@dataclass(frozen=True)
class Question:
    """One call of forward and backward in a process of its own.

    Attributes
    ----------
    series
        What grows; ``large`` for the shapes that are to find the most workspace.
    timed
        Whether the call is repeated to be timed.
    """

    series: str
    shape: Shape
    dtype: str
    timed: bool


def _grown(op: str, *, n: int, channels: int, side: int, kernel: int) -> Shape:
    """Return a square convolution that keeps the size, or a transposed one that doubles it."""
    options: dict[str, Any] = {"padding": kernel // 2}
    if op == "conv_transpose2d":
        options |= {"stride": 2, "output_padding": 1}
    name = f"{n}x{channels}->{channels} {side}x{side} k{kernel}"
    return Shape(name, op, (n, channels, side, side), (channels, channels, kernel, kernel), options)


_SERIES: dict[str, tuple[tuple[int, ...], Callable[[str, int], Shape]]] = {
    "batch": (_POWERS, lambda op, n: _grown(op, n=n, channels=16, side=16, kernel=3)),
    "channels": (
        _POWERS[2:10], lambda op, c: _grown(op, n=4, channels=c, side=16, kernel=3),
    ),
    "image side": (_POWERS[2:10], lambda op, s: _grown(op, n=1, channels=16, side=s, kernel=3)),
    "kernel side": (
        (1, 3, 5, 9, 17, 33), lambda op, k: _grown(op, n=2, channels=16, side=32, kernel=k),
    ),
}  # fmt: skip

LARGE = (
    Shape("4x64->64 512x512 k3", "conv2d", (4, 64, 512, 512), (64, 64, 3, 3), {"padding": 1}),
    Shape("4x64->64 256x256 k4 s2", "conv_transpose2d", (4, 64, 256, 256), (64, 64, 4, 4),
          {"stride": 2, "padding": 1}),
    Shape("depthwise 4x64 512x512 k3", "conv2d", (4, 64, 512, 512), (64, 1, 3, 3),
          {"padding": 1, "groups": 64}),
    Shape("1x8->8 512x512 k15", "conv2d", (1, 8, 512, 512), (8, 8, 15, 15), {"padding": 7}),
    Shape("1x2048->2048 16x16 k3", "conv2d", (1, 2048, 16, 16), (2048, 2048, 3, 3),
          {"padding": 1}),
    Shape("1x16->16 500000 k64", "conv1d", (1, 16, 500000), (16, 16, 64), {"padding": 32}),
    Shape("1x32->32 64x64x64 k3", "conv3d", (1, 32, 64, 64, 64), (32, 32, 3, 3, 3),
          {"padding": 1}),
)  # fmt: skip
"""Shapes that a kernel in a hurry would copy k*k times, or that are large in one direction."""


def questions(*, most: float = float("inf")) -> list[Question]:
    """Return what is asked, smallest first in each series; at most `most` multiply-adds each."""
    grown = [
        Question(name, make(op, size), DTYPE, True)
        for op in OPS
        for name, (sizes, make) in _SERIES.items()
        for size in sizes
    ]
    large = [
        Question("large", shape, dtype, False) for shape in LARGE for dtype in (DTYPE, "float64")
    ]
    return [each for each in (*grown, *large) if each.shape.multiply_adds <= most]
