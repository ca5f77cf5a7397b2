"""All that is known of one failure, in the order in which it is read."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.compare import Cell, Comparison
from oracles.op import Case
from oracles.portrait import Portrait
from oracles.report import OpReport, Report
from oracles.reporting.cells import TITLES
from oracles.reporting.failure import measures, others_beside, said_at, short, whole_array
from oracles.reporting.findings import wrong_sentences
from oracles.reporting.page.grid import MANUAL, Grid, grid
from oracles.reporting.page.histogram import Histogram, histogram
from oracles.reporting.page.safe_text import clip, harmless
from oracles.reporting.repeating import note, repeat_command
from oracles.verdict import SUBJECT
from oracles.wrong_cases import Failure

Line = tuple[str, ...]

_TITLES = {**TITLES, SUBJECT: MANUAL}
_MOST_NUMBERS = 2000
_MOST_OPERANDS = 6
_LONGEST_SCRIPT = 40_000
_SENTENCE = 1500
_WORD = 300


@dataclass(frozen=True)
class Numbers:
    """An array as text, or why it is not here."""

    name: str
    about: str
    text: str
    missing: str = ""


@dataclass(frozen=True)
class Operand:
    """A wrong operand: where, by how much, who says otherwise."""

    name: str
    title: str
    grid: Grid | None
    histogram: Histogram | None
    head: Line
    worst: tuple[Line, ...]
    given: Numbers | None


@dataclass(frozen=True)
class Copyable:
    """A text to be copied and what it is for; "" if there is only a note in its place."""

    title: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Told:
    """A case in words: options, arrays, how it was drawn."""

    options: tuple[tuple[str, str], ...]
    arrays: tuple[Numbers, ...]
    origin: str


@dataclass(frozen=True)
class Detail:
    """One failure.

    Attributes
    ----------
    entry
        Of what.
    found
        How the case was found.
    sentences
        The verdict, and whether each sentence says that something is wrong.
    causes
        Why, as far as that is known.
    explained
        Whether one of them is more than where it is wrong.
    case
        The case, or None if the subject was refuted on symbols alone.
    operands
        The wrong ones, of which there is a picture.
    others
        Names of further wrong ones.
    said
        Head and rows of the table of who says what about which operand.
    copies
        What can be copied to do it again.
    """

    entry: OpReport
    found: str
    sentences: tuple[tuple[str, bool], ...]
    causes: tuple[str, ...]
    explained: bool
    case: Told | None
    operands: tuple[Operand, ...]
    others: tuple[str, ...]
    said: tuple[Line, ...]
    copies: tuple[Copyable, ...]


def detail(entry: OpReport, report: Report) -> Detail:
    """Return all that is known of why an entry's subject is wrong."""
    refuted = entry.proof.refutation if entry.proof else ""
    symbols = [(f"run on symbols: {clip(refuted, _SENTENCE)}", True)] if refuted else []
    command = repeat_command(report, [entry])
    again = Copyable("Ask the same cases again", command, note(command))
    failure = entry.failure
    if failure is None:
        return Detail(
            entry, "run on symbols", tuple(symbols), (), False, None, (), (), (), (again,)
        )
    wrong = [each for each in failure.comparisons if not each.agrees]
    says_wrong = wrong_sentences(failure)
    told = tuple((clip(s, _SENTENCE), s in says_wrong) for s in failure.sentences)
    return Detail(
        entry=entry,
        found=(
            "a counterexample kept from an earlier run"
            if failure.kept
            else f"case {entry.cases} of those tried, shrunk"
        ),
        sentences=(*told, *symbols),
        causes=tuple(clip(cause.sentence, _SENTENCE) for cause in failure.causes),
        explained=any(cause.confirmed or cause.digits for cause in failure.causes),
        case=told_case(failure.case),
        operands=tuple(_operand(failure, each) for each in wrong[:_MOST_OPERANDS]),
        others=tuple(clip(each.operand, _WORD) for each in wrong[_MOST_OPERANDS:][:_MOST_OPERANDS]),
        said=tuple(_said(failure)),
        copies=(*_copies(entry, failure), again),
    )


def told_case(case: Case) -> Told:
    """Return a case in words; of large arrays only how large they are."""
    arrays = list(case.arrays.items())
    left = _MOST_NUMBERS
    shown = []
    for name, array in arrays[:_MOST_ARRAYS]:
        layout = f", {case.layouts[name]} layout" if name in case.layouts else ""
        shown.append(_numbers(name, array, left, layout))
        left -= array.size if array.size <= left else 0
    return Told(
        tuple((clip(n, _WORD), clip(repr(v), _WORD)) for n, v in list(case.options.items())[:50]),
        tuple(shown),
        clip(case.origin, _SENTENCE),
    )


