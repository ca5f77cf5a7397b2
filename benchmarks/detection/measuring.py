"""A run: every tool on every implementation, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from benchmarks.detection import harness, named, passing
from benchmarks.detection.harness import NAME
from benchmarks.detection.results import EVERY, RIGHT_SHARE, Results, Settings
from benchmarks.detection.subjects import Subject, mutants, right
from benchmarks.detection.tools import TOOLS, Tool, cannot, serving
from benchmarks.detection.trial import Trial
from benchmarks.helper import Helper
from benchmarks.results import this_machine
from oracles.plugging import DTYPES

Progress = Callable[[str], None]
Trials = dict[str, dict[str, Trial]]


def run(command: str, wanted: Settings, progress: Progress) -> Results:
    """Measure everything; `progress` gets a line for each trial."""
    start = time.perf_counter()
    machine = this_machine()
    wrong, sound = (_selected(each, wanted.only) for each in (mutants(), right()))
    trials: dict[str, Mapping[str, Trial | str]] = {}
    alarms: dict[str, Trials] = {}

    def of_tool(tool: Tool) -> None:
        with Helper(serving, tool.name) as helper:
            trials[tool.name] = _of_mutants(tool, helper, wrong, wanted, progress)
        with Helper(serving, tool.name) as helper:
            alarms[tool.name] = _of_right(tool, helper, sound, wanted, progress)

    with ThreadPoolExecutor(wanted.jobs) as pool:  # which wait for the processes of the tools
        list(pool.map(of_tool, TOOLS.values()))
    trials = {name: trials[name] for name in TOOLS}  # in this order, whoever came first
    alarms = {name: alarms[name] for name in TOOLS}
    trials[NAME], alarms[NAME] = _hunts(wrong, wanted, progress), _own(sound, wanted, progress)
    reports = harness.reports(list(wrong)[::EVERY], progress)
    times, mistake = passing.measure(wanted.passing, progress), named.measure(progress)
    seconds = time.perf_counter() - start
    return Results(
        command, machine, wanted, seconds, wrong, trials, reports, alarms, times, mistake
    )  # fmt: skip


def _selected(subjects: Mapping[str, Subject], only: str) -> dict[str, Subject]:
    return {title: each for title, each in subjects.items() if only in title}


def _of_mutants(
    tool: Tool, helper: Helper, subjects: Mapping[str, Subject], wanted: Settings,
    progress: Progress,
) -> dict[str, Trial | str]:  # fmt: skip
    found: dict[str, Trial | str] = {}
    for title, subject in subjects.items():
        found[title] = cannot(tool, subject) or helper.ask(
            "mutant", title, tool.dtype, wanted.cases, wanted.budget, True
        )
        progress(line(tool.name, title, found[title]))
    return found


def _of_right(
    tool: Tool, helper: Helper, subjects: Mapping[str, Subject], wanted: Settings,
    progress: Progress,
) -> Trials:  # fmt: skip
    found: Trials = {}
    for dtype in tool.dtypes:
        found[dtype] = {}
        for title, subject in subjects.items():
            if cannot(tool, subject):
                continue
            budget = wanted.budget / RIGHT_SHARE
            trial = helper.ask("right", title, dtype, wanted.cases, budget, False)
            found[dtype][title] = trial
            progress(line(f"{tool.name} in {dtype}", title, trial))
    return found


def _hunts(
    subjects: Mapping[str, Subject], wanted: Settings, progress: Progress
) -> dict[str, Trial | str]:
    found: dict[str, Trial | str] = {}
    for title in subjects:
        found[title] = harness.hunted("mutant", title, wanted.cases, wanted.budget)
        progress(line(NAME, title, found[title]))
    return found


def _own(subjects: Mapping[str, Subject], wanted: Settings, progress: Progress) -> Trials:
    found: Trials = {dtype: {} for dtype in DTYPES}
    for dtype, trials in found.items():
        for title in subjects:
            trials[title] = harness.alarms("right", title, dtype, wanted.cases // len(DTYPES))
            progress(line(f"{NAME} in {dtype}", title, trials[title]))
    return found


def line(tool: str, title: str, trial: Trial | str) -> str:
    """Return a trial in one line."""
    if isinstance(trial, str):
        return f"{tool}: {title}: cannot be asked, {trial}"
    told = f"{trial.convicted} of {trial.cases} cases in {trial.seconds:.2f} s"
    return f"{tool}: {title}: {told} {trial.said}".rstrip()
