"""Words and numbers that every renderer shows the same way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import floor

from oracles.evidence import LatticeRecord, Proof
from oracles.report import Attendance, OpReport, Report
from oracles.reporting.lines import counted
from oracles.reporting.names import Names
from oracles.strength import held, strength, unseen

TITLES = {
    "torch": "torch",
    "jax": "jax",
    "jax_dilated": "dilated",
    "complex_step": "complex",
    "finite_difference": "finite",
}
"""Short names of the witnesses."""

Cell = tuple[str, str]
"""Content and style."""


def evidence_cell(entry: OpReport) -> Cell:
    """Return the strongest evidence for the subject and every framework that was asked."""
    words = strength(entry)
    styles = {"-": "dim", "VACUOUS": "bold red", "REFUTED": "bold red", entry.ground: ""}
    return words, styles.get(words, "green")


def evidence_lines(report: Report) -> list[str]:
    """Return what the evidence column means in this run, and what weakens it."""
    return [*_legend(report), *_inexact(report), *_proof_lines(report), *_vacuous(report)]


def _legend(report: Report) -> Iterator[str]:
    """Yield what each kind of evidence means that a row of this run has."""
    name = Names(report).op
    proofs = {name(e): e.proof for e in report.entries if e.proof and "proof" in held(e)}
    if proofs:
        yield _proof_legend(list(proofs.values()))
    lattices = [e.lattice for e in report.entries if e.lattice and "lattice" in held(e)]
    if lattices:
        yield _lattice_legend(lattices)
    grounds = {e.ground for e in report.entries if e.passed and e.cases and not e.vacuous}
    if "bound" in grounds:
        yield "bound: within rounding bounds derived for each element"
    if "tolerance" in grounds:
        yield (
            "tolerance: within a stated number of roundings of a framework's float64, which stands "
            "for truth where there is no neutral forward; weaker than any other evidence"
        )


def _proof_legend(proofs: Sequence[Proof]) -> str:
    order = " of first and second order" * any(proof.second_order for proof in proofs)
    return (
        f"proof: run on symbols, forward and gradients{order} equal the definition's "
        f"polynomials for {sum(proof.shapes for proof in proofs)} shapes, hence for every input "
        "of these shapes, up to rounding. It assumes that the code treats floats as it treats "
        "symbols"
    )


def _lattice_legend(lattices: Sequence[LatticeRecord]) -> str:
    least = min(lattice.miss_bits for lattice in lattices)
    smallest = min(lattice.smallest for lattice in lattices)
    return (
        f"lattice 2^-{floor(least)}: bit for bit the exact result on integers of which every "
        f"partial sum is representable; an error that is a polynomial of degree at most "
        f"{lattices[0].degree} slips through one shape with at most this probability: "
        f"(degree / numbers)^draws, Schwartz-Zippel, with at least {2 * smallest + 1} numbers "
        f"for each variable; {sum(lattice.cases for lattice in lattices)} draws of "
        f"{sum(lattice.shapes for lattice in lattices)} shapes. It assumes that the code "
        "chooses by shape and options, not by value"
    )


def _inexact(report: Report) -> Iterator[str]:
    name = Names(report).row
    for entry in report.entries:
        for who, why in (entry.lattice.inexact if entry.lattice else {}).items():
            yield f"{name(entry)}: {who} is not exact on the lattice: {why or 'a wrong result'}"


def _proof_lines(report: Report) -> list[str]:
    """Return what has come of the proofs that do not hold."""
    name = Names(report).op
    proofs = {name(entry): entry.proof for entry in report.entries if entry.proof is not None}
    told = {name: _no_proof(proof) for name, proof in proofs.items() if not proof.holds}
    return [f"{name}: {why}" for name, why in told.items()]


def _no_proof(proof: Proof) -> str:
    if proof.refutation:
        return f"refuted on symbols, {proof.refutation}"
    if proof.unproved:
        return f"no proof, since the subject, run on symbols, {proof.unproved}"
    if proof.refused:
        return f"no proof, since the subject refused all {proof.refused} shapes of the grid"
    return "no proof, since no shape of the grid is within the limits"


def _vacuous(report: Report) -> Iterator[str]:
    name = Names(report).row
    for entry in report.entries:
        if entry.vacuous:
            found = unseen(entry)
            operands = ", ".join(filter(None, found))
            where = f" in {operands}" if operands else ""
            yield f"{name(entry)} is VACUOUS{where}: {next(iter(found.values()))}"


def scope_lines(report: Report) -> list[str]:
    """Return for each operation what its cases were limited to, and how many were refused."""
    lines, name = [], Names(report).row
    for entry in report.entries:
        parts = [f"{name}={value}" for name, value in entry.limits.items()]
        if entry.refused:
            parts.append(
                f"{entry.refused} of {counted(entry.refused + entry.cases, 'case')} refused"
            )
        if parts:
            lines.append(f"{name(entry)}: {', '.join(parts)}")
    return lines


def subject_cell(entry: OpReport) -> Cell:
    """Return the subject's verdict."""
    if not entry.passed:
        return "WRONG", "bold red"
    if entry.cases == 0:
        return "-", "dim"
    return f"ok {number(entry.worst_ratio('subject'))}", "green"


