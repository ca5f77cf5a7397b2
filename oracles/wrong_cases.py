"""A case on which somebody is wrong: the subject, or a witness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from oracles.answer import Answer
from oracles.compare import Comparison
from oracles.diagnosis.cause import Cause
from oracles.op import Case
from oracles.portrait import Portrait

DefectKind = Literal[
    "differs",
    "differs next to underflow",
    "differs on NaN or infinity",
    "not exact on the lattice",
    "crashed",
    "timed out",
    "rejected",
]


@dataclass(frozen=True, eq=False)
class Defect:
    """A case on which a witness, not the subject, differs from truth or dies.

    Attributes
    ----------
    witness
        Which witness.
    kind
        What it did. It ``differs next to underflow`` where no error is larger than 1024 smallest
        normal numbers, ``on NaN or infinity`` where somebody says one of these in a wrong cell.
    sentence
        What happened, in one sentence.
    count
        On how many cases this kind was seen.
    case
        The smallest of them.
    comparisons
        The witness's comparisons with truth on that case (empty unless it answered).
    case_file
        Where a case that killed or hung the worker lies on disk.
    """

    witness: str
    kind: DefectKind
    sentence: str
    count: int
    case: Case
    comparisons: tuple[Comparison, ...] = ()
    case_file: str = ""


@dataclass(frozen=True, eq=False)
class Failure:
    """The minimal case on which the subject is wrong.

    Attributes
    ----------
    case
        The shrunk case.
    sentences
        Who is the outlier and where, operand by operand: text lines ready to print.
    comparisons
        The subject's comparisons with truth, one for each operand.
    witness_comparisons
        The witnesses' comparisons with truth on this case.
    answers
        Everybody's answer to this case by participant, ``subject`` included.
    truth
        Truth by operand, as text with all its digits, in C order.
    portraits
        Every operand cell by cell: truth, bound, everybody's error/bound.
    script
        A Python script that reproduces the failure with exact bits.
    blob
        Hypothesis's text that replays the case (`oracles.run(..., blob=...)`), or "".
    causes
        Why, as far as could be confirmed on other cases.
    saved
        The folder in which case and answer are kept, or "".
    kept
        Whether the case came from such a folder, and was not generated in this run.
    """

    case: Case
    sentences: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    witness_comparisons: tuple[Comparison, ...]
    answers: Mapping[str, Answer]
    truth: Mapping[str, tuple[str, ...]]
    portraits: tuple[Portrait, ...]
    script: str
    blob: str
    causes: tuple[Cause, ...] = ()
    saved: str = ""
    kept: bool = False
