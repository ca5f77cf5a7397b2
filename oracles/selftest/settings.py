"""The configuration of a check, and how a subject fares in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from oracles.hunting import Hunt, hunt
from oracles.limits import Limits
from oracles.op import Case, Op
from oracles.runner import Runner
from oracles.search import search
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Watch
from oracles.subject import ask_subject


@dataclass(frozen=True)
class Settings:
    """What a user's check is asked for: see `oracles.run`."""

    seed: int
    dtypes: tuple[str, ...] = ("float32", "float64")
    max_examples: int = 40
    limits: Limits = field(default_factory=Limits)
    evidence: tuple[str, ...] | None = None
    time_limit: float = 30.0

    def runner(self) -> Runner:
        """Return a runner that asks no framework: none convicts."""
        return Runner(
            oracles=(),
            max_examples=self.max_examples,
            seed=self.seed,
            time_limit=self.time_limit,
            limits=self.limits,
            evidence=self.evidence,
            keep=False,
        )


def settings_of(runner: Runner, dtypes: Sequence[str]) -> Settings:
    """Return the configuration of a runner, which has looked at the arguments."""
    return Settings(
        seed=runner.seed,
        dtypes=tuple(dtypes),
        max_examples=runner.max_examples,
        limits=runner.limits,
        evidence=runner.evidence,
        time_limit=runner.time_limit,
    )


_ALIKE = ("operand", "option", "rare")
"""Kinds of mutations that the cases of one dtype show if those of another do."""

_ENOUGH = 20
"""Calls that could not be made otherwise, after which none will be."""


def hunted(op: Op, settings: Settings) -> Hunt:
    """Put the cases of a configuration to a subject until one convicts."""
    with settings.runner() as runner:
        return hunt(runner, op, settings.dtypes)


def hunted_mutant(op: Op, form: Form, mutation: Mutation, settings: Settings) -> tuple[Hunt, Watch]:
    """Put them to a subject made wrong; return what the mutation did as well."""
    watch = Watch()
    mutant = mutation.make(op, form, watch)
    with settings.runner() as runner:
        return hunt(runner, mutant, settings.dtypes, watch.begin), watch


def shown(op: Op, form: Form, mutation: Mutation, settings: Settings) -> Watch:
    """Only look what a mutation does in the cases of a configuration: nothing is judged."""
    watch = Watch()
    mutant = replace(mutation.make(op, form, watch), time_limit=settings.time_limit)

    def look(case: Case) -> None:
        if not watch.changed and watch.failed < _ENOUGH:
            watch.begin(case)
            second = case if op.double_backward is not None else replace(case, directions={})
            ask_subject(mutant, second)

    with settings.runner() as runner:
        limits = runner.limits_of(op)
    dtypes = [dtype for dtype in settings.dtypes if dtype in op.dtypes]
    if mutation.kind in _ALIKE:
        dtypes = dtypes[:1]
    for dtype in dtypes:
        strategy = op.cases(dtype, limits)
        search(strategy, look, start=settings.seed, most=settings.max_examples)
    return watch