def witness_cell(entry: OpReport, witness: str) -> Cell:
    """Return how a witness stands to truth: its largest error/bound, or what went wrong."""
    seen = next((a for a in entry.attendance if a.witness == witness), Attendance(witness))
    if seen.missing:
        return "SKIPPED", "yellow"
    for count, word in ((seen.crashed, "crashed"), (seen.timed_out, "timed out")):
        if count:
            return f"{count} {word}", "red"
    wrong = entry.wrong_cases(witness)
    if wrong:
        return f"{wrong} wrong", "yellow"
    if seen.answered:
        return number(entry.worst_ratio(witness)), ""
    return (f"{seen.rejected} refused", "dim") if seen.rejected else ("-", "dim")


def number(ratio: float) -> str:
    """Return a ratio with two digits, 0 where it is nothing beside 1, and on which side of 1."""
    text = "0" if ratio < 1e-9 else f"{ratio:.2g}"
    return text if text != "1" or ratio == 1 else f"{'>' if ratio > 1 else '<'}1"


def repeat_lines(report: Report) -> list[str]:
    """Return the entries of other seeds than the report's, and the notes of the whole."""
    seeds: dict[int, list[str]] = defaultdict(list)
    name = Names(report).row
    for entry in report.entries:
        if entry.seed is not None:
            seeds[entry.seed].append(name(entry))
    return [*(f"seed {seed}: {', '.join(names)}" for seed, names in seeds.items()), *report.notes]


def kept_lines(report: Report) -> list[str]:
    """Return what became of the counterexamples kept from earlier runs."""
    name = Names(report).row
    lines = [
        f"{name(entry)}: right on {entry.kept_passed} kept from earlier runs"
        for entry in report.entries
        if entry.kept_passed
    ]
    notes = [f"{name(e)}: {note}" for e in report.entries for note in e.notes]
    return [*lines, *notes]


def defect_lines(report: Report) -> list[str]:
    """Return for each witness the operations in which it differs, and each death in full."""
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    deaths, name = [], Names(report).row
    for entry in report.entries:
        for defect in entry.defects:
            if defect.kind in ("crashed", "timed out"):
                times = f"{defect.count} of {counted(entry.cases, 'case')}"
                kept = f"; case kept in {defect.case_file}" if defect.case_file else ""
                deaths.append(f"{name(entry)}, {times}: {defect.sentence}{kept}")
            else:
                counts[defect.witness, defect.kind][entry.op] += defect.count
    lines = [
        f"{witness} {kind}: {', '.join(f'{op} {count}' for op, count in by_op.items())}"
        for (witness, kind), by_op in counts.items()
    ]
    return [*deaths, *lines]
