"""What a convolution needs beside its operands and results is bounded, whatever the shape."""

import tracemalloc
from collections import Counter
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import pytest

import manualgrad as mg
from manualgrad import lookup, plan, scratch, threads
from manualgrad import phases as sharing
from manualgrad.blocks import CACHE, MOST, SLIDE
from manualgrad.geometry import Geometry
from manualgrad.layout import Operands, positions_read
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


def steps_of_a_signal(size):
    geometry = Geometry((size,), (3,), (size,), (1,), (1,), (1,), 1)
    (tile,) = plan.plan.__wrapped__(whole(geometry), Operands(1, 4, 4, 8)).tiles
    return tile.steps


def test_long_plans_are_not_kept():
    assert isinstance(steps_of_a_signal(1000), tuple)
    many = steps_of_a_signal(10**7)
    assert not isinstance(many, tuple)
    assert len(list(many)) == len(list(many)) > plan._FEW_STEPS


def test_of_a_long_plan_no_more_steps_are_made_than_tell_that_it_is_long(monkeypatch):
    made, step = [], plan._step
    monkeypatch.setattr(plan, "_step", lambda *each: made.append(each) or step(*each))
    many = steps_of_a_signal(10**7)
    assert len(made) == plan._FEW_STEPS + 1
    every = len(list(many))
    for few, kept in ((every, True), (every - 1, False)):
        monkeypatch.setattr(plan, "_FEW_STEPS", few)
        assert isinstance(steps_of_a_signal(10**7), tuple) == kept


def test_a_block_without_padding_is_not_copied_among_zeros(monkeypatch):
    for padding, size in ((0, (8, 9)), (1, (6, 7))):
        window = whole(convolution(size, (3, 3), padding=padding))
        ((step,),) = (
            each.steps for each in planned(monkeypatch, window, Operands(2, 4, 4, 8), 1).tiles
        )
        assert step.positions == (6, 2, 7)
        assert (step.place is None) == (not padding)


def convolution(size, kernel, *, stride=1, padding=0, dilation=1, groups=1):
    """Return a geometry with the same options along every axis."""
    each = [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for n, k in zip(size, kernel, strict=True)
    ]
    s, p, d = ((value,) * len(size) for value in (stride, padding, dilation))
    return Geometry(size, kernel, tuple(each), s, p, d, groups)


def sole(geometry):
    """Return the window of all phases."""
    (window,) = phases(geometry).windows
    return window


class Seen(NamedTuple):
    """What a plan decides: `tile`, `block` and `positions` are those of the first of them."""

    threads: int
    small: bool
    adds: bool
    tiles: int
    tile: tuple  # groups, results, channels
    steps: int
    block: tuple  # samples, groups, channels, *size
    positions: tuple  # first, samples, *others


def seen(of):
    tile = of.tiles[0]
    steps = list(tile.steps)
    of_plan = (of.threads, of.small, of.adds, len(of.tiles))
    return Seen(*of_plan, weights(tile), len(steps), steps[0].size, steps[0].positions)


def weights(tile):
    """Return the groups, results and channels of a tile."""
    return tuple(each.stop - each.start for each in tile.shares[0].of_w[:3])


def planned(monkeypatch, window, operands, cores):
    """Return a plan for so many cores that nothing else gets to see."""
    for module in (threads, plan):
        monkeypatch.setattr(module, "cores", lambda: cores)
    return plan.plan.__wrapped__(window, operands)


