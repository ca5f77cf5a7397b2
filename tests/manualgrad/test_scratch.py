"""Scratch memory is used again by the same thread, for the same purpose alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import manualgrad as mg
from manualgrad.scratch import SMALL, scratch

DOUBLE = np.dtype(float)


def test_same_purpose_gets_the_same_memory():
    first, second = (scratch("a test", (SMALL + 1,), DOUBLE) for _ in range(2))
    assert np.shares_memory(first, second)
    smaller = scratch("a test", (2, SMALL), np.dtype(np.float32))
    assert np.shares_memory(first, smaller)
    assert (smaller.shape, smaller.dtype) == ((2, SMALL), np.float32)
    larger = scratch("a test", (3, SMALL), DOUBLE)
    assert not np.shares_memory(first, larger)


def test_no_more_memory_is_kept_than_was_asked_for():
    found = scratch("a test of bytes", (3, SMALL), DOUBLE)
    assert found.base.nbytes == found.nbytes == 3 * SMALL * 8


def test_other_purposes_threads_and_small_arrays_get_their_own():
    first = scratch("a test", (SMALL + 1,), DOUBLE)
    assert not np.shares_memory(first, scratch("another", (SMALL + 1,), DOUBLE))
    with ThreadPoolExecutor(1) as other:
        elsewhere = other.submit(scratch, "a test", (SMALL + 1,), DOUBLE).result()
    assert not np.shares_memory(first, elsewhere)
    assert not np.shares_memory(*(scratch("a test", (SMALL,), DOUBLE) for _ in range(2)))


def test_objects_are_never_laid_over_old_bytes():
    fresh = scratch("a test", (SMALL + 1,), np.dtype(object))
    assert fresh[0] is None
    assert not np.shares_memory(fresh, scratch("a test", (SMALL + 1,), np.dtype(object)))


def test_threads_do_not_disturb_each_other():
    rng = np.random.default_rng(5)
    x, w = (rng.integers(-4, 5, s).astype(float) for s in ((4, 6, 40, 50), (8, 6, 3, 3)))
    expected = [mg.conv2d(k * x, w, padding=1) for k in range(8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda k: mg.conv2d(k % 8 * x, w, padding=1), range(64)))
    assert all((y == expected[k % 8]).all() for k, y in enumerate(found))
