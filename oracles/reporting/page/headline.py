"""The verdict in words for whoever has never seen such a page, and what was compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oracles.report import OpReport, Report
from oracles.reporting.findings import RULES, findings_of
from oracles.reporting.page.safe_text import clip

ORACLES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "jax_dilated": "JAX, transposed convolution as a dilated one",
    "complex_step": "complex step",
    "finite_difference": "finite differences",
}
"""Full names of the witnesses."""

_FEW = 3
_NAME = 60


@dataclass(frozen=True)
class Headline:
    """The verdict.

    Attributes
    ----------
    kind
        ``wrong``, ``right``, ``vacuous`` or ``nothing``.
    mark
        A sign for it.
    title, lead
        One line, and what it means.
    """

    kind: str
    mark: str
    title: str
    lead: str


def headline(report: Report) -> Headline:
    """Return the verdict on a whole run."""
    if report.failures:
        return Headline("wrong", "\N{BALLOT X}", _wrong_title(report), _wrong_lead(report))
    if not report.cases:
        return Headline("nothing", "\N{EN DASH}", "Nothing was compared", _NOTHING)
    if not report.passed:
        blind = _names([entry for entry in report.entries if entry.vacuous])
        title = f"Neither right nor wrong: nothing could have been seen in {blind}"
        return Headline("vacuous", "\N{WHITE CIRCLE}", title, _VACUOUS)
    return Headline("right", "\N{CHECK MARK}", _right_title(report), _right_lead(report))


_NOTHING = "No operation was asked about a single case, so this report says nothing about any code."

_VACUOUS = (
    "In every case that was tried, an error of one part in a thousand could have passed for "
    "rounding there, or most cases were refused. That is no pass."
)


def _wrong_title(report: Report) -> str:
    wrong, lossy = _apart(report)
    if len(_ops(report.failures)) <= _FEW:
        parts = [f"{_names(wrong)} {'is' if len(_ops(wrong)) == 1 else 'are'} wrong"] * bool(wrong)
        lose = "loses" if len(_ops(lossy)) == 1 else "lose"
        parts += [f"{_names(lossy)} {lose} digits"] * bool(lossy)
        return ", ".join(parts)
    every = f"{len(_ops(report.entries)):,} operations"
    if not lossy:
        return f"{len(_ops(wrong)):,} of {every} are wrong"
    parts = [f"{len(_ops(wrong)):,} of {every} are wrong"] * bool(wrong)
    return ", ".join([*parts, f"{len(_ops(lossy)):,}{'' if wrong else f' of {every}'} lose digits"])


def _apart(report: Report) -> tuple[list[OpReport], list[OpReport]]:
    """Return the failures of operations that are wrong, and of those that only lose digits."""
    ops = {entry.op for entry in report.failures if not entry.loses_digits}
    return (
        [entry for entry in report.failures if entry.op in ops],
        [entry for entry in report.failures if entry.op not in ops],
    )


def _wrong_lead(report: Report) -> str:
    rules = {found.rule for entry in report.failures for found in findings_of(entry)}
    lead = " ".join(RULES[rule] for rule in ("no-answer", "law-broken", "refuted") if rule in rules)
    if rules & {"wrong-forward", "wrong-gradient"}:
        numbers = f"The numbers that {_whose(report.failures)} gives differ from {_judge(report)}"
        lead = f"{numbers} by more than rounding can explain. {lead}".rstrip()
    wrong, lossy = _apart(report)
    if lossy:
        where = f"In {_names(lossy)} every" if wrong else "Every"
        lead += f" {where} error is small beside the cotangent: the formula may be right."
    blind = [entry for entry in report.entries if entry.passed and entry.vacuous]
    if blind:
        lead += f" And nothing could have been seen in {_names(blind)}."
    return lead + _untried(report)


def _untried(report: Report) -> str:
    """Return that some entries had no case, as after an interrupt, in a sentence if it is so."""
    none = [f"{clip(e.op, _NAME)} in {e.dtype}" for e in report.entries if e.passed and not e.cases]
    return f" Nothing was compared in {_and_others(none)}." if none else ""


def _right_title(report: Report) -> str:
    tried = [entry for entry in report.entries if entry.cases]
    every = _ops(tried)
    so_far = ", as far as the run came" * report.interrupted
    if len(every) <= _FEW:
        return f"{_names(tried)} {'is' if len(every) == 1 else 'are'} right{so_far}"
    return f"{'The' if so_far else 'All'} {len(every):,} operations are right{so_far}"


def _right_lead(report: Report) -> str:
    tried = "that was tried" if report.cases == 1 else "that were tried"
    scope = f"On {_cases(report.cases)}" if not report.interrupted else (
        f"On the {_cases(report.cases)} {tried} before the run was interrupted"
    )  # fmt: skip
    return (
        f"{scope}, every number that {_whose(report.entries)} gave lies within the rounding bound "
        f"around {_judge(report)}.{_untried(report)}"
    )


def _whose(entries: Sequence[OpReport]) -> str:
    return "the hand-written code" if len(_ops(entries)) > 1 else "this hand-written code"


def _judge(report: Report) -> str:
    grounds = {entry.ground for entry in report.entries}
    if grounds == {"tolerance"}:
        return "a framework's float64"
    return "exact arithmetic" + " (or a framework's float64)" * ("tolerance" in grounds)


def _cases(count: int) -> str:
    return f"{count:,} generated case{'s' * (count != 1)}"


def _ops(entries: Sequence[OpReport]) -> list[str]:
    return list(dict.fromkeys(entry.op for entry in entries))


def _names(entries: Sequence[OpReport]) -> str:
    """Return the first names, and how many others there are."""
    return _and_others([clip(name, _NAME) for name in _ops(entries)])


def _and_others(names: Sequence[str]) -> str:
    first, others = names[:_FEW], len(names) - _FEW
    if others > 0:
        return f"{', '.join(first)} and {others:,} other{'s' * (others > 1)}"
    return " and ".join([", ".join(first[:-1]), first[-1]] if len(first) > 1 else first)


def facts(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what was compared, with what, and when, as names and values."""
    every = _ops([entry for entry in report.entries if entry.cases or not entry.passed])
    dtypes = ", ".join(list(dict.fromkeys(entry.dtype for entry in report.entries))[:_MANY])
    cells = sum(entry.elements for entry in report.entries)
    if every:
        count = f"{len(every):,} operation{'s' * (len(every) != 1)}"
        yield "Compared", f"{count} in {dtypes}: {_cases(report.cases)}, {cells:,} numbers"
    yield "Judge", _judge_in_full(report)
    yield "Beside it", "; ".join(_witnesses(report)) or "no other witness was asked"
    seconds = sum(entry.seconds for entry in report.entries)
    began = re.sub(r"\.\d+", "", report.environment.started).replace("T", " ")
    began = began.replace("+00:00", " UTC")
    yield "Run", f"began {began}, took {seconds:,.1f} s, seed {report.seed}"
    if report.limits:
        limits = (f"{name}={value}" for name, value in report.limits.items())
        yield "Limited to", clip(", ".join(limits), _LONG)


_MANY, _LONG = 10, 1000


def _judge_in_full(report: Report) -> str:
    exact = "exact arithmetic: integers, rationals, real balls; no framework, and no majority"
    grounds = {entry.ground for entry in report.entries}
    framework = "a framework's float64 where there is no neutral forward"
    return "; ".join([exact] * (grounds != {"tolerance"}) + [framework] * ("tolerance" in grounds))


def _witnesses(report: Report) -> Iterator[str]:
    for name in report.oracles:
        version = report.environment.versions.get(name.removesuffix("_dilated"), "")
        absent = " (SKIPPED: not here)" if name in report.missing else ""
        yield f"{ORACLES.get(name, name)}{f' {version}' if version else ''}{absent}"
