"""Proofs as text: the ledger of the grid, the article's theorem, and what refutes its versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import fill, wrap

from oracles.article_theorem import ArticleTheorem, Refutation, Step
from oracles.evidence import Proof

LEDGER_HEAD = f"{'operation':<20}{'shapes':>8}{'terms':>12}{'s':>8}  verdict"

_THEOREM = """\
Theorem. For every differentiable f1, f2, f3, every image, every target and every weight, the
backward pass of manualgrad.article gives the derivatives of the cost: d3, g3, d2, g2, dA1, d1, g1.
Proof, by symbols: f(l) and f'(l) are variables; what the code returns is compared as polynomials
with the chain rule on the definitions, cell by cell."""


def ledger_row(proof: Proof) -> str:
    """Return one operation's line."""
    start = f"{proof.op:<20}{proof.shapes:>8}{proof.terms:>12}{proof.seconds:>8.1f}"
    if proof.refutation:
        return f"{start}  REFUTED: {proof.refutation}"
    if proof.unproved:
        return f"{start}  not proved: the subject, run on symbols, {proof.unproved}"
    order = "first and second order" if proof.second_order else "first order"
    return f"{start}  proved, gradients of {order}"


def ledger_total(proofs: Sequence[Proof]) -> str:
    """Return the last line of the ledger, which says what the numbers are."""
    shapes, terms = sum(p.shapes for p in proofs), sum(p.terms for p in proofs)
    total = f"{'all':<20}{shapes:>8}{terms:>12}{sum(p.seconds for p in proofs):>8.1f}"
    return (
        f"{total}  shapes with options; terms compared; seconds of all processes\n\n"
        "Forward equals the definition and every gradient its formal derivative, as polynomials:\n"
        "for each of these shapes, for all inputs, up to rounding."
    )


def theorem_text(theorem: ArticleTheorem) -> str:
    """Return the theorem, its ledger, and the refutations, at most 100 columns wide."""
    return "\n".join(_theorem_lines(theorem)) + "\n"


def _theorem_lines(theorem: ArticleTheorem) -> Iterator[str]:
    yield from _THEOREM.split("\n")
    yield ""
    for shape in dict.fromkeys(step.shape for step in theorem.steps):
        yield _shape_line([step for step in theorem.steps if step.shape == shape])
    for step in theorem.steps:
        if step.differs:
            yield f"  REFUTED {step.name}: {step.differs}"
    for version in dict.fromkeys(each.version for each in theorem.refutations):
        yield from ("", f"The {version} published version is refuted:")
        for refutation in theorem.refutations:
            if refutation.version == version:
                yield from _refutation_lines(refutation)
        yield from _condition_lines(theorem, version)


def _shape_line(steps: Sequence[Step]) -> str:
    image, w1, w2 = (" x ".join(map(str, size)) for size in steps[0].shape)
    cells, terms = sum(step.cells for step in steps), sum(step.terms for step in steps)
    proved = "proved" if not any(step.differs for step in steps) else "REFUTED"
    compared = f"{len(steps)} matrices, {cells} cells, {terms} terms"
    return f"  image {image}, w1 {w1}, w2 {w2}: {compared}, {proved}"


def _refutation_lines(each: Refutation) -> Iterator[str]:
    yield f"  {each.name}: {each.wrong} of {each.cells} cells differ as polynomials"
    if not each.line:
        yield "    the line itself is right, what it starts from is not"
        return
    yield from wrap(f"its line alone: {each.line}", 100, initial_indent="    ",
                    subsequent_indent="      ")  # fmt: skip
    yield "    right whatever the image if and only if"
    for condition in each.conditions:
        yield fill(f"{condition} = 0", 100, initial_indent="      ", subsequent_indent="        ")


def _condition_lines(theorem: ArticleTheorem, version: str) -> Iterator[str]:
    yield "  whole gradients, as polynomials, if"
    mine = [each for each in theorem.conditions if each.version == version]
    for case in dict.fromkeys(each.case for each in mine):
        said = [f"{e.name} {'right' if e.right else 'wrong'}" for e in mine if e.case == case]
        yield f"    {case}: {', '.join(said)}"
