"""Proof by symbols: it holds for manualgrad, and no changed coefficient, tap or sign passes."""

import ast
import os
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest
from numpy.lib.array_utils import byte_bounds
from numpy.lib.stride_tricks import as_strided

import manualgrad as mg
from manualgrad import dense, dense_backward, depthwise, matrices, plan
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
        y_channels = w[0] if name[4] != "_" else w[1] * options["groups"]
        if x[-axes - 1] == y_channels == options["groups"] > 1:
            seen.add("depthwise")
        seen |= {"empty batch"} if 0 in x else set()
        seen |= {"unbatched"} if len(x) == axes + 1 else set()
        if (np.array(options["padding"]) >= np.array(w[2:])).any():
            seen.add("padding beyond the kernel")
        if name == "conv1d" and (x[-1] + 2 * options["padding"] - w[-1]) % options["stride"]:
            seen.add("sizes that do not divide")
    assert seen >= {
        "1 axes", "2 axes", "3 axes", "stride", "padding", "dilation", "groups",
        "padding beyond the kernel", "sizes that do not divide", "bias", "no bias", "empty batch",
        "unbatched", "depthwise",
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


# --- mutants of the kernels ---------------------------------------------------------------------

MUTATED = ("trilinear", "phases", "matrices", "depthwise", "layout", "plan", "products", "lookup")
SOURCES = {
    name: Path(import_module(f"manualgrad.{name}").__file__).read_text(encoding="utf-8")
    for name in MUTATED
}
SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Lt: ast.LtE, ast.UAdd: ast.USub,
}  # fmt: skip
SWAPPED_CALLS = {"max": "min", "min": "max"}


@dataclass(frozen=True)
class Mutant:
    """A module of the kernels with one change: where, which, and the text from there."""

    module: str
    line: int
    text: str
    start: str
    change: str
    source: str

    def __str__(self):
        return f"{self.module} line {self.line} {self.change} {self.start[:12]}"


def mutants(module):
    """Yield a mutant for each number, operator, sign and bound inside a function."""
    source = SOURCES[module]
    lines, before = source.split("\n"), _definitions(source)
    for number, node in enumerate(ast.walk(ast.parse(source))):
        if getattr(node, "lineno", 0) <= before:
            continue
        for words, change in _changes(node):
            tree = ast.parse(source)
            change(list(ast.walk(tree))[number])
            text = lines[node.lineno - 1]
            changed = ast.unparse(ast.fix_missing_locations(tree))
            start = text[node.col_offset :]
            yield Mutant(module, node.lineno, text.strip(), start, words, changed)


def _definitions(source):
    """Return the line before the first function: limits above it change only what it costs."""
    body = ast.parse(source).body
    return min(node.lineno for node in body if isinstance(node, ast.FunctionDef)) - 1


