"""A self-test as text: the table of kills, what survived, and what would have caught it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import fill

from rich.cells import cell_len

from oracles.reporting.lines import fit
from oracles.selftest.mutation import Mutation
from oracles.selftest.record import OpTrials, SelfTest, Trial
from oracles.visible import visible

_WIDTHS = (47, 5, 7)
_WIDTH = 80


def list_text(op: str, mutations: Sequence[Mutation]) -> str:
    """Return the names of mutations and what they are, by kind."""
    lines = [f"{op}: {len(mutations)} mutations"]
    for kind, each in groupby(mutations, key=lambda mutation: mutation.kind):
        lines += ["", f"  {kind}", ""]
        for mutation in each:
            lines += [f"    {mutation.name}", _wrapped(mutation.story, "        ")]
    return "\n".join(lines) + "\n\n"


def entry_text(entry: OpTrials, *, whole: bool) -> str:
    """Return one operation: the `whole` table or none, what was not killed, the total."""
    lines = [f"{entry.op}: {entry.subject}", *_scope(entry)]
    if entry.wrong:
        told = f"WRONG as it is: {entry.wrong}. Kills would mean nothing; what it is:"
        return "\n".join([*lines, _wrapped(told, "  "), f"  {entry.command}"]) + "\n\n"
    if whole and entry.of("killed"):
        lines += [_row("mutation", "after", "in", "by"), *map(_killed_row, entry.of("killed"))]
    lines += _not_killed(entry)
    return "\n".join([*lines, total_line(entry), _cost(entry)]) + "\n\n"


def _scope(entry: OpTrials) -> list[str]:
    limits = ", ".join(f"{name}={value}" for name, value in entry.limits.items())
    return [_wrapped(f"limits: {limits}", "  ")] if limits else []


def _row(*cells: str) -> str:
    """Return a row of the table, with the last cell below it if there is no room beside it."""
    name, after, dtype = (f"{cell:<{w}}" for cell, w in zip(cells, _WIDTHS, strict=False))
    start = f"  {name} {after} {dtype}"
    beside = f"{start} {cells[-1]}"
    if len(beside) <= _WIDTH:
        return beside.rstrip()
    return f"{start.rstrip()}\n{_cut(f'{_BELOW}{cells[-1]}')}"


_BELOW = " " * 8


def _cut(line: str) -> str:
    """Return a line of at most so many cells; the report has it whole."""
    shown = visible(line, keep="")
    return shown if cell_len(shown) <= _WIDTH else fit(shown, -_WIDTH).rstrip()


def _killed_row(trial: Trial) -> str:
    what = f": {', '.join(trial.what)}" if trial.what else ""
    return _row(trial.mutation, str(trial.cases), trial.dtype or "-", f"{trial.by}{what}")


def _not_killed(entry: OpTrials) -> Iterator[str]:
    for verdict in ("survived", "not reached"):
        found = [trial for trial in entry.trials if trial.verdict == verdict]
        if not found:
            continue
        yield ""
        yield f"  {verdict}, and what would have caught it"
        for trial in found if verdict == "survived" else ():
            seen = f"changed {trial.changed} of {trial.cases} cases"
            yield f"    {trial.mutation} ({seen})"
            yield _wrapped(answer(trial), "      ")
        if verdict == "not reached":
            yield from _by_answer(found)
    yield ""


def _by_answer(found: Sequence[Trial]) -> Iterator[str]:
    """Put together what no case shows for the same reason."""
    by_answer: dict[str, list[str]] = {}
    for trial in found:
        by_answer.setdefault(remedy_of(trial) or trial.why, []).append(trial.mutation)
    for told, names in by_answer.items():
        yield _wrapped(told, "    ")
        yield _wrapped("; ".join(names), "      ")


def remedy_of(trial: Trial) -> str:
    """Return the remedy alone, without the number of cases that it took."""
    return trial.remedy.partition(":")[0]


def answer(trial: Trial) -> str:
    """Return what would have caught a mutation, or why nothing would have."""
    return trial.remedy or trial.why


def total_line(entry: OpTrials) -> str:
    """Return one operation in a line."""
    if entry.wrong:
        return f"{entry.op}: WRONG as it is"
    killed, tried = len(entry.of("killed")), len(entry.trials)
    median = (
        f", median after {entry.median_cases:g} case{'s' * (entry.median_cases != 1)}"
        if killed
        else ""
    )
    rest = [f"{len(entry.of(v))} {v}" for v in ("survived", "not reached") if entry.of(v)]
    return "; ".join([f"{entry.op}: {killed} of {tried} mutations killed{median}", *rest])


def _cost(entry: OpTrials) -> str:
    out = f"{len(entry.left_out)} left out, " if entry.left_out else ""
    return f"  ({out}{entry.seconds:.1f} s)"


def summary_text(found: SelfTest) -> str:
    """Return what stands below all operations."""
    lines = []
    if len(found.entries) > 1:
        lines += [total_line(entry) for entry in found.entries]
    if any(entry.left_out for entry in found.entries):
        lines.append("left out: what changes nothing in any case that can be drawn (in the report)")
    if found.interrupted:
        lines.append("interrupted: what is above was done")
    elif not found.trials and not found.wrong:
        lines.append("nothing was mutated")
    lines.append(f"seed {found.seed}: repeat with --seed {found.seed}")
    return "\n".join(lines) + "\n"


def selftest_markdown(found: SelfTest) -> str:
    """Return the whole self-test as Markdown."""
    return "\n".join(_markdown(found)) + "\n"


def _markdown(found: SelfTest) -> Iterator[str]:
    yield "# oracle-diff selftest"
    yield ""
    yield (
        "Each subject, made wrong from outside in one way after another, in the cases of this "
        "configuration: seed "
        f"{found.seed}, {found.max_examples} cases for each of {', '.join(found.dtypes)}, "
        f"evidence {', '.join(found.evidence) if found.evidence else 'all'}."
    )
    yield ""
    for entry in found.entries:
        yield f"- {total_line(entry)}"
    for entry in found.entries:
        yield from _section(entry)


def _section(entry: OpTrials) -> Iterator[str]:
    yield from ("", f"## {entry.op}", "", f"Subject: {entry.subject}.", "")
    if entry.wrong:
        yield f"Wrong as it is: {entry.wrong}. `{entry.command}` shows it."
        return
    yield "| mutation | kind | verdict | cases | changed | dtype | by, or what would have |"
    yield "|---|---|---|---:|---:|---|---|"
    for trial in entry.trials:
        told = f"{trial.by}: {', '.join(trial.what)}" if trial.by else answer(trial)
        cells = [trial.mutation, trial.kind, trial.verdict, str(trial.cases), str(trial.changed),
                 trial.dtype, told.replace("|", "\\|")]  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    if entry.left_out:
        yield from ("", "Left out, since they change nothing in any case that can be drawn:", "")
        yield from (f"- {name}" for name in entry.left_out)


def _wrapped(text: str, indent: str) -> str:
    return fill(text, width=_WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
