"""A product cut into small ones is the same product."""

import numpy as np
import pytest

from manualgrad import products
from manualgrad.products import multiply


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
