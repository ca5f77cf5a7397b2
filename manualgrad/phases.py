"""The phases of a strided convolution: what makes its dgrad a sum of plain convolutions.

Position q of x is reached from ``q = s p + d k - pad``. All q with the same rest modulo s, a
phase, are reached by the same taps k, and from one such q to the next p grows by one: dgrad
restricted to a phase is a convolution with stride 1 (W. Shi et al., Is the deconvolution layer
the same as a convolutional layer?, 2016, calls it sub-pixel convolution). Its kernel is the
phase's taps rotated by 180 degrees, since p falls as k grows. With stride 1 there is one phase,
and the rule is the one every text gives: rotate the kernel, pad, convolve.

What neighbouring phases read of g overlaps, so they look through a common window, each at its
part of it: what the window sees is written as columns once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, prod
from typing import Any, NamedTuple

from manualgrad.blocks import Box
from manualgrad.geometry import Geometry

Index = tuple[Any, ...]

_TOGETHER = 64
"""Phases that share a window at most: of more, the weights alone would be large."""

_MOST = 2**8
"""With more phases, each is too little work."""

_WASTE = 4
"""Phases may multiply so many times more numbers than exist: the others are padding."""


WHOLE: tuple[Index, Index] = ((...,), (...,))
"""All taps and all positions."""


@dataclass(frozen=True, eq=False)
class Phase:
    """Phases of one size that read the same part of their window: one product of matrices.

    Attributes
    ----------
    reads
        For each axis which taps of the window: a part of them along the first and the last
        axis, all of them along the others.
    parts
        For each phase its taps in w, in the order of the window, and its positions in x.
    """

    reads: Box
    parts: tuple[tuple[Index, Index], ...]


@dataclass(frozen=True, eq=False)
class Window:
    """A convolution whose kernel holds those of several phases.

    Attributes
    ----------
    geometry
        From g to the positions of the phase that has most of them. Its kernel is the window.
    phases
        Those that look through it.
    """

    geometry: Geometry
    phases: tuple[Phase, ...]


class Split(NamedTuple):
    """All phases of a convolution.

    Attributes
    ----------
    windows
        Of the phases.
    unreached
        Positions in x that no tap reaches.
    """

    windows: tuple[Window, ...]
    unreached: tuple[Index, ...]


class _Axis(NamedTuple):
    """A phase along one axis: its taps lie at `start` + `dilation` i from its position in g."""

    kernel: int
    out: int
    start: int
    dilation: int
    taps: slice
    of_x: slice


@lru_cache(maxsize=1024)
def whole(geometry: Geometry) -> Window:
    """Return the window of a convolution that is not split."""
    reads = tuple((0, taps) for taps in geometry.kernel)
    return Window(geometry, (Phase(reads, (WHOLE,)),))


@lru_cache(maxsize=1024)
def worthwhile(geometry: Geometry) -> bool:
    """Tell whether phases are few, and read more numbers than zeros around them."""
    if prod(map(min, geometry.stride, geometry.size)) > _MOST:
        return False
    axes = range(len(geometry.size))
    products = prod(
        sum(phase.kernel * phase.out for phase in _axis_phases(geometry, a)) for a in axes
    )
    return products <= _WASTE * prod(geometry.out) * prod(geometry.kernel)


@lru_cache(maxsize=1024)
def phases(geometry: Geometry) -> Split:
    """Return the phases, those that can share a window together."""
    together: dict[Index, list[tuple[_Axis, ...]]] = {}
    unreached: list[Index] = []
    for axes in product(*(_axis_phases(geometry, a) for a in range(len(geometry.size)))):
        if all(axis.kernel for axis in axes):
            together.setdefault(tuple(_views(axes)), []).append(axes)
        else:
            unreached.append(_of_x(axes))
    windows = [
        _window(geometry, alike[start : start + _TOGETHER])
        for alike in together.values()
        for start in range(0, len(alike), _TOGETHER)
    ]
    return Split(tuple(windows), tuple(unreached))


def _axis_phases(geometry: Geometry, axis: int) -> list[_Axis]:
    s, d = geometry.stride[axis], geometry.dilation[axis]
    pad, size = geometry.padding[axis], geometry.size[axis]
    found = []
    for r in range(min(s, size)):
        taps = [k for k in range(geometry.kernel[axis]) if (d * k - pad - r) % s == 0]
        out, of_x = len(range(r, size, s)), slice(r, None, s)
        if taps:
            # The last tap reads the first p; a step of taps is s / gcd(d, s), and from the first
            # one there is no further.
            first = (r + pad - d * taps[-1]) // s
            down = slice(taps[-1], None, -(s // gcd(d, s)))
            found.append(_Axis(len(taps), out, first, d // gcd(d, s), down, of_x))
        else:
            found.append(_Axis(0, out, 0, 1, slice(0), of_x))
    return found


def _views(axes: Sequence[_Axis]) -> Iterator[Index]:
    """Yield for each axis what phases must have in common to share a window."""
    for i, axis in enumerate(axes):
        if i in (0, len(axes) - 1):
            yield axis.dilation, axis.start % axis.dilation
        else:
            yield axis[:4]


def _window(geometry: Geometry, alike: Sequence[tuple[_Axis, ...]]) -> Window:
    """Return the smallest window through which these phases can look."""
    by_axis = list(zip(*alike, strict=True))
    starts = tuple(min(axis.start for axis in each) for each in by_axis)
    dilation = tuple(each[0].dilation for each in by_axis)
    found: dict[tuple[Box, Index], list[tuple[Index, Index]]] = {}
    for axes in alike:
        reads = []
        for axis, start in zip(axes, starts, strict=True):
            skipped = (axis.start - start) // axis.dilation
            reads.append((skipped, skipped + axis.kernel))
        part = (..., *(axis.taps for axis in axes)), _of_x(axes)
        found.setdefault((tuple(reads), tuple(axis.out for axis in axes)), []).append(part)
    kernels = [reads for reads, _ in found]
    of = Geometry(
        size=geometry.out,
        kernel=tuple(max(stop for _, stop in each) for each in zip(*kernels, strict=True)),
        out=tuple(max(axis.out for axis in each) for each in by_axis),
        stride=(1,) * len(starts),
        padding=tuple(-start for start in starts),
        dilation=dilation,
        groups=geometry.groups,
    )
    return Window(of, tuple(Phase(reads, tuple(parts)) for (reads, _), parts in found.items()))


def _of_x(axes: Sequence[_Axis]) -> Index:
    return (..., *(axis.of_x for axis in axes))
