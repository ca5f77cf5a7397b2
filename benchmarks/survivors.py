"""Mutants that no test kills, and the list that says of each why none can."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "equivalent": "no argument shows it",
    "cost": "the same bits, at another cost in time or memory",
    "accuracy": "other bits, as close to truth as is promised",
}
"""Why a mutant may survive."""

KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of the source, named by what it changes and not by a number.

    Attributes
    ----------
    function
        With its module and class: ``"manualgrad.plan.Tile.weights"``.
    line, becomes
        What is replaced and by what, with single spaces.
    """

    function: str
    line: str
    becomes: str

    @property
    def module(self) -> str:
        """The module, without its classes and functions."""
        return ".".join(self.function.split(".")[:2])


@dataclass(frozen=True)
class Explanation:
    """Why mutants of one line survive.

    Attributes
    ----------
    kind
        One of `KINDS`.
    becomes
        What the line becomes; None if the reason holds for whatever it becomes.
    """

    kind: str
    reason: str
    function: str
    line: str
    becomes: tuple[str, ...] | None

    def covers(self, mutant: Mutant) -> bool:
        """Tell whether this is why a mutant survives."""
        same = (self.function, self.line) == (mutant.function, mutant.line)
        return same and (self.becomes is None or mutant.becomes in self.becomes)


@dataclass(frozen=True)
class Judged:
    """What is said of some mutants.

    Attributes
    ----------
    counts
        For each module how many were killed, timed out, are of each of `KINDS`, or unexplained.
    unexplained
        Survivors without an explanation.
    stale
        Explanations of modules that were run that explain no survivor, as ``Mutant``; its
        `becomes` is empty if it would be any.
    """

    counts: Mapping[str, Counter[str]]
    unexplained: tuple[Mutant, ...]
    stale: tuple[Mutant, ...]


def explanations(path: Path) -> list[Explanation]:
    """Read the list of explained survivors.

    Raises
    ------
    ValueError
        If an entry lacks something, or its kind is none of `KINDS`.
    """
    found = []
    for group in tomllib.loads(path.read_text("utf-8")).get("explained", []):
        if group.get("kind") not in KINDS or not group.get("reason"):
            raise ValueError(f"`explained` (={group}) needs a reason and a kind of {list(KINDS)}")
        for entry in group.get("mutants", []):
            if not {"function", "line"} <= set(entry) <= {"function", "line", "becomes"}:
                raise ValueError(f"`mutants` (={entry}) needs a function and a line")
            becomes = entry.get("becomes")
            found.append(
                Explanation(
                    group["kind"], group["reason"], entry["function"], entry["line"],
                    None if becomes is None else tuple(becomes),
                )
            )  # fmt: skip
    return found


def judged(outcomes: Iterable[tuple[Mutant, str]], listed: Sequence[Explanation]) -> Judged:
    """Compare what became of mutants with the list.

    Parameters
    ----------
    outcomes
        Of each mutant `KILLED`, `TIMED_OUT` or `SURVIVED`.
    """
    counts: dict[str, Counter[str]] = {}
    unexplained: list[Mutant] = []
    survivors: set[Mutant] = set()
    for mutant, outcome in outcomes:
        word = outcome
        if outcome == SURVIVED:
            survivors.add(mutant)
            word = next((each.kind for each in listed if each.covers(mutant)), "unexplained")
            if word == "unexplained":
                unexplained.append(mutant)
        counts.setdefault(mutant.module, Counter())[word] += 1
    return Judged(counts, tuple(unexplained), tuple(_stale(listed, survivors, counts)))


def _stale(
    listed: Iterable[Explanation], survivors: Iterable[Mutant], modules: Iterable[str]
) -> Iterable[Mutant]:
    alive = set(survivors)
    lines = {(mutant.function, mutant.line) for mutant in alive}
    for each in listed:
        if Mutant(each.function, "", "").module not in modules:
            continue
        if each.becomes is None:
            if (each.function, each.line) not in lines:
                yield Mutant(each.function, each.line, "")
        else:
            wanted = [Mutant(each.function, each.line, becomes) for becomes in each.becomes]
            yield from (mutant for mutant in wanted if mutant not in alive)


def told(found: Judged) -> str:
    """Return counts, unexplained survivors and stale explanations as text."""
    words = [KILLED, TIMED_OUT, *KINDS, "unexplained"]
    rows = [["module", "mutants", *words]]
    for module, counts in sorted(found.counts.items()):
        rows.append([module, str(counts.total()), *(str(counts[word]) for word in words)])
    whole: Counter[str] = sum(found.counts.values(), Counter())
    rows.append(["all", str(whole.total()), *(str(whole[word]) for word in words)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])])
        for name, *numbers in rows
    ]
    for title, mutants in (("unexplained", found.unexplained), ("stale", found.stale)):
        for mutant in mutants:
            lines += ["", f"{title}: {mutant.function}", f"- {mutant.line}", f"+ {mutant.becomes}"]
    return "\n".join(lines)
