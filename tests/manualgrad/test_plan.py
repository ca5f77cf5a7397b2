"""What a convolution needs beside its operands and results is bounded, whatever the shape."""

import tracemalloc
from collections import Counter
from itertools import product

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import lookup, plan, scratch, threads
from manualgrad import phases as sharing
from manualgrad.geometry import Geometry
from manualgrad.layout import Operands
from manualgrad.phases import phases, whole
from manualgrad.trilinear import dgrad

LIMIT = 64 * 2**20

SHAPES = {
    # x, w, options
    "wide images": ((4, 64, 512, 512), (8, 64, 3, 3), {"padding": 1}),
    "many small images": ((3000, 16, 12, 12), (24, 16, 3, 3), {}),
    "from one channel to many": ((1, 1, 40, 50), (4096, 1, 3, 3), {"padding": 1}),
    "from many channels to one": ((1, 4096, 40, 50), (1, 4096, 3, 3), {"padding": 1}),
    "many weights": ((1, 700, 9, 10), (600, 700, 5, 5), {"padding": 2}),
    "a large kernel": ((1, 2, 160, 170), (3, 2, 90, 80), {}),
    "a kernel as large as its input": ((1, 1, 1200, 1300), (1, 1, 1200, 1300), {}),
    "taps far apart": ((1, 2, 2500, 2600), (3, 2, 2, 2), {"dilation": 2000, "padding": 3}),
    "padding far beyond": ((1, 1, 3, 4), (2, 1, 2, 2), {"dilation": 4000, "padding": 3999}),
    "a long signal": ((2, 3, 400_000), (4, 3, 400), {"stride": 7}),
    "a long stride": ((2, 3, 2000, 2100), (4, 3, 40, 50), {"stride": 40, "padding": 5}),
    "as many phases as taps": ((1, 1, 1500, 1500), (1, 1, 1500, 1500), {"stride": 1500}),
    "depthwise": ((2, 64, 300, 310), (64, 1, 3, 3), {"groups": 64, "padding": 1}),
    "many groups": ((2, 512, 60, 70), (1024, 2, 3, 3), {"groups": 256}),
    "volumes": ((1, 8, 60, 70, 80), (8, 8, 3, 3, 3), {"padding": 1}),
}


@pytest.fixture
def fresh(monkeypatch):
    """Begin without scratch memory, so that it counts; forget plans for other cores."""
    monkeypatch.setattr(scratch, "_buffers", scratch._Buffers())
    yield
    plan.plan.cache_clear()


def extra(call):
    """Return the result of a call, and the most bytes in use at a time beyond the results."""
    tracemalloc.start()
    try:
        result = call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    results = (result,) if isinstance(result, np.ndarray) else result
    return result, peak - sum(a.nbytes for a in results if a is not None)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("name", "cores"),
    [*((name, 6) for name in SHAPES), *((name, 1) for name in ("many weights", "volumes"))],
)
def test_workspace_is_bounded(monkeypatch, name, cores):
    for module in (threads, plan):
        monkeypatch.setattr(module, "cores", lambda: cores)
    plan.plan.cache_clear()
    x_shape, w_shape, options = SHAPES[name]
    axes = len(x_shape) - 2
    rng = np.random.default_rng(4)
    x = rng.integers(-3, 4, x_shape).astype(np.float32)
    w = rng.integers(-3, 4, w_shape).astype(np.float32)
    y, forward = extra(lambda: getattr(mg, f"conv{axes}d")(x, w, **options))
    g = rng.integers(-3, 4, y.shape).astype(np.float32)
    found, backward = extra(lambda: getattr(mg, f"conv{axes}d_backward")(g, x, w, **options))
    assert max(forward, backward) <= LIMIT, (forward, backward)
    # The three are one number: whatever was cut, nothing is lost.
    value = np.vdot(y.astype(float), g)
    assert value == np.vdot(found.grad_x.astype(float), x)
    assert value == np.vdot(found.grad_w.astype(float), w)


def test_a_naive_matrix_of_columns_would_not_pass():
    x = np.ones((2, 8, 512, 512), np.float32)
    _, found = extra(lambda: np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3)).copy())
    windows = x.size * 9 * 4
    assert found < LIMIT < windows


@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_threads_are_counted_by_the_products_that_are_summed(stride):
    geometry = Geometry((6, 7), (2, 3), (3, 2), stride, (0, 0), (1, 1), 5)
    operands = Operands(2, 7, 11, 8)
    assert plan._multiplications(whole(geometry), operands) == 2 * 7 * 11 * 5 * (3 * 2) * (2 * 3)


