"""The theorem about the article's network as text: what is proved, and what is refuted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from textwrap import wrap

from oracles.article_conditions import Condition
from oracles.article_refutations import Refutation
from oracles.article_steps import EQUATIONS
from oracles.article_theorem import ArticleTheorem, SizesProof, Step

WIDTH = 80

_STATEMENT = """\
Theorem. Take the article's network,

    l1 = x *v w1     a1 = f1(l1)             *v  true convolution, valid
    l2 = a1 *v w2    a2 = f2(l2)              R  rotation by 180 degrees
    h = a2, row by row
    l3 = h . w3      out = f3(l3)    cost = (out - y)^2 / 2

For every image x, every target y, all weights w1, w2, w3 and all differentiable
functions f1, f2, f3, what manualgrad.article computes in exact arithmetic is
the definition above (forward) and the derivative of the cost by l3, w3, l2, w2,
a1, l1, w1 (d3, g3, d2, g2, dA1, d1, g1).

Proof, for the sizes below. The code runs as it is on polynomials: x, y and the
weights are symbols, and so are the values a1, a2, out and the slopes
F1 = f1'(l1), F2 = f2'(l2), F3 = f3'(l3), of which nothing is assumed. Each
matrix it returns, and each argument that it gives to an activation, equals,
polynomial by polynomial, the definition written as sums over indices, or the
chain rule applied to that. Equal polynomials stay equal with any numbers for
the symbols."""


def theorem_text(theorem: ArticleTheorem) -> str:
    """Return the theorem, its ledger and the refutations as text of at most 80 columns."""
    lines = [*_STATEMENT.splitlines(), "", *_ledger(theorem.shapes), "", *_every_kernel(theorem)]
    lines += ["", _heading("what was published, refuted at the article's sizes")]
    lines += wrap(_ABOUT_REFUTATIONS, WIDTH)
    for number, refutation in enumerate(theorem.refutations):
        lines += ["", *_refutation(refutation, theorem.refutations[:number])]
    lines += ["", _heading("what hides all of it"), *_condition(theorem.hidden, "")]
    lines += ["", _verdict(theorem)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


_ABOUT_REFUTATIONS = (
    "A difference that is not the polynomial 0 is not 0 for nearly all numbers; and where the "
    "cells of l1 are distinct, as of l2, any numbers are values and slopes of some f1 and f2. "
    "Each line is shown on symbols for what it is given, so that its fault is its own. m_ij is "
    "the cell of m in row i and column j, counted from 0."
)


def _heading(title: str) -> str:
    return f"== {title} ".ljust(WIDTH, "=")


def _ledger(shapes: tuple[SizesProof, ...]) -> Iterator[str]:
    """Yield a row for each step, a column for each choice of sizes."""
    yield _heading("proved: number of cells / number of terms of their polynomials")
    for name in ("x", "w1", "w2"):
        sizes = ["{}x{}".format(*getattr(shape.sizes, name)) for shape in shapes]
        yield name.rjust(_FIRST - 2) + "  " + "".join(size.ljust(_COLUMN) for size in sizes)
    for steps in zip(*(shape.steps for shape in shapes), strict=True):
        cells = "".join(_step(step).ljust(_COLUMN) for step in steps)
        verdict = "proved" if all(step.proved for step in steps) else "NOT PROVED"
        yield f"{EQUATIONS[steps[0].name]:<{_FIRST}}{cells}{verdict}"


_FIRST, _COLUMN = 29, 11


def _step(step: Step) -> str:
    return f"{step.cells}/{step.terms}{'' if step.proved else ' WRONG '}"


def _every_kernel(theorem: ArticleTheorem) -> list[str]:
    total, proved = len(theorem.every_kernel), sum(each.proved for each in theorem.every_kernel)
    rows, columns = theorem.every_kernel[0].sizes.x
    words = (
        f"And for every pair of kernels that fits a {rows}x{columns} image one after the other: "
        f"all steps proved at {proved} of {total} sizes."
    )
    for version in theorem.versions:
        spared = theorem.sizes_spared(version)
        words += f" The {version} version is wrong at {total - len(spared)} of them"
        words += f", right at ({'), ('.join(map(str, spared))})." if spared else "."
    return wrap(words, WIDTH)


def _refutation(refutation: Refutation, earlier: Iterable[Refutation]) -> Iterator[str]:
    r = refutation
    fault = "WRONG LINE" if r.own_fault else "right line, wrong input"
    told = f"[{fault}: {r.wrong_cells} of {r.cells} cells differ]"
    yield from wrap(f"{r.version} version: {r.line}  {told}", WIDTH, subsequent_indent="  ")
    if any(replace(each, version=r.version) == r for each in earlier):
        yield "  as above"
        return
    index, difference = min(r.differences, key=lambda each: len(each[1]))
    yield f"  published minus true, given {', '.join(r.given)}; shortest at {r.matrix}[{index}]:"
    yield from _fill(_TOP_LEVEL.split(difference), " ", " " * 4)
    for condition in r.conditions:
        yield from _condition(condition, "  ")


def _condition(condition: Condition, indent: str) -> Iterator[str]:
    mark = "proved" if condition.proved else "NOT PROVED"
    colon = ":" if condition.equations else "."
    words = f"[{mark}] {condition.words}{colon}"
    yield from wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
    yield from _fill(condition.equations, ";  ", indent + " " * 4)


_TOP_LEVEL = re.compile(r" (?=[+-] [^()]*(?:\([^()]*\)[^()]*)*$)")
"""A space before a sign that is not within brackets."""


def _fill(parts: Iterable[str], separator: str, indent: str) -> Iterator[str]:
    """Yield lines of as many parts as fit."""
    line = ""
    for part in parts:
        longer = f"{line}{separator}{part}" if line else part
        if line and len(indent) + len(longer) > WIDTH:
            yield indent + line
            longer = part
        line = longer
    if line:
        yield indent + line


def _verdict(theorem: ArticleTheorem) -> str:
    if not theorem.proved:
        return "NOT PROVED: see the steps that are WRONG, and the conditions."
    return f"Proved and refuted in {theorem.seconds:.1f} s."
