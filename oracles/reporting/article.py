"""The article's steps as small matrices side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.article_steps import (
    BACKWARD_STEPS,
    EQUATIONS,
    FORWARD_STEPS,
    ArticleSteps,
    Difference,
    ImageSteps,
)
from oracles.compare import Comparison

Array = npt.NDArray[Any]

WIDTH = 80
_GAP = "  "


def article_text(steps: ArticleSteps) -> str:
    """Return the whole article as text of at most 80 columns."""
    lines = [
        "The article's network: l1 = x *v w1, a1 = tanh(l1), l2 = a1 *v w2,",
        "a2 = arctan(l2), h = a2 row by row, l3 = h . w3, out = arctan(l3),",
        "cost = (out - y)^2 / 2. *v is true convolution, R a rotation by 180 degrees.",
        "A star marks a cell that lies outside the rounding bound around the exact value;",
        "e-5 heads a matrix in units of 1e-5.",
        "",
        *_beside({name: getattr(steps.weights, name) for name in ("w1", "w2", "w3")}, {}),
    ]
    for image in steps.images:
        lines += ["", *_image(image)]
    lines += ["", *_summary(steps)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _image(image: ImageSteps) -> Iterator[str]:
    yield f"== image {image.index + 1}, target {image.target:.6g} ".ljust(WIDTH, "=")
    yield from _beside({"x": image.x}, {})
    for title, names in (("forward", FORWARD_STEPS), ("backward", BACKWARD_STEPS)):
        yield f"-- {title} ".ljust(WIDTH, "-")
        for name in names:
            yield f"{EQUATIONS[name]}{_GAP}{_agreement(image.comparisons[name])}"
            yield from _beside(image.matrices[name], image.comparisons[name])
    yield "-- as published ".ljust(WIDTH, "-")
    for difference in image.published:
        yield from _difference(difference)


def _agreement(comparisons: Mapping[str, Comparison]) -> str:
    wrong = [name for name, each in comparisons.items() if not each.agrees]
    if wrong:
        return f"[{', '.join(wrong)} outside the bound]"
    worst = max(each.worst_ratio for each in comparisons.values())
    return f"[all within the bound: largest error/bound {worst:.2g}]"


def _difference(difference: Difference) -> Iterator[str]:
    fault = "WRONG LINE" if difference.own_fault else "right line, wrong input"
    yield f"{difference.version} version: {difference.line}{_GAP}[{fault}]"
    yield f"  {_how(difference)}"
    names = {"published": difference.value, "exact": difference.truth}
    yield from _beside(names, {"published": difference.comparison})


def _how(difference: Difference) -> str:
    if difference.rotated:
        return "it is the truth rotated by 180 degrees"
    words = f"relative error {difference.relative_error:.2g}, cosine {difference.cosine:.2g}"
    return words + (": points away from descent" if difference.cosine < 0 else "")


def _summary(steps: ArticleSteps) -> Iterator[str]:
    yield "== verdict ".ljust(WIDTH, "=")
    right = sum(image.right for image in steps.images)
    yield f"manualgrad.article: every step right on {right} of {len(steps.images)} images"
    every = [d for image in steps.images for d in image.published]
    for version in ("first", "later"):
        for name in BACKWARD_STEPS:
            seen = [d for d in every if (d.version, d.step) == (version, name)]
            if seen:
                share = f"{len(seen)} of {len(steps.images)} images"
                yield f"{version} version: {name} differs on {share}:"
                yield f"    {_whose(seen)}"
    for name, reason in steps.silent.items():
        yield f"{name}: {reason}"


def _whose(seen: list[Difference]) -> str:
    if not seen[0].own_fault:
        return f"since it builds on the wrong dA1 (relative error up to {_largest(seen):.2g})"
    if all(d.rotated for d in seen):
        return "a rotation of the result is missing: it is R of the truth"
    return f"a rotation is missing in {seen[0].line} (relative error up to {_largest(seen):.2g})"


def _largest(seen: list[Difference]) -> float:
    return max(d.relative_error for d in seen)


def _beside(matrices: Mapping[str, Array], comparisons: Mapping[str, Comparison]) -> Iterator[str]:
    """Yield the lines of named matrices side by side, in as many rows as the width needs."""
    blocks = [_block(name, m, comparisons.get(name)) for name, m in matrices.items()]
    row: list[list[str]] = []
    for block in blocks:
        if row and sum(len(b[0]) + len(_GAP) for b in [*row, block]) > WIDTH - 2:
            yield from _row(row)
            row = []
        row.append(block)
    yield from _row(row)


def _row(blocks: list[list[str]]) -> Iterator[str]:
    for index in range(max(map(len, blocks))):
        parts = [b[index] if index < len(b) else " " * len(b[0]) for b in blocks]
        yield "  " + _GAP.join(parts)


def _block(name: str, matrix: Array, comparison: Comparison | None) -> list[str]:
    """Return a matrix as lines of equal length, headed by its name and its power of ten."""
    wrong = set(comparison.wrong_cells) if comparison else set()
    table = np.atleast_2d(matrix)
    power = _power_of_ten(table)
    stars = ["*" if flat in wrong else " " for flat in range(table.size)]
    cells = [
        f"{value / 10.0**power:.2f}{star}".rjust(_CELL)
        for value, star in zip(table.ravel().tolist(), stars, strict=True)
    ]
    columns = table.shape[1]
    lines = ["".join(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    head = f"{name} e{power}" if power else name
    width = max(len(head) + 1, *map(len, lines))
    return [head.rjust(width - 1).ljust(width), *(line.rjust(width) for line in lines)]


_CELL = 7  # "-12.34*"


def _power_of_ten(table: Array) -> int:
    """Return the power of ten to take out, so that the largest number has one digit or two."""
    # Whoever gives NaN or an infinity is to be shown, not to end the report.
    largest = float(np.abs(table[np.isfinite(table)]).max(initial=0.0))
    if largest == 0 or 0.1 <= largest < 99.9:
        return 0
    return int(np.floor(np.log10(largest)))
