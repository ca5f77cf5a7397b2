"""``oracle-diff selftest``: mutations of each subject, what killed them, or what would have."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from oracles.broken_pipe import say
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WRONG
from oracles.files import write_files
from oracles.op import Op
from oracles.progress import bar
from oracles.reporting.json_form import plain
from oracles.reporting.lines import fit
from oracles.reporting.selftest import (
    entry_text,
    list_text,
    selftest_markdown,
    summary_text,
)
from oracles.selftest.form import form_of
from oracles.selftest.mutations import mutations_of
from oracles.selftest.record import OpTrials, SelfTest, Trial
from oracles.selftest.settings import Settings, hunted
from oracles.selftest.trial import convicted, trials


def selftest_command(options: Namespace, chosen: Sequence[Op], settings: Settings) -> int:
    """Mutate each operation's subject, print and write what became of it, return the status."""
    kinds, only = tuple(options.kind), options.only
    if options.list:
        for op in chosen:
            say(list_text(op.name, mutations_of(op, form_of(op), kinds=kinds, only=only)))
        return RIGHT
    found = SelfTest(
        seed=settings.seed,
        max_examples=settings.max_examples,
        dtypes=settings.dtypes,
        limits=settings.limits.stated(),
        evidence=settings.evidence,
        entries=(),
    )
    for op in chosen:
        entry, interrupted = _entry(op, settings, kinds, only)
        found = replace(found, entries=(*found.entries, entry), interrupted=interrupted)
        say(entry_text(entry, whole=bool(options.ops)))
        if interrupted:
            break
    written = write_files(
        options.output,
        {
            "selftest.json": json.dumps(plain(found), indent=1),
            "selftest.md": selftest_markdown(found),
        },
    )
    say(f"{summary_text(found)}report: {' '.join(written)}\n")
    return _status(found)


def _entry(op: Op, settings: Settings, kinds: tuple[str, ...], only: str) -> tuple[OpTrials, bool]:
    """Return what became of the mutations of one subject, and whether it was interrupted."""
    start = time.perf_counter()
    entry = OpTrials(
        op=op.name,
        subject=op.subject or op.name,
        limits={**op.limits, **settings.limits.stated()},
        trials=(),
        left_out=(),
        seconds=0.0,
    )
    done: list[Trial] = []
    left_out: list[str] = []
    interrupted = False
    try:
        as_it_is = hunted(op, settings).conviction
        if as_it_is is not None:
            command = _command(op, settings)
            entry = replace(entry, wrong=convicted(as_it_is), command=command)
        else:
            _try_all(op, settings, kinds, only, done, left_out)
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - start
    whole = replace(entry, trials=tuple(done), left_out=tuple(left_out), seconds=seconds)
    return whole, interrupted


def _try_all(
    op: Op,
    settings: Settings,
    kinds: tuple[str, ...],
    only: str,
    done: list[Trial],
    left_out: list[str],
) -> None:
    """Add what becomes of each mutation to `done`, or its name to `left_out`."""
    form = form_of(op)
    mutations = mutations_of(op, form, kinds=kinds, only=only)
    with bar() as drawn:
        task = drawn.add_task(fit(op.name, -18).rstrip(), total=len(mutations), count="")
        tried = trials(op, form, mutations, settings)
        for number, (mutation, trial) in enumerate(zip(mutations, tried, strict=True), 1):
            if trial is None:
                left_out.append(mutation.name)
            else:
                done.append(trial)
            drawn.update(task, advance=1, count=f"{number}/{len(mutations)} mutations")


def _command(op: Op, settings: Settings) -> str:
    """Return the command that shows the whole of a conviction."""
    limits = [f"--limit {name}={value}" for name, value in settings.limits.stated().items()]
    evidence = [f"--evidence {','.join(settings.evidence)}"] if settings.evidence else []
    parts = [
        f"oracle-diff run {op.spec or op.name}",
        f"--dtypes {','.join(settings.dtypes)} --max-examples {settings.max_examples}",
        f"--seed {settings.seed}",
    ]
    return " ".join([*parts, *limits, *evidence])


def _status(found: SelfTest) -> int:
    if found.interrupted:
        return INTERRUPTED
    if found.wrong:
        return WRONG
    return RIGHT if any(entry.of("killed") for entry in found.entries) else NOTHING
