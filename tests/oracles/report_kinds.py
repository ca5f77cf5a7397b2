"""Reports of every kind, for the tests of the formats in which reports are written."""

from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import strategies as st

from manualgrad import dense, dense_backward
from oracles.catalog import ops
from oracles.checking import run
from oracles.op import Case
from oracles.places import Place
from oracles.report import Attendance
from oracles.wrong_cases import Defect

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "markup": "</testcase>]]><!-- & \"quoted\" 'too' -->",
    "markdown": "`a` | *b* _c_ [d](http://e.example) ![f](g) ~~h~~ $i$ # j",
    "lines": "first\nsecond\r\n- third\u2028fourth\n\n# fifth",
    "control": "\x00\x07\x1b[31m\x7f\x85\ufffe\uffff",
    "surrogate": "half \udc80 \ud83d a character",
    "right to left": "\u202egnp.exe \u05d0\u05d1",
    "long": "name_" * 2000,
    "command": "a,b:c%d::error::e\n::error::injected",
    "details": "</details></summary><h1>",
    "fence": "``` ````` ~~~~",
}
"""Names that try to be something else than names."""


def _wrong_tanh(g, x):
    return g * np.tanh(x)


def _doubled(x):
    return 2 * np.tanh(x)


def _raising(g, x):
    raise RuntimeError("no gradient today")


def _keeps(cotangent, x, w, b=None, kept={}):  # noqa: B006 - it remembers, as it must not
    found = dense_backward(cotangent, x, w)
    memory = kept.setdefault((found.grad_w.shape, str(found.grad_w.dtype)), found.grad_w.copy())
    memory[...] = found.grad_w
    return found._replace(grad_w=memory)


def _blind():
    """Return dense on one case whose products cancel: its bound is larger than its result."""
    large = 2.0**12
    x = np.array([[large + 1, large]], np.float32)
    w = np.array([[large], [-large - 1 + 2.0**-11]], np.float32)
    case = Case("dense", {"x": x, "w": w}, {}, np.full((1, 1), 3, np.float32))
    return replace(ops.dense, cases=lambda dtype, limits: st.just(case))


def _run(*chosen, dtypes=("float32", "float64"), **options):
    return run(chosen, oracles=("complex_step",), dtypes=dtypes, max_examples=5, seed=4, **options)


@cache
def right():
    """Return a report of two right operations."""
    return _run(ops.dense, ops.tanh)


@cache
def wrong():
    """Return a report of wrong gradients, a wrong forward, no answer, shared memory, and tanh."""
    subjects = [
        ops.tanh.implemented_by(np.tanh, _wrong_tanh),
        ops.tanh.implemented_by(_doubled, None),
        ops.tanh.implemented_by(np.tanh, _raising),
        ops.dense.implemented_by(dense, _keeps),
        ops.tanh,
    ]
    return _run(*subjects, dtypes=("float64",))


@cache
def vacuous():
    """Return a report in which no error could have been seen."""
    return _run(_blind(), dtypes=("float32",), evidence=("bound",))


def empty():
    """Return a report of a run that compared nothing at all."""
    return replace(right(), entries=())


def interrupted():
    """Return a report of a run that was stopped after its first operation."""
    return replace(right(), entries=right().entries[:1], interrupted=True)


def refuted():
    """Return a report of a subject that is right on numbers, and wrong on symbols."""
    entry = right().entries[0]
    proof = replace(entry.proof, refutation="grad_w[0, 0] differs from the definition's by x_0")
    return replace(right(), entries=(replace(entry, proof=proof), *right().entries[1:]))


def with_defects(name="a framework"):
    """Return a right report with a framework that differs, one that died, and one missing."""
    case = Case("dense", {"x": np.array([[np.nan]])}, {}, np.zeros((1, 1)))
    crash = Defect("jax", "crashed", f"{name}: crashed by SIGABRT", 2, case, (), f"{name}/a.case")
    differs = Defect("torch", "differs", f"{name}: y differs in 1 of 1 cells", 3, case)
    seen = (Attendance("torch", answered=3), Attendance("jax", answered=1, crashed=2))
    entry = replace(right().entries[0], defects=(crash, differs), attendance=seen)
    return replace(
        right(),
        entries=(entry, *right().entries[1:]),
        oracles=("torch", "jax"),
        missing={"jax": "jax is not installed: pip install 'manualgrad[jax]'"},
    )


def hostile(name):
    """Return a report, wrong and with defects, in which everything that can be is called so."""
    wrongly, other = wrong().entries[0], with_defects(name).entries[0]
    sentences = (f"grad_x: WRONG, {name}", name)
    failure = replace(wrongly.failure, sentences=sentences, script=name, saved=name)
    entries = (
        replace(wrongly, op=name, subject=name, backward=f"{name}!", failure=failure,
                place=Place(name, 7)),
        replace(other, op=name, subject=name, notes=(name,), limits={name: name}),
        replace(vacuous().entries[0], op=name, subject=name),
    )  # fmt: skip
    where = replace(right().environment, platform=name, versions={"manualgrad": name})
    return replace(
        right(), entries=entries, missing={"jax": name}, environment=where, oracles=("torch",)
    )


def many(count):
    """Return a report of so many wrong operations."""
    first = wrong().entries[0]
    entries = tuple(replace(first, op=f"op_{number}") for number in range(count))
    return replace(wrong(), entries=entries)


KINDS = {
    "right": right,
    "wrong": wrong,
    "vacuous": vacuous,
    "empty": empty,
    "interrupted": interrupted,
    "refuted": refuted,
    "with defects": with_defects,
    **{f"hostile, {kind}": lambda name=name: hostile(name) for kind, name in HOSTILE.items()},
}
"""Every kind of report, by what it is called in a test."""
