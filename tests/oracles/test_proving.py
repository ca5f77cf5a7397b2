"""Proof by symbols: it holds for manualgrad, and no changed coefficient, tap or sign passes."""

import ast
import os
import time
from pathlib import Path

import numpy as np
import pytest

from manualgrad import convolution, dense, dense_backward, transposed_convolution, trilinear
from manualgrad.gradients import SecondGradients
from oracles import ops, run
from oracles.limits import Limits
from oracles.proof_grid import grid, quick
from oracles.proving import NotPolynomial, prove, prove_grid

POLYNOMIAL = [op for op in ops if op.definition.polynomial is not None]
CONVOLUTIONS = [op for op in POLYNOMIAL if op.name.startswith("conv")]


@pytest.mark.parametrize("op", POLYNOMIAL, ids=lambda op: op.name)
def test_slice_of_the_grid_is_proved(op):
    proof = prove(op, quick(op.name, Limits()))
    assert (proof.refutation, proof.unproved) == ("", "")
    assert proof.holds
    assert proof.second_order
    assert proof.terms > proof.shapes


def test_grid_has_every_kind_of_shape():
    combinations = [(op.name, each) for op in CONVOLUTIONS for each in grid(op.name)]
    assert len(combinations) >= 3000
    seen = set()
    for name, each in combinations:
        axes = int(name[-2])
        x, w, options = each.shapes["x"], each.shapes["w"], each.options
        seen.add(f"{axes} axes")
        seen |= {option for option in options if np.max(options[option]) > 1}
        seen |= {"bias"} if "b" in each.shapes else {"no bias"}
        seen |= {"empty batch"} if 0 in x else set()
        seen |= {"unbatched"} if len(x) == axes + 1 else set()
        if (np.array(options["padding"]) >= np.array(w[2:])).any():
            seen.add("padding beyond the kernel")
        if name == "conv1d" and (x[-1] + 2 * options["padding"] - w[-1]) % options["stride"]:
            seen.add("sizes that do not divide")
    assert seen >= {
        "1 axes", "2 axes", "3 axes", "stride", "padding", "dilation", "groups",
        "padding beyond the kernel", "sizes that do not divide", "bias", "no bias", "empty batch",
        "unbatched",
    }  # fmt: skip
    assert any(np.max(each.options.get("output_padding", 0)) for _, each in combinations)


def test_limits_are_kept():
    limits = Limits(stride=1, max_padding=1, groups=1, bias=True, batched=True, min_batch=1)
    for each in quick("conv_transpose1d", limits, most=10**6):
        assert (each.options["stride"], each.options["groups"]) == (1, 1)
        assert each.options["padding"] <= 1
        assert "b" in each.shapes
        assert each.shapes["x"][0] >= 1


def test_other_processes_prove_the_same():
    chosen = [ops.dense, ops.half_squared_error]
    alone = list(prove_grid(chosen, processes=1))
    progress = []
    together = list(prove_grid(chosen, processes=2, progress=lambda *p: progress.append(p)))
    assert [(p.op, p.shapes, p.terms) for p in alone] == [
        (p.op, p.shapes, p.terms) for p in together
    ]
    assert all(proof.holds for proof in alone)
    assert progress[-1] == ("half_squared_error", 6, 6)


def test_what_is_no_polynomial_is_refused():
    with pytest.raises(NotPolynomial, match="softmax is not a polynomial, so neither proof nor"):
        prove(ops.softmax, [])


def test_refutation_names_shape_cell_and_difference():
    def backward(g, x, w):
        found = dense_backward(g, x, w)
        return found._replace(grad_w=found.grad_w + x.T @ g)

    proof = prove(ops.dense.implemented_by(dense, backward), grid("dense"))
    assert not proof.holds
    assert proof.refutation == (
        "grad_w[0, 0] differs from the definition's by x_0*cotangent_0, "
        "at x (1, 1), w (1, 1), b (1,)"
    )


def test_wrong_second_derivative_is_refuted():
    def double(v_x, v_w, v_b, g, x, w):
        found = ops.dense.double_backward(v_x, v_w, v_b, g, x, w)
        return SecondGradients(found.grad_grad_y, found.grad_x, -found.grad_w)

    proof = prove(ops.dense.implemented_by(dense, dense_backward, double), grid("dense"))
    assert proof.refutation.startswith("grad2_w[0, 0] differs")


