"""The result of a soak, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oracles.soak.plan import Plan
from oracles.soak.summary import Row, Summary, rate_bound

_HEAD = ("operation", "dtype", "cases", "different", "draws", "numbers", "convicted", "error/bound")
_WIDTHS = (-24, -8, 11, 11, 11, 14, 11, 13)
_LEGEND = (
    "different: how many cases differ from all others in some number, shape, option or memory\n"
    "layout. draws: on the integer lattice, for the shapes of the cases, to be answered bit for\n"
    "bit; the same draw in the same chunk counts once. numbers: of the cases, compared with exact\n"
    "truth, those of the draws not counted. error/bound: the largest; above 1 is wrong."
)


def soak_text(summary: Summary) -> str:
    """Return table, convictions and what all of it shows."""
    rows = [_HEAD, *map(_cells, summary.rows), _cells(summary.total)]
    lines = ["".join(map(_fit, cells, _WIDTHS)).rstrip() for cells in rows]
    failures = [f"\n{'=' * 80}\n{row.failure}" for row in summary.failures]
    return "\n".join([_LEGEND, "", *lines, *failures, "", total_line(summary), *_shown(summary)])


def total_line(summary: Summary) -> str:
    """Return the whole result in one line."""
    total = summary.total
    of = "" if total.cases == total.asked else f" of {total.asked:,}"
    what = f"{total.cases:,}{of} case{'s' * (total.asked != 1)}"
    refused = f" ({total.refused:,} refused by the subject)" if total.refused else ""
    return (
        f"{what}{refused}, {total.different:,} of them different, "
        f"{total.draws:,} draws on the lattice, {total.elements:,} numbers compared, "
        f"{len(summary.failures)} convicted, {total.seconds:.0f} s of all processes"
        f"{' (interrupted)' if summary.interrupted else ''}"
    )


def _shown(summary: Summary) -> Iterator[str]:
    """Yield what the numbers show, and what they do not."""
    if summary.failures:
        named = ", ".join(f"{row.op} {row.dtype}" for row in summary.failures)
        yield f"convicted: {named}; of each no more was examined after that"
    if summary.empty and not summary.interrupted:
        named = ", ".join(f"{row.op} {row.dtype}" for row in summary.empty)
        yield f"VACUOUS: nothing was compared, or most was refused, of {named}"
    if not summary.failures and summary.fewest > 3:
        yield (
            f"no conviction in {summary.judged:,} cases: at 95% confidence fewer than "
            f"{_bound(summary.judged)} of cases\ndrawn like these would convict these subjects "
            f"(of one operation in one dtype alone, {_bound(summary.fewest)})"
        )


def _bound(cases: int) -> str:
    return f"3/{cases:,} = {rate_bound(cases):.1e}"


def _cells(row: Row) -> tuple[str, ...]:
    counts = (row.cases, row.different, row.draws, row.elements)
    convicted = "" if row.op == "all" else f"{row.convicted}"
    return (row.op, row.dtype, *(f"{n:,}" for n in counts), convicted, f"{row.worst_ratio:.3g}")


def _fit(content: str, width: int) -> str:
    return content.rjust(width) if width > 0 else content.ljust(-width - 1) + " "


def soak_markdown(summary: Summary, *, where: Mapping[str, str]) -> str:
    """Return the summary as a page.

    Parameters
    ----------
    where
        What is to be told of the machine and the versions, by name.
    """
    told = "\n".join(f"- {name}: {value}" for name, value in where.items())
    return (
        "# Soak\n\n"
        "Generated cases, put to operations that are meant to be right and judged by exact "
        "arithmetic,\nwithout frameworks: whoever is convicted is wrong, or falsely accused.\n\n"
        f"`{command_line(summary.plan)}`\n\n{told}\n\n```text\n{soak_text(summary)}\n```\n"
    )


def command_line(plan: Plan) -> str:
    """Return the call that makes the same cases."""
    dtypes = ",".join(dict.fromkeys(dtype for _, dtype in plan.pairs))
    words = ["oracle-diff soak", f"--examples {plan.examples}", f"--seed {plan.seed}"]
    words += [f"--dtypes {dtypes}"] * (dtypes != "float32,float64")
    words += [f"--limit {name}={value}" for name, value in plan.limits.stated().items()]
    words += ["--evidence bound"] * (not plan.lattice)
    return " ".join([*words, *(name for name in plan.named)])
