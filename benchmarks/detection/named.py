"""One mistake in one piece of slow code: how long until each tool reports it.

A convolution written in loops, the rotation of the kernel missing in its backward.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from benchmarks.detection import looped
from benchmarks.detection.questions import SEED, question
from benchmarks.detection.tools import TOOLS
from benchmarks.detection.trial import tried
from benchmarks.helper import Helper
from oracles.catalog import ops
from oracles.checking import OracleMismatch, check
from oracles.op import Case, Op
from oracles.runner import Runner

SHAPES = (((2, 4, 10, 8), (3, 4, 3, 3)), ((2, 4, 12, 8), (6, 4, 3, 3)))
"""Of x and w: about 1,000 elements with the cotangent, and without it."""

Shapes = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Report:
    """One tool's report.

    Attributes
    ----------
    tool
        And what it was given.
    seconds
        Until it was raised.
    said
        First line; "" if the tool found nothing.
    """

    tool: str
    seconds: float
    said: str


@dataclass(frozen=True)
class Named:
    """What every tool reported of a case.

    Attributes
    ----------
    x, w
        Shapes.
    inputs, outputs
        Elements of all operands; of the result.
    forward, backward
        Seconds of one call of the subject.
    """

    x: tuple[int, ...]
    w: tuple[int, ...]
    inputs: int
    outputs: int
    forward: float
    backward: float
    reports: tuple[Report, ...]


def subject() -> Op:
    """Return the convolution in loops, one rotation missing."""
    return ops["conv2d"].implemented_by(looped.forward, looped.backward_unrotated)


def case(x: Sequence[int], w: Sequence[int]) -> Case:
    """Return the case of these shapes, standard normal numbers in float64."""
    rng = np.random.default_rng(SEED)
    operands = {"x": rng.standard_normal(x), "w": rng.standard_normal(w)}
    operands["b"] = rng.standard_normal(w[0])
    y = ops["conv2d"].forward(*operands.values())
    options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return Case("conv2d", operands, options, rng.standard_normal(y.shape))


def measure(
    progress: Callable[[str], None], shapes: Sequence[Shapes] = SHAPES
) -> tuple[Named, ...]:
    """Have every tool report the mistake."""
    found = [_named(case(*each)) for each in shapes]
    for name in TOOLS:
        with Helper(serving, name) as helper:
            for at, (x, w) in enumerate(shapes):
                report = helper.ask(x, w)
                progress(f"the loops, {x}: {name}: {report.seconds:.2f} s")
                found[at] = replace(found[at], reports=(*found[at].reports, report))
    return tuple(
        replace(each, reports=(*each.reports, *_ours(case(each.x, each.w), progress)))
        for each in found
    )


def _named(of: Case) -> Named:
    op = subject()
    start = time.perf_counter()
    op.forward(*of.operands.values(), **of.options)
    middle = time.perf_counter()
    assert op.backward is not None
    op.backward(of.cotangent, *op.backward_arguments(of.operands), **of.options)
    inputs = sum(array.size for array in of.operands.values())
    return Named(
        of.operands["x"].shape, of.operands["w"].shape, inputs, of.cotangent.size,
        middle - start, time.perf_counter() - middle, (),
    )  # fmt: skip


def serving(name: str) -> Callable[[tuple[int, ...], tuple[int, ...]], Report]:
    """Return, in a process of its own, what has one tool report the mistake."""
    tool = TOOLS[name]
    tool.prepare()
    small = question(ops["conv2d"], case((1, 1, 2, 2), (1, 1, 1, 1)), tool.dtype)
    tried(tool.check, ops["conv2d"], [small], budget=inf, once=True)  # start-up

    def answer(x: tuple[int, ...], w: tuple[int, ...]) -> Report:
        op = subject()
        asked = [question(op, case(x, w), tool.dtype)]
        found = tried(tool.check, op, asked, budget=inf, once=True)
        return Report(name, found.seconds, found.said)

    return answer


def _ours(of: Case, progress: Callable[[str], None]) -> list[Report]:
    """Return what the harness reports, of the case and of the cases that it draws."""
    found = [_checked(given, examples) for given, examples in (("the case", [of]), ("", []))]
    found += [_from_nothing(each) for each in ((), ("torch",), ("torch", "jax"))]
    for each in found:
        progress(f"the loops, {of.operands['x'].shape}: {each.tool}: {each.seconds:.2f} s")
    return found


def _checked(given: str, examples: Sequence[Case]) -> Report:
    """Return the report of a check whose witness, PyTorch, has been started before."""
    name = f"oracles.check(op{', examples=[case]' if given else ''})"
    with (
        tempfile.TemporaryDirectory() as home,
        Runner(oracles=("torch",), seed=SEED, directory=home, keep=False) as runner,
    ):
        runner.examine(ops["dense"], "float64")
        op = subject()
        start = time.perf_counter()
        report = runner.report([runner.examine(op, dtype, examples) for dtype in op.dtypes])
        said = str(OracleMismatch(report))
        return Report(name, time.perf_counter() - start, _cause(said))


def _from_nothing(oracles: tuple[str, ...]) -> Report:
    started = f", {' and '.join(oracles)} started for it" if oracles else ", no framework"
    name = f"oracles.check(op){started}"
    op = subject()
    with tempfile.TemporaryDirectory() as home:
        start = time.perf_counter()
        try:
            check(op, oracles=oracles, seed=SEED, directory=home, keep=False)
        except OracleMismatch as error:
            return Report(name, time.perf_counter() - start, _cause(str(error)))
    return Report(name, time.perf_counter() - start, "")


def _cause(text: str) -> str:
    """Return the cause that a report names."""
    lines = text.splitlines()
    at = lines.index("why:") if "why:" in lines else -1
    return " ".join(line.strip() for line in lines[at + 1 : at + 3])
