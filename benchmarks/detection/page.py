"""What a run of all tools found, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.detection.harness import NAME
from benchmarks.detection.named import Named
from benchmarks.detection.results import EVERY, Alarms, Results, Score
from benchmarks.detection.tools import TOOLS
from benchmarks.detection.trial import Trial
from benchmarks.markers import marked
from benchmarks.page import machine_list

PAGE = "detection.md"
TABLE, LOOPS = "detection", "loops"
"""The parts of the page that are written, or copied, alone: each stands between two markers."""


def page(results: Results) -> str:
    """Return the page."""
    paragraphs = [
        "# Beside what people use",
        f"Made by `{results.command}`, in one run of {results.seconds / 60:.0f} minutes on:",
        machine_list(results.machine),
        _rules(results),
        "## Tools",
        marked(TABLE, tools_table(results)),
        _READING,
        _cases_list(results),
        "## Families of errors",
        families_table(results),
        "## What others let through",
        let_through_list(results),
        "## What this harness lets through",
        missed_list(results),
        "## What cannot be asked",
        not_asked_list(results),
        "## False alarms",
        alarms_list(results),
        "## One missing rotation in slow code",
        marked(LOOPS, loops(results.named, "Measured in the same run.")),
    ]
    return "\n\n".join(paragraphs) + "\n"


def loops(found: Sequence[Named], when: str) -> str:
    """Return what became of the mistake in slow code; `when` says in which run."""
    parts = [part for each in found for part in (_named_text(each), named_table(each))]
    return "\n\n".join([when, *parts])


def _rules(results: Results) -> str:
    wanted = results.settings
    return f"""Rules:

- The same wrong implementations, with the same shapes and options in the same order, go to every
  tool: those that this harness draws for that implementation, within its limits, by its seed. A
  trial ends with the first conviction, after {wanted.cases} cases, or after {wanted.budget:g} s
  of the processor's, when no further case is begun. The harness gets {wanted.cases // 2} cases
  in each of two dtypes; a conviction of its that comes after {wanted.budget:g} s is not counted.
- `gradcheck`, `check_grads` and `assert_close` get standard normal numbers, as their users give
  them; the harness draws its own. Class indices are constants. One thread each; a process for
  each tool; drawing and start-up of processes are not timed.
- `torch.autograd.gradcheck`: the NumPy subject in a `torch.autograd.Function`, memory shared, all
  tolerances at their defaults, in float64.
- `jax.test_util.check_grads`: the subject in a `jax.custom_vjp` by `jax.pure_callback`,
  `order=1, modes=("rev",)`, default tolerances, float64 enabled.
- `torch.testing.assert_close`: result and gradients, after `.sum().backward()`, beside PyTorch's
  own operation, default tolerances. It compares the forward with an independent implementation;
  the two above compare the backward with the subject's own forward.
- Any exception that leaves a tool is a conviction, also one that the subject raises. What a
  subject says it does not support, and the mean over no elements, are skipped for all of them.
- A tool cannot be asked about errors of second derivatives (they too are NumPy code), of subjects
  without a backward (where it looks at nothing else), and of those that are wrong only in a dtype
  in which it is not put to them.
