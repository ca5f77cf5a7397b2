"""Zero times NaN or an infinity: who multiplies is right, who leaves the product out is, no other.

The reference BLAS leaves out products with a zero, and `np.dot` does where an array has one
element; IEEE arithmetic makes NaN of them.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from flint import arb

from oracles.catalog import ops
from oracles.compare import compare, distances
from oracles.diagnosis.question import asked
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bilinear import Bilinear
from oracles.exact.bounded import Approximate, rationals
from oracles.exact.chain import Chain, flatten
from oracles.exact.contraction import contract
from oracles.exact.distance import error_to
from oracles.exact.terms import dense_terms
from oracles.exact.truth import truth
from oracles.hunting import hunt
from oracles.judging import judge_subject
from oracles.op import Case
from oracles.runner import Runner
from oracles.verdict import convicts

NAN, INF = np.nan, np.inf
DTYPES = ["float32", "float64"]
VALUES = [0.0, -0.0, 2.0, -3.0, NAN, INF, -INF]
OPTIONS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
DENSE = Bilinear(dense_terms, lambda y_axes, w_axes: 1)


def case_of(dtype, operands, cotangent, op="dense", **options):
    arrays = {name: np.array(a, dtype) for name, a in operands.items()}
    return Case(op, arrays, options, np.array(cotangent, dtype))


# --- what is true ---------------------------------------------------------------------------------


def sums(rows):
    """The truth of one sum of products for each row of pairs."""
    pairs = np.array(rows)
    index, target = np.arange(pairs[..., 0].size), np.repeat(np.arange(len(rows)), len(rows[0]))
    a, b = (rationals(pairs[..., side].ravel()) for side in (0, 1))
    return contract(target, (len(rows),), (a, index), (b, index), np.dtype("float64"))


def said(row):
    """All that can come out, whichever products with a zero are left out."""
    kept = [(False, True) if 0 in pair else (True,) for pair in row]
    with np.errstate(invalid="ignore"):
        sums = {sum(a * b for (a, b), k in zip(row, keep, strict=True) if k)
                for keep in product(*kept)}  # fmt: skip
    return {str(each + 0.0) for each in sums}


def test_all_that_leaving_out_can_make_is_right_and_nothing_else():
    pairs = list(product(VALUES, VALUES))
    triples = np.random.default_rng(3).integers(0, len(pairs), (4000, 3))
    rows = list(product(pairs, pairs))
    for every in (rows, [[pairs[i] for i in row] for row in triples]):
        found = sums(every)
        for row, number, open_ in zip(every, found.value, found.or_nan, strict=True):
            told = {str(float(number))} | ({"nan"} if open_ else set())
            assert told == said(row), row


def test_of_finite_numbers_there_is_one_sum():
    assert sums([[(0.0, 2.0), (1.0, 3.0)]]).or_nan is False


X, W = [[0, 2, 1], [1, 2, 1]], [[INF, 5], [3, 4], [1, 1]]
RIGHT = {
    # name and index: all that is right there, in a dense layer with this x, w and cotangent
    ("y", 0, 0): [7, NAN], ("y", 0, 1): [9], ("y", 1, 0): [INF], ("y", 1, 1): [14],
    ("grad_x", 0, 0): [5, NAN], ("grad_x", 0, 1): [4], ("grad_x", 1, 0): [INF],
    ("grad_x", 1, 1): [6], ("grad_w", 0, 0): [2], ("grad_w", 2, 1): [1], ("grad_b", 0): [2],
    ("grad_b", 1): [1],
}  # fmt: skip
G = [[0, 1], [2, 0]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_cell_s_leave_is_no_other_s(dtype):
    found = truth(ops.dense.definition, case_of(dtype, {"x": X, "w": W, "b": [0, 0]}, G), "xwb")
    for (name, *index), right in RIGHT.items():
        true, cell = found[name], tuple(index)
        for number in [*right, NAN, INF, -INF, 0, 1000]:
            value = np.full(true.shape, number, dtype)
            known = any(number == each or (np.isnan(number) and np.isnan(each)) for each in right)
            assert (error_to(true, value)[cell] <= true.error[cell]) == known, (name, cell, number)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_number_that_comes_with_nan_keeps_it(dtype):
    x = [[0.0, NAN], [0.0, 2.0]]
    found = truth(DENSE, case_of(dtype, {"x": x, "w": [[1], [1]]}, [[1], [0]]), "xw")
    assert [str(v) for v in found["y"].value.ravel()] == ["nan", "2"]
    assert not found["y"].or_nan.any()
    assert str(found["grad_w"].value[1, 0]) == "nan"  # NaN times 1, and 2 times 0
    swapped = truth(DENSE, case_of(dtype, {"x": x[::-1], "w": [[1], [1]]}, [[1], [0]]), "xw")
    assert swapped["grad_w"].value[1, 0] == 2  # NaN times 0 may be left out
    assert swapped["grad_w"].or_nan.tolist() == [[False], [True]]


def test_where_padding_may_meet_nan_the_bias_gradient_is_a_sum_all_the_same():
    operands = {"x": [[[1, NAN, 0]]], "w": [[[0, 1]]], "b": [0]}
    case = case_of("float64", operands, [[[1, 2, 3, 4]]], **{**OPTIONS, "padding": 1})
    found = truth(ops.conv1d.definition, case, "xwb")
    assert [str(v) for v in found["y"].value.ravel()] == ["1", "nan", "0", "0"]
    assert found["y"].or_nan is found["grad_x"].or_nan is found["grad_w"].or_nan is True
    assert not np.any(found["grad_b"].or_nan)
    assert error_to(found["grad_b"], np.array([NAN])) == INF
    assert error_to(found["y"], np.array([[[NAN, 0, NAN, NAN]]])).tolist() == [[[0, INF, 0, 0]]]


def test_shapes_and_parts_keep_their_cells():
    true = Approximate(np.ones(4), np.zeros(4), np.array([True, False, False, True]))
    assert true.reshape((2, 2)).or_nan.tolist() == [[True, False], [False, True]]
    given = {"x": np.array([[NAN]]), "w": np.array([[0.0, 1.0]]), "b": np.array([3.0, 4.0])}
    found = truth(DENSE, Case("dense", given, {}, np.array([[0.0, 1.0]])), "xwb")
    assert found["y"].or_nan.tolist() == [[True, False]]
    assert found["grad_w"].or_nan.tolist() == [[True, False]]
    assert np.shape(found["grad_b"].or_nan) == (2,)
    assert not found["grad_b"].or_nan.any()


def test_where_only_one_of_two_cells_may_be_nan_the_other_is_apart_from_it():
    true = {"y": Approximate(np.ones(2), np.zeros(2), np.array([True, False]))}
    nan, one = {"y": np.full(2, NAN)}, {"y": np.ones(2)}
    assert distances(nan, one, true, {})["y"].tolist() == [0, INF]
    (found,) = compare("subject", nan, true, np.dtype("float64"))
    assert found.wrong_cells == (1,)


# --- subjects -------------------------------------------------------------------------------------


def skipping(a, b, skips=lambda a: a == 0):
    """The product of matrices as the reference BLAS has it, by columns."""
    y = np.zeros((len(a), b.shape[1]), a.dtype)
    for i, k in np.argwhere(~skips(a)):
        y[i] += a[i, k] * b[k]
    return y


def dense_by(matmul):
    def forward(x, w, b=None):
        y = matmul(x, w)
        return y if b is None else y + b

    def backward(g, x, w):
        return matmul(g, w.T), matmul(x.T, g), g.sum(0)

    return forward, backward


def im2col_by(matmul):
    """A convolution of one group as a product of matrices."""

    def columns(x, w, stride, padding):
        (n, c), axes = x.shape[:2], (2, 3)
        wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        seen = np.lib.stride_tricks.sliding_window_view(wide, w.shape[2:], axes)
        seen = seen[:, :, ::stride, ::stride]
        shape = n, *seen.shape[2:4]
        return seen.transpose(0, 2, 3, 1, 4, 5).reshape(np.prod(shape), c * w[0, 0].size), shape

    def forward(x, w, b=None, stride=1, padding=0):
        seen, (n, *size) = columns(x, w, stride, padding)
        y = matmul(seen, w.reshape(len(w), -1).T).reshape(n, *size, len(w)).transpose(0, 3, 1, 2)
        return y.copy() if b is None else y + b[:, None, None]

    def backward(g, x, w, stride=1, padding=0):
        seen, (n, rows, across) = columns(x, w, stride, padding)
        flat = g.transpose(0, 2, 3, 1).reshape(-1, len(w))
        laid = matmul(flat, w.reshape(len(w), -1)).reshape(n, rows, across, *w.shape[1:])
        wide = np.zeros((n, x.shape[1], *(s + 2 * padding for s in x.shape[2:])), x.dtype)
        for i, j in np.ndindex(w.shape[2:]):
            at = np.s_[:, :, i : i + stride * rows : stride, j : j + stride * across : stride]
            wide[at] += laid[..., i, j].transpose(0, 3, 1, 2)
        inner = (slice(padding, padding + s) for s in x.shape[2:])
        return wide[:, :, *inner].copy(), matmul(flat.T, seen).reshape(w.shape), g.sum((0, 2, 3))

    return forward, backward


MATRICES = {
    "skips zeros": skipping,
    "skips zeros of the other": lambda a, b: skipping(b.T, a.T).T.copy(),
    "np.matmul": np.matmul,
    "np.dot": np.dot,
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, b),
}


def as_op(name, functions):
    if name == "dense":
        return ops.dense.implemented_by(*functions)
    limits = {"scalar_options": True, "named_padding": False, "unbatched": False, "dilation": 1,
              "groups": 1}  # fmt: skip
    return ops.conv2d.implemented_by(*functions, limits=limits)


def hunted(op, dtypes=DTYPES, cases=150):
    with Runner(oracles=(), max_examples=cases, seed=18, keep=False, evidence=("bound",)) as runner:
        return hunt(runner, op, dtypes).conviction


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("title", MATRICES)
@pytest.mark.parametrize(("name", "by"), [("dense", dense_by), ("conv2d", im2col_by)])
def test_products_of_matrices_are_right_however_they_treat_zeros(name, by, title):
    assert hunted(as_op(name, by(MATRICES[title]))) is None


def spoiled(change):
    """The product of matrices with one thing wrong."""
    return lambda a, b: change(a @ b, a, b)


def nan_spread(y, a, b):
    return np.where(np.isnan(y).any(axis=1, keepdims=True), y * NAN, y)


def not_finite_as_largest(y, a, b):
    return np.nan_to_num(y, nan=NAN)


WRONG = {
    "NaN is lost": spoiled(lambda y, a, b: np.nan_to_num(y, nan=0.0, posinf=INF, neginf=-INF)),
    "an infinity becomes a number": spoiled(not_finite_as_largest),
    "an infinity becomes NaN": spoiled(lambda y, a, b: np.where(np.isinf(y), NAN, y)),
    "NaN counts as zero in the operand": lambda a, b: np.where(np.isnan(a), 0, a) @ b,
    "small numbers are skipped": lambda a, b: skipping(a, b, lambda a: abs(a) < 1e-3),
    "rows with NaN or an infinity are skipped": lambda a, b: skipping(
        a, b, lambda a: (a == 0) | ~np.isfinite(b).all(axis=1)),
    "NaN spreads to the row": spoiled(nan_spread),
}  # fmt: skip


MAKES_NAN = {"an infinity becomes NaN", "NaN spreads to the row"}
"""Which padding zeros makes as well, and convolutions may pad wherever they like."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("title", WRONG)
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_loses_or_makes_nan_is_convicted(title, dtype):
    found = hunted(as_op("dense", dense_by(WRONG[title])), [dtype], 300)
    assert found.by == "bound"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("title", sorted(set(WRONG) - MAKES_NAN))
