"""What a run of all tools found, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from benchmarks.detection.harness import NAME
from benchmarks.detection.named import Named
from benchmarks.detection.passing import Passing
from benchmarks.detection.subjects import Subject
from benchmarks.detection.trial import Trial
from benchmarks.machine import Machine

RIGHT_SHARE = 4
"""Right code, of which all cases are judged, gets so many times less time than wrong code."""

EVERY = 5
"""`oracles.run` is timed on one in so many wrong implementations."""


@dataclass(frozen=True)
class Settings:
    """How much is asked.

    Attributes
    ----------
    cases
        Most for each tool and wrong implementation; of this harness in both dtypes together.
    budget
        Seconds of the processor's for each tool and implementation.
    only
        Only implementations whose title holds this text.
    passing
        Cases of each size whose time is taken.
    jobs
        Tools that are at work at the same time.
    """

    cases: int = 200
    budget: float = 2.0
    only: str = ""
    passing: int = 12
    jobs: int = 1


@dataclass(frozen=True)
class Results:
    """What one run found.

    Attributes
    ----------
    command, machine, settings, seconds
        What was run, where, how much of it, and how long it took.
    mutants
        Wrong implementations by title.
    trials
        By tool and title; in place of a trial, why the tool cannot be asked.
    reports
        By title: whether the wrong implementation passed `oracles.run`, and the seconds.
    alarms
        Trials of right implementations by tool, dtype and title.
    passing
        Times of passing cases.
    named
        The one mistake in slow code.
    """

    command: str
    machine: Machine
    settings: Settings
    seconds: float
    mutants: Mapping[str, Subject]
    trials: Mapping[str, Mapping[str, Trial | str]]
    reports: Mapping[str, tuple[bool, float]]
    alarms: Mapping[str, Mapping[str, Mapping[str, Trial]]]
    passing: tuple[Passing, ...] = ()
    named: tuple[Named, ...] = ()

    def score(self, tool: str, family: str | None = None) -> Score:
        """Return what became of the wrong implementations, of one family or of all."""
        titles = [t for t, each in self.mutants.items() if family in (None, each.family)]
        found = [(title, self.trials[tool][title]) for title in titles]
        asked = {title: trial for title, trial in found if isinstance(trial, Trial)}
        return Score(
            killed=tuple(title for title, trial in asked.items() if trial.convicted),
            survived=tuple(title for title, trial in asked.items() if not trial.convicted),
            not_asked={title: why for title, why in found if isinstance(why, str)},
        )

    def families(self) -> list[str]:
        """Return the families in the order of the mutants."""
        return list(dict.fromkeys(each.family for each in self.mutants.values()))

    def until_conviction(self, tool: str) -> float | None:
        """Return the median of the seconds until a tool convicted; None if it never did."""
        seconds = [
            trial.seconds
            for trial in self.trials[tool].values()
            if isinstance(trial, Trial) and trial.convicted
        ]
        return median(seconds) if seconds else None

    def cases_of_survivors(self, tool: str) -> float | None:
        """Return the median of the cases that what survived was asked; None if nothing did."""
        found = [self.trials[tool][title] for title in self.score(tool).survived]
        cases = [trial.cases for trial in found if isinstance(trial, Trial)]
        return median(cases) if cases else None

    def until_report(self) -> float | None:
        """Return the median of the seconds until `oracles.run` had reported an error."""
        seconds = [took for passed, took in self.reports.values() if not passed]
        return median(seconds) if seconds else None

    def false_alarms(self, tool: str, dtype: str) -> Alarms | None:
        """Return the false alarms of a tool in a dtype; None if it was not asked in that."""
        trials = self.alarms[tool].get(dtype)
        if trials is None:
            return None
        convicted = {title: each for title, each in trials.items() if each.convicted}
        return Alarms(
            sum(each.convicted for each in trials.values()),
            sum(each.cases for each in trials.values()),
            tuple(convicted),
            len(trials),
        )

    def let_through(self) -> dict[str, list[str]]:
        """Return the wrong implementations that this harness kills, with the tools that do not."""
        others = [tool for tool in self.trials if tool != NAME]
        by = {title: [t for t in others if not _kills(self.trials[t][title])]
              for title in self.score(NAME).killed}  # fmt: skip
        return {title: tools for title, tools in by.items() if tools}

    def missed_here(self) -> dict[str, list[str]]:
        """Return the wrong implementations that another tool kills, and this harness does not."""
        ours = set(self.score(NAME).killed)
        by = {
            title: [t for t, trials in self.trials.items() if _kills(trials[title])]
            for title in self.mutants
            if title not in ours
        }
        return {title: tools for title, tools in by.items() if tools}


@dataclass(frozen=True)
class Score:
    """Titles of wrong implementations by what became of them; why some were not asked about."""

    killed: tuple[str, ...]
    survived: tuple[str, ...]
    not_asked: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Number of those that the tool can be asked about."""
        return len(self.killed) + len(self.survived)


@dataclass(frozen=True)
class Alarms:
    """Right code that was convicted.

    Attributes
    ----------
    convicted, cases
        Cases; out of so many.
    titles
        Of the implementations with at least one; out of `subjects`.
    """

    convicted: int
    cases: int
    titles: tuple[str, ...]
    subjects: int


def _kills(trial: Trial | str) -> bool:
    return isinstance(trial, Trial) and trial.convicted > 0