- The wrong implementations are this project's own, and its harness was bettered where they showed
  it blind; nobody did so for the others. Some families are beyond what the others look for: what
  becomes of NaN and infinities, arrays changed in place, the last digits."""


_READING = (
    "`killed` counts those that a tool can be asked about, `of all` every one. A passing case is "
    "one of conv_transpose2d, manualgrad's own, no shape twice; the harness's has PyTorch as a "
    "witness, the laws, and several draws on the lattice in it. The time to a failure is the "
    "median over what the tool killed, from the start of the trial to the raised error; of the "
    "harness the second number is `oracles.run` with PyTorch to its end, on one in "
    f"{EVERY} of them: both dtypes, each case shrunk and explained. False alarms are cases of "
    "right code that were convicted, and implementations with at least one: every tool has a "
    "quarter of the time, the harness as many cases as before, with all evidence; its search "
    "would end at the first."
)

HEAD = (
    "| tool | killed | survived | cannot be asked | of all | passing case, {sizes} elements "
    "| time to a failure | false alarms, float32 | false alarms, float64 |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def tools_table(results: Results) -> str:
    """Return the table by tools, which the README shows as well."""
    sizes = " / ".join(f"{median(each.elements):.0f}" for each in results.passing)
    return "\n".join([HEAD.format(sizes=sizes), *(_tool(results, name) for name in _tools())])


def _tools() -> tuple[str, ...]:
    return (*TOOLS, NAME)


def _tool(results: Results, name: str) -> str:
    score, every = results.score(name), len(results.mutants)
    cells = [
        name,
        _share(len(score.killed), score.asked),
        len(score.survived),
        len(score.not_asked),
        _share(len(score.killed), every),
        " / ".join(seconds(each.times[name].median) for each in results.passing),
        _until(results, name),
        *(_alarms(results.false_alarms(name, dtype)) for dtype in ("float32", "float64")),
    ]
    return _row(cells)


def _until(results: Results, name: str) -> str:
    convicted, reported = results.until_conviction(name), results.until_report()
    told = "" if convicted is None else seconds(convicted)
    return f"{told}; {seconds(reported)}" if name == NAME and reported is not None else told


def _alarms(found: Alarms | None) -> str:
    if found is None:
        return ""
    return f"{found.convicted} of {found.cases}; {len(found.titles)} of {found.subjects}"


def _cases_list(results: Results) -> str:
    """Return how many cases the tools had the time for."""
    lines = []
    for name in _tools():
        cases = results.cases_of_survivors(name)
        lines += [f"{name}: {cases:.0f}"] if cases is not None else []
    return f"Cases that were put to a survivor in its time, median:\n\n{_list(lines)}"


def families_table(results: Results) -> str:
    """Return what each tool killed, by family."""
    head = _row(["family", *_tools()]) + "\n|---|" + "--:|" * len(_tools())
    rows = [
        _row([family, *(_killed(results.score(name, family)) for name in _tools())])
        for family in results.families()
    ]
    return "\n".join([head, *rows])


def _killed(score: Score) -> str:
    return f"{len(score.killed)} of {score.asked}" if score.asked else "-"


def let_through_list(results: Results) -> str:
    """Return what the harness kills and another tool does not, with what was wrong."""
    return _list(
        f"**{title}** ({results.mutants[title].op}: {results.mutants[title].story}): not "
        f"{_tools_or_all(tools)}"
        for title, tools in results.let_through().items()
    )


def _tools_or_all(tools: Sequence[str]) -> str:
    return "by any other" if len(tools) == len(TOOLS) else f"by {'; '.join(tools)}"


def missed_list(results: Results) -> str:
    """Return what survives this harness, and what another tool kills of that."""
    missed, survived = results.missed_here(), results.score(NAME).survived
    told = _list(
        f"**{title}** ({results.mutants[title].op}: {results.mutants[title].story})"
        f"{_too_late(results.trials[NAME][title])}"
        for title in survived
    )
    others = _list(f"{title}: killed by {', '.join(tools)}" for title, tools in missed.items())
    return f"Survivors:\n\n{told}\n\nKilled by any other tool and not by this harness:\n\n{others}"


def _too_late(trial: Trial | str) -> str:
    if isinstance(trial, str) or not trial.said:
        return ""
    return f": convicted too late, after {seconds(trial.seconds)}, by {trial.said}"


def not_asked_list(results: Results) -> str:
    """Return how many a tool cannot be asked about, and why."""
    lines = []
    for name in _tools():
        reasons = list(results.score(name).not_asked.values())
        told = [f"{reasons.count(why)} {why}" for why in dict.fromkeys(reasons)]
        lines += [f"{name}: {'; '.join(told)}"] if told else []
    return _list(lines)


def alarms_list(results: Results) -> str:
    """Return the right implementations that were convicted, but for a tool that convicts most."""
    lines = []
    for name, by_dtype in results.alarms.items():
        for dtype in by_dtype:
            found = results.false_alarms(name, dtype)
            if found is not None and found.titles:
                lines.append(f"{_beside(name, dtype)}: {_titles(found)}")
    return _list(lines)


def _beside(name: str, dtype: str) -> str:
    return name if name.endswith(dtype) else f"{name}, {dtype}"


def _titles(found: Alarms) -> str:
    if len(found.titles) > _MANY:
        return f"{len(found.titles)} of {found.subjects} implementations"
    return "; ".join(found.titles)


_MANY = 15


def _named_text(named: Named) -> str:
    return (
        f"A convolution of x {named.x} and w {named.w} in loops, {named.inputs} elements of "
        f"operands and {named.outputs} of the result; one forward takes "
        f"{seconds(named.forward)}, one backward {seconds(named.backward)}. The rotation of the "
        "kernel is missing in the gradient of x. The times are to the raised error; "
        "`oracles.check` reports both dtypes, with a minimal case and the cause, and PyTorch has "
        "been started before unless it says otherwise. Fast mode compares one number for each "
        "operand, along directions of positive numbers, which a rotation may hardly change; where "
        "it finds an error it runs the slow mode for its message."
    )


def named_table(named: Named) -> str:
    """Return how long it took each tool to report the mistake, and what it says."""
    rows = [
        _row([each.tool, seconds(each.seconds), each.said or "nothing: the case passes"])
        for each in named.reports
    ]
    return "\n".join(["| check | reported after | what it says |\n|---|--:|---|", *rows])


def seconds(time: float) -> str:
    """Return a time in ms or s, three digits."""
    return f"{1e3 * time:.3g} ms" if time < 0.9995 else f"{time:.3g} s"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f}%)" if whole else "-"


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _list(lines: Iterable[str]) -> str:
    told = [f"- {line}" for line in lines]
    return "\n".join(told) if told else "None."