def test_products_of_phases_are_counted_for_each_of_them():
    # Of 8 numbers, 4 are reached by taps 0 and 2, and 4 by tap 1.
    geometry = Geometry((8,), (3,), (3,), (2,), (0,), (1,), 1)
    counts = [plan._multiplications(window, Operands(1, 1, 1, 8)) for window in
              phases(geometry).windows]  # fmt: skip
    assert sum(counts) == 4 * 2 + 4 * 1


@pytest.mark.parametrize(
    ("most", "first"),
    [
        (0, (1, 1)), (1, (1, 1)), (2, (1, 1)), (3, (1, 2)), (12, (1, 6)), (13, (1, 7)),
        (51, (1, 7)), (52, (2, 7)), (129, (3, 7)), (130, (4, 7)), (1000, (4, 7)),
    ],
)  # fmt: skip
def test_a_kernel_is_cut_so_that_a_position_reads_no_more(most, first):
    whole_one = Geometry((50, 60), (4, 7), (5, 6), (2, 3), (9, 8), (3, 2), 5)
    found = list(plan._cuts(whole_one, most))
    assert found[0][1].kernel == first
    taps = Counter(tap for box, _ in found for tap in product(*(range(*each) for each in box)))
    assert taps == Counter(product(range(4), range(7)))
    for ((a, b), (c, d)), of in found:
        assert of.kernel == (b - a, d - c)
        assert of.padding == (9 - 3 * a, 8 - 2 * c)
        assert (3 * (b - a - 1) + 1) * (2 * (d - c - 1) + 1) <= max(1, most)
        for same in ("size", "out", "stride", "dilation", "groups"):
            assert getattr(of, same) == getattr(whole_one, same)


def test_one_number_is_one_tap():
    close = Geometry((9, 9), (2, 3), (8, 7), (1, 1), (0, 0), (1, 1), 1)
    assert [of.kernel for _, of in plan._cuts(close, 1)] == [(1, 1)] * 6


def test_a_cut_that_no_phase_reads_is_passed_over(monkeypatch):
    """Of nine phases, the last four share a window in whose corner none of them reads."""
    rng = np.random.default_rng(6)
    g, w = (rng.integers(-5, 6, size).astype(float) for size in ((2, 3, 3, 4), (3, 2, 3, 3)))
    x = np.zeros((2, 2, 7, 10))
    options = {"stride": 3, "padding": 1}
    expected = mg.conv2d_backward(g, x, w, **options).grad_x
    for module, limit, few in ((lookup, "_NUMBERS", -1), (sharing, "_TOGETHER", 5),
                               (plan, "MOST", 32)):  # fmt: skip
        monkeypatch.setattr(module, limit, few)
    geometry = Geometry((7, 10), (3, 3), (3, 4), (3, 3), (1, 1), (1, 1), 1)
    assert np.array_equal(dgrad(g, w, geometry), expected)


@pytest.mark.parametrize(
    ("cores", "operands", "threads_used", "small"),
    [
        (4, Operands(64, 4, 4, 8), 4, True),
        (2, Operands(64, 4, 4, 8), 2, True),
        (4, Operands(64, 2, 2, 8), 4, True),
        (4, Operands(128, 2, 1, 8), 4, True),
        (4, Operands(64, 191, 2, 8), 4, True),
        (4, Operands(1, 1, 2, 8), 1, True),  # little work
        (4, Operands(64, 192, 2, 8), 1, False),  # BLAS divides it better
        (1, Operands(64, 4, 4, 8), 1, False),
        (4, Operands(256, 1, 1, 8), 1, True),  # sums that wait for memory
        (4, Operands(64, 4, 4, 8, scatters=True), 1, True),
    ],
)
def test_who_shares_the_work(monkeypatch, cores, operands, threads_used, small):
    for module in (threads, plan):
        monkeypatch.setattr(module, "cores", lambda: cores)
    geometry = Geometry((65, 66), (2, 3), (64, 64), (1, 1), (0, 0), (1, 1), 9)
    found = plan.plan(whole(geometry), operands)
    assert (found.threads, found.small) == (threads_used, small)


def test_long_plans_are_not_kept():
    def steps(size):
        geometry = Geometry((size,), (3,), (size,), (1,), (1,), (1,), 1)
        (tile,) = plan.plan(whole(geometry), Operands(1, 4, 4, 8)).tiles
        return tile.steps

    assert isinstance(steps(1000), tuple)
    many = steps(10**7)
    assert not isinstance(many, tuple)
    assert len(list(many)) == len(list(many)) > plan._FEW_STEPS
