"""A conviction as text: what is wrong, where, by how much, who says otherwise, how to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill, indent
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.compare import Cell, Comparison
from oracles.report import Failure, OpReport


def failure_text(entry: OpReport) -> str:
    """Return the whole account of an entry's failure, or "" if its subject is right."""
    refuted = entry.proof.refutation if entry.proof else ""
    if entry.failure is None:
        return f"{entry.subject} is WRONG as {entry.op}, run on symbols: {refuted}" * bool(refuted)
    failure = entry.failure
    found = f"case {entry.cases} of those tried, shrunk"
    if failure.kept:
        found = "a counterexample kept from an earlier run"
    parts = [
        f"{entry.subject} is WRONG as {entry.op} in {entry.dtype} ({found})",
        "\n".join(_wrapped(sentence) for sentence in failure.sentences),
        *(
            ["\n".join(["why:", *(_wrapped(cause.sentence) for cause in failure.causes)])]
            if failure.causes
            else []
        ),
        "\n".join(["the case:", *(f"  {line}" for line in case_lines(failure))]),
        *(_operand_text(failure, each) for each in failure.comparisons if not each.agrees),
        *(
            [f"saved; to run it again:\n    oracle-diff replay {failure.saved}"]
            if failure.saved
            else []
        ),
        "to reproduce it, bit for bit:\n" + indent(failure.script, "    "),
    ]
    if failure.blob:
        call = f"check(op, dtypes=({entry.dtype!r},), blob={failure.blob!r})"
        parts.append(f"Hypothesis replays it: {call}")
    return "\n\n".join(part.rstrip() for part in parts)


def _wrapped(sentence: str) -> str:
    return fill(
        sentence,
        width=98,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def case_lines(failure: Failure) -> Iterator[str]:
    """Yield the options, and every array whole."""
    case = failure.case
    for name, value in case.options.items():
        yield f"{name} = {value!r}"
    for name, array in case.arrays.items():
        layout = f", {case.layouts[name]} layout" if name in case.layouts else ""
        yield f"{name}, shape {array.shape}{layout}:"
        yield from indent(whole_array(array), "  ").split("\n")
    yield f"drawn as {case.origin}"


def whole_array(array: npt.NDArray[Any]) -> str:
    """Return every element of `array` with the digits that tell it from its neighbours."""
    if array.dtype.kind != "f":
        return np.array2string(array, threshold=array.size + 1, max_line_width=90)
    width = max((len(digits(number)) for number in array.ravel()), default=0)
    return np.array2string(
        array,
        threshold=array.size + 1,
        max_line_width=90,
        formatter={"float_kind": lambda number: digits(number).rjust(width)},
    )


def digits(number: Any) -> str:
    """Return the digits that tell a float from its neighbours of the same dtype."""
    plain = number == 0 or 1e-4 <= abs(number) < 1e16 or not np.isfinite(number)
    write = np.format_float_positional if plain else np.format_float_scientific
    return write(number, unique=True, trim="-")


def _operand_text(failure: Failure, mine: Comparison) -> str:
    """Return the worst cells of one operand as a table: who says what there."""
    if mine.problem:
        return f"{mine.operand} {mine.problem}"
    share = 100 * mine.wrong / mine.elements
    title = (
        f"{mine.operand}: {mine.wrong} of {mine.elements} cells wrong ({share:.0f}%), the worst:"
    )
    others = [
        name
        for name, answer in failure.answers.items()
        if name != mine.participant and mine.operand in answer.values
    ]
    header = ["index", "manual", *others, "truth", "error", "bound", "error/bound"]
    rows = [_cell_row(failure, mine.operand, cell, others) for cell in mine.worst]
    return "\n".join([title, *(f"  {line}" for line in aligned([header, *rows]))])


def _cell_row(failure: Failure, operand: str, cell: Cell, others: Sequence[str]) -> list[str]:
    said = [failure.answers[name].values[operand][cell.index] for name in others]
    numbers = [f"{float(value):.9g}" for value in (cell.value, *said)]
    measures = [f"{value:.3g}" for value in (cell.error, cell.bound, cell.ratio)]
    return [str(cell.index), *numbers, short(cell.truth), *measures]


def short(truth: str) -> str:
    """Return an exact number's text without the zeros that say nothing, at most 18 characters."""
    if " to " in truth or "e" in truth or len(truth) <= 18:
        return truth.rstrip("0").rstrip(".") if "." in truth and "e" not in truth else truth
    return truth[:18]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines with right-aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