def test_a_convolution_that_loses_nan_is_convicted(title):
    assert hunted(as_op("conv2d", im2col_by(WRONG[title])), cases=300).by == "bound"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bias_gradient_with_nan_is_convicted_where_all_else_may_be_nan(dtype):
    def backward(g, x, w, **options):
        found = ops.conv2d.backward(g, x, w, **options)
        return found[0], found[1], found[2] * (1 + 0 * x.max(initial=0))

    operands = {"x": [[[[INF, 0], [0, 1]]]], "w": [[[[1]]]], "b": [0]}
    case = case_of(dtype, operands, [[[[1, 2], [3, 4]]]], "conv2d", **OPTIONS)
    op = ops.conv2d.implemented_by(ops.conv2d.forward, backward, layout=None)
    with np.errstate(invalid="ignore"):
        answer, _, comparisons = judge_subject(op, case)
    assert [each.operand for each in comparisons if not each.agrees] == ["grad_b"]
    assert convicts(answer, comparisons)


def test_nan_of_a_multiplication_is_nothing_to_explain():
    def backward(g, x, w):
        with np.errstate(invalid="ignore"):
            return 2 * (g @ w.T), x.T @ g, g.sum(0)

    def forward(x, w, b=None):
        with np.errstate(invalid="ignore"):
            return x @ w + (0 if b is None else b)

    op = ops.dense.implemented_by(forward, backward)
    question = asked(op, case_of("float64", {"x": X, "w": W}, G))
    assert np.isnan(question.said("y")).any()
    assert question.wrongs == {"grad_x"}
    assert str(question.true["y"].value[0, 0]) == "nan"


