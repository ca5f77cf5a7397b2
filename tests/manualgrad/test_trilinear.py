"""The three kernels are the derivatives of one form: checked with whole numbers, bit for bit."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from manualgrad.geometry import convolution_geometry
from manualgrad.trilinear import dgrad, dgrad_wgrad, fprop, fprop_wgrad, wgrad

pytestmark = pytest.mark.usefixtures("cut")

CASES = [
    # axes, size, kernel, stride, padding, dilation, groups
    (1, (7,), (3,), 2, 1, 1, 1),
    (1, (4,), (2,), 3, 5, 2, 2),
    (2, (5, 4), (3, 2), (2, 1), (1, 0), 1, 1),
    (2, (6, 3), (2, 3), (1, 3), (0, 4), (3, 1), 2),
    (2, (5, 6), (1, 1), (2, 3), 0, 1, 3),
    (2, (7, 6), (3, 4), 1, (1, 2), (2, 1), 2),
    (3, (3, 4, 2), (2, 1, 2), (1, 2, 1), (1, 0, 1), (1, 2, 1), 2),
    (2, (6, 4), (2, 3), (2, 1), 0, 1, 1),
]


DEPTHWISE = [
    (1, (9,), (3,), 1, 1, 2, 3),
    (2, (5, 7), (3, 2), 1, (1, 2), (1, 2), 4),
    (3, (3, 4, 2), (2, 1, 2), 1, (1, 0, 1), (1, 2, 1), 2),
    (2, (4, 5), (3, 2), 2, 1, 1, 2),
]


def build(axes, size, kernel, stride, padding, dilation, groups, seed=0, each=(2, 3)):
    """Return x, w, a cotangent g and the geometry: Ci != Co, seeded whole numbers."""
    rng = np.random.default_rng(seed)
    channels, results = each
    x = rng.integers(-9, 10, (2, channels * groups, *size)).astype(float)
    w = rng.integers(-9, 10, (results * groups, channels, *kernel)).astype(float)
    geometry = convolution_geometry(
        x, w, None, axes=axes, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    g = rng.integers(-9, 10, (2, results * groups, *geometry.out)).astype(float)
    return x, w, g, geometry


def form(x, w, g, geometry):
    """Sum the trilinear form by its definition: yields every index triple with its place."""
    channels = w.shape[1]
    for n, o, c in product(range(len(x)), range(len(w)), range(channels)):
        channel = o // (len(w) // geometry.groups) * channels + c
        for p, k in product(np.ndindex(*geometry.out), np.ndindex(*geometry.kernel)):
            q = tuple(
                s * a + d * b - pad
                for s, a, d, b, pad in zip(
                    geometry.stride, p, geometry.dilation, k, geometry.padding, strict=True
                )
            )
            if all(0 <= i < size for i, size in zip(q, geometry.size, strict=True)):
                yield (n, channel, *q), (o, c, *k), (n, o, *p)


@pytest.mark.parametrize("case", [*CASES, *DEPTHWISE])
def test_each_kernel_is_its_derivative(case):
    x, w, g, geometry = build(*case, each=(1, 1) if case in DEPTHWISE else (2, 3))
    y, grad_x, grad_w = np.zeros_like(g), np.zeros_like(x), np.zeros_like(w)
    for of_x, of_w, of_g in form(x, w, g, geometry):
        y[of_g] += x[of_x] * w[of_w]
        grad_x[of_x] += g[of_g] * w[of_w]
        grad_w[of_w] += g[of_g] * x[of_x]
    assert (fprop(x, w, geometry) == y).all()
    assert (dgrad(g, w, geometry) == grad_x).all()
    assert (wgrad(x, g, geometry) == grad_w).all()


@pytest.mark.parametrize("case", CASES)
def test_all_three_give_the_same_number(case):
    x, w, g, geometry = build(*case, seed=1)
    value = (fprop(x, w, geometry) * g).sum()
    assert value == (dgrad(g, w, geometry) * x).sum() == (wgrad(x, g, geometry) * w).sum()
    assert value != 0


@pytest.mark.parametrize("case", [*CASES, *DEPTHWISE])
def test_two_at_once_are_the_same_two(case):
    x, w, g, geometry = build(*case, seed=4, each=(1, 1) if case in DEPTHWISE else (3, 2))
    apart = fprop(x, w, geometry), dgrad(g, w, geometry), wgrad(x, g, geometry)
    y, grad_w = fprop_wgrad(x, w, g, geometry)
    assert np.array_equal(y, apart[0])
    assert np.array_equal(grad_w, apart[2])
    grad_x, grad_w = dgrad_wgrad(x, w, g, geometry)
    assert np.array_equal(grad_x, apart[1])
    assert np.array_equal(grad_w, apart[2])


@pytest.mark.parametrize("case", [*CASES, *DEPTHWISE])
@pytest.mark.parametrize("place", [0, -1])
def test_an_infinity_stays_in_the_sums_to_which_it_belongs(case, place):
    x, w, g, geometry = build(*case, seed=5, each=(1, 1) if case in DEPTHWISE else (3, 2))
    x[:, 0][(0, *[place] * len(geometry.size))] = np.inf
    y_reached, w_reached = np.zeros(g.shape, bool), np.zeros(w.shape, bool)
    for of_x, of_w, of_g in form(x, w, g, geometry):
        y_reached[of_g] |= np.isinf(x[of_x])
        w_reached[of_w] |= np.isinf(x[of_x])
    with np.errstate(invalid="ignore"):
        y, grad_w = fprop_wgrad(x, w, g, geometry)
        grad_x, same_w = dgrad_wgrad(x, w, g, geometry)
    assert np.isfinite(y[~y_reached]).all()
    assert not np.isfinite(y[y_reached]).any()
    for each in (grad_w, same_w):
        assert np.isfinite(each[~w_reached]).all()
        assert not np.isfinite(each[w_reached]).any()
    assert np.isfinite(grad_x).all()


@pytest.mark.parametrize("case", [*CASES, *DEPTHWISE])
def test_exact_numbers_go_through_the_same_code(case):
    x, w, g, geometry = build(*case, seed=2, each=(1, 1) if case in DEPTHWISE else (2, 3))
    third = [np.vectorize(lambda v: Fraction(int(v), 3), otypes=[object])(a) for a in (x, w, g)]
    for kernel, left, right in ((fprop, 0, 1), (dgrad, 2, 1), (wgrad, 0, 2)):
        exact = kernel(third[left], third[right], geometry)
        floats = kernel((x, w, g)[left], (x, w, g)[right], geometry)
        assert exact.dtype == object
        assert (exact * 9 == floats.astype(int)).all()
        whole = [a.astype(int).astype(object) for a in (x, w, g)]
        ints = kernel(whole[left], whole[right], geometry)
        assert all(type(number) is int for number in ints.ravel())
        assert (ints == floats.astype(int)).all()


@pytest.mark.parametrize("case", [CASES[3], DEPTHWISE[1]])
def test_any_layout_of_memory_will_do(case):
    x, w, g, geometry = build(*case, each=(1, 1) if case in DEPTHWISE else (2, 3))
    for kernel, left, right in ((fprop, x, w), (dgrad, g, w), (wgrad, x, g)):
        expected = kernel(left, right, geometry)
        for odd in (np.asfortranarray, lambda a: a[..., ::-1].copy()[..., ::-1]):
            assert (kernel(odd(left), odd(right), geometry) == expected).all()


@pytest.mark.parametrize("case", [CASES[3], CASES[6], DEPTHWISE[1]])
def test_results_stand_alone_and_operands_stay(case):
    x, w, g, geometry = build(*case, each=(1, 1) if case in DEPTHWISE else (2, 3))
    for kernel, left, right in ((fprop, x, w), (dgrad, g, w), (wgrad, x, g)):
        before = left.copy(), right.copy()
        first = kernel(left, right, geometry)
        kept = first.copy()
        second = kernel(2 * left, right, geometry)
        assert (first == kept).all()
        assert (second == 2 * kept).all()
        assert (left == before[0]).all()
        assert (right == before[1]).all()
        assert first.flags.c_contiguous
        assert not any(np.shares_memory(first, other) for other in (left, right, second))


def test_infinity_and_nan_touch_only_what_depends_on_them():
    x, w, _, geometry = build(2, (4, 5), (2, 3), 1, 1, 1, 1)
    x[0, 1, 2, 3], x[1, 0, 0, 0] = np.inf, np.nan
    w[:] = np.abs(w) + 1
    y = fprop(x, w, geometry)
    reached = np.zeros(y.shape[2:], dtype=bool)
    reached[2:4, 2:5] = True
    assert (np.isinf(y[0]) == reached).all()
    reached = np.zeros(y.shape[2:], dtype=bool)
    reached[:2, :2] = True
    assert (np.isnan(y[1]) == reached).all()
