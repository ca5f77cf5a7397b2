"""``oracle-diff soak``: progress, state, files."""

from __future__ import annotations

import platform
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom

from oracles.broken_pipe import say
from oracles.environment import processor
from oracles.exit_status import BROKEN, INTERRUPTED, NOTHING, RIGHT, WRONG
from oracles.files import write_files
from oracles.limits import Limits
from oracles.op import Op
from oracles.progress import bar
from oracles.reporting.lines import fit
from oracles.reporting.soak import command_line, soak_markdown, soak_text
from oracles.soak.plan import Chunk, Plan
from oracles.soak.processes import run_chunks
from oracles.soak.state import FILE, Finished, read_state, state_key, versions, write_state
from oracles.soak.summary import Summary, summarize

_SECONDS = 5.0
"""Between two writings of the state."""


def make_plan(
    options: Namespace,
    chosen: Mapping[str, Op],
    dtypes: Sequence[str],
    limits: Limits,
    evidence: Sequence[str] | None,
) -> Plan:
    """Return what was asked for, with a seed drawn if none was given.

    Parameters
    ----------
    options
        Of the command line.
    chosen
        The operations, by the text that names them.
    dtypes, limits, evidence
        Read from `options`.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    for name in ("examples", "processes"):
        if (value := getattr(options, name)) < 1:
            raise ValueError(f"argument --{name}: {value} is not at least 1")
    if evidence is not None and "proof" in evidence:
        raise ValueError("argument --evidence: a proof needs no cases: oracle-diff prove")
    return Plan(
        seed=SystemRandom().randrange(2**32) if options.seed is None else options.seed,
        examples=options.examples,
        pairs=tuple((n, d) for n, op in chosen.items() for d in dtypes if d in op.dtypes),
        limits=limits,
        lattice=evidence is None or "lattice" in evidence,
        named=tuple(dict.fromkeys(options.ops)),
    )


def soak(options: Namespace, plan: Plan) -> int:
    """Run what is left of a plan, write the summary, and return the exit status."""
    home, key = Path(options.output), state_key(plan)
    finished, problem = ({}, "") if options.restart else read_state(home, key)
    say(f"{command_line(plan)}\n{_begun(home, finished, problem)}")
    interrupted = False
    try:
        _run(plan, options, finished, lambda: write_state(home, key, finished))
    except KeyboardInterrupt:
        interrupted = True
    except BrokenProcessPool:
        sys.stderr.write("oracle-diff: error: a subject ended the process that it was asked in; "
                         "what was done before is kept\n")  # fmt: skip
        return BROKEN
    summary = summarize(plan, finished, interrupted=interrupted)
    say(f"{soak_text(summary)}\n\n")
    if interrupted:
        say(f"the same arguments, with --seed {plan.seed}, go on from here\n")
    say(f"report: {' '.join(_write(options, summary))}\n")
    return _status(summary)


def _begun(home: Path, finished: Finished, problem: str) -> str:
    """Return in words what there is to go on from, "" if nothing is and nothing was."""
    if problem:
        return f"starting anew: {home / FILE} {problem}\n"
    if finished:
        cases = sum(done.cases for done in finished.values())
        return f"going on: {len(finished):,} chunks ({cases:,} cases) are done in {home / FILE}\n"
    return ""


def _run(plan: Plan, options: Namespace, finished: Finished, write: Callable[[], None]) -> None:
    """Add to `finished` what is left of the plan, and write it every few seconds and at the end."""
    written = time.monotonic()
    ends = _ends(plan, finished)
    left = _left(plan, finished, ends)
    try:
        results = run_chunks(left, plan, options.output, processes=options.processes)
        # Closed at once, for the sake of its processes, if this is interrupted.
        with bar() as drawn, closing(results):
            done = sum(each.cases for each in finished.values())
            task = drawn.add_task("", total=plan.examples, completed=done, count="")
            for chunk, result in results:
                finished[chunk.name] = result
                if result.failure:
                    ends[chunk.pair] = min(chunk.number, ends.get(chunk.pair, chunk.number))
                done += chunk.cases
                told = f"{fit(chunk.op, -18).rstrip()} {chunk.dtype}"
                count = f"{done:,}/{plan.examples:,} cases"
                drawn.update(task, completed=done, description=told, count=count)
                if time.monotonic() - written > _SECONDS:
                    write()
                    written = time.monotonic()
    finally:
        write()


def _ends(plan: Plan, finished: Finished) -> dict[tuple[str, str], int]:
    """Return the number of the first finished chunk that convicts, where there is one."""
    convicting = [c for c in plan.chunks() if c.name in finished and finished[c.name].failure]
    return {chunk.pair: chunk.number for chunk in reversed(convicting)}


def _left(plan: Plan, finished: Finished, ends: Mapping[tuple[str, str], int]) -> Iterator[Chunk]:
    """Yield the chunks that are to be run, but none behind one that convicts."""
    for chunk in plan.chunks():
        if chunk.name not in finished and chunk.number < ends.get(chunk.pair, chunk.number + 1):
            yield chunk


def _write(options: Namespace, summary: Summary) -> list[str]:
    """Write the page, a second time where the user wants it if the run is whole."""
    machine = {
        "processor": processor(),
        "system": platform.platform(),
        "versions": ", ".join(f"{name} {found}" for name, found in versions().items()),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    page = soak_markdown(summary, where=machine)
    written = write_files(options.output, {"soak.md": page})
    if options.table is not None and not summary.interrupted:
        table = Path(options.table)
        written += write_files(str(table.parent), {table.name: page})
    return written


def _status(summary: Summary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.failures:
        return WRONG
    return NOTHING if summary.empty or not summary.rows else RIGHT
