"""Reads what was given on the command line, and refuses in one line what names nothing."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from oracles.catalog import ops
from oracles.choices import EVIDENCE
from oracles.exit_status import WITNESS_FAILED
from oracles.files import check_writable, make_home
from oracles.limits import Limits, make_limits
from oracles.nearest import LISTED, nearest
from oracles.op import Op
from oracles.outputs import asked, check_place, named
from oracles.proving import NotPolynomial, polynomial_of
from oracles.runner import Runner
from oracles.user_ops import load_op
from oracles.workers import WITNESSES, missing_reason


class UsageError(Exception):
    """The user asked for something that there is not; the text says what."""


def chosen_op(name: str) -> Op:
    """Return an operation of the catalog, or the user's own: see `oracles.user_ops`."""
    if ":" in name or name.endswith(".py"):
        return load_op(name)
    if name not in ops:
        near = nearest(name, [op.name for op in ops], LISTED)
        raise UsageError(f"no operation {name!r}; {near}")
    return ops[name]


def chosen_ops(options: Namespace) -> list[Op]:
    """Return the operations that `run` is to check: those named, or the catalog."""
    if options.named and not options.ops:
        raise UsageError(
            "argument --named: no operation is named: give module:op or path/to/file.py:op "
            "(to a pre-commit hook in its args)"
        )
    return [chosen_op(name) for name in options.ops] or list(ops)


def names_of(option: str, text: str, known: Sequence[str]) -> list[str]:
    """Return the names in a list with commas; refuse one that is not known, and none at all."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise UsageError(f"argument {option}: no {name!r}; {nearest(name, known)}")
    if not names:
        raise UsageError(f"argument {option}: names nothing; known are {', '.join(known)}")
    return names


def evidence_of(text: str | None, chosen: Sequence[Op]) -> list[str] | None:
    """Return the kinds of evidence that were named; refuse those that an operation has not."""
    if text is None:
        return None
    names = names_of("--evidence", text, EVIDENCE)
    try:
        for op in chosen if set(names) - {"bound"} else ():
            polynomial_of(op)
    except NotPolynomial as error:
        raise UsageError(f"argument --evidence: {error}") from error
    return names


def limits_of(given: Sequence[str]) -> Limits:
    """Return the limits given as NAME=VALUE."""
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


def check_required(required: Sequence[str], oracles: Sequence[str]) -> None:
    """Refuse a required witness that is not asked; exit if one is not installed."""
    for name in required:
        if name not in oracles:
            raise UsageError(f"argument --require: {name!r} is not among --oracles")
        reason = missing_reason(name) if name in WITNESSES else ""
        if reason:
            sys.stderr.write(f"oracle-diff: error: required witness: {reason}\n")
            raise SystemExit(WITNESS_FAILED)


def check_output(directory: str) -> None:
    """Make the directory of a run; refuse one in which no file can be written, before the work."""
    _check(make_home, directory)


def check_table(path: str) -> None:
    """Make the directory of a table that is asked for beside; refuse one likewise."""
    _check(check_writable, os.path.dirname(path) or ".")


def _check(make: Callable[[str], None], directory: str) -> None:
    try:
        make(directory)
    except OSError as error:
        raise UsageError(f"cannot write to {directory!r}: {error}") from error


def check_files(options: Namespace) -> None:
    """Refuse the paths of files that cannot be written, or not all of them, before the work."""
    for option, path in named(options).items():
        check_file(f"--{option}", path)
    taken: dict[str, tuple[str, object]] = {}
    for option, place, render in asked(options):
        other, form = taken.setdefault(os.path.realpath(place), (option, render))
        if form is not render:
            raise UsageError(f"argument {option}: {str(place)!r} is that of {other} too")
    if options.baseline is not None and os.path.realpath(options.baseline) in taken:
        raise UsageError(
            f"argument --baseline: {options.baseline!r} would be overwritten, and the next "
            "comparison be with this run: keep a copy elsewhere"
        )


def check_file(option: str, path: str) -> None:
    """Refuse one such path."""
    try:
        check_place(option, path)
    except OSError as error:
        raise UsageError(str(error)) from error


def make_runner(
    options: Namespace, oracles: Sequence[str], limits: Limits, evidence: Sequence[str] | None
) -> Runner:
    """Return a runner of what the options say."""
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
