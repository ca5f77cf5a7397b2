"""The phases of a stride: every position belongs to one, every pair of positions to one tap."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manualgrad.geometry import Geometry
from manualgrad.phases import phases, worthwhile


@st.composite
def geometries(draw):
    """Draw up to three axes, padding beyond the kernel and sizes that do not divide included."""
    axes = draw(st.integers(1, 3))
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
    split = phases(geometry)
    for _, *of_x in [*split.unreached, *(of_x for *_, (_, of_x) in _parts(split))]:
        seen.update(product(*(range(n)[s] for n, s in zip(geometry.size, of_x, strict=True))))
    assert seen == Counter(product(*map(range, geometry.size)))


def _parts(split):
    """Yield the window, the phase and the part of each."""
    for window in split.windows:
        for phase in window.phases:
            for part in phase.parts:
                yield window, phase, part


@given(geometries())
def test_phases_sum_what_the_stride_says(geometry):
    """Of one axis at a time: q is reached from p by tap k, where q = s p + d k - pad."""
    for axis, size in enumerate(geometry.size):
        expected = Counter()
        for p, k in product(range(geometry.out[axis]), range(geometry.kernel[axis])):
            q = geometry.stride[axis] * p + geometry.dilation[axis] * k - geometry.padding[axis]
            expected[q, p, k] += 0 <= q < size
        found = set()
        for window, phase, part in _parts(phases(geometry)):
            found |= set(_terms(window.geometry, phase.reads[axis], geometry, axis, *part))
        reached = {term for term in +expected if _reached(geometry, axis)}
        assert found == reached


def _terms(window, reads, geometry, axis, taps, of_x):
    """Yield (q, p, k) of each product that a phase adds along an axis."""
    positions = range(geometry.size[axis])[of_x[axis + 1]]
    ordered = range(geometry.kernel[axis])[taps[axis + 1]]
    assert window.out[axis] - 1 <= len(positions) <= window.out[axis]
    assert len(ordered) == reads[1] - reads[0] <= window.kernel[axis]
    for (i, q), (j, k) in product(enumerate(positions), zip(range(*reads), ordered, strict=True)):
        p = i + window.dilation[axis] * j - window.padding[axis]
        if 0 <= p < geometry.out[axis]:
            yield q, p, k


@given(geometries())
def test_a_window_is_no_larger_than_what_its_phases_read(geometry):
    for window in phases(geometry).windows:
        for axis, taps in enumerate(window.geometry.kernel):
            reads = [phase.reads[axis] for phase in window.phases]
            assert min(reads)[0] == 0
            assert max(stop for _, stop in reads) == taps
            if axis not in (0, len(window.geometry.kernel) - 1):
                assert set(reads) == {(0, taps)}


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
    split = phases(Geometry((5, 6), (3, 2), (3, 5), (1, 1), (0, 0), (1, 1), 1))
    ((window, phase, (taps, of_x)),) = _parts(split)
    assert taps == (..., slice(2, None, -1), slice(1, None, -1))
    assert of_x == (..., slice(0, None, 1), slice(0, None, 1))
    assert phase.reads == ((0, 3), (0, 2))
    assert (window.geometry.padding, window.geometry.out) == ((2, 1), (5, 6))


def test_phases_that_read_alike_are_one_product():
    ((_, phase, _), (_, same, _)) = _parts(phases(Geometry((8,), (2,), (4,), (2,), (0,), (1,), 1)))
    assert phase is same


def test_phases_that_read_neighbours_share_a_window():
    (window,) = phases(Geometry((8, 9), (4, 4), (4, 4), (2, 2), (1, 1), (1, 1), 1)).windows
    assert window.geometry.kernel == (3, 3)
    assert {phase.reads for phase in window.phases} == set(product(((0, 2), (1, 3)), repeat=2))


@pytest.mark.parametrize(("kernel", "stride", "none"), [(1, 2, 1), (2, 3, 1), (3, 3, 0)])
def test_positions_that_no_tap_reaches_stand_apart(kernel, stride, none):
    split = phases(Geometry((9,), (kernel,), (3,), (stride,), (0,), (1,), 1))
    assert len(split.unreached) == none


@pytest.mark.parametrize(
    ("geometry", "pays"),
    [
        # As many phases as may be, of as many products as numbers; one more of them.
        (Geometry((256,), (256,), (1,), (256,), (0,), (1,), 1), True),
        (Geometry((257,), (257,), (1,), (257,), (0,), (1,), 1), False),
        (Geometry((16, 17), (16, 16), (1, 1), (16, 16), (0, 0), (1, 1), 1), True),
        (Geometry((16, 17), (16, 17), (1, 1), (16, 17), (0, 0), (1, 1), 1), False),
        # With no more positions than the stride, there are no more phases.
        (Geometry((20,), (300,), (1,), (300,), (280,), (1,), 1), True),
        # Two taps meet 8 numbers each, where 2 times 2 are read; 9 numbers.
        (Geometry((8,), (2,), (2,), (1,), (0,), (6,), 1), True),
        (Geometry((9,), (2,), (2,), (1,), (0,), (7,), 1), False),
        (Geometry((8, 30), (2, 3), (2, 28), (1, 1), (0, 0), (6, 1), 1), False),
        (Geometry((7, 30), (2, 3), (2, 28), (1, 1), (0, 0), (5, 1), 1), True),
        (Geometry((32, 32), (4, 4), (16, 16), (2, 2), (1, 1), (1, 1), 1), True),
    ],
)
def test_phases_pay_up_to_a_limit_of_their_number_and_of_zeros(geometry, pays):
    assert worthwhile(geometry) == pays
