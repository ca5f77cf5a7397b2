"""What would have caught a mutation that a configuration let pass: tried, not guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from oracles.catalog import ops
from oracles.hunting import Conviction
from oracles.limits import Limits, make_limits
from oracles.op import Op
from oracles.plug import SPATIAL
from oracles.reporting.lines import counted
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation
from oracles.selftest.settings import Settings, hunted, hunted_mutant, shown

_TIMES, _MOST = 10, 2000
"""A remedy takes at most so many times the cases, and so many in all."""


@dataclass(frozen=True)
class Remedy:
    """Another configuration, and in words what is other about it."""

    words: str
    settings: Settings


def remedies(op: Op, settings: Settings) -> Iterator[Remedy]:
    """Yield stronger configurations, the cheapest first."""
    left = [dtype for dtype in op.dtypes if dtype not in settings.dtypes]
    for dtype in left:
        dtypes = (*settings.dtypes, dtype)
        yield Remedy(f"--dtypes {','.join(dtypes)}", replace(settings, dtypes=dtypes))
    if settings.evidence is not None and op.definition.polynomial is not None:
        left_out = [n for n in ("lattice", "proof") if n not in settings.evidence]
        if left_out:
            yield Remedy(f"{' and '.join(left_out)} (no --evidence)", _thorough(settings))
    if settings.max_examples < _MOST:
        many = more(settings)
        yield Remedy(f"--max-examples {many.max_examples}", many)
    stated = settings.limits.stated()
    for name, value in stated.items():
        lifted = _without(settings, name)
        if lifted is not None:
            yield Remedy(f"no --limit {name}={_said(value)}", lifted)
    if len(stated) > 1:
        yield Remedy("no --limit at all", replace(settings, limits=Limits()))
    for name in raisable(op):
        value = max(1, 2 * getattr(settings.limits, name))
        yield Remedy(f"--limit {name}={value}", _raised(settings, name, value))


def raisable(op: Op) -> list[str]:
    """Return the largest values that the cases of an operation may be drawn up to."""
    letters = set("".join(op.letters.values()))
    spatial = bool(letters & set(SPATIAL))
    options = [f"max_{name}" for name in op.options if hasattr(Limits, f"max_{name}")]
    shapes = ["max_size", "max_kernel", "max_channels"] if spatial else []
    return [*shapes, *(["max_batch"] if "N" in letters else []), *options]


def _thorough(settings: Settings) -> Settings:
    return replace(settings, evidence=None)


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without(settings: Settings, name: str) -> Settings | None:
    """Return the configuration without one limit, None if the others need it."""
    kept = {n: value for n, value in settings.limits.stated().items() if n != name}
    with suppress(ValueError):  # a least batch beyond the usual largest
        return replace(settings, limits=make_limits(kept))
    return None


def _raised(settings: Settings, name: str, value: int) -> Settings:
    return replace(settings, limits=make_limits({**settings.limits.stated(), name: value}))


def more(settings: Settings) -> Settings:
    """Return the configuration with ten times the cases, or as many as a remedy may take."""
    most = max(settings.max_examples, min(_TIMES * settings.max_examples, _MOST))
    return replace(settings, max_examples=most)


def widest(op: Op, settings: Settings) -> Settings:
    """Return all remedies at once."""
    limits = make_limits({name: 2 * getattr(Limits, name) for name in raisable(op)})
    return more(replace(free(op, settings), limits=limits))


def free(op: Op, settings: Settings) -> Settings:
    """Return the configuration without the user's limits and in every dtype, on more cases."""
    most = more(settings).max_examples
    return replace(
        settings,
        dtypes=op.dtypes,
        evidence=None,
        limits=Limits(),
        max_examples=min(most, 2 * settings.max_examples),
    )


class Adviser:
    """Looks for what would have caught mutations of one subject.

    Parameters
    ----------
    op, form
        The subject, right in the cases of `settings`.
    settings
        The user's configuration.
    """

    def __init__(self, op: Op, form: Form, settings: Settings) -> None:
        self._op, self._form, self._settings = op, form, settings
        self._right: dict[str, bool] = {}

    def reaches(self, mutation: Mutation, *, widely: bool) -> bool:
        """Return whether a configuration without limits shows what this one did not.

        Parameters
        ----------
        mutation
            The one.
        widely
            Whether to try all remedies at once, which takes longer.
        """
        if widely:
            return self._shows(mutation, widest(self._op, self._settings))
        return self._shows(mutation, self._free(mutation))

    def _free(self, mutation: Mutation) -> Settings:
        """Return the configuration without limits; where numbers matter, on many cases."""
        found = free(self._op, self._settings)
        if mutation.kind == "option":
            return found
        return replace(found, max_examples=more(self._settings).max_examples)

    def remedy(self, mutation: Mutation, *, reached: bool) -> tuple[str, str]:
        """Return what would have caught a mutation, or "", and what else there is to say.

        Parameters
        ----------
        mutation
            Not killed.
        reached
            Whether some case showed it.
        """
        notes = []
        for remedy in remedies(self._op, self._settings):
            same = remedy.settings.evidence == self._settings.evidence
            if not reached and same and not self._shows(mutation, remedy.settings):
                continue  # the lattice has cases of its own
            found, _ = hunted_mutant(self._op, self._form, mutation, remedy.settings)
            if found.conviction is None:
                continue
            if self._stays_right(remedy):
                return f"{remedy.words}: {_killed(found.conviction)}", ""
            notes.append(f"the subject as it is does not pass with {remedy.words}")
        return "", "; ".join(notes[:1])

    def _shows(self, mutation: Mutation, settings: Settings) -> bool:
        return shown(self._op, self._form, mutation, settings).changed > 0

    def _stays_right(self, remedy: Remedy) -> bool:
        if remedy.words not in self._right:
            self._right[remedy.words] = hunted(self._op, remedy.settings).conviction is None
        return self._right[remedy.words]

    def own_limit(self, mutation: Mutation) -> str:
        """Return the subject's own limit that keeps a mutation from showing, or ""."""
        op = self._op
        twin = ops[op.name] if op.name in ops and not op.payload else op
        asked = self._free(mutation)

        def shows_without(names: Sequence[str]) -> bool:
            rest = {name: value for name, value in op.limits.items() if name not in names}
            freed = replace(twin, limits=rest, dtypes=op.dtypes)
            return shown(freed, self._form, mutation, asked).changed > 0

        if not op.limits or not shows_without(list(op.limits)):
            return ""
        one = [next((name for name in op.limits if shows_without([name])), "")]
        found = one if one[0] else list(op.limits)
        return ", ".join(f"{name}={_said(op.limits[name])}" for name in found)


def _killed(found: Conviction) -> str:
    if not found.dtype:
        return "killed by proof"
    return f"killed after {counted(found.cases, 'case')} in {found.dtype} by {found.by}"
