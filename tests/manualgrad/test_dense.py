import re
from fractions import Fraction

import numpy as np
import pytest

from manualgrad import dense, dense_backward

X, W, B = (
    np.array([[1.0, 2, 3], [4, 5, 6]]),
    np.array([[1.0, -1], [2, 0], [0, 5]]),
    np.array([10.0, 20]),
)
G = np.array([[1.0, 10], [100, -1]])


def test_by_hand():
    assert dense(X, W).tolist() == [[5, 14], [14, 26]]
    assert dense(X, W, B).tolist() == [[15, 34], [24, 46]]
    found = dense_backward(G, X, W)
    assert found.grad_x.tolist() == [[-9, 2, 50], [101, 200, -5]]
    assert found.grad_w.tolist() == [[401, 6], [502, 15], [603, 24]]
    assert found.grad_b.tolist() == [101, 9]


def test_fractions_and_ints_are_exact():
    whole = [a.astype(int).astype(object) for a in (X, W, B, G)]
    third = [np.vectorize(lambda v: Fraction(v, 3), otypes=[object])(a) for a in whole]
    assert (dense(*whole[:3]) == dense(X, W, B).astype(int)).all()
    assert (dense(*third[:2]) * 9 == dense(X, W).astype(int)).all()
    found, exact = dense_backward(G, X, W), dense_backward(third[3], *third[:2])
    assert (exact.grad_x * 9 == found.grad_x.astype(int)).all()
    assert (exact.grad_w * 9 == found.grad_w.astype(int)).all()
    assert (exact.grad_b * 3 == found.grad_b.astype(int)).all()


def test_empty_batch():
    found = dense_backward(np.zeros((0, 2)), X[:0], W)
    assert dense(X[:0], W, B).shape == (0, 2)
    assert [a.shape for a in found] == [(0, 3), (3, 2), (2,)]


def test_results_are_new_arrays_of_the_same_dtype():
    one = np.eye(2, dtype=np.float32)
    for result in (dense(one, one), *dense_backward(one, one, one)):
        assert result.dtype == np.float32
        assert not np.shares_memory(result, one)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: dense(X[0], W), ValueError, "`x` (shape=(3,)) must have 2 axes"),
        (lambda: dense(X, W[0]), ValueError, "`w` (shape=(2,)) must have 2 axes"),
        (lambda: dense(X, W.T), ValueError,
         "`x` (shape=(2, 3)) has 3 features, `w` (shape=(2, 3)) takes 2"),
        (lambda: dense(X, W, B[:1]), ValueError, "`b` (shape=(1,)) must have shape (2,)"),
        (lambda: dense(X, W.astype("f4")), TypeError,
         "`x` (dtype=float64), `w` (dtype=float32) must have the same dtype"),
        (lambda: dense(X, W, B.astype("f4")), TypeError, "`x` (dtype=float64), "
         "`w` (dtype=float64), `b` (dtype=float32) must have the same dtype"),
        (lambda: dense_backward(G, X.astype("f4"), W), TypeError, "`grad_y` (dtype=float64), "
         "`x` (dtype=float32), `w` (dtype=float64) must have the same dtype"),
        (lambda: dense_backward(G, X, W.astype("f4")), TypeError, "`grad_y` (dtype=float64), "
         "`x` (dtype=float64), `w` (dtype=float32) must have the same dtype"),
        (lambda: dense(X.astype(int), W.astype(int)), TypeError, "`x` (dtype=int64) must be"),
        (lambda: dense_backward(G.T[:1], X, W), ValueError,
         "`grad_y` (shape=(1, 2)) must have the result's shape (2, 2)"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
