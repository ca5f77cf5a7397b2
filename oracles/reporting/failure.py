"""A conviction as text: what is wrong, where, by how much, who says otherwise, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from textwrap import indent
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from oracles.compare import Cell, Comparison
from oracles.counterexample_file import SCRIPT
from oracles.report import OpReport
from oracles.reporting.lines import NARROW, turned, wrapped
from oracles.reporting.names import subject_name
from oracles.visible import visible
from oracles.wrong_cases import Failure


def failure_text(entry: OpReport, width: int = NARROW, *, here: bool = False) -> str:
    """Return the whole account of an entry's failure, or "" if its subject is right.

    Lines have at most `width` cells of a screen, but for what is to be copied: the script, calls,
    paths, names. Nothing rests on colour, and no control character of a name is left.

    Parameters
    ----------
    entry
        The entry.
    width
        Of the screen.
    here
        Whether it is read where the counterexample was saved: then the script is named, and not
        shown.
    """
    if entry.failure is None:
        refuted = entry.proof.refutation if entry.proof else ""
        text = f"{_who(entry)} is WRONG as {entry.op}, run on symbols: {refuted}"
        return wrapped(text, width, "", "  ") if refuted else ""
    failure = entry.failure
    parts = [
        _head(entry, failure, width),
        "\n".join(wrapped(sentence, width) for sentence in failure.sentences),
        *(
            ["\n".join(["why:", *(wrapped(cause.sentence, width) for cause in failure.causes)])]
            if failure.causes
            else []
        ),
        "\n".join(["the case:", *(f"  {line}" for line in case_lines(failure, width - 2))]),
        *(_operand_text(failure, each, width) for each in failure.comparisons if not each.agrees),
        *_again(entry, failure, here=here),
    ]
    return visible("\n\n".join(part.rstrip() for part in parts))


def _again(entry: OpReport, failure: Failure, *, here: bool) -> Iterator[str]:
    """Yield the ways to see the failure once more."""
    if failure.saved:
        call = shlex.join(["oracle-diff", "replay", failure.saved])
        yield f"saved; to run it again:\n    {call}"
    told = "to reproduce it, bit for bit"
    if failure.saved and here:
        script = shlex.join(["python", f"{failure.saved}/{SCRIPT}"])
        yield f"{told}, with NumPy and PyTorch alone:\n    {script}"
    else:
        yield f"{told}:\n{indent(failure.script, '    ')}"
    if failure.blob:
        call = f"check(op, dtypes=({entry.dtype!r},), blob={failure.blob!r})"
        yield f"Hypothesis replays it: {call}"


def _head(entry: OpReport, failure: Failure, width: int) -> str:
    """Return who is wrong, and in brackets, together, where that was found."""
    found = f"(case {entry.cases} of those tried, shrunk)"
    if failure.kept:
        found = "(a counterexample kept from an earlier run)"
    told = wrapped(f"{_who(entry)} is WRONG as {entry.op} in {entry.dtype}", width, "", "  ")
    fits = cell_len(told.rpartition("\n")[2]) + 1 + len(found) <= width
    return f"{told} {found}" if fits else f"{told}\n  {found}"


def _who(entry: OpReport) -> str:
    """Return the subject's name, also that of its backward, which may be what is wrong."""
    name = subject_name(entry)
    return name if name == entry.subject else f"{name},"


def case_lines(failure: Failure, width: int = NARROW) -> Iterator[str]:
    """Yield the options, and every array whole, in lines of at most `width` cells if it can be."""
    case = failure.case
    for name, value in case.options.items():
        yield f"{name} = {value!r}"
    for name, array in case.arrays.items():
        layout = f", {case.layouts[name]} layout" if name in case.layouts else ""
        yield f"{name}, shape {array.shape}{layout}:"
        yield from indent(whole_array(array, width - 2), "  ").split("\n")
    yield from wrapped(f"drawn as {case.origin}", width, "", "  ").split("\n")


def whole_array(array: npt.NDArray[Any], width: int = NARROW) -> str:
    """Return every element of `array` with the digits that tell it from its neighbours."""
    if array.dtype.kind != "f":
        return np.array2string(array, threshold=array.size + 1, max_line_width=width)
    widest = max((len(digits(number)) for number in array.ravel()), default=0)
    return np.array2string(
        array,
        threshold=array.size + 1,
        max_line_width=width,
        formatter={"float_kind": lambda number: digits(number).rjust(widest)},
    )


def digits(number: Any) -> str:
    """Return the digits that tell a float from its neighbours of the same dtype."""
    plain = number == 0 or 1e-4 <= abs(number) < 1e16 or not np.isfinite(number)
    write = np.format_float_positional if plain else np.format_float_scientific
    return write(number, unique=True, trim="-")


def _operand_text(failure: Failure, mine: Comparison, width: int) -> str:
    """Return the worst cells of one operand as a table: who says what there."""
    if mine.problem:
        return wrapped(f"{mine.operand} {mine.problem}", width, "", "  ")
    title = (
        f"{mine.operand}: {mine.wrong} of {mine.elements} cells wrong ({mine.share}), the worst:"
    )
    others = others_beside(failure, mine)
    header = ["index", "manual", *others, "truth", "error", "bound", "error/bound"]
    rows = [
        [str(cell.index), *said_at(failure, mine, cell, others), short(cell.truth), *measures(cell)]
        for cell in mine.worst
    ]
    table = turned([header, *rows], width - 2)
    return "\n".join([title, *(f"  {line}".rstrip() for line in table)])


def others_beside(failure: Failure, mine: Comparison) -> list[str]:
    """Return who else gave an array of this operand's shape."""
    return [
        name
        for name, answer in failure.answers.items()
        if name != mine.participant
        and getattr(answer.values.get(mine.operand), "shape", None) == mine.shape
    ]


def said_at(failure: Failure, mine: Comparison, cell: Cell, others: Sequence[str]) -> list[str]:
    """Return what the subject and others say in a cell, with all digits that tell them apart."""
    names = [mine.participant, *others]
    return [digits(failure.answers[name].values[mine.operand][cell.index]) for name in names]


def measures(cell: Cell) -> list[str]:
    """Return error, bound and error/bound of a cell."""
    return [f"{value:.3g}" for value in (cell.error, cell.bound, cell.ratio)]


def short(truth: str) -> str:
    """Return an exact number's text without the zeros that say nothing, at most 18 characters."""
    if " to " in truth or "e" in truth or len(truth) <= 18:
        return truth.rstrip("0").rstrip(".") if "." in truth and "e" not in truth else truth
    if len(truth.partition(".")[0]) > 18:  # cut, it would be another number
        return f"{Decimal(truth):.11e}"
    return truth[:18].rstrip(".")
