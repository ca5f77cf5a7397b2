"""What a check costs: one fresh case against gradcheck, and fresh cases per second.

python -m benchmarks.checks
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings

from oracles.catalog import ops
from oracles.judging import against, judge_subject
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.report import OpReport
from oracles.runner import Runner

SEED = 2018
PLAIN = Limits(special_values=False, second_order=False, min_batch=1, layouts=False)


def main() -> None:
    """Print both tables."""
    torch.set_num_threads(1)  # as the harness's own witness has it
    print("One fresh case of conv_transpose2d, float64, subject and torch, all elements:")
    for line in one_check(fresh_cases(ops["conv_transpose2d"], 40)):
        print(line)
    print("\nFresh cases per second, float64, draws on the lattice among them:")
    for name in ("conv2d", "conv_transpose2d", "dense", "tanh", "network"):
        for witnesses in (("torch",), ("torch", "jax")):
            print(rate(ops[name], witnesses))


def fresh_cases(op: Op, count: int) -> list[Case]:
    """Return cases as the harness draws them, of at least 50 elements, no shape twice."""
    found: dict[Any, Case] = {}
    quiet = settings(
        max_examples=10 * count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )

    def keep(case: Case) -> None:
        shapes = tuple(array.shape for array in case.arrays.values())
        if case.size >= 50:
            found.setdefault((shapes, repr(case.options)), case)

    quiet(seed(SEED)(given(op.cases("float64", PLAIN))(keep)))()
    return list(found.values())[:count]


def one_check(cases: list[Case]) -> list[str]:
    """Time the judgement of each case, and gradcheck on the same operands, turn by turn."""
    op = ops["conv_transpose2d"]
    times: dict[str, list[float]] = {"oracles": [], "gradcheck, fast": [], "gradcheck, slow": []}
    with (
        tempfile.TemporaryDirectory() as home,
        Runner(oracles=("torch",), directory=home) as runner,
    ):
        judge(runner, op, cases[0])
        for case in cases[1:]:
            leaves = [torch.tensor(a).requires_grad_() for a in case.operands.values()]

            def call(*operands: Any, options: Any = case.options) -> Any:
                return torch.nn.functional.conv_transpose2d(*operands, **options)

            times["oracles"].append(seconds(lambda case=case: judge(runner, op, case)))
            for name, fast in (("gradcheck, fast", True), ("gradcheck, slow", False)):
                check = torch.autograd.gradcheck
                times[name].append(
                    seconds(lambda c=call, x=leaves, f=fast, g=check: g(c, x, fast_mode=f))
                )
    ours = statistics.median(times["oracles"])
    elements = statistics.median(case.size for case in cases)
    return [f"  {len(cases) - 1} cases, {elements:.0f} elements in the median"] + [
        f"  {name:<18}{1e3 * statistics.median(each):8.2f} ms, quartiles {spread(each)}, "
        f"{statistics.median(each) / ours:6.1f} x oracles"
        for name, each in times.items()
    ]


def judge(runner: Runner, op: Op, case: Case) -> None:
    """Put one case to subject and witnesses, and hold all answers against truth."""
    runner.workers.ask(op, case)
    answer, true, _ = judge_subject(op, case)
    for witness, said in runner.workers.answers().items():
        against(witness, said, true, case)
    assert answer.kind == "value"


def seconds(call: Callable[[], Any]) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def spread(times: list[float]) -> str:
    """Return the lower and upper quartile in milliseconds."""
    low, _, high = statistics.quantiles(times, n=4)
    return f"{1e3 * low:.2f} to {1e3 * high:.2f}"


def rate(op: Op, witnesses: tuple[str, ...]) -> str:
    """Return one line: cases, and new shapes, per second."""
    with tempfile.TemporaryDirectory() as home:
        runner = Runner(oracles=witnesses, max_examples=100, seed=SEED, directory=home)
        with runner:
            runner.max_examples = 3
            runner.examine(op, "float64")  # the processes start
            runner.max_examples, runner.seed = 100, SEED + 1
            start = time.perf_counter()
            entry: OpReport = runner.examine(op, "float64")
            took = time.perf_counter() - start
    drawn = entry.lattice.cases if entry.lattice else 0
    return (
        f"  {op.name:<18}{'+'.join(witnesses):<12}{(entry.cases + drawn) / took:8.0f} cases/s"
        f"{entry.cases / took:8.0f} drawn shapes/s"
    )


if __name__ == "__main__":
    main()
