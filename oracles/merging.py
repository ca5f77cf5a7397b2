"""Several reports as one: shards of a run, the checks of a pytest session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from oracles.environment import Environment
from oracles.report import OpReport, Report
from oracles.reporting.json_form import plain


def merged(reports: Sequence[Report], *, seed: int | None = None) -> Report:
    """Return one report of all, in the order given.

    Entries are kept apart, also those of one operation in one dtype: added up, their numbers
    would be of a run that never was. Only what is there twice, to the last digit, is taken once,
    so that a merged report can be merged with its own parts again. The seed is the first
    report's; an entry of another seed says so itself, as it says its number of cases and its
    limits. ``max_examples`` is the largest of all, ``limits`` are those that all had. Where
    environments differ, all that they had is named, of threads the largest number; the notes say
    in what they differ. The whole is interrupted if one is. What had changed since an earlier
    report is left out, for it was said of a part.

    Parameters
    ----------
    reports
        At least one.
    seed
        Instead of the first report's.

    Raises
    ------
    ValueError
        If there is no report.
    """
    if not reports:
        raise ValueError("no report to merge")
    first = reports[0].seed if seed is None else seed
    return Report(
        seed=first,
        max_examples=max(report.max_examples for report in reports),
        oracles=tuple(dict.fromkeys(name for report in reports for name in report.oracles)),
        limits=_common([report.limits for report in reports]),
        environment=_environment([report.environment for report in reports]),
        entries=tuple(_once(_seeded(reports, first))),
        missing={name: why for report in reports for name, why in report.missing.items()},
        interrupted=any(report.interrupted for report in reports),
        notes=tuple(dict.fromkeys(_notes(reports))),
    )


def origin(reports: Sequence[Report]) -> str:
    """Return of which runs a merged report is, as a note for it."""
    runs = ", ".join(f"seed {each.seed} of {each.environment.started}" for each in reports)
    return f"merged from {len(reports)} reports: {runs}"


def _seeded(reports: Sequence[Report], first: int) -> Iterator[OpReport]:
    """Yield all entries, with their seeds where these are not the first."""
    for report in reports:
        for entry in report.entries:
            seed = report.seed if entry.seed is None else entry.seed
            yield replace(entry, seed=None if seed == first else seed)


def _once(entries: Iterable[OpReport]) -> Iterator[OpReport]:
    """Leave out what was there before, to the last digit."""
    seen: dict[tuple[object, ...], list[Any]] = {}
    for entry in entries:
        quick = (entry.op, entry.subject, entry.dtype, entry.seed, entry.cases, entry.seconds)
        alike, whole = seen.setdefault(quick, []), plain(entry)
        if whole not in alike:
            alike.append(whole)
            yield entry


def _common(limits: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return the limits that all have, in the order of their names."""
    first = limits[0]
    shared = [n for n in first if all(n in each and each[n] == first[n] for each in limits)]
    return {name: first[name] for name in sorted(shared)}


_AND = " and "


def _environment(each: Sequence[Environment]) -> Environment:
    found = _different(each)
    return Environment(
        versions={name: _AND.join(found[name]) for one in each for name in one.versions},
        threads={
            name: max(map(int, found[f"threads of {name}"])) for one in each for name in one.threads
        },
        platform=_AND.join(found["platform"]),
        started=min(one.started for one in each),
    )


def _different(each: Sequence[Environment]) -> dict[str, list[str]]:
    """Return by name all the values that environments have, each once, in their order."""
    found: dict[str, dict[str, None]] = {}
    for one in each:
        threads = {f"threads of {name}": str(count) for name, count in one.threads.items()}
        for name, values in {**one.versions, **threads, "platform": one.platform}.items():
            for value in values.split(_AND):  # of a report that is merged itself
                found.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in found.items()}


def _notes(reports: Sequence[Report]) -> Iterator[str]:
    """Yield the notes of all, and in what their environments differ."""
    for report in reports:
        yield from report.notes
    for name, values in _different([report.environment for report in reports]).items():
        if len(values) > 1:
            yield f"the merged reports differ in {name}: {_AND.join(values)}"
