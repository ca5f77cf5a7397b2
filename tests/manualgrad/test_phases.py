"""The phases of a stride: every position belongs to one, every pair of positions to one tap."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manualgrad.geometry import Geometry
from manualgrad.phases import phases


@st.composite
def geometries(draw):
    """Draw one or two axes, padding beyond the kernel and sizes that do not divide included."""
    axes = draw(st.integers(1, 2))
    each = [
        draw(st.tuples(*[st.integers(1, 5)] * 2, *[st.integers(1, 4)] * 2, st.integers(0, 6)))
        for _ in range(axes)
    ]
    out, kernel, stride, dilation, padding = map(tuple, zip(*each, strict=True))
    size = tuple(
        max(1, s * (n - 1) + d * (k - 1) + 1 - p + draw(st.integers(0, 3)))
        for n, k, s, d, p in zip(out, kernel, stride, dilation, padding, strict=True)
    )
    return Geometry(size, kernel, out, stride, padding, dilation, 1)


@given(geometries())
def test_each_position_belongs_to_one_part(geometry):
    seen = Counter()
    for phase in phases(geometry):
        for _, (_, *of_x) in phase.parts:
            seen.update(product(*(range(n)[s] for n, s in zip(geometry.size, of_x, strict=True))))
    assert seen == Counter(product(*map(range, geometry.size)))


@given(geometries())
def test_phases_sum_what_the_stride_says(geometry):
    """Of one axis at a time: q is reached from p by tap k, where q = s p + d k - pad."""
    for axis, size in enumerate(geometry.size):
        expected = Counter()
        for p, k in product(range(geometry.out[axis]), range(geometry.kernel[axis])):
            q = geometry.stride[axis] * p + geometry.dilation[axis] * k - geometry.padding[axis]
            expected[q, p, k] += 0 <= q < size
        found = set()
        for phase in phases(geometry):
            for taps, of_x in phase.parts:
                found |= set(_terms(phase.geometry, geometry, axis, taps, of_x))
        reached = {term for term in +expected if _reached(geometry, axis)}
        assert found == reached


def _terms(phase, geometry, axis, taps, of_x):
    """Yield (q, p, k) of each product that a phase adds along an axis."""
    if phase is None:
        return
    positions = range(geometry.size[axis])[of_x[axis + 1]]
    ordered = range(geometry.kernel[axis])[taps[axis + 1]]
    assert (len(positions), len(ordered)) == (phase.out[axis], phase.kernel[axis])
    for (i, q), (j, k) in product(enumerate(positions), enumerate(ordered)):
        p = i + phase.dilation[axis] * j - phase.padding[axis]
        if 0 <= p < geometry.out[axis]:
            yield q, p, k


def _reached(geometry, axis):
    """Whether along every other axis a tap reaches some position: else no phase reads at all."""
    others = [a for a in range(len(geometry.size)) if a != axis]
    return all(
        any(
            (d * k - pad - r) % s == 0
            for k in range(geometry.kernel[a])
            for r in range(min(s, geometry.size[a]))
        )
        for a in others
        for s, d, pad in [(geometry.stride[a], geometry.dilation[a], geometry.padding[a])]
    )


def test_without_a_stride_the_kernel_is_rotated_and_padded():
    (phase,) = phases(Geometry((5, 6), (3, 2), (3, 5), (1, 1), (0, 0), (1, 1), 1))
    ((taps, of_x),) = phase.parts
    assert taps == (..., slice(2, None, -1), slice(1, None, -1))
    assert of_x == (..., slice(0, None, 1), slice(0, None, 1))
    assert (phase.geometry.padding, phase.geometry.out) == ((2, 1), (5, 6))


def test_phases_that_read_alike_are_one_product():
    (phase,) = phases(Geometry((8,), (2,), (4,), (2,), (0,), (1,), 1))
    assert len(phase.parts) == 2


@pytest.mark.parametrize(("kernel", "stride", "none"), [(1, 2, 1), (2, 3, 1), (3, 3, 0)])
def test_positions_that_no_tap_reaches_have_no_geometry(kernel, stride, none):
    found = phases(Geometry((9,), (kernel,), (3,), (stride,), (0,), (1,), 1))
    assert sum(len(phase.parts) for phase in found if phase.geometry is None) == none