_MOST_ARRAYS = 30


def _numbers(name: str, array: npt.NDArray[Any], most: int, more: str = "") -> Numbers:
    about = f"shape {array.shape}{more}"
    if array.size > most:
        return Numbers(clip(name, _WORD), about, "", f"{array.size:,} numbers, see report.json")
    return Numbers(clip(name, _WORD), about, whole_array(array))


def _operand(failure: Failure, mine: Comparison) -> Operand:
    portrait = next((p for p in failure.portraits if p.operand == mine.operand), None)
    value = failure.answers[SUBJECT].values.get(mine.operand)
    array = value if isinstance(value, np.ndarray) else None
    fits = array is not None and portrait is not None and SUBJECT in portrait.ratios
    head, worst = _worst(failure, mine)
    return Operand(
        name=clip(mine.operand, _WORD),
        title=_title(mine),
        grid=_grid(portrait, array if fits else None),
        histogram=_histogram(portrait),
        head=head,
        worst=worst,
        given=None if fits or array is None else _numbers(MANUAL, array, _MOST_NUMBERS),
    )


def _histogram(portrait: Portrait | None) -> Histogram | None:
    if portrait is None or portrait.bound.size <= _MOST_SEEN:
        return None
    return histogram(portrait, _TITLES) if portrait.counts else None


_MOST_SEEN = 10
"""Cells that one sees at a glance: a histogram adds nothing to their picture."""


def _grid(portrait: Portrait | None, said: npt.NDArray[Any] | None) -> Grid | None:
    return None if portrait is None else grid(portrait, said, SUBJECT)


def _title(mine: Comparison) -> str:
    if mine.problem:
        return clip(mine.problem, _WORD)
    return f"{mine.wrong:,} of {mine.elements:,} cells wrong ({mine.share})"


def _worst(failure: Failure, mine: Comparison) -> tuple[Line, tuple[Line, ...]]:
    """Return head and rows of the table of the worst cells: who says what there."""
    others = others_beside(failure, mine)
    head = ("index", MANUAL, "truth", *(TITLES.get(n, n) for n in others),
            "error", "bound", "error/bound")  # fmt: skip
    return head, tuple(tuple(_cell(failure, mine, cell, others)) for cell in mine.worst)


def _cell(failure: Failure, mine: Comparison, cell: Cell, others: Sequence[str]) -> Iterator[str]:
    said, *theirs = said_at(failure, mine, cell, others)
    yield from (str(cell.index), said, clip(short(cell.truth), _WORD), *theirs, *measures(cell))


def _said(failure: Failure) -> Iterator[Line]:
    """Yield the head, then for everybody what truth says of each operand."""
    operands = [c.operand for c in failure.comparisons] or list(failure.truth)
    shown = operands[:_MOST_SAID]
    yield ("", *(clip(name, _WORD) for name in shown))
    every = {
        (c.participant, c.operand): c for c in (*failure.comparisons, *failure.witness_comparisons)
    }
    for name, answer in failure.answers.items():
        title = _TITLES.get(name, name)
        if answer.kind == "value":
            yield (title, *(_judged(every.get((name, operand))) for operand in shown))
        else:
            yield (title, f"{answer.kind}: {clip(answer.detail, _WORD)}", *("" for _ in shown[1:]))


_MOST_SAID = 12


def _judged(each: Comparison | None) -> str:
    if each is None:
        return "-"
    if each.agrees:
        return "right" if each.tells else "cannot tell: too coarse here"
    return clip(each.problem, _WORD) or f"{each.wrong:,} of {each.elements:,} wrong"


_STRANGE = "Characters that cannot be seen stand here by name; report.json has them as they are."


def _copies(entry: OpReport, failure: Failure) -> Iterator[Copyable]:
    script = failure.script
    if len(script) > _LONGEST_SCRIPT:
        yield Copyable(_ALONE, "", f"Its {len(script):,} characters are in report.json.")
    elif script:
        yield Copyable(
            _ALONE, script, f"{_SAVE} {_STRANGE}" if harmless(script) != script else _SAVE
        )
    if failure.saved:
        call = shlex.join(["oracle-diff", "replay", failure.saved])
        yield Copyable("Ask the kept counterexample again", call, _THERE)
    if failure.blob:
        call = f"oracles.check(op, dtypes=({entry.dtype!r},), blob={failure.blob!r})"
        told = f"op is {clip(entry.spec, _WORD)}." if entry.spec else "op is the operation."
        title = "Let Hypothesis replay it, in Python"
        yield Copyable(title, f"import oracles\n\n{call}", told)


_ALONE = "Reproduce it bit for bit, with NumPy and PyTorch alone"
_SAVE = "Save it as repro.py, and run python repro.py."
_THERE = "In the directory of the run, where that was kept."
