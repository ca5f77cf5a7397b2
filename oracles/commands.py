"""What ``oracle-diff`` does once its arguments are read."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from rich.console import Console
from rich.progress import Progress as Bar
from rich.text import Text

from oracles.article_diff import article_diff
from oracles.broken_pipe import leave_unread, say
from oracles.catalog import ops
from oracles.choices import EVIDENCE, KNOWN_ORACLES
from oracles.counterexample_reading import Unreadable
from oracles.environment import environment
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.files import check_writable, write_files
from oracles.limits import Limits, make_limits
from oracles.op import Op
from oracles.plugging import DTYPES
from oracles.proving import NotPolynomial, polynomial_of
from oracles.report import OpReport, Report
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.terminal import footer, header, row, verdict_line
from oracles.runner import Progress, Runner
from oracles.user_ops import NotFound, load_op
from oracles.workers import WITNESSES, missing_reason


class _Console(Console):
    """A console whose reader may leave early: the run goes on, for its report and status."""

    def on_broken_pipe(self) -> None:
        """Let what is still to be printed go nowhere."""
        leave_unread()


class UsageError(Exception):
    """The user asked for something that there is not; the text says what."""


def run_command(options: Namespace) -> int:
    """Do what was asked and return the exit status.

    Raises
    ------
    UsageError
        If an argument names nothing, or the output cannot be written.
    """
    commands: dict[str, Callable[[Namespace], int]] = {
        "run": _run,
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


def _run(options: Namespace) -> int:
    chosen = [_op(name) for name in options.ops] or list(ops)
    oracles, dtypes = (
        _names("--oracles", options.oracles, KNOWN_ORACLES),
        _names("--dtypes", options.dtypes, DTYPES),
    )
    limits = _limits(options.limit)
    evidence = _evidence(options.evidence, chosen)
    _check_required(options.require, oracles)
    _check_output(options.output)
    console = _Console(width=None if sys.stdout.isatty() else 120, soft_wrap=True, highlight=False)
    with _runner(options, oracles, limits, evidence) as runner:
        entries = _examine(runner, chosen, dtypes, None if options.quiet else console)
        report = runner.report(entries)
    if not options.no_report:
        written = write_files(
            options.output, {"report.json": json_text(report), "report.md": markdown(report)}
        )
    console.print(Text(verdict_line(report)) if options.quiet else footer(report))
    if not options.no_report and not options.quiet:
        console.print(Text(f"report: {' '.join(written)}", "dim"))
    return _status(report, options.require)


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


def _runner(
    options: Namespace, oracles: Sequence[str], limits: Limits, evidence: Sequence[str] | None
) -> Runner:
    try:
        return Runner(
            oracles=oracles,
            max_examples=options.max_examples,
            seed=options.seed,
            time_limit=options.time_limit,
            directory=options.output,
            limits=limits,
            evidence=evidence,
            keep=options.keep,
        )
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error


def _status(report: Report, required: Sequence[str]) -> int:
    if report.interrupted:
        return INTERRUPTED
    if report.failures:
        return WRONG
    if not report.passed:  # no case at all, or none that could have shown an error
        return NOTHING
    died = {d.witness for e in report.entries for d in e.defects if d.kind in _DEATHS}
    return WITNESS_FAILED if died & set(required) else RIGHT


_DEATHS = ("crashed", "timed out")


def _replay(options: Namespace) -> int:
    from oracles.replay_command import replay_command  # noqa: PLC0415 - needed here alone

    oracles = _names("--oracles", options.oracles, KNOWN_ORACLES)
    _check_required(options.require, oracles)
    _check_output(options.output)
    options.max_examples, options.seed, options.keep = 1, 0, False
    return replay_command(options, lambda: _runner(options, oracles, Limits(), None))


def _article(options: Namespace) -> int:
    oracles = _names("--oracles", options.oracles, KNOWN_ORACLES)
    _check_required(options.require, oracles)
    _check_output(options.output)
    asked = [name for name in ("torch", "jax") if name in oracles]
    missing = {name: missing_reason(name) for name in asked}
    present = [name for name in asked if not missing[name]]
    steps, text = article_diff(present, time_limit=options.time_limit, directory=options.output)
    say(text)
    for name in asked:
        if missing[name]:
            say(f"SKIPPED {name}: {missing[name]}\n")
    if not all(image.right for image in steps.images):
        return WRONG
    return WITNESS_FAILED if set(steps.silent) & set(options.require) else RIGHT


def _activations(options: Namespace) -> int:
    from oracles.every_float.command import survey_activations  # noqa: PLC0415 - needed here alone
    from oracles.every_float.entries import ENTRIES  # noqa: PLC0415

    names = list(dict.fromkeys(options.names)) or list(ENTRIES)
    for name in names:
        if name not in ENTRIES:
            near = get_close_matches(name, ENTRIES, n=1, cutoff=0.0)[0]
            raise UsageError(f"no activation {name!r}; the nearest name is {near!r}")
    _check_output(options.output)
    if options.table is not None:
        _check_output(os.path.dirname(options.table) or ".")
    return survey_activations(options, names)


def _prove(options: Namespace) -> int:
    from oracles.prove_command import prove_command  # noqa: PLC0415 - its heavy parts are its own

    if options.processes < 1:
        raise UsageError(f"argument --processes: {options.processes} is not at least 1")
    _check_output(options.output)
    names = [name for name in options.ops if name != "article"]
    chosen = [_op(name) for name in names]
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

    chosen = {name: _op(name) for name in options.ops} or {op.name: op for op in ops}
    dtypes = _names("--dtypes", options.dtypes, DTYPES)
    evidence = _evidence(options.evidence, list(chosen.values()))
    try:
        plan = make_plan(options, chosen, dtypes, _limits(options.limit), evidence)
    except ValueError as error:
        raise UsageError(str(error)) from error
    _check_output(options.output)
    if options.table is not None:
        _check_output(os.path.dirname(options.table) or ".")
    return soak(options, plan)


def _selftest(options: Namespace) -> int:
    from oracles.selftest.command import selftest_command  # noqa: PLC0415 - needed here alone
    from oracles.selftest.mutations import DEFAULT, KINDS  # noqa: PLC0415
    from oracles.selftest.settings import settings_of  # noqa: PLC0415

    chosen = [_op(name) for name in dict.fromkeys(options.ops or DEFAULT)]
    dtypes = _names("--dtypes", options.dtypes, DTYPES)
    evidence = _evidence(options.evidence, chosen)
    limits = _limits(options.limit)
    options.kind = _names("--kind", options.kind, list(KINDS)) if options.kind else []
    _check_output(options.output)
    options.keep = False
    with _runner(options, (), limits, evidence) as runner:
        settings = settings_of(runner, dtypes)
    return selftest_command(options, chosen, settings)


def _list(options: Namespace) -> int:
    del options
    console = _Console(soft_wrap=True, highlight=False)
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


def _op(name: str) -> Op:
    """Return an operation of the catalog, or the user's own: see `oracles.user_ops`."""
    if ":" in name or name.endswith(".py"):
        return load_op(name)
    if name not in ops:
        near = get_close_matches(name, [op.name for op in ops], n=1, cutoff=0.0)[0]
        raise UsageError(f"no operation {name!r}; the nearest name is {near!r}")
    return ops[name]