# --- layers one after another ---------------------------------------------------------------------


def network(*layers):
    definitions = {"dense": DENSE, "tanh": ACTIVATIONS["tanh"], "flatten": flatten}
    return Chain(definitions, lambda options: layers)


def test_beyond_a_sum_that_may_be_nan_nothing_is_known():
    """Whatever a subject makes of the number, or of NaN, it is not convicted of."""
    chain = network(("dense", 1, {}), ("tanh", 0, {}), ("flatten", 0, {}), ("dense", 1, {}))
    x, w1, w2 = np.array([[0.0, 1.0]]), np.array([[INF], [1.0]]), np.array([[1.0, 2.0]])
    case = Case("any", {"x": x, "w1": w1, "w2": w2}, {}, np.array([[1.0, 3.0]]))
    along = {name: np.ones_like(array) for name, array in case.operands.items()}
    for number in (1.0, NAN):
        hidden = np.tanh(number)
        d = 7 * (1 - hidden**2)
        found = truth(chain, replace(case, directions=along), ["x", "w1", "w2"], ["x", "w1", "w2"])
        values = {
            "y": hidden * w2,
            "grad_w2": hidden * case.cotangent,
            "grad_x": np.array([[d * INF, d]]),
            "grad_w1": np.array([[0.0 * d], [d]]),
        }
        for name, value in values.items():
            assert np.isinf(found[name].error).all(), name
            assert compare("", {name: value}, {name: found[name]}, np.dtype("float64"))[0].agrees
        for name in ("grad_grad_y", "grad2_x", "grad2_w1", "grad2_w2"):
            assert np.isinf(found[name].error).all(), name


