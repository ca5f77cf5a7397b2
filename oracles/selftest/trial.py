"""Puts the mutations of a subject to the cases of a configuration, one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oracles.hunting import Conviction, Hunt
from oracles.op import Op
from oracles.reporting.lines import counted
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Watch
from oracles.selftest.record import Trial
from oracles.selftest.remedies import Adviser
from oracles.selftest.settings import Settings, hunted_mutant, shown


def trials(
    op: Op, form: Form, mutations: Sequence[Mutation], settings: Settings
) -> Iterator[Trial | None]:
    """Yield what became of each mutation; None for one that changes nothing in any case.

    Parameters
    ----------
    op, form
        A subject that is right in the cases of `settings`, and what its calls look like.
    mutations
        To be tried, in this order.
    settings
        The configuration.
    """
    adviser = Adviser(op, form, settings)
    for mutation in mutations:
        yield _trial(op, form, mutation, settings, adviser)


def _trial(
    op: Op, form: Form, mutation: Mutation, settings: Settings, adviser: Adviser
) -> Trial | None:
    told = mutation.name, mutation.kind, mutation.story
    watch = shown(op, form, mutation, settings)
    # What an option does not show in any case it does not show on their lattices either.
    if watch.changed or not (watch.failed or mutation.kind == "option"):
        found, watch = hunted_mutant(op, form, mutation, settings)
        if found.conviction is not None:
            by = found.conviction
            return Trial(*told, "killed", by.cases, watch.changed, by.dtype, by.by, by.what)
        if watch.changed:
            remedy, why = adviser.remedy(mutation, reached=True)
            why = why or ("" if remedy else _unseen(op, mutation, found))
            return Trial(*told, "survived", found.cases, watch.changed, remedy=remedy, why=why)
    found_by = _unreached(mutation, watch, adviser)
    if found_by is None:
        return None
    return Trial(*told, "not reached", watch.cases, 0, remedy=found_by[0], why=found_by[1])


def _unreached(mutation: Mutation, watch: Watch, adviser: Adviser) -> tuple[str, str] | None:
    """Return remedy and reason for one that no case showed, None for one that nothing shows."""
    if watch.failed:
        return None
    if not adviser.reaches(mutation, widely=False):
        own = adviser.own_limit(mutation)
        if own:
            return "", f"the subject's own limit {own}"
        if not adviser.reaches(mutation, widely=True):
            return ("", _NOWHERE) if mutation.kind == "rare" else None
    remedy, why = adviser.remedy(mutation, reached=False)
    return remedy, why or ("" if remedy else _FEW)


_NOWHERE = "nothing that this harness has: no case is such"
_FEW = "nothing that was tried, one thing at a time: few cases are such"


def _unseen(op: Op, mutation: Mutation, found: Hunt) -> str:
    """Return why nothing would have caught a mutation that some case showed."""
    if mutation.name.startswith("raises") and issubclass(IndexError, op.unsupported or ()):
        return "nothing: to this subject such an exception is a refusal (`unsupported`)"
    told = "nothing that this harness has: the change stays within rounding, largest error/bound"
    lattice = "" if op.definition.polynomial is not None else ", and no lattice where no polynomial"
    return f"{told} {found.worst_ratio:.2g}{lattice}"


def convicted(found: Conviction) -> str:
    """Return in a sentence why a subject is convicted as it is."""
    what = ", ".join(found.what) or "its answers"
    if not found.dtype:
        return f"refuted on symbols: {what}"
    return f"{what}: by {found.by}, after {counted(found.cases, 'case')} in {found.dtype}"
