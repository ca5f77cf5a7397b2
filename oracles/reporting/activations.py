"""A survey of activations as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator

from oracles.every_float.kinks import Kink
from oracles.every_float.score import Score
from oracles.every_float.second import SECOND
from oracles.every_float.survey import JUDGED, MOST_ULPS, Row, Survey

_TITLES = {
    "float32": "Every float32",
    "float16": "Every float16",
    "bfloat16": "Every bfloat16, in float32",
    "float64": "Telling points of float64",
    SECOND: "Second derivatives, at one bfloat16 number in 16, in float32",
}

_LEGEND = """\
Errors are in ULP of truth, which is exact arithmetic: at most 0.5 is rounded rightly. Apart from \
them are counted spurious answers (zero, infinity or NaN where truth rounds to something else, or \
the other way round) and subnormal numbers flushed to zero. float64 is shown and not judged here: \
where terms cancel around a zero of a derivative, ULP say little."""


def activations_markdown(survey: Survey) -> str:
    """Return all tables."""
    return "\n".join(_lines(survey)) + "\n"


def _lines(survey: Survey) -> Iterator[str]:
    yield from ("# Activations", "", f"**{_verdict(survey)}**", "", _LEGEND)
    for kind, title in _TITLES.items():
        rows = [row for row in survey.rows if row.kind == kind]
        if rows:
            yield from ("", f"## {title}", "", *_table(rows))
    if survey.kinks:
        yield from ("", "## Derivatives at kinks", "", *_kink_table(survey))


def _verdict(survey: Survey) -> str:
    if not survey.failures:
        kinds = [kind for kind in JUDGED if any(row.kind == kind for row in survey.rows)]
        every = ", ".join(kind for kind in kinds if kind != SECOND)
        also = ", and in second derivatives" if SECOND in kinds else ""
        return f"right: manualgrad is within {MOST_ULPS:g} ULP on every number of {every}{also}"
    names = dict.fromkeys(f"{row.activation} {row.part} ({row.kind})" for row in survey.failures)
    return f"WRONG: {', '.join(names)}"


def _table(rows: list[Row]) -> Iterator[str]:
    yield _row(
        ["activation", "part", "participant", "max ULP", "at", "misrounded",
         "spurious 0 / inf / NaN", "e.g. at", "flushed"]
    )  # fmt: skip
    yield _row(["---"] * 3 + ["---:", "---", "---:", "---:", "---", "---:"])
    for row in rows:
        yield _row([row.activation, row.part, row.participant, *_cells(row.score)])


def _cells(score: Score) -> list[str]:
    spurious = f"{score.zeros} / {score.infinities} / {score.nans}" if score.spurious else "0"
    return [
        _ulps(score.ulps),
        _number(score.worst.x) if score.worst is not None and score.ulps > 0 else "",
        f"{score.misrounded / max(score.inputs, 1):.3%}" if score.misrounded else "0",
        spurious,
        _number(score.spurious_at) if score.spurious_at is not None else "",
        str(score.flushed),
    ]


def _kink_table(survey: Survey) -> Iterator[str]:
    yield _row(["activation", "x", "from the left", "from the right", *survey.participants])
    yield _row(["---"] + ["---:"] * (3 + len(survey.participants)))
    for kink in survey.kinks:
        yield _row(_kink_cells(kink, survey.participants))


def _kink_cells(kink: Kink, participants: tuple[str, ...]) -> list[str]:
    sides = [kink.x, kink.left, kink.right]
    answers = [kink.answers[name] for name in participants]
    return [kink.activation, *(f"{number:.7g}" for number in (*sides, *answers))]


def _ulps(ulps: float) -> str:
    return f"{ulps:.3f}" if ulps < 1000 else f"{ulps:.2e}"


def _number(x: float) -> str:
    digits, _, exponent = x.hex().partition("p")
    return f"{digits.rstrip('0').rstrip('.')}p{exponent} ({x:.9g})" if exponent else f"{x}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
