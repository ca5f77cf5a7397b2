"""`oracle-diff run`: examines operations, prints the table, writes the reports."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress as Bar

from oracles.arguments import (
    check_files,
    check_output,
    check_required,
    chosen_op,
    evidence_of,
    limits_of,
    make_runner,
    names_of,
)
from oracles.catalog import ops
from oracles.choices import KNOWN_ORACLES
from oracles.console import terminal
from oracles.finishing import finish, load_baseline
from oracles.op import Op
from oracles.plugging import DTYPES
from oracles.report import OpReport
from oracles.reporting.terminal import header, row
from oracles.runner import Progress, Runner
from oracles.stopping import stopping


def run_operations(options: Namespace) -> int:
    """Examine what was asked for and return the exit status."""
    chosen = [chosen_op(name) for name in options.ops] or list(ops)
    oracles, dtypes = (
        names_of("--oracles", options.oracles, KNOWN_ORACLES),
        names_of("--dtypes", options.dtypes, DTYPES),
    )
    limits = limits_of(options.limit)
    evidence = evidence_of(options.evidence, chosen)
    check_required(options.require, oracles)
    baseline = load_baseline(options)
    check_output(options.output)
    check_files(options)
    console = terminal()
    with stopping() as stop, make_runner(options, oracles, limits, evidence) as runner:
        entries = _examine(runner, chosen, dtypes, None if options.quiet else console)
        report = runner.report(entries)
    return stop.status(finish(options, report, console, baseline))


def _examine(
    runner: Runner, chosen: Sequence[Op], dtypes: Sequence[str], console: Console | None
) -> list[OpReport]:
    """Examine every operation, printing rows as they come and progress on a terminal."""
    entries: list[OpReport] = []
    pairs = [(op, dtype) for op in chosen for dtype in dtypes if dtype in op.dtypes]
    if console is not None:
        console.print(header(runner.oracles))
    bar = Bar(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        task = bar.add_task("", total=len(pairs) * runner.max_examples)

        def show(progress: Progress) -> None:
            done = len(entries) * runner.max_examples + progress.done
            bar.update(task, completed=done, description=f"{progress.op} {progress.dtype}")

        runner.progress = show
        try:
            for op, dtype in pairs:
                entries.append(runner.examine(op, dtype))
                if console is not None:
                    bar.stop()  # it stands on another stream, where the row is to go
                    console.print(row(entries[-1], runner.oracles))
                    bar.start()
                if runner.interrupted:
                    break
        except KeyboardInterrupt:  # between two cases, or in a proof: what is done is whole
            runner.interrupted = True
    return entries