PLANS = {
    # window, operands, the plan for one core, the plan for two
    "article": (
        whole(convolution((4, 4), (2, 2))), Operands(1, 1, 1, 8, 512),
        Seen(1, False, False, 1, (1, 1, 1), 1, (1, 1, 1, 4, 4), (3, 1, 3)),
        Seen(1, True, False, 1, (1, 1, 1), 1, (1, 1, 1, 4, 4), (3, 1, 3)),
    ),
    "ResNet": (
        whole(convolution((14, 14), (3, 3), padding=1)), Operands(4, 256, 256, 4, 512),
        Seen(1, False, False, 1, (1, 256, 256), 1, (4, 1, 256, 16, 16), (14, 4, 14)),
        Seen(1, False, False, 1, (1, 256, 256), 1, (4, 1, 256, 16, 16), (14, 4, 14)),
    ),
    "DCGAN": (
        sole(convolution((32, 32), (4, 4), stride=2, padding=1)), Operands(16, 64, 128, 4, 512),
        Seen(1, False, False, 1, (1, 64, 128), 1, (16, 1, 128, 18, 18), (16, 16, 16)),
        Seen(2, True, False, 1, (1, 64, 128), 8, (2, 1, 128, 18, 18), (16, 2, 16)),
    ),
    "groups": (
        whole(convolution((28, 28), (3, 3), padding=1, groups=4)), Operands(4, 32, 32, 4, 512),
        Seen(1, False, False, 1, (4, 32, 32), 1, (4, 4, 32, 30, 30), (28, 4, 28)),
        Seen(2, True, False, 1, (4, 32, 32), 4, (1, 4, 32, 30, 30), (28, 1, 28)),
    ),
    "depthwise": (
        whole(convolution((56, 56), (3, 3), padding=1, groups=64)), Operands(8, 1, 1, 4, 512),
        Seen(1, False, False, 2, (38, 1, 1), 8, (1, 38, 1, 58, 58), (56, 1, 56)),
        Seen(1, True, False, 2, (38, 1, 1), 8, (1, 38, 1, 58, 58), (56, 1, 56)),
    ),
    "depthwise volumes": (
        whole(convolution((20, 30, 40), (3, 3, 3), padding=1, groups=300)),
        Operands(2, 1, 1, 8, 512),
        Seen(1, False, False, 150, (2, 1, 1), 4, (1, 2, 1, 12, 32, 42), (10, 1, 30, 40)),
        Seen(1, True, False, 150, (2, 1, 1), 4, (1, 2, 1, 12, 32, 42), (10, 1, 30, 40)),
    ),
    "audio": (
        whole(convolution((4000,), (16,), stride=8)), Operands(4, 64, 32, 4, 512),
        Seen(1, False, False, 1, (1, 64, 32), 4, (1, 1, 32, 4000), (499, 1)),
        Seen(2, True, False, 1, (1, 64, 32), 4, (1, 1, 32, 4000), (499, 1)),
    ),
    "volumes": (
        whole(convolution((60, 70, 80), (3, 3, 3), padding=1)), Operands(1, 8, 8, 4, 512),
        Seen(1, False, False, 1, (1, 8, 8), 30, (1, 1, 8, 4, 72, 82), (2, 1, 70, 80)),
        Seen(2, True, False, 1, (1, 8, 8), 120, (1, 1, 8, 3, 45, 82), (1, 1, 43, 80)),
    ),
    "wide images": (
        whole(convolution((512, 512), (3, 3), padding=1)), Operands(4, 8, 64, 4, 512),
        Seen(1, False, False, 1, (1, 8, 64), 208, (1, 1, 64, 12, 514), (10, 1, 512)),
        Seen(2, True, False, 1, (1, 8, 64), 412, (1, 1, 64, 7, 514), (5, 1, 512)),
    ),
    "many small images": (
        sole(convolution((16, 16), (2, 2), stride=2)), Operands(300, 16, 24, 4, 512),
        Seen(1, False, False, 1, (1, 16, 24), 1, (300, 1, 24, 8, 8), (8, 300, 8)),
        Seen(2, True, False, 1, (1, 16, 24), 4, (86, 1, 24, 8, 8), (8, 86, 8)),
    ),
    "large results": (
        sole(convolution((512, 512), (2, 2), stride=2, groups=2)), Operands(2, 64, 8, 8, 512),
        Seen(1, False, False, 1, (2, 64, 8), 64, (1, 2, 8, 8, 256), (8, 1, 256)),
        Seen(2, True, False, 1, (2, 64, 8), 128, (1, 2, 8, 4, 256), (4, 1, 256)),
    ),
    "one tap": (
        whole(convolution((256, 128), (1, 1))), Operands(3, 256, 64, 4, 512),
        Seen(1, False, False, 1, (1, 256, 64), 12, (1, 1, 64, 64, 128), (64, 1, 128)),
        Seen(1, False, False, 1, (1, 256, 64), 12, (1, 1, 64, 64, 128), (64, 1, 128)),
    ),
    "scattered": (
        whole(convolution((400, 300), (2, 3), stride=17)), Operands(3, 40, 50, 8, scatters=True),
        Seen(1, False, False, 1, (1, 40, 50), 18, (1, 1, 50, 53, 292), (4, 1, 18)),
        Seen(1, True, False, 1, (1, 40, 50), 18, (1, 1, 50, 53, 292), (4, 1, 18)),
    ),
    "a long stride": (
        whole(convolution((2000, 2100), (4, 5), stride=40, padding=5, groups=2)),
        Operands(2, 4, 3, 4),
        Seen(1, False, False, 1, (2, 4, 3), 34, (1, 2, 3, 84, 2085), (3, 1, 53)),
        Seen(1, True, False, 1, (2, 4, 3), 34, (1, 2, 3, 84, 2085), (3, 1, 53)),
    ),
    "a large kernel": (
        whole(convolution((160, 170), (90, 80))), Operands(1, 3, 2, 8, 512),
        Seen(1, False, True, 2, (1, 3, 1), 71, (1, 1, 1, 90, 170), (1, 1, 91)),
        Seen(2, True, True, 2, (1, 3, 1), 142, (1, 1, 1, 90, 151), (1, 1, 72)),
    ),
    "few positions": (
        whole(convolution((504, 800), (500, 800))), Operands(1, 1, 1, 8, 512),
        Seen(1, False, False, 1, (1, 1, 1), 3, (1, 1, 1, 501, 800), (2, 1, 1)),
        Seen(1, True, False, 1, (1, 1, 1), 5, (1, 1, 1, 500, 800), (1, 1, 1)),
    ),
    "taps apart": (
        whole(convolution((500, 510), (2, 2), stride=40, dilation=200)), Operands(1, 8, 60, 4, 512),
        Seen(1, False, True, 2, (1, 8, 51), 64, (1, 1, 51, 201, 201), (1, 1, 1)),
        Seen(1, True, True, 2, (1, 8, 51), 64, (1, 1, 51, 201, 201), (1, 1, 1)),
    ),
    "many weights": (
        whole(convolution((9, 10), (5, 5), padding=2)), Operands(1, 600, 700, 8, 512),
        Seen(1, False, False, 11, (1, 59, 700), 1, (1, 1, 700, 13, 14), (9, 1, 10)),
        Seen(1, False, False, 11, (1, 59, 700), 1, (1, 1, 700, 13, 14), (9, 1, 10)),
    ),
}  # fmt: skip
"""Chosen for speed: whatever a change makes of them is to be measured, and then written here."""


