"""What one check costs: a fresh case to this harness, to gradcheck and to JAX's check_grads.

Every case has a shape that none before it had, as in a test that draws its shapes. JAX compiles
for each fresh shape: that is part of what its check costs, so the same check is timed a second
time, when everything is compiled.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.helper import Helper
from benchmarks.stats import Times
from oracles.catalog import ops
from oracles.judging import against, judge_subject
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.runner import Runner

SEED = 2018
OP = "conv_transpose2d"
OURS = "oracles, torch"
SIZES = ((35, 70), (225, 400), (750, 1350))
"""Least and largest number of elements of the cases."""

LIMITS = Limits(
    special_values=False, second_order=False, min_batch=1, layouts=False,
    max_size=8, max_channels=4,
)  # fmt: skip

_DRAWS = 60
"""Draws for each case that is wanted: few draws have many elements."""

Check = Callable[[Case], Mapping[str, float]]


@dataclass(frozen=True)
class Checks:
    """The same cases, of about one size, to every participant.

    Attributes
    ----------
    elements
        Of each case: all operands and the cotangent.
    times
        By participant, in the order of the cases.
    """

    elements: tuple[int, ...]
    times: Mapping[str, Times]

    def ratio(self, name: str) -> float:
        """How many times as long as this harness with PyTorch, median against median."""
        return self.times[name].median / self.times[OURS].median


def measure(
    count: int,
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    progress: Callable[[str], None],
) -> list[Checks]:
    """Time every participant on `count` cases of each size; they take turns, case by case."""
    op = ops[OP]
    found = []
    with ExitStack() as stack:
        checks = [*_harness(stack, op), _gradcheck, stack.enter_context(_JaxCheck())]
        for least, most in sizes:
            cases = fresh_cases(op, count + 1, least=least, most=most)
            answers = [{k: v for check in checks for k, v in check(case).items()} for case in cases]
            counted = answers[1:]  # with the first, processes start and modules are imported
            times = {n: Times(tuple(each[n] for each in counted)) for n in counted[0]}
            found.append(Checks(tuple(case.size for case in cases[1:]), times))
            progress("\n".join(lines(found[-1])))
    return found


def fresh_cases(op: Op, count: int, *, least: int, most: int) -> list[Case]:
    """Return cases as the harness draws them, of `least` to `most` elements, no shape twice.

    Raises
    ------
    ValueError
        If so many were not drawn.
    """
    found: dict[Any, Case] = {}
    quiet = settings(
        max_examples=_DRAWS * count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    def keep(case: Case) -> None:
        if least <= case.size <= most:
            found.setdefault(form(case), case)

    quiet(seed(SEED)(given(op.cases("float64", LIMITS))(keep)))()
    if len(found) < count:
        raise ValueError(
            f"`count` (={count}) must be at most {len(found)}, the cases of {least} to {most} "
            "elements that were drawn"
        )
    return list(found.values())[:count]


def form(case: Case) -> tuple[Any, ...]:
    """Return what a compiler sees of a case: shapes and options."""
    return tuple(array.shape for array in case.arrays.values()), repr(case.options)


def _harness(stack: ExitStack, op: Op) -> Iterator[Check]:
    """Yield the harness with PyTorch, and with JAX too, no program of an earlier run kept."""
    for witnesses in (("torch",), ("torch", "jax")):
        home = stack.enter_context(without_programs())
        runner = stack.enter_context(Runner(oracles=witnesses, directory=home))
        name = f"oracles, {' and '.join(witnesses)}"
        yield partial(_timed, name, partial(judge, runner, op))


@contextmanager
def without_programs() -> Iterator[str]:
    """Give an empty directory, in which witnesses that start now keep compiled programs."""
    name = "XDG_CACHE_HOME"
    before = os.environ.get(name)
    with tempfile.TemporaryDirectory() as home:
        os.environ[name] = home
        try:
            yield home
        finally:
            del os.environ[name]
            if before is not None:
                os.environ[name] = before


def judge(runner: Runner, op: Op, case: Case) -> None:
    """Put one case to subject and witnesses, and hold all answers against truth."""
    runner.workers.ask(op, case)
    answer, true, _ = judge_subject(op, case)
    for witness, said in runner.workers.answers().items():
        against(witness, said, true, case)
    if answer.kind != "value":
        raise RuntimeError(f"the subject gave no value: {answer.detail}")


def _timed(name: str, check: Callable[[Case], None], case: Case) -> dict[str, float]:
    start = time.perf_counter()
    check(case)
    return {name: time.perf_counter() - start}


def _gradcheck(case: Case) -> dict[str, float]:
    import torch

    torch.set_num_threads(1)  # as the harness's own witness has it
    leaves = [torch.tensor(a).requires_grad_() for a in case.operands.values()]
    call = partial(getattr(torch.nn.functional, OP), **case.options)

    def check(fast: bool, _: Case) -> None:
        torch.autograd.gradcheck(call, leaves, fast_mode=fast)

    return {
        **_timed("gradcheck, fast", partial(check, True), case),
        **_timed("gradcheck, slow", partial(check, False), case),
    }


class _JaxCheck:
    """JAX in a process of its own, so that its threads disturb no other's timing."""

    def __enter__(self) -> Check:
        self._helper = Helper(_check_grads)
        return lambda case: self._helper.ask(dict(case.operands), dict(case.options))

    def __exit__(self, *_: object) -> None:
        self._helper.close()


def _check_grads() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, float]]:
    flags = os.environ.get("XLA_FLAGS", "")  # one thread, as every other check has
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    import jax
    from jax.test_util import check_grads

    from oracles.witnesses.jax import conv_transpose

    jax.config.update("jax_enable_x64", True)

    def answer(operands: dict[str, Any], options: dict[str, Any]) -> dict[str, float]:
        call = jax.jit(partial(conv_transpose, jax, axes=2, **options))
        given = tuple(operands.values())
        seconds = {}
        for name in ("check_grads", "check_grads, compiled"):
            start = time.perf_counter()
            check_grads(call, given, order=1, modes=("rev",))
            seconds[name] = time.perf_counter() - start
        return seconds

    return answer


def lines(checks: Checks) -> list[str]:
    """Return the rows of the table for one size."""
    elements = f"{median(checks.elements):.0f}"
    return [
        f"| {elements} | {len(checks.elements)} | {name} | {1e3 * times.median:.3g} ms "
        f"| {1e3 * times.quartiles[0]:.3g} to {1e3 * times.quartiles[1]:.3g} ms "
        f"| {checks.ratio(name):.3g} |"
        for name, times in checks.times.items()
    ]


HEAD = (
    f"| elements | cases | check | median | quartiles | times {OURS} |\n"
    "|--:|--:|---|--:|--:|--:|"
)  # fmt: skip


def table(found: Sequence[Checks]) -> str:
    """Return all sizes as Markdown."""
    return "\n".join([HEAD, *(row for checks in found for row in lines(checks))])