def test_of_what_does_not_come_from_it_all_is_known():
    chain = network(("dense", 1, {}), ("dense", 1, {}))
    x, w1, w2 = np.array([[2.0, 1.0]]), np.array([[3.0], [1.0]]), np.array([[0.0, INF]])
    case = Case("any", {"x": x, "w1": w1, "w2": w2}, {}, np.array([[1.0, 0.0]]))
    found = truth(chain, case, ["x", "w1", "w2"])
    assert found["grad_w2"].value.tolist() == [[7, 0]]
    assert np.isfinite(found["y"].error).all()
    assert np.isfinite(found["grad_w2"].error).all()
    assert np.isinf(found["grad_w1"].error).all()  # the cotangent 0 meets the weight
    finite = replace(case, operands={**case.operands, "w2": np.array([[0.0, 5.0]])})
    found = truth(chain, finite, ["x", "w1", "w2"])
    assert all(np.isfinite(each.error).all() for each in found.values())


@pytest.mark.parametrize(
    ("number", "error", "unknown"),
    [(0.0, 0.0, False), (0.0, 1e-9, True), (1.0, 1e-9, False), (1.0, 1.0, True),
     (arb(0.5, 0.5), 0.0, True), (arb(0.75, 0.125), 0.0, False)],
)  # fmt: skip
def test_what_may_lie_on_either_side_of_zero_makes_anything_of_an_infinity(number, error, unknown):
    """A factor off by its rounding, or a slope at a kink, may come out as zero and as a number."""
    a = Approximate(np.array([number, 1.0], object), np.array([error, 0.0]))
    b = rationals(np.array([INF, 5.0]))
    index = np.arange(2)
    for one, other in ((a, b), (b, a)):
        found = contract(index, (2,), (one, index), (other, index), np.dtype("float64"))
        assert np.isinf(found.error).tolist() == [unknown, False]
