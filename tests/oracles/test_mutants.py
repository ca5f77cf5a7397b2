"""Every mutant is convicted; the table of ``docs/mutants.md`` is made here.

``ORACLES_UPDATE=1 pytest tests/oracles/test_mutants.py`` writes it again.
"""

import os
from collections import Counter
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from manualgrad import tanh, tanh_backward
from oracles.catalog import ops
from oracles.draws import Draws, by_hand
from oracles.hunting import hunt
from oracles.limits import make_limits
from oracles.runner import Runner
from tests.oracles.mutants import EQUIVALENT, FAMILIES, MUTANTS
from tests.oracles.mutants.record import mutant
from tests.oracles.planted.plugging import plugged
from tests.oracles.planted.pooling import RIGHT as POOLING

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
SEED = 18
CASES = 200

HEAD = """# What the checks are checked with

{mutants} mutants: subjects in which one thing is wrong ({planted} of them seen in other people's
code, see [`causes.md`](causes.md); the others made on purpose, `tests/oracles/mutants/`). Each is
put to the generated cases of seed {seed}, at most {cases} in each dtype in which it is wrong, until
one convicts; no framework is asked. This page is made by `tests/oracles/test_mutants.py`, and
compared with what happens each time.

- convicted: {killed} of {mutants}, in each dtype in which they are wrong;
- cases until then: {median:g} in the median, {most} at most;
- by what: {by};
- by the lattice in every dtype: {lattice}, which the numbers of the cases up to then had not shown;
- {equivalent} changes besides that are no errors: proved so, and not convicted.

The numbers of the cases are those of float32 and of float64. *bound*: an element is farther from
exact arithmetic than rounding explains; *lattice*: not the exact result where nothing is rounded;
*law*: the same call gives other bits, results share memory, and the like; *no answer*: it raises,
changes what it was given, or returns what cannot be used.
"""


def searched(op, dtype, cases):
    with Runner(oracles=(), max_examples=cases, seed=SEED, keep=False) as runner:
        return hunt(runner, op, [dtype]).conviction


def cell(text):
    return text.replace("|", r"\|")


def row(each, found):
    cases = [str(found[dtype].cases) if dtype in found else "" for dtype in ("float32", "float64")]
    by = ", ".join(dict.fromkeys(conviction.by for conviction in found.values()))
    words = cell(each.title), each.op, cell(each.story), *cases, by
    return f"| {' | '.join(words)} |"


def head(table):
    every = [conviction for found in table.values() for conviction in found.values()]
    by = Counter(conviction.by for conviction in every)
    return HEAD.format(
        mutants=len(MUTANTS),
        planted=sum(each.seen for each in MUTANTS),
        seed=SEED,
        cases=CASES,
        killed=len(table),
        median=median(conviction.cases for conviction in every),
        most=max(conviction.cases for conviction in every),
        by=", ".join(f"{name} {by[name]}" for name in sorted(by, key=by.get, reverse=True)),
        lattice=sum({c.by for c in found.values()} == {"lattice"} for found in table.values()),
        equivalent=len(EQUIVALENT),
    )


def page(table):
    lines = [head(table)]
    for family, words in FAMILIES.items():
        lines += [f"## {words[0].upper()}{words[1:]}", ""]
        lines += ["| mutant | in | story | float32 | float64 | by |",
                  "| --- | --- | --- | ---: | ---: | --- |"]  # fmt: skip
        lines += [row(each, table[each.title]) for each in MUTANTS if each.family == family]
        lines.append("")
    lines += ["## Changes that are no errors", ""]
    lines += ["| change | in | story | proved by |", "| --- | --- | --- | --- |"]
    for each in EQUIVALENT:
        words = cell(each.title), each.op, cell(each.story), cell(each.equivalent)
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join([*lines, ""])


def test_every_mutant_is_convicted_and_the_page_shows_it():
    table, most = {}, Counter()
    for each in MUTANTS:
        found = {dtype: searched(each.subject(), dtype, CASES) for dtype in each.dtypes}
        assert None not in found.values(), each.title
        assert "once" not in {c.by for c in found.values()} or each.family == "manners", each.title
        table[each.title] = found
        most[each.op] = max(most[each.op], *(conviction.cases for conviction in found.values()))
    made = page(table)
    if os.environ.get("ORACLES_UPDATE"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made
    # The same cases, as many as it took, clear the right code.
    for name, cases in most.items():
        op = plugged(POOLING) if name == "max_pool2d" else ops[name]
        assert [searched(op, dtype, cases) for dtype in op.dtypes] == [None, None], name


def test_titles_differ_and_stories_are_told_once_for_an_operation():
    every = [*MUTANTS, *EQUIVALENT]
    assert len({each.title for each in every}) == len(every)
    for each in every:
        assert each.story, each.title
        assert "\n" not in each.story + each.title, each.title
        assert not each.story.endswith("."), each.title


def test_every_family_is_there_and_there_are_enough():
    assert {each.family for each in MUTANTS} == set(FAMILIES)
    assert {each.op for each in MUTANTS} >= {op.name for op in ops}
    assert sum(each.seen for each in MUTANTS) == 62
    assert len(MUTANTS) >= 400


def test_a_right_subject_would_not_be_in_the_table():
    right = mutant("tanh", "activation", "none", "nothing", forward=tanh, backward=tanh_backward)
    for dtype in right.dtypes:
        assert searched(right.subject(), dtype, CASES) is None


@pytest.mark.parametrize("each", MUTANTS[::7], ids=lambda each: each.title)
def test_a_subject_is_called_in_the_form_of_the_catalog(each):
    op = each.subject()
    case = by_hand(op.cases("float64", make_limits(op.limits)))(Draws(None))
    y = op.forward(*(a.copy() for a in case.operands.values()), **case.options)
    assert isinstance(y, np.ndarray | np.generic)
    first = [case.cotangent.copy()] if op.takes_cotangent else []
    operands = [a.copy() for a in op.backward_arguments(case.operands)]
    assert op.backward(*first, *operands, **case.options) is not None


def test_a_subject_that_remembers_is_made_anew():
    (each,) = (m for m in MUTANTS if m.title == "dense: gradients of all calls added up")
    x, w, g = np.ones((2, 1)), np.ones((1, 1)), np.ones((2, 1))
    for _ in range(2):
        assert each.subject().backward(g, x, w)[1].item() == 2
