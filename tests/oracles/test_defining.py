"""Operations of a user's own: right ones pass, planted errors are convicted, mistakes are told."""

import os
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import oracles
from oracles import check, define, run
from oracles.cases import build_case
from oracles.draws import Draws, by_hand
from oracles.laws import SHIFT
from oracles.limits import Limits, make_limits
from oracles.portable import packed, place_of_payload, unpacked
from oracles.report import Report
from oracles.reporting.cells import evidence_cell, evidence_lines
from oracles.witnesses.jax_executables import PLACE

SCALE = 0.5


def unit(xp, x, w, b, scale):
    return scale * xp.tanh(x @ w + b)


def unit_forward(x, w, b, scale):
    return x.dtype.type(scale) * np.tanh(x @ w + b)


def unit_backward(g, x, w, b, scale):
    t = np.tanh(x @ w + b)
    d = x.dtype.type(scale) * g * (1 - t * t)
    return d @ w.T, x.T @ d, d.sum(axis=0)


UNIT = {
    "operands": {"x": "n i", "w": "i o", "b": "o"},
    "options": {"scale": (1.0, SCALE)},
    "sizes": {"n": (0, 3)},
}


def made(**changes):
    told = {"reference": unit, **UNIT, **changes}
    return define("unit", unit_forward, unit_backward, **told)


# --- right implementations ---------------------------------------------------------------------


def test_right_unit_passes_with_both_frameworks_as_witnesses():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    report = check(made(), max_examples=40, seed=3)
    for entry in report.entries:
        assert evidence_cell(entry)[0] == "bound"
        answered = {a.witness: (a.answered, a.rejected) for a in entry.attendance}
        assert answered == {"torch": (40, 0), "jax": (40, 0)}
        assert not entry.defects
        assert max(t.resolution for t in entry.tallies) < 1e-3


