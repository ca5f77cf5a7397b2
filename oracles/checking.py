"""`run` and `check`: operations in, a report out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from oracles.limits import make_limits
from oracles.op import Case, Op
from oracles.plugging import DTYPES, known_dtypes
from oracles.report import Report
from oracles.reporting.failure import failure_text
from oracles.reporting.names import Names
from oracles.runner import Runner
from oracles.strength import unseen


class OracleMismatch(AssertionError):  # noqa: N818 - a disagreement, not an error of the harness
    """The subject is wrong.

    Attributes
    ----------
    report
        All that was found.
    """

    def __init__(self, report: Report) -> None:
        texts = [failure_text(entry) for entry in report.failures]
        name = Names(report).row
        vacuous = [
            f"{name(e)} ({', '.join(e.vacuous)})"
            for e in report.entries
            if e.vacuous and not e.mostly_refused
        ]
        if vacuous:
            texts.append(f"vacuous, no error of 1e-3 could have been seen: {', '.join(vacuous)}")
        texts += [
            f"vacuous: {name(e)}, {unseen(e)['']}" for e in report.entries if e.mostly_refused
        ]
        super().__init__("\n\n".join(texts) or "nothing was compared")
        self.report = report


def run(
    op: Op | Iterable[Op],
    *,
    oracles: Sequence[str] = ("torch", "jax"),
    dtypes: Sequence[str] = DTYPES,
    max_examples: int = 100,
    seed: int | None = None,
    examples: Sequence[Case] = (),
    blob: str | None = None,
    time_limit: float = 30.0,
    directory: str = ".oracles",
    evidence: Sequence[str] | None = None,
    keep: bool = True,
    **limits: Any,
) -> Report:
    """Check operations on generated cases and return what was found.

    Parameters
    ----------
    op
        One operation or several.
    oracles
        Witnesses to ask beside exact arithmetic: ``torch``, ``jax``, ``jax_dilated``,
        ``complex_step``, ``finite_difference``. One that is not installed is reported as
        missing.
    dtypes
        ``float32``, ``float64`` or both.
    max_examples
        Cases for each operation and dtype.
    seed
        From which every case follows, at least 0; None draws one, which the report names.
    examples
        Cases to try before the generated ones, in the dtype that they have.
    blob
        Of an earlier failure with the same limits: that one case is tried, no other.
    time_limit
        For one answer of a framework witness, and for one call of the subject, in seconds: from
        0.01 to 1e6.
    directory
        Where a case that kills a witness is kept, and in ``failures/`` each counterexample.
    evidence
        ``bound`` (always gathered), ``lattice``, ``proof``: None gathers all that an operation
        allows; named, an operation that is no polynomial is refused lattice and proof.
    keep
        Whether to keep the minimal case of a failure and to try, before all generated cases,
        those kept of the same subject under the same limits: see `oracles.counterexamples`.
    **limits
        On the generated options: see `oracles.limits.Limits`.

    Returns
    -------
    Report

    Raises
    ------
    ValueError, TypeError
        If an argument or a limit is unknown or out of range.
    """
    ops = [op] if isinstance(op, Op) else list(op)
    settled = make_limits(limits)
    with Runner(
        oracles=oracles,
        max_examples=max_examples,
        seed=seed,
        time_limit=time_limit,
        directory=directory,
        limits=settled,
        evidence=evidence,
        keep=keep,
    ) as runner:
        wanted = known_dtypes(dtypes)
        pairs = [(each, dtype) for each in ops for dtype in wanted if dtype in each.dtypes]
        entries = []
        for each, dtype in pairs:
            entries.append(runner.examine(each, dtype, examples, blob))
            if runner.interrupted:
                raise runner.trouble or KeyboardInterrupt
        return runner.report(entries)


def check(op: Op | Iterable[Op], **arguments: Any) -> Report:
    """Check operations as `run` does, and raise if a subject is wrong.

    Parameters
    ----------
    op, **arguments
        Of `run`.

    Returns
    -------
    Report

    Raises
    ------
    OracleMismatch
        If a subject is wrong; its text is the minimal case and all that is known of it.
    """
    report = run(op, **arguments)
    if not report.passed:
        raise OracleMismatch(report)
    return report
