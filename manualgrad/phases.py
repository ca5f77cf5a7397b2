"""The phases of a strided convolution: what makes its dgrad a sum of plain convolutions.

Position q of x is reached from ``q = s p + d k - pad``. All q with the same rest modulo s, a
phase, are reached by the same taps k, and from one such q to the next p grows by one: dgrad
restricted to a phase is a convolution with stride 1 (W. Shi et al., Is the deconvolution layer
the same as a convolutional layer?, 2016, calls it sub-pixel convolution). Its kernel is the
phase's taps rotated by 180 degrees, since p falls as k grows. With stride 1 there is one phase,
and the rule is the one every text gives: rotate the kernel, pad, convolve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import gcd, prod
from typing import Any, NamedTuple

from manualgrad.geometry import Geometry

Index = tuple[Any, ...]

_TOGETHER = 64
"""Phases that are one product at most: of more, the weights alone would be large."""

_MOST = 2**8
"""With more phases, each is too little work."""

_WASTE = 4
"""Phases may multiply so many times more numbers than exist: the others are padding."""


@dataclass(frozen=True, eq=False)
class Phase:
    """Phases that read alike: a convolution with stride 1, and for each phase its part.

    Attributes
    ----------
    geometry
        From g to the positions of the phase; None if no tap reaches them.
    parts
        For each phase its taps, in rotated order, and its positions in x.
    """

    geometry: Geometry | None
    parts: tuple[tuple[Index, Index], ...]


class _Axis(NamedTuple):
    """A phase along one axis; the first four say how it reads."""

    kernel: int
    out: int
    padding: int
    dilation: int
    taps: slice
    of_x: slice


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
def phases(geometry: Geometry) -> tuple[Phase, ...]:
    """Return the phases, those that read alike together."""
    alike: dict[Index, list[tuple[Index, Index]]] = {}
    for axes in product(*(_axis_phases(geometry, a) for a in range(len(geometry.size)))):
        read = tuple(zip(*(axis[:4] for axis in axes), strict=True))
        part = (..., *(axis.taps for axis in axes)), (..., *(axis.of_x for axis in axes))
        alike.setdefault(read if all(read[0]) else (), []).append(part)
    ones = (1,) * len(geometry.size)
    return tuple(
        Phase(
            Geometry(geometry.out, read[0], read[1], ones, read[2], read[3], geometry.groups)
            if read
            else None,
            tuple(parts[start : start + _TOGETHER]),
        )
        for read, parts in alike.items()
        for start in range(0, len(parts), _TOGETHER)
    )


def _axis_phases(geometry: Geometry, axis: int) -> list[_Axis]:
    s, d = geometry.stride[axis], geometry.dilation[axis]
    pad, size = geometry.padding[axis], geometry.size[axis]
    found = []
    for r in range(min(s, size)):
        taps = [k for k in range(geometry.kernel[axis]) if (d * k - pad - r) % s == 0]
        out, of_x = -(-(size - r) // s), slice(r, None, s)
        if taps:
            # The last tap reads the first p; a step of taps is s / gcd(d, s).
            first = (r + pad - d * taps[-1]) // s
            down = slice(taps[-1], taps[0] - 1 if taps[0] else None, -(s // gcd(d, s)))
            found.append(_Axis(len(taps), out, -first, d // gcd(d, s), down, of_x))
        else:
            found.append(_Axis(0, out, 0, 1, slice(0), of_x))
    return found