def _changes(node):
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} -> {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in SWAPS:
        new = SWAPS[type(node.op)]
        yield f"{type(node.op).__name__} -> {new.__name__}", lambda n: setattr(n, "op", new())
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "< -> <=", lambda n: setattr(n, "ops", [ast.LtE(), *n.ops[1:]])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "a minus dropped", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SWAPPED_CALLS:
        yield "max <-> min", lambda n: setattr(n.func, "id", SWAPPED_CALLS[n.func.id])


EVERY = [mutant for module in MUTATED for mutant in mutants(module)]

NEGATIVE = "NumPy computes the size for which any negative number stands"
SLIDES = "taps that slide have no rows"
UNREAD = "where no tap reaches, nothing is read"
COPY = "a copy instead of a view"
MORE = "more is read than is used"
EQUIVALENT = {
    ("flat = block.reshape(*block.shape[:2], -1)", "1)"): NEGATIVE,
    ("every = np.ascontiguousarray(g).reshape(*g.shape[:2], -1, 1)", "1, 1)"): NEGATIVE,
    (
        "by_tap = np.stack(sums, axis=-1).reshape(g.shape[1], 1, 1, *taps_in_order)",
        "1).reshape",
    ): "the axes between have size one",
    (
        "by_tap = np.stack(sums, axis=-1).reshape(g.shape[1], 1, 1, *taps_in_order)",
        "-1).reshape",
    ): "the axes between have size one",
    ("first = range(length(window[0]))[low - window[0][0] :]", "0] :]"): "the same, from the end",
    ("if len(parts) == 1 and parts[0].strides[-1] == parts[0].itemsize:", "-1] =="): COPY,
    ("if len(parts) == 1 and parts[0].strides[-1] == parts[0].itemsize:", "1] =="): COPY,
    ("flat = copy.reshape(*g.shape[:2], 1, -1)", "1)"): NEGATIVE,
    ("w.reshape(len(w), w.shape[3], -1).transpose(2, 0, 1),", "1).transpose"): NEGATIVE,
    ("found.append(_Axis(0, out, 0, 1, slice(0), of_x))", "0, 1"): UNREAD,
    ("found.append(_Axis(0, out, 0, 1, slice(0), of_x))", "1, "): UNREAD,
    ("found.append(_Axis(0, out, 0, 1, slice(0), of_x))", "0),"): UNREAD,
    ("if i in (0, len(axes) - 1):", "len(axes) - 1"): "the last axis in windows of its own",
    ("return Layout(geometry, (first, *others), 1, 1, (), True)", "1, 1, ()"): SLIDES,
    ("return Layout(geometry, (first, *others), 1, 1, (), True)", "1, ()"): SLIDES,
    ("s * (n - 1) + 1 + d * (k - 1)", "n - 1) + 1"): MORE,
    ("s * (n - 1) + 1 + d * (k - 1)", "k - 1)"): MORE,
    ("s * (n - 1) + 1 + d * (k - 1)", "1 + d"): MORE,
    (
        "step = max(1, high - low) if length(last) * behind == prod(others) else 1",
        "1, high",
    ): "a step beyond the end",
    (
        "step = max(1, high - low) if length(last) * behind == prod(others) else 1",
        "high - low",
    ): "a step beyond the end",
}
"""Changes that no input can show, by the line and what it goes on with, and why."""

COSTS = {
    "@lru_cache(maxsize=1024)",
    "@lru_cache(maxsize=64)  # of the longest tables, 8 MiB",
    # What is small.
    "table = lookup.table(geometry, len(x), x.shape[1] + len(w))",
    "small = lookup.table(geometry, len(x), x.shape[1] + len(w))",
    "table = lookup.table(geometry, len(x), x.shape[1] + g.shape[1])",
    "table = lookup.table(geometry, len(g), w.shape[1] * geometry.groups + len(w))",
    "small = found is not None and samples * channels * found.seen.size <= _NUMBERS",
    "if taps * max(size, positions) > _TABLE:",
    # What is read of a plan or decided from it.
    "sum(phase.kernel * phase.out for phase in _axis_phases(geometry, a)) for a in axes",
    "return products <= _WASTE * prod(geometry.out) * prod(geometry.kernel)",
    "one_by_one = min(taps, positions, key=lambda these: prod(seen.shape[a] for a in these))",
    "turned = w.strides[1] < w.strides[2]",
    "axis = max(range(like.ndim), key=lambda a: (like.shape[a] > 1, abs(like.strides[a])))",
    "taps = range(1, axes + 1)",
    "positions = [a for a in range(axes + 2, seen.ndim) if a != axes + 3]",
    # How it is cut.
    "slides = one_channel and geometry.groups * prod(geometry.out) > _FEW_POSITIONS",
    "shifts = -(-first // apart)",
    "rows = operands.channels * apart * prod(others)",
    "shared = 0 < shift * (shifts - 1) <= _NEAR and rows >= _FEW_ROWS",
    "numbers = MOST // (operands.itemsize * count)",
    "for cut, geometry in _cuts(window.geometry, numbers // sum(parts)):",
    "taps = sum(parts[share.phase] * prod(map(length, share.taps)) for share in shares)",
    "size = prod(read(of, of.geometry.out if of.depthwise else [1] * len(cut)))",
    "rows = SLIDE // operands.itemsize if of.depthwise else numbers",
    "rows=min(ROWS // prod(of.kernel), rows // size),",
    "weights=numbers // taps,",
    "_steps(of, tile, operands, max(parts), count, cache),",
    "operands = operands._replace(together=operands.samples * prod(window.geometry.out))",
    "step = min(taps, max(0, most - 1) // dilation + 1)",
    "most //= dilation * (step - 1) + 1",
    "rows = groups * channels * prod(of.kernel)",
    "block = samples * groups * channels * prod(read(of, positions))",
    "copied = samples * rows * positions_read(of, first) * prod(others)",
    "written = samples * groups * results * parts * prod(positions)",
    "return max(block, copied, written) <= MOST // (operands.itemsize * count)",
    "columns = (SLIDE // groups if of.depthwise else cache // rows) // operands.itemsize",
    "every = operands.samples * prod(of.geometry.out)",
    "turns = max(1, -(-every // (count * max(1, columns))))",
    "columns=max(1, -(-every // (count * turns))),",
    "together=together if len(of.geometry.out) > 1 else _LONG,",
    "together = max(operands.together, _STEP // (rows * results * parts))",
    "few = tuple(islice(make(), _FEW_STEPS + 1))",
    # In how many threads, and in which products.
    "enough = len(w) <= _FEW * w.shape[1] * geometry.groups",
    "small = operands.results < _MANY_RESULTS and cores() > 1",
    "shared = small and not (operands.scatters or operands.results == operands.channels == 1)",
    "count = threads(_multiplications(window, operands)) if shared else 1",
    "taps = sum(len(phase.parts) * prod(map(length, phase.reads)) for phase in window.phases)",
    "of, outer = window.geometry, operands.samples * operands.results * operands.channels",
    "return outer * of.groups * prod(of.out) * taps",
    "most = max(1, min(_ROWS, ALONE // (terms * _COLUMNS)))",
    "height = -(-rows // -(-rows // most))",
    "width = max(1, ALONE // (height * terms))",
    "return height, width // _COLUMNS * _COLUMNS or width",
    "line = max(1, 64 // dtype.itemsize)",
    "lines = -(-columns // line)",
    "return scratch(purpose, (*outer, (lines + (3 - lines) % 8) * line), dtype)[..., :columns]",
    "together = _ENOUGH if onto else 2**62",
    'rooms = scratch("sums", (of.threads, tile.weights if along else 0), x.dtype)',
    "if not small or rows * terms * columns <= ALONE:",
    "return ranges(size, -(-size // -(-size // most)))",
}
"""Lines that choose how convolutions are cut: a change there may change nothing but the cost."""


def test_lines_that_are_excused_exist():
    lines = {line.strip() for source in SOURCES.values() for line in source.split("\n")}
    assert COSTS | {line for line, _ in EQUIVALENT} <= lines


def _put_in_place(monkeypatch, mutant):
    """Let every module of the kernels use the mutant's functions instead; return its names."""
    space = {"__name__": f"manualgrad.{mutant.module}"}
    exec(compile(mutant.source, "mutant", "exec"), space)
    original = dict(vars(import_module(f"manualgrad.{mutant.module}")))
    for module in [m for name, m in sys.modules.items() if name.startswith("manualgrad.")]:
        for name, value in list(vars(module).items()):
            if isinstance(value, FUNCTIONS) and value is original.get(name) and name in space:
                monkeypatch.setattr(module, name, space[name])
    for each in (space, vars(matrices), vars(depthwise)):
        if "as_strided" in each:
            monkeypatch.setitem(each, "as_strided", _within)
    return space


def _within(x, shape, strides):
    """Do what `as_strided` does; raise where that would read memory of others."""
    owner = x if x.base is None else x.base
    view = as_strided(x, shape, strides)
    (low, high), (start, stop) = map(byte_bounds, (view, owner))
    odd = x.dtype.hasobject and any(step % x.itemsize for step in strides)
    if odd or not start <= low <= high <= stop:
        raise ValueError("reads beyond its array")
    return view


FUNCTIONS = (FunctionType, type(plan.plan))

SHAPES = [
    # x, w, options
    ((2, 3, 7), (2, 3, 3), {"stride": 2, "padding": 1}),
    ((2, 2, 9), (3, 2, 2), {"stride": 3, "padding": 5, "dilation": 2}),
    ((1, 3, 9), (3, 1, 3), {"groups": 3, "dilation": 2}),
    ((2, 2, 5, 4), (3, 2, 3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    ((1, 4, 6, 5), (6, 2, 2, 3), {"padding": (0, 2), "dilation": (3, 1), "groups": 2}),
    ((2, 3, 5, 6), (3, 1, 3, 2), {"padding": (1, 0), "dilation": (1, 2), "groups": 3}),
    ((1, 3, 5, 6), (3, 1, 2, 2), {"stride": (1, 2), "groups": 3}),
    ((1, 2, 5, 4), (2, 2, 2, 2), {"stride": 2}),
    ((2, 2, 8), (3, 2, 4), {"stride": 2, "padding": 1}),
    ((2, 2, 9), (3, 2, 3), {"stride": 2, "padding": 1, "dilation": 2}),
    ((2, 2, 2), (3, 2, 3), {"stride": 4, "padding": 1}),
    ((2, 6, 7, 5), (3, 2, 1, 1), {"stride": (2, 3), "groups": 3}),
    ((2, 2, 5, 6), (3, 2, 5, 5), {"padding": (0, 1)}),
    ((1, 2, 3, 4, 2), (3, 2, 2, 1, 2), {"stride": (1, 2, 1), "padding": (1, 0, 1)}),
    ((1, 1, 4, 3, 3), (2, 1, 3, 2, 1), {}),
    ((1, 2, 60, 9), (3, 2, 2, 1), {}),
    ((1, 2, 6, 4), (2, 2, 2, 2), {"stride": (2, 1)}),
    ((1, 2, 6, 6), (2, 2, 3, 3), {"stride": (1, 2)}),
    ((1, 2, 13), (2, 2, 5), {"stride": 2, "dilation": 2}),
    ((1, 2, 18), (2, 2, 5), {"stride": 4, "dilation": 3}),
    ((1, 2, 6, 8), (2, 2, 5, 4), {"stride": 2, "padding": 1}),
    ((1, 1, 4, 6, 3), (1, 1, 2, 3, 2), {"stride": (1, 2, 2)}),
]


def _answers(kind):
    """Return result and gradients of each shape, whole numbers held as `kind`."""
    rng = np.random.default_rng(6)
    found = []
    for x_shape, w_shape, options in SHAPES:
        x, w = (rng.integers(-3, 4, shape).astype(kind) for shape in (x_shape, w_shape))
        name = f"conv{x.ndim - 2}d"
        y = getattr(mg, name)(x, w, **options)
        g = rng.integers(-3, 4, y.shape).astype(kind)
        found.append((y, *getattr(mg, f"{name}_backward")(g, x, w, **options)[:2]))
    return found


RIGHT = _answers(object)


def _wrong(kind):
    """Whether whole numbers held as `kind` do not give what they must, or nothing at all."""
    try:
        found = _answers(kind)
    except Exception:
        return True
    return not all(map(np.array_equal, chain(*found), chain(*RIGHT)))


def _caught(each_cut, spaces):
    """Return how a mutant is caught, in some cut: where exact numbers see it, so do symbols."""
    for _ in each_cut(spaces):
        if _wrong(object):
            return "by symbols" if _refuted() else "by numbers alone"
        if _wrong(float):
            return "by floats"
    return ""


def _refuted():
    """Whether the proof sees it."""
    return not all(prove(op, quick(op.name, Limits())).holds for op in CONVOLUTIONS)


MUTANTS = [mutant for mutant in EVERY if mutant.text not in COSTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_every_change_of_the_kernels_is_caught(monkeypatch, each_cut, mutant):
    excused = [
        reason
        for (line, start), reason in EQUIVALENT.items()
        if line == mutant.text and mutant.start.startswith(start)
    ]
    space = _put_in_place(monkeypatch, mutant)
    caught = _caught(each_cut, {mutant.module: space})
    assert bool(caught) != bool(excused), (mutant.text, mutant.start, mutant.change, caught)
    assert caught != "by numbers alone"


def test_kernels_are_proved_however_they_are_cut(each_cut):
    for _ in each_cut():
        for op in CONVOLUTIONS:
            assert prove(op, quick(op.name, Limits(), 20)).holds
        assert not _wrong(float)


def test_there_are_mutants_of_every_kind():
    kinds = {mutant.change for mutant in EVERY}
    assert {"Add -> Sub", "Sub -> Add", "Mult -> Add", "FloorDiv -> Mult", "a minus dropped",
            "max <-> min", "1 -> 2", "0 -> 1"} <= kinds  # fmt: skip
    assert len(MUTANTS) > 200
