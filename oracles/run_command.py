"""`oracle-diff run`: examines operations, prints the table, writes the reports."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress as Bar
from rich.text import Text

from oracles.arguments import (
    check_file,
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
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.files import write_files
from oracles.op import Op
from oracles.outputs import texts, write_html
from oracles.plugging import DTYPES
from oracles.report import OpReport, Report
from oracles.reporting.terminal import footer, header, row, verdict_line
from oracles.runner import Progress, Runner


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
    check_output(options.output)
    if options.html is not None:
        check_file("--html", options.html)
    console = terminal()
    with make_runner(options, oracles, limits, evidence) as runner:
        entries = _examine(runner, chosen, dtypes, None if options.quiet else console)
        report = runner.report(entries)
    written = [] if options.no_report else write_files(options.output, texts(report))
    if options.html is not None:
        written += write_html(options.html, report)
    console.print(Text(verdict_line(report)) if options.quiet else footer(report))
    if written and not options.quiet:
        console.print(Text(f"report: {' '.join(written)}", "dim"))
    return status_of(report, options.require)


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
        for op, dtype in pairs:
            entries.append(runner.examine(op, dtype))
            if console is not None:
                bar.stop()  # it stands on another stream, where the row is to go
                console.print(row(entries[-1], runner.oracles))
                bar.start()
            if runner.interrupted:
                break
    return entries


def status_of(report: Report, required: Sequence[str]) -> int:
    """Return the exit status that a report comes to."""
    if report.interrupted:
        return INTERRUPTED
    if report.failures:
        return WRONG
    if not report.passed:  # no case at all, or none that could have shown an error
        return NOTHING
    died = {d.witness for e in report.entries for d in e.defects if d.kind in _DEATHS}
    return WITNESS_FAILED if died & set(required) else RIGHT


_DEATHS = ("crashed", "timed out")