@pytest.mark.parametrize("name", PLANS)
def test_plans_change_on_purpose_or_not_at_all(monkeypatch, name):
    window, operands, *expected = PLANS[name]
    found = [planned(monkeypatch, window, operands, cores) for cores in (1, 2)]
    assert list(map(seen, found)) == expected


def sizes(window, operands, tile, step):
    """Return the numbers of what is read, of its columns, and of the results of all phases."""
    (groups, results, channels), of = weights(tile), tile.layout
    (first, samples, *others), parts = step.positions, [len(each.parts) for each in window.phases]
    columns = samples * positions_read(of, first) * prod(others)
    return (
        samples * groups * channels * prod(step.size[3:]),
        groups * channels * prod(of.kernel) * columns,
        groups * results * max(parts) * prod(step.positions),
    )


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("itemsize", [4, 8])
@pytest.mark.parametrize("cores", [1, 2, 6])
def test_nothing_in_a_plan_exceeds_its_limit_nor_is_needlessly_small(
    monkeypatch, name, itemsize, cores
):
    window, operands, *_ = PLANS[name]
    operands = operands._replace(itemsize=itemsize)
    found = planned(monkeypatch, window, operands, cores)
    limit = MOST // (itemsize * found.threads)
    for tile in found.tiles[:2]:
        assert tile.weights <= limit
        for number, step in enumerate(tile.steps):
            needed = sizes(window, operands, tile, step)
            assert max(needed) <= limit
            if not number:
                first, columns = needed, needed[1]
        # What is cut for its size is cut along whole rows of positions, into equal parts: a block
        # four times as large is more than is allowed, or than a cache holds.
        cut = number >= found.threads and prod(step.positions[2:]) < prod(window.geometry.out[1:])
        held = CACHE if found.small else MOST
        if tile.layout.depthwise:
            held = SLIDE * prod(tile.layout.kernel)
        assert not cut or 4 * max(first) > limit or 4 * columns * itemsize > held