def test_subject_that_cannot_take_symbols_is_unproved_not_wrong():
    def forward(x, w, b=None):
        return dense(x.astype(float), w, b)

    report = run(ops.dense.implemented_by(forward, dense_backward), oracles=(),
                 dtypes=("float64",), max_examples=5, seed=1)  # fmt: skip
    (entry,) = report.entries
    assert "raised TypeError" in entry.proof.unproved
    assert report.passed


@pytest.mark.parametrize(("deed", "told"), [
    (lambda: os._exit(7), "killed its process"),
    (lambda: time.sleep(60), "gave no answer within 0.5 s"),
])  # fmt: skip
def test_subject_that_dies_of_symbols_is_unproved(deed, told):
    def forward(x, w, b=None):
        if x.dtype == object:
            deed()
        return dense(x, w, b)

    report = run(ops.dense.implemented_by(forward, dense_backward), oracles=(),
                 dtypes=("float64",), max_examples=3, seed=1, time_limit=0.5)  # fmt: skip
    assert report.passed
    assert report.entries[0].proof.unproved == told


def test_subject_refuted_by_symbols_alone_is_wrong():
    def backward(g, x, w):
        found = dense_backward(g, x, w)
        return found._replace(grad_x=found.grad_x * 2) if x.dtype == object else found

    report = run(ops.dense.implemented_by(dense, backward), oracles=(), dtypes=("float64",),
                 max_examples=5, seed=1)  # fmt: skip
    (entry,) = report.entries
    assert entry.failure is None
    assert not entry.passed
    assert not report.passed


# --- mutants of the three kernels ---------------------------------------------------------------

SOURCE = Path(trilinear.__file__).read_text(encoding="utf-8")
SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.UAdd: ast.USub,
}  # fmt: skip
SWAPPED_CALLS = {"max": "min", "min": "max"}


def mutants():
    """Yield (line, column, change, source) for each number, operator, sign and bound."""
    for number, node in enumerate(ast.walk(ast.parse(SOURCE))):
        for words, change in _changes(node):
            tree = ast.parse(SOURCE)
            target = list(ast.walk(tree))[number]
            change(target)
            source = ast.unparse(ast.fix_missing_locations(tree))
            yield node.lineno, node.col_offset, words, source


def _changes(node):
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} -> {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPS:
        new = SWAPS[type(node.op)]
        yield f"{type(node.op).__name__} -> {new.__name__}", lambda n: setattr(n, "op", new())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "< -> <=", lambda n: setattr(n, "ops", [ast.LtE()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "a minus dropped", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SWAPPED_CALLS:
        yield "max <-> min", lambda n: setattr(n.func, "id", SWAPPED_CALLS[n.func.id])


MUTANTS = list(mutants())

EQUIVALENT = {
    ("if first < stop:", "first < stop", "< -> <="): "an empty tap adds nothing",
    ("grouped = w.reshape(geometry.groups, -1, *w.shape[1:])", "1, ", "1 -> 2"):
        "NumPy computes the size for which any negative number stands",
}  # fmt: skip
"""Changes that no input can show, by the line, where in it and the change, and why."""


def _proved(monkeypatch, source):
    """Return the slices that a changed trilinear.py still proves."""
    space = {"__name__": "manualgrad.trilinear"}
    exec(compile(source, "mutant", "exec"), space)
    for module in (convolution, transposed_convolution):
        for kernel in ("fprop", "dgrad", "wgrad"):
            monkeypatch.setattr(module, kernel, space[kernel])
    for op in CONVOLUTIONS:
        proof = prove(op, quick(op.name, Limits()))
        if not proof.holds:
            return proof.refutation or proof.unproved
    return ""


@pytest.mark.parametrize(
    ("line", "column", "words", "source"),
    MUTANTS,
    ids=[f"line {m[0]} column {m[1]} {m[2]}" for m in MUTANTS],
)
def test_no_change_of_the_kernels_passes_the_slice(monkeypatch, line, column, words, source):
    text = SOURCE.split("\n")[line - 1]
    place = (text.strip(), words)
    equivalent = [
        reason
        for (where, start, change), reason in EQUIVALENT.items()
        if (where, change) == place and text[column:].startswith(start)
    ]
    caught = _proved(monkeypatch, source)
    assert bool(caught) != bool(equivalent), (text, words, caught)


def test_there_are_mutants_of_every_kind():
    kinds = {words for _, _, words, _ in MUTANTS}
    assert {"Add -> Sub", "Sub -> Add", "Mult -> Add", "FloorDiv -> Mult", "a minus dropped",
            "max <-> min", "1 -> 2", "0 -> 1"} <= kinds  # fmt: skip
    assert len(MUTANTS) > 60
