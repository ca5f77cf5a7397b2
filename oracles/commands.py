"""What ``oracle-diff`` does once its arguments are read."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from rich.text import Text

from oracles.arguments import (
    UsageError,
    check_file,
    check_output,
    check_required,
    check_table,
    chosen_op,
    evidence_of,
    limits_of,
    make_runner,
    names_of,
)
from oracles.article_diff import article_diff
from oracles.article_steps import ArticleSteps
from oracles.broken_pipe import say
from oracles.catalog import ops
from oracles.choices import KNOWN_ORACLES
from oracles.console import terminal
from oracles.counterexample_reading import Unreadable
from oracles.environment import environment
from oracles.exit_status import BROKEN, RIGHT, WITNESS_FAILED, WRONG
from oracles.files import write_paths
from oracles.limits import Limits
from oracles.nearest import nearest
from oracles.plugging import DTYPES
from oracles.proving import NotPolynomial, polynomial_of
from oracles.report_command import merge_command, report_command
from oracles.run_command import run_operations
from oracles.user_ops import NotFound
from oracles.workers import WITNESSES, CannotAsk, missing_reason


def run_command(options: Namespace) -> int:
    """Do what was asked and return the exit status.

    Raises
    ------
    UsageError
        If an argument names nothing, or the output cannot be written.
    """
    commands: dict[str, Callable[[Namespace], int]] = {
        "run": run_operations,
        "report": report_command,
        "merge": merge_command,
        "replay": _replay,
        "article": _article,
        "prove": _prove,
        "selftest": _selftest,
        "activations": _activations,
        "soak": _soak,
        "list": _list,
    }
    try:
        return commands[options.command](options)
    except (NotFound, Unreadable) as error:
        raise UsageError(str(error)) from error
    except CannotAsk as error:
        sys.stderr.write(f"oracle-diff: error: {error}\n")
        return BROKEN


def _replay(options: Namespace) -> int:
    from oracles.replay_command import replay_command  # noqa: PLC0415 - needed here alone

    oracles = names_of("--oracles", options.oracles, KNOWN_ORACLES)
    check_required(options.require, oracles)
    check_output(options.output)
    options.max_examples, options.seed, options.keep = 1, 0, False
    return replay_command(options, lambda: make_runner(options, oracles, Limits(), None))


def _article(options: Namespace) -> int:
    oracles = names_of("--oracles", options.oracles, KNOWN_ORACLES)
    check_required(options.require, oracles)
    if options.html is not None:
        check_file("--html", options.html)
    check_output(options.output)
    asked = [name for name in ("torch", "jax") if name in oracles]
    missing = {name: missing_reason(name) for name in asked}
    present = [name for name in asked if not missing[name]]
    steps, text = article_diff(present, time_limit=options.time_limit, directory=options.output)
    say(text)
    for name in asked:
        if missing[name]:
            say(f"SKIPPED {name}: {missing[name]}\n")
    if options.html is not None:
        _write_article_page(Path(options.html), steps)
        say(f"\nwrote {options.html}\n")
    if not all(image.right for image in steps.images):
        return WRONG
    return WITNESS_FAILED if set(steps.silent) & set(options.require) else RIGHT


def _write_article_page(path: Path, steps: ArticleSteps) -> None:
    from oracles.article_record import record_of  # noqa: PLC0415 - needed here alone
    from oracles.reporting.article_page.page import article_html  # noqa: PLC0415

    write_paths({path: article_html(record_of(steps))})


def _activations(options: Namespace) -> int:
    from oracles.every_float.command import survey_activations  # noqa: PLC0415 - needed here alone
    from oracles.every_float.entries import ENTRIES  # noqa: PLC0415

    names = list(dict.fromkeys(options.names)) or list(ENTRIES)
    for name in names:
        if name not in ENTRIES:
            raise UsageError(f"no activation {name!r}; {nearest(name, ENTRIES)}")
    check_output(options.output)
    if options.table is not None:
        check_table(options.table)
    return survey_activations(options, names)


def _prove(options: Namespace) -> int:
    from oracles.prove_command import prove_command  # noqa: PLC0415 - its heavy parts are its own

    if options.processes < 1:
        raise UsageError(f"argument --processes: {options.processes} is not at least 1")
    check_output(options.output)
    names = [name for name in options.ops if name != "article"]
    chosen = [chosen_op(name) for name in names]
    try:
        for op in chosen:
            polynomial_of(op)
    except NotPolynomial as error:
        raise UsageError(str(error)) from error
    for op in chosen:
        if ops[op.name] is not op:
            raise UsageError(f"{op.name!r} is not of the catalog: oracle-diff run proves it")
    if not options.ops:
        chosen = [op for op in ops if op.definition.polynomial is not None]
    article = not options.ops or "article" in options.ops
    return prove_command(options, chosen, article=article)


def _soak(options: Namespace) -> int:
    from oracles.soak.command import make_plan, soak  # noqa: PLC0415 - needed here alone

    chosen = {name: chosen_op(name) for name in options.ops} or {op.name: op for op in ops}
    dtypes = names_of("--dtypes", options.dtypes, DTYPES)
    evidence = evidence_of(options.evidence, list(chosen.values()))
    try:
        plan = make_plan(options, chosen, dtypes, limits_of(options.limit), evidence)
    except ValueError as error:
        raise UsageError(str(error)) from error
    check_output(options.output)
    if options.table is not None:
        check_table(options.table)
    return soak(options, plan)


def _selftest(options: Namespace) -> int:
    from oracles.selftest.command import selftest_command  # noqa: PLC0415 - needed here alone
    from oracles.selftest.mutations import DEFAULT, KINDS  # noqa: PLC0415
    from oracles.selftest.settings import settings_of  # noqa: PLC0415

    chosen = [chosen_op(name) for name in dict.fromkeys(options.ops or DEFAULT)]
    dtypes = names_of("--dtypes", options.dtypes, DTYPES)
    evidence = evidence_of(options.evidence, chosen)
    limits = limits_of(options.limit)
    options.kind = names_of("--kind", options.kind, list(KINDS)) if options.kind else []
    check_output(options.output)
    options.keep = False
    with make_runner(options, (), limits, evidence) as runner:
        settings = settings_of(runner, dtypes)
    return selftest_command(options, chosen, settings)


def _list(options: Namespace) -> int:
    if options.schema:
        say((files("oracles.reporting") / "report.schema.json").read_text("utf-8"))
        return RIGHT
    console = terminal()
    console.print(Text("operations", "bold"))
    for op in ops:
        console.print(Text(f"  {op.name:<20} {op.subject}"))
    console.print(Text("oracles", "bold"))
    console.print(Text(f"  {'exact':<20} always: integers, rationals, real balls"))
    for name in KNOWN_ORACLES:
        reason = missing_reason(name) if name in WITNESSES else ""
        console.print(Text(f"  {name:<20} {f'SKIPPED: {reason}' if reason else 'found'}"))
    console.print(Text("versions", "bold"))
    for name, version in environment({}, {}).versions.items():
        console.print(Text(f"  {name:<20} {version}"))
    return RIGHT