def windows(height, width, kernel, stride):
    """Return for each tap of a window the slices of all it touches."""
    ends = [(n - kernel) // stride * stride + 1 for n in (height, width)]
    return [
        (..., slice(i, i + ends[0], stride), slice(j, j + ends[1], stride))
        for i in range(kernel) for j in range(kernel)
    ]  # fmt: skip


def pool(xp, x, stride):
    return xp.max(xp.stack([x[s] for s in windows(*x.shape[2:], 2, stride)]), axis=0)


def pool_forward(x, stride):
    return pool(np, x, stride)


def pool_backward(g, x, stride, *, once=True, add=True):
    y, grad_x = pool_forward(x, stride), np.zeros_like(x)
    taken = np.zeros(y.shape, dtype=bool)
    for s in windows(*x.shape[2:], 2, stride):
        hit = (x[s] == y) & ~(taken & once)
        taken |= hit
        grad_x[s] = grad_x[s] + g * hit if add else np.where(hit, g, grad_x[s])
    return grad_x


def max_pool(backward=pool_backward):
    return define(
        "max_pool2d",
        pool_forward,
        backward,
        operands={"x": "n c h w"},
        reference=pool,
        options={"stride": (1, 2)},
        sizes={"n": (0, 2), "c": (1, 2), "h": (2, 6), "w": (2, 6)},
    )


def test_max_pooling_passes_and_its_ties_keep_the_law():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    assert run(max_pool(), oracles=(), max_examples=300, seed=2).passed
    report = check(max_pool(), max_examples=40, seed=1)
    for entry in report.entries:
        assert entry.laws[SHIFT] == 40
        assert not entry.defects  # each framework has a choice of its own, and all are right


def test_second_derivatives_are_the_second_sweep_s():
    def double_backward(v, g, x):
        e = np.exp(x)
        return v * (e * (1 + x)), v * g * e * (2 + x)

    def forward(x):
        return x * np.exp(x)

    def backward(g, x):
        return g * (np.exp(x) * (1 + x))

    told = {"operands": {"x": "n d"}, "reference": lambda xp, x: x * xp.exp(x)}
    right = define("x_exp_x", forward, backward, double_backward, **told)
    report = check(right, oracles=(), max_examples=60, seed=0)
    assert {t.operand for t in report.entries[0].tallies} >= {"grad_grad_y", "grad2_x"}
    wrong = right.implemented_by(
        forward, backward, lambda v, g, x: (v * np.exp(x), v * g * np.exp(x) * (2 + x))
    )
    assert not run(wrong, oracles=(), max_examples=60, seed=0).passed


def cross_entropy(xp, prediction, target):
    shifted = prediction - xp.max(prediction, axis=1, keepdims=True)
    logs = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    chosen = xp.take_along_axis(logs, target[:, None], axis=1)
    return -xp.sum(chosen) / prediction.shape[0]


def cross_entropy_forward(prediction, target):
    return cross_entropy(np, prediction, target)


def cross_entropy_backward(prediction, target):
    e = np.exp(prediction - prediction.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    y[np.arange(len(target)), target] -= 1
    return y / prediction.dtype.type(len(target))


def test_loss_with_an_operand_of_indices():
    told = {
        "operands": {"prediction": "n classes"},
        "constants": {"target": ("n", "classes")},
        "reference": cross_entropy,
        "takes_cotangent": False,
    }
    right = define("nll", cross_entropy_forward, cross_entropy_backward, **told)
    assert run(right, oracles=(), max_examples=60, seed=0).passed

    def not_averaged(prediction, target):
        return cross_entropy_backward(prediction, target) * prediction.dtype.type(len(target))

    wrong = right.implemented_by(cross_entropy_forward, not_averaged)
    assert not run(wrong, oracles=(), max_examples=60, seed=0).passed


def test_gradients_come_by_name_or_in_an_order_of_ones_own():
    def by_name(g, x, w, b, scale):
        return dict(zip(("dx", "dw", "db"), unit_backward(g, x, w, b, scale), strict=True))

    def turned(g, x, w, b, scale):
        return unit_backward(g, x, w, b, scale)[::-1]

    op = made()
    assert run(op.implemented_by(unit_forward, by_name), oracles=(), max_examples=20, seed=0).passed
    reordered = define("unit", unit_forward, turned, reference=unit, gradients=("b", "w", "x"),
                       **UNIT)  # fmt: skip
    assert run(reordered, oracles=(), max_examples=20, seed=0).passed


def test_positive_operands_keep_a_logarithm_in_its_domain():
    def forward(x):
        return np.log(x)

    op = define("log", forward, lambda g, x: g / x, operands={"x": "n"}, positive=["x"],
                reference=lambda xp, x: xp.log(x))  # fmt: skip
    report = run(op, oracles=(), max_examples=40, seed=0)
    assert report.passed
    case = by_hand(op.cases("float64", Limits()))(Draws(None))
    assert (case.operands["x"] > 0).all()
    assert "absolute values plus 1/8 for x" in case.origin


# --- planted errors ----------------------------------------------------------------------------


def scaled(g, x, w, b, scale):
    return tuple(a * 2 for a in unit_backward(g, x, w, b, scale))


def without_the_scale(g, x, w, b, scale):
    return unit_backward(g, x, w, b, 1.0)


def bias_not_summed(g, x, w, b, scale):
    grad_x, grad_w, _ = unit_backward(g, x, w, b, scale)
    t = np.tanh(x @ w + b)
    mean = (x.dtype.type(scale) * g * (1 - t * t)).mean(axis=0) if len(x) else b * 0
    return grad_x, grad_w, mean


def bias_of_the_full_shape(g, x, w, b, scale):
    grad_x, grad_w, _ = unit_backward(g, x, w, b, scale)
    return grad_x, grad_w, x.dtype.type(scale) * g * (1 - np.tanh(x @ w + b) ** 2)


@pytest.mark.parametrize(("backward", "operands"), [
    (scaled, {"grad_x", "grad_w", "grad_b"}), (without_the_scale, {"grad_x", "grad_w", "grad_b"}),
    (bias_not_summed, {"grad_b"}), (bias_of_the_full_shape, {"grad_b"}),
])  # fmt: skip
def test_planted_error_is_convicted(backward, operands):
    report = run(made().implemented_by(unit_forward, backward), oracles=(), max_examples=60, seed=0,
                 dtypes=["float64"])  # fmt: skip
    (failure,) = (entry.failure for entry in report.failures)
    wrong = {c.operand for c in failure.comparisons if not c.agrees}
    assert wrong
    assert wrong <= operands


def test_overlapping_windows_that_overwrite_each_other_are_convicted():
    op = max_pool(partial(pool_backward, add=False))
    report = run(op, oracles=(), max_examples=60, seed=0, dtypes=["float64"])
    (failure,) = (entry.failure for entry in report.failures)
    assert [c.operand for c in failure.comparisons if not c.agrees] == ["grad_x"]


def test_ties_counted_more_than_once_break_the_law_and_nothing_else():
    op = max_pool(partial(pool_backward, once=False))
    report = run(op, oracles=(), max_examples=60, seed=0, dtypes=["float64"])
    (failure,) = (entry.failure for entry in report.failures)
    assert all(c.agrees for c in failure.comparisons)
    (told,) = [line for line in failure.sentences if SHIFT in line]
    assert told.startswith(f"law broken, {SHIFT}: grad_x sums to ")
    assert told.endswith("for each unit that all of x is shifted by")


def test_ties_that_are_dropped_break_the_law():
    def dropped(g, x, stride):
        y, grad_x, count = pool_forward(x, stride), np.zeros_like(x), 0
        for s in windows(*x.shape[2:], 2, stride):
            count = count + (x[s] == y)
        for s in windows(*x.shape[2:], 2, stride):
            grad_x[s] += g * (x[s] == y) * (count == 1)
        return grad_x

    report = run(max_pool(dropped), oracles=(), max_examples=60, seed=0, dtypes=["float64"])
    assert any(SHIFT in line for line in report.failures[0].failure.sentences)


# --- polynomials -------------------------------------------------------------------------------


def gated(xp, x, w, v):
    return (x @ w) * v


def gated_forward(x, w, v):
    return (x @ w) * v


def gated_backward(g, x, w, v):
    return (g * v) @ w.T, x.T @ (g * v), (g * (x @ w)).sum(axis=0)


def gated_op(backward=gated_backward):
    return define("gated", gated_forward, backward, reference=gated,
                  operands={"x": "n i", "w": "i o", "v": "o"})  # fmt: skip


def test_polynomial_has_lattice_evidence_and_a_proof():
    pytest.importorskip("torch")
    report = check(gated_op(), oracles=("torch",), max_examples=15, seed=0)
    for entry in report.entries:
        kind, strength = evidence_cell(entry)[0].split(", ")
        assert kind == "proof"
        assert strength.startswith("lattice 2^-4")
        assert entry.lattice.holds_for("torch")
        assert entry.proof.shapes >= 3


def test_polynomial_s_degree_and_largest_sum():
    polynomial = gated_op().definition.polynomial
    assert polynomial.degree == 3
    shapes = [(2, 5), (5, 3), (3,)]
    assert polynomial.largest_sum(shapes, {}) == 4 * 10  # grad_v: n i products; SLACK times
    assert len({tuple(each.shapes["w"]) for each in polynomial.grid}) == len(polynomial.grid)


def test_right_polynomial_that_is_quadratic_in_an_operand_breaks_no_law():
    op = define(
        "squares",
        lambda x, w: (x * x) @ w,
        lambda g, x, w: (2 * x * (g @ w.T), (x * x).T @ g),
        operands={"x": "n i", "w": "i o"},
        reference=lambda xp, x, w: (x * x) @ w,
    )
    for entry in check(op, oracles=(), max_examples=15, seed=0).entries:
        assert entry.lattice.holds_for("subject")


def test_wrong_polynomial_is_refuted():
    def wrong(g, x, w, v):
        grad_x, grad_w, grad_v = gated_backward(g, x, w, v)
        return grad_x, grad_w, grad_v * (len(x) < 3) + (len(x) >= 3) * grad_v[::-1]

    report = run(gated_op(wrong), oracles=(), max_examples=1, seed=0)
    assert evidence_cell(report.entries[0])[0] == "REFUTED"


@pytest.mark.parametrize(("formula", "is_one"), [
    (lambda xp, x: x * 3 - x**2, True), (lambda xp, x: xp.mean(x, axis=0), True),
    (lambda xp, x: 0.5 * x, True), (lambda xp, x: xp.var(x, axis=1), True),
    (lambda xp, x: xp.abs(x), False), (lambda xp, x: x / (1 + x * x), False),
    (lambda xp, x: xp.where(x > 0, x, 0.0), False), (lambda xp, x: x**5, False),
])  # fmt: skip
def test_what_counts_as_a_polynomial(formula, is_one):
    op = define("f", lambda x: formula(np, x), None, operands={"x": "n d"}, reference=formula)
    assert (op.definition.polynomial is not None) == is_one
    if is_one:
        whole = op.definition.polynomial.largest_sum([(2, 3)], {}) is not None
        assert whole == (formula(np, np.array([[1.0, 2.0], [4.0, 9.0]])) % 1 == 0).all()


def test_symbols_that_numpy_takes_for_a_sequence_refute_nothing():
    op = define(
        "mean_square",
        lambda x, t: ((x - t) ** 2).mean(),
        lambda x, t: 2 * (x - t) / x.dtype.type(x.size),
        operands={"x": "n d", "t": "n d"},
        gradients=["x"],
        reference=lambda xp, x, t: xp.mean((x - t) ** 2),
        takes_cotangent=False,
    )
    entry = run(op, oracles=(), max_examples=10, seed=0).entries[0]
    assert entry.passed
    assert entry.proof.refutation == ""


def test_name_of_a_catalog_operation_brings_none_of_its_laws():
    op = define("convolve", gated_forward, gated_backward, reference=gated,
                operands={"x": "n i", "w": "i o", "v": "o"})  # fmt: skip
    assert run(op, oracles=(), max_examples=5, seed=0).passed


# --- references of the frameworks --------------------------------------------------------------


def explicit(**references):
    def forward(x):
        return x * np.tanh(x)

    def backward(g, x):
        t = np.tanh(x)
        return g * (t + x * (1 - t * t))

    return define("x_tanh_x", forward, backward, operands={"x": "n d"}, references=references)


def test_explicit_references_give_a_tolerance_and_say_so():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    op = explicit(torch=lambda torch, x: x * torch.tanh(x),
                  jax=lambda jax, x: x * jax.numpy.tanh(x))  # fmt: skip
    report = check(op, max_examples=20, seed=0)
    assert [evidence_cell(entry)[0] for entry in report.entries] == ["tolerance", "tolerance"]
    lines = evidence_lines(report)
    assert any(line.startswith("tolerance: ") for line in lines)
    assert not any(line.startswith("bound: ") for line in lines)
    wrong = op.implemented_by(op.plug.forward, lambda g, x: g * np.tanh(x))
    failure = run(wrong, max_examples=20, seed=0, dtypes=["float32"]).entries[0].failure
    told = [line for line in failure.sentences if line.startswith("grad_x: WRONG")]
    assert "torch and jax agree with torch in float64" in told[0]


def test_jax_alone_may_stand_for_truth():
    pytest.importorskip("jax")
    op = explicit(jax=lambda jax, x: x * jax.numpy.tanh(x))
    report = run(op, oracles=(), max_examples=10, seed=0)
    assert report.passed
    assert max(t.worst_ratio for e in report.entries for t in e.tallies) < 1


def test_tolerance_is_what_was_stated():
    pytest.importorskip("torch")
    told = {"operands": {"x": "n"}, "references": {"torch": lambda torch, x: x * 3}}
    strict = define("three", lambda x: x * (3 + 32 * np.finfo(x.dtype).eps), None, roundings=2,
                    **told)  # fmt: skip
    assert not run(strict, oracles=(), max_examples=5, seed=0, dtypes=["float64"]).passed
    loose = define("three", strict.plug.forward, None, roundings=64, **told)
    assert run(loose, oracles=(), max_examples=5, seed=0, dtypes=["float64"]).passed


# --- other processes ---------------------------------------------------------------------------


def test_local_function_and_lambda_reach_the_workers():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    factor = 3

    def local(xp, x):
        return factor * xp.sin(x) * SCALE

    op = define("sines", lambda x: 3 * np.sin(x) * x.dtype.type(SCALE),
                lambda g, x: 3 * g * np.cos(x) * x.dtype.type(SCALE),
                operands={"x": "n"}, reference=local)  # fmt: skip
    report = check(op, max_examples=8, seed=0)
    for entry in report.entries:
        assert [a.answered for a in entry.attendance] == [8, 8]


def test_reference_reaches_a_worker_that_is_started_again():
    pytest.importorskip("torch")

    def deadly(xp, x):
        if "torch" in xp.__name__ and x.shape[0] == 3:
            os._exit(3)
        return xp.exp(x)

    op = define("deadly", np.exp, lambda g, x: g * np.exp(x), operands={"x": "n"},
                reference=deadly)  # fmt: skip
    report = run(op, oracles=("torch",), max_examples=20, seed=0, dtypes=["float64"])
    (attendance,) = report.entries[0].attendance
    assert attendance.crashed > 0
    assert attendance.answered > attendance.crashed
    assert attendance.rejected == 0


def test_two_operations_of_one_name_do_not_share_a_program():
    pytest.importorskip("jax")

    def of(factor):
        return define("times", lambda x: x * factor, lambda g, x: g * factor,
                      operands={"x": "n"}, reference=lambda xp, x: x * factor)  # fmt: skip

    report = check([of(2), of(5)], oracles=("jax",), max_examples=6, seed=0, dtypes=["float32"])
    assert not any(entry.defects for entry in report.entries)
    assert of(2).located != of(5).located
    assert not of(2).located.startswith(PLACE)


def test_script_is_not_run_again_by_its_workers(tmp_path):
    pytest.importorskip("torch")
    script = tmp_path / "my_script.py"
    script.write_text(
        "import numpy as np, oracles\n"
        "def helper(xp, x): return xp.exp(x)\n"
        "def f(xp, x): return helper(xp, x) * 2\n"
        "if __name__ != '__main__': raise SystemExit('imported')\n"
        "op = oracles.define('twice_exp', lambda x: f(np, x), lambda g, x: g * f(np, x),\n"
        "                    operands={'x': 'n'}, reference=f)\n"
        "report = oracles.run(op, oracles=['torch'], max_examples=5, seed=0)\n"
        "print(report.passed, [a.answered for e in report.entries for a in e.attendance])\n"
    )
    root = str(Path(oracles.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path,
        env={"PYTHONPATH": root, "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "True [5, 5]\n", done.stderr


def test_module_of_a_reference_is_not_left_registered():
    import cloudpickle  # noqa: PLC0415

    before = cloudpickle.list_registry_pickle_by_value()
    payload = packed({"torch": unit})
    assert cloudpickle.list_registry_pickle_by_value() == before
    assert unpacked(payload, "torch") is not unit
    assert unpacked(payload, "torch")(np, *np.ones((3, 1, 1)), scale=2.0) == 2 * np.tanh(2)
    assert place_of_payload(payload).startswith("payload:")


def test_reference_that_cannot_be_sent_is_told_at_once():
    lock = threading.Lock()

    def locked(xp, x):
        with lock:
            return x

    with pytest.raises(TypeError) as told:
        define("locked", lambda x: x * 1, None, operands={"x": "n"}, reference=locked)
    assert "locked for torch cannot be sent to a process of its own: TypeError" in str(told.value)


# --- cases -------------------------------------------------------------------------------------


def test_words_give_the_sizes():
    op, seen = made(sizes={"n": (0, 2), "i": 3, "o": (2, 4)}), set()
    from random import Random  # noqa: PLC0415

    random = Random(0)
    for _ in range(200):
        case = by_hand(op.cases("float32", Limits()))(Draws(random))
        (n, i), (i2, o), (o2,) = (a.shape for a in case.operands.values())
        assert (i, i2, o) == (3, 3, o2)
        assert case.cotangent.shape == (n, o)
        assert case.finite
        assert all(a.dtype == np.float32 for a in case.arrays.values())
        seen.add((n, o))
    assert seen == {(n, o) for n in (0, 1, 2) for o in (2, 3, 4)}
    simplest = by_hand(op.cases("float32", Limits()))(Draws(None))
    assert simplest.operands["x"].shape == (1, 3)
    assert simplest.options == {"scale": 1.0}


def test_sizes_may_be_written_among_the_words():
    op = define("pairs", lambda x: x[:, 0] * x[:, 1], None, operands={"x": "n 2", "s": ""},
                reference=lambda xp, x, s: x[:, 0] * x[:, 1] + 0 * s)  # fmt: skip
    case = by_hand(op.cases("float64", Limits()))(Draws(None))
    assert [a.shape for a in case.operands.values()] == [(1, 2), ()]


def test_whole_strategy_of_ones_own():
    from oracles.draws import drawable, integer  # noqa: PLC0415

    @drawable
    def cases(draw, dtype, limits):
        n = integer(draw, 1, 3)
        return build_case(draw, "triangle", dtype, limits, shapes={"x": (n, n + 1)},
                          y_shape=(n,), options={}, specials=())  # fmt: skip

    op = define("triangle", lambda x: x[:, 1:].sum(axis=1), lambda g, x: np.pad(
        np.repeat(g[:, None], x.shape[0], axis=1), ((0, 0), (1, 0))), operands=["x"], cases=cases,
        reference=lambda xp, x: xp.sum(x[:, 1:], axis=1))  # fmt: skip
    assert run(op, oracles=(), max_examples=20, seed=0).passed


def test_importing_oracles_imports_no_framework():
    code = (
        "import sys, oracles; oracles.define; "
        "print(callable(oracles.define), 'torch' in sys.modules, 'jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False False\n"


# --- errors ------------------------------------------------------------------------------------

MESSAGES = [
    ({"reference": None}, ValueError,
     "either `reference` or `references` must be given, not neither"),
    ({"references": {"torch": unit}}, ValueError,
     "either `reference` or `references` must be given, not both"),
    ({"reference": 3}, TypeError, "`reference` (=3) must be callable"),
    ({"roundings": 3}, ValueError, "`roundings` (=3) is for `references`"),
    ({"reference": None, "references": {"tf": unit}}, ValueError,
     "`references` names 'tf'; known are torch, jax"),
    ({"reference": None, "references": {"torch": 1}}, TypeError,
     "`references` (='torch': 1) must be callable"),
    ({"reference": None, "references": [unit]}, TypeError, "must be functions by witness"),
    ({"reference": None, "references": {"torch": unit}, "roundings": 0}, ValueError,
     "`roundings` (=0) must be at least 1"),
    ({"reference": None, "references": {"torch": unit}, "roundings": 1.5}, TypeError,
     "`roundings` (=1.5) must be an int"),
    ({"operands": ["x"]}, TypeError, "`operands` (=['x']) must be a mapping by name"),
    ({"operands": {}}, ValueError, "`operands` (={}) must name at least one operand"),
    ({"operands": {"x": None}}, TypeError, "`operands` gives 'x' the axes None"),
    ({"operands": {"x": "n -"}}, ValueError, "`operands` gives 'x' an axis '-'"),
    ({"operands": {"1x": "n"}}, ValueError, "`operands` names '1x', which is no name"),
    ({"operands": {"cotangent": "n"}}, ValueError, "`operands` names 'cotangent'"),
    ({"sizes": {"q": (1, 2)}}, ValueError,
     "`sizes` (='q': (1, 2)) is of no axis; axes are n, i, o"),
    ({"sizes": {"n": (3, 1)}}, ValueError, "`sizes` (='n': (3, 1)) must be of at least 0"),
    ({"sizes": {"n": (1, 2, 3)}}, TypeError, "must be the least and the largest size"),
    ({"sizes": {"n": (1, 2.5)}}, TypeError, "`sizes` (='n': (1, 2.5)) must be ints"),
    ({"options": {"scale": 1.0}}, TypeError,
     "`options` (='scale': 1.0) must be a sequence of values"),
    ({"options": {"scale": (np.ones,)}}, TypeError, "must hold numbers, texts, truths"),
    ({"constants": {"x": ("n", "i")}}, ValueError, "`constants` names 'x', which is one of"),
    ({"constants": {"t": "n"}}, TypeError, "`constants` gives 't' (='n')"),
    ({"constants": {"t": ("n", "n")}}, ValueError,
     "`constants` says that t stays below 'n', whose least size must be 1"),
    ({"gradients": ["q"]}, ValueError, "`gradients` names 'q'; there are x, w, b"),
    ({"gradients": "x"}, TypeError, "`gradients` (='x') must be a sequence of operands"),
    ({"backward_operands": ["q"]}, ValueError, "`backward_operands` names 'q'"),
    ({"positive": ["q"]}, ValueError, "`positive` names 'q'; there are x, w, b"),
    ({"cases": 3}, TypeError, "`cases` (=3) must be callable"),
    ({"dtypes": ["float16"]}, ValueError, "`dtypes` holds 'float16'"),
    ({"limits": {"strides": 1}}, TypeError, "`strides` (=1) is no limit"),
    ({"takes_cotangent": False}, ValueError, "`takes_cotangent` (=False) is for a loss"),
    ({"reference": lambda xp, x, w, b, scale: x @ b}, ValueError,
     "the reference fails at x of shape (1, 2), w of shape (2, 3), b of shape (3,), scale=1.0: "
     "ValueError: matmul"),
    ({"reference": lambda xp, x, w, b, scale: None}, TypeError,
     "`reference` returned a NoneType, not an array"),
    ({"reference": lambda xp, x, w, b, scale: x > 0}, TypeError,
     "`reference` returned an array of bool, not of floats"),
    ({"reference": lambda xp, x, w, b, scale: xp.floor(x)}, TypeError,
     "`reference` cannot be evaluated in exact arithmetic at x of shape (1, 1), w of shape (1, 1), "
     "b of shape (1,), scale=1.0: xp.floor cannot be evaluated in exact arithmetic"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "message"), MESSAGES, ids=range(len(MESSAGES)))
def test_mistake_is_named(changes, error, message):
    with pytest.raises(error) as told:
        made(**changes)
    assert message in str(told.value)


@pytest.mark.parametrize(("name", "message"), [
    ("two words", "`name` (='two words') must be a Python name"),
    (3, "`name` (=3) must be a Python name"),
])  # fmt: skip
def test_name_must_be_one(name, message):
    with pytest.raises(ValueError) as told:  # noqa: PT011 - the message follows
        define(name, unit_forward, unit_backward, reference=unit, **UNIT)
    assert str(told.value) == message


def test_limits_that_the_user_gives_are_kept():
    op = made(limits={"layouts": False})
    case = by_hand(op.cases("float64", make_limits(op.limits)))(Draws(None))
    assert not case.layouts
    report = run(op, oracles=(), max_examples=3, seed=0)
    assert isinstance(report, Report)
    assert report.entries[0].limits == {"layouts": False}
