"""A product cut into small ones is the same product."""

import numpy as np
import pytest

from manualgrad import layout, plan, products
from manualgrad.geometry import Geometry
from manualgrad.matrices import block, columns
from manualgrad.phases import WHOLE, whole
from manualgrad.products import Pair, multiply, summers, writers


@pytest.mark.parametrize("shape", [(1, 7, 5, 11), (3, 4, 6, 8), (2, 1, 9, 3), (1, 130, 30, 200)])
@pytest.mark.parametrize("alone", [1, 40, 2**15])
def test_small_products_make_the_whole(monkeypatch, shape, alone):
    monkeypatch.setattr(products, "ALONE", alone)
    groups, rows, terms, columns = shape
    rng = np.random.default_rng(1)
    left = rng.integers(-5, 6, (groups, rows, terms)).astype(float)
    right = rng.integers(-5, 6, (groups, terms, columns)).astype(float)
    out = np.full((groups, rows, columns), np.nan)
    multiply(left, right, out, small=True)
    assert np.array_equal(out, left @ right)


def test_no_small_product_is_one_that_blas_divides(monkeypatch):
    seen = []

    def matmul(left, right, out):
        seen.append(left.shape[-2] * left.shape[-1] * right.shape[-1])
        np.copyto(out, left @ right)

    monkeypatch.setattr(products.np, "matmul", matmul)
    left, right = np.ones((1, 100, 96)), np.ones((1, 96, 3000))
    multiply(left, right, np.empty((1, 100, 3000)), small=True)
    assert max(seen) <= products.ALONE
    assert sum(seen) < 100 * 96 * 3000
    seen.clear()
    multiply(left, right, np.empty((1, 100, 3000)), small=False)
    assert seen == [100 * 96 * 3000]


@pytest.mark.parametrize("terms", [1, 40, 128, 5000, 2**14, 2**15, 2**18, 2**19, 2**22])
@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65, 200])
def test_small_products_are_as_large_as_they_may_be(rows, terms):
    height, width = products._small(rows, terms)
    small = height * terms * width <= products.ALONE
    assert small or height == width == 1
    assert 1 <= height <= min(rows, products._ROWS)
    assert width < products._COLUMNS or width % products._COLUMNS == 0
    if terms <= 2**13:
        assert height * terms * 2 * (width + products._COLUMNS) > products.ALONE


@pytest.mark.parametrize(("channels", "results"), [(1, 1), (2, 3)])
@pytest.mark.parametrize("turns", [(0, 1), (0, 0), (1, 1), (1, 2, 0)])
def test_what_several_sum_is_the_sum_of_all(monkeypatch, channels, results, turns):
    """Whoever takes which step: of three, some may have none."""
    monkeypatch.setattr(layout, "_FEW_POSITIONS", -1)
    for limit, few in {"CACHE": 1024, "MOST": 1024, "SLIDE": 512, "_STEP": 1, "_LONG": 1}.items():
        monkeypatch.setattr(plan, limit, few)
    rng = np.random.default_rng(7)
    x = rng.integers(-5, 6, (3, 2, channels, 5, 6)).astype(float)
    g = rng.integers(-5, 6, (3, 2, results, 4, 4)).astype(float)
    w = np.zeros((2, results, channels, 2, 3))
    window = whole(Geometry((5, 6), (2, 3), (4, 4), (1, 1), (0, 0), (1, 1), 2))
    (tile,) = plan.plan(window, layout.Operands(3, results, channels, 8)).tiles
    assert tile.layout.depthwise == (channels == results == 1)
    rooms = np.full((3, tile.weights), np.nan)
    each = [summers(tile, window, Pair(w, g), room, small=False) for room in rooms]
    for number, step in enumerate(tile.steps):
        seen = block(x, step) if tile.layout.depthwise else columns(x, tile.layout, step)
        for sums in each[turns[number % len(turns)]]:
            sums.take(seen, step)
    assert number > 0
    for first, second, third in zip(*each, strict=True):
        first.join(second)
        first.join(third)
        first.finish()
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 3), (3, 4))
    assert np.array_equal(w, np.einsum("ngcpqkl,ngopq->gockl", windows, g))


def test_a_product_as_large_as_may_be_is_left_whole(monkeypatch):
    monkeypatch.setattr(products, "ALONE", 3 * 4 * 5)
    seen = recorded(monkeypatch)
    multiply(np.ones((2, 3, 4)), np.ones((2, 4, 5)), np.empty((2, 3, 5)), small=True)
    multiply(np.ones((2, 3, 4)), np.ones((2, 4, 6)), np.empty((2, 3, 6)), small=True)
    assert seen[0] == (3, 4, 5)
    assert max(map(np.prod, seen[1:])) <= 3 * 4 * 5


def recorded(monkeypatch):
    """Return the rows, terms and columns of products from now on."""
    seen, matmul = [], np.matmul

    def record(left, right, out):
        seen.append((*left.shape[-2:], right.shape[-1]))
        matmul(left, right, out=out)

    monkeypatch.setattr(products.np, "matmul", record)
    return seen


@pytest.mark.parametrize("small", [False, True])
def test_products_are_cut_if_they_are_to_be_small_and_only_then(monkeypatch, small):
    for limit, few in {"ALONE": 40, "_ROWS": 2, "_TERMS": 4, "_POSITIONS": 5}.items():
        monkeypatch.setattr(products, limit, few)
    window = whole(Geometry((6, 7), (2, 3), (5, 5), (1, 1), (0, 0), (1, 1), 1))
    (tile,) = plan.plan(window, layout.Operands(2, 5, 3, 8)).tiles
    (step,) = tile.steps
    x, w, y = np.ones((2, 1, 3, 6, 7)), np.ones((1, 5, 3, 2, 3)), np.ones((2, 1, 5, 5, 5))
    z, pair = columns(x, tile.layout, step), Pair(w, y)
    room = np.empty(tile.weights)
    for made, terms, most in (
        (writers(tile, window, pair, adds=False, small=small), 3 * 6, 4),
        (summers(tile, window, pair, room, small=small), 2 * 25, 5),
    ):
        seen = recorded(monkeypatch)
        (one,) = made
        one.take(z, step)
        if small:
            assert max(map(np.prod, seen)) <= 40
            assert max(of for _, of, _ in seen) <= most
        else:
            assert [of for _, of, _ in seen] == [terms]


@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("adds", [False, True])
def test_results_are_written_at_once_where_they_lie_as_a_matrix(monkeypatch, samples, adds):
    asked, take = [], products.scratch
    monkeypatch.setattr(products, "scratch", lambda *each: asked.append(each[0]) or take(*each))
    window = whole(Geometry((6, 7), (2, 3), (5, 5), (1, 1), (0, 0), (1, 1), 1))
    (tile,) = plan.plan(window, layout.Operands(samples, 5, 3, 8)).tiles
    (step,) = tile.steps
    x, w = np.ones((samples, 1, 3, 6, 7)), np.ones((1, 5, 3, 2, 3))
    y = np.zeros((samples, 1, 5, 5, 5))
    (one,) = writers(tile, window, Pair(w, y), adds=adds, small=False)
    one.take(columns(x, tile.layout, step), step)
    assert (y == 3 * 6).all()
    # Samples stand behind the first axis.
    assert ("total" in asked) == (adds or samples > 1)


def test_all_taps_and_positions_are_the_pair_itself():
    pair = Pair(np.ones((1, 2, 3, 4)), np.ones((1, 1, 2, 5)))
    assert pair.at(WHOLE) is pair
    assert pair.at(((..., slice(2)), (..., slice(3)))).y.shape == (1, 1, 2, 3)