def _names(option: str, text: str, known: Sequence[str]) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise UsageError(f"argument {option}: no {name!r}; the nearest name is {near!r}")
    if not names:
        raise UsageError(f"argument {option}: names nothing; known are {', '.join(known)}")
    return names


def _evidence(text: str | None, chosen: Sequence[Op]) -> list[str] | None:
    """Return the kinds of evidence that were named; refuse those that an operation has not."""
    if text is None:
        return None
    names = _names("--evidence", text, EVIDENCE)
    try:
        for op in chosen if set(names) - {"bound"} else ():
            polynomial_of(op)
    except NotPolynomial as error:
        raise UsageError(f"argument --evidence: {error}") from error
    return names


def _limits(given: Sequence[str]) -> Limits:
    found: dict[str, bool | int] = {}
    words = {"true": True, "false": False}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"argument --limit: {item!r} is not NAME=VALUE")
        try:
            found[name] = words[value.lower()] if value.lower() in words else int(value)
        except ValueError as error:
            raise UsageError(f"argument --limit: {value!r} is no int, true or false") from error
    try:
        return make_limits(found)
    except (TypeError, ValueError) as error:
        raise UsageError(f"argument --limit: {error}") from error


def _check_required(required: Sequence[str], oracles: Sequence[str]) -> None:
    for name in required:
        if name not in oracles:
            raise UsageError(f"argument --require: {name!r} is not among --oracles")
        reason = missing_reason(name) if name in WITNESSES else ""
        if reason:
            sys.stderr.write(f"oracle-diff: error: required witness: {reason}\n")
            raise SystemExit(WITNESS_FAILED)


def _check_output(directory: str) -> None:
    try:
        check_writable(directory)
    except OSError as error:
        raise UsageError(f"cannot write to {directory!r}: {error}") from error
