"""`oracle-diff run`: examines operations, prints the table, writes the reports."""

from __future__ import annotations

import sys
import time
import traceback
from argparse import Namespace
from collections.abc import Sequence

from oracles.arguments import (
    UsageError,
    check_files,
    check_output,
    check_required,
    chosen_ops,
    evidence_of,
    limits_of,
    make_runner,
    names_of,
)
from oracles.choices import KNOWN_ORACLES
from oracles.console import Terminal, terminal
from oracles.exit_status import BROKEN
from oracles.finishing import finish, load_baseline, tell_of_earlier_reports
from oracles.github import hold_commands
from oracles.op import Op
from oracles.plugging import DTYPES
from oracles.progress import RunBar, bar
from oracles.report import OpReport
from oracles.reporting.terminal import header, row
from oracles.runner import Runner
from oracles.stopping import stopping
from oracles.user_ops import NotFound
from oracles.workers import WITNESSES, CannotAsk


def run_operations(options: Namespace) -> int:
    """Examine what was asked for and return the exit status."""
    began = time.time()
    try:
        return _run(options)
    except (UsageError, NotFound):
        raise
    except BaseException:
        tell_of_earlier_reports(options, began)
        raise


def _run(options: Namespace) -> int:
    console = terminal(data=options.json == "-")  # a subject may print when it is imported
    hold_commands(console, quiet=options.quiet)
    chosen = chosen_ops(options)
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
    with stopping() as stop:
        with make_runner(options, oracles, limits, evidence) as runner:
            runner.when_interrupted = stop.hold
            entries = _examine(runner, chosen, dtypes, None if options.quiet else console)
            stop.hold()
            report = runner.report(entries)
        status = finish(options, report, console, baseline)
        return stop.status(status if runner.trouble is None else _told(runner.trouble))


def _told(trouble: Exception) -> int:
    """Say what broke the run, and return the exit status; a full disk needs no traceback."""
    if isinstance(trouble, CannotAsk):
        sys.stderr.write(f"oracle-diff: error: {trouble}\n")
    else:
        traceback.print_exception(trouble)
    return BROKEN


def _examine(
    runner: Runner, chosen: Sequence[Op], dtypes: Sequence[str], console: Terminal | None
) -> list[OpReport]:
    """Examine every operation, printing rows as they come and progress on a terminal."""
    entries: list[OpReport] = []
    pairs = [(op, dtype) for op in chosen for dtype in dtypes if dtype in op.dtypes]
    if console is not None:
        console.print(header(runner.oracles, console.width))
    started = [name for name in runner.present if name in WITNESSES]
    waiting = f"starting {', '.join(started)}" if started else "starting"
    try:
        with RunBar(pairs, runner.max_examples, waiting, bar(hidden=console is None)) as progress:
            runner.progress = progress.show
            for op, dtype in pairs:
                entries.append(runner.examine(op, dtype))
                with progress.row():
                    if console is not None:
                        console.print(row(entries[-1], runner.oracles, console.width))
                if runner.interrupted:
                    break
    except KeyboardInterrupt:  # between two cases, or in a proof: what is done is whole
        runner.interrupted = True
    except Exception as error:
        if not entries:
            raise
        runner.interrupted, runner.trouble = True, error  # what is done is whole
    return entries
