"""What the fixture `oracle_check` does when it is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from typing import Any

import pytest

from oracles.checking import OracleMismatch, run
from oracles.limits import Limits
from oracles.op import Op
from oracles.profiles import loaded_profile
from oracles.pytest_settings import Settings
from oracles.report import Report
from oracles.reporting.json_form import json_text

_KNOWN = {
    *(p.name for p in signature(run).parameters.values() if p.kind is Parameter.KEYWORD_ONLY),
    *(limit.name for limit in fields(Limits)),
}


def unknown_arguments(given: Mapping[str, Any]) -> str:
    """Return in words which of the names `given` are no arguments of `oracles.run`, or ""."""
    unknown = [name for name in given if name not in _KNOWN]
    told = ", ".join(f"`{name}` (={given[name]!r})" for name in unknown)
    return told and f"mark oracle has {told}; known are {', '.join(sorted(_KNOWN))}"


class Wrong(OracleMismatch, pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """A disagreement that pytest shows by its text alone, without a traceback."""

    def __init__(self, report: Report, text: str) -> None:
        super().__init__(report)
        self.msg, self.pytrace = text, False


Wrong.__module__, Wrong.__qualname__ = "oracles", "OracleMismatch"  # as the summary names it


@dataclass(frozen=True)
class Checker:
    """`oracles.check` for one test.

    Attributes
    ----------
    settings, seed
        Of the session.
    given
        Arguments of the test's marks.
    found
        Where each report goes, as JSON.
    profile
        The name that was given for a profile of Hypothesis, if any.
    """

    settings: Settings
    seed: int
    given: Mapping[str, Any]
    found: list[str]
    profile: str | None

    def __call__(self, op: Op | Iterable[Op], **arguments: Any) -> Report:
        """Check operations as `oracles.check` does.

        Parameters
        ----------
        op, **arguments
            Of `oracles.run`.

        Returns
        -------
        Report

        Raises
        ------
        OracleMismatch
            If a subject is wrong, or a required witness dies; it fails the test.
        """
        __tracebackhide__ = True
        chosen = self._selected([op] if isinstance(op, Op) else list(op))
        report = run(chosen, **self._arguments(arguments))
        self.found.append(json_text(report))
        troubles = [] if report.passed else [str(OracleMismatch(report))]
        troubles += self._deaths(report)
        if troubles:
            raise Wrong(report, "\n\n".join([*troubles, self._repeat(report)]))
        return report

    def _selected(self, ops: list[Op]) -> list[Op]:
        chosen = [op for op in ops if self.settings.selects(op.name)]
        if ops and not chosen:
            names, patterns = ", ".join(op.name for op in ops), ", ".join(self.settings.select)
            pytest.skip(f"oracle_check of {names}: oracle-select is {patterns}")
        return chosen

    def _arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the call over the mark's over the session's."""
        profile = loaded_profile(self.profile)
        default = {} if profile is None else {"max_examples": profile.max_examples}
        all_of_them = {**default, **self.settings.arguments(), **self.given, **given}
        if all_of_them.get("seed") is None:
            all_of_them["seed"] = self.seed
        return all_of_them

    def _deaths(self, report: Report) -> list[str]:
        return [
            f"required witness {d.sentence} ({entry.op} {entry.dtype}; case kept in {d.case_file})"
            for entry in report.entries
            for d in entry.defects
            if d.kind in ("crashed", "timed out") and d.witness in self.settings.require
        ]

    def _repeat(self, report: Report) -> str:
        if report.seed == self.seed:
            return f"seed {report.seed}: repeat with --oracle-seed {report.seed}"
        return f"seed {report.seed}, which the test gives"
