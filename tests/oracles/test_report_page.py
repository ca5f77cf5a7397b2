"""The report as a page: what stands in it, that it is sound HTML, escaped, and small."""

import base64
import hashlib
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace

import html5lib
import lxml.html
import numpy as np
import pytest

from oracles.changes import KINDS, Change, Changes
from oracles.diagnosis.cause import Cause
from oracles.op import Case
from oracles.portrait import RIGHT_CLASSES, Portrait, histogram
from oracles.report import Pairing
from oracles.report_reader import read_report
from oracles.reporting.cells import evidence_cell, evidence_lines, subject_cell, witness_cell
from oracles.reporting.failure import short
from oracles.reporting.findings import RULES
from oracles.reporting.json_form import json_text
from oracles.reporting.page import report_html
from oracles.reporting.page.budget import LIMIT, fitting
from oracles.reporting.page.detail import detail
from oracles.reporting.page.grid import MOST_CELLS, grid
from oracles.reporting.page.headline import headline
from oracles.reporting.page.histogram import histogram as picture
from oracles.reporting.page.lists import defects
from oracles.reporting.page.safe_text import clip, harmless
from oracles.reporting.page.summaries import summaries
from oracles.reporting.page_files import page_file
from oracles.reporting.repeating import repeat_command
from tests.oracles.made_reports import (
    defect,
    failing,
    made_report,
    right_entry,
    vacuous_entry,
)
from tests.oracles.report_kinds import refuted, wrong

HOSTILE = ["<script>alert(1)</script>", "</script>", "</style>", '"onmouseover=alert(1) x="',
           "'><img src=x onerror=alert(1)>", "]]>", "-->", "{{ 7 * 7 }}", "a" * 10_000,
           "\u202egnirts\u202c", "\x00\x07\r", "\ud800", "\ufffe", "&lt;", "`${1}`"]  # fmt: skip


def hostile_report():
    entries = [
        failing(op=name, subject=name, dtype="float32", defects=(defect(sentence=name),),
                notes=(name,), laws={name: 3}, limits={name: name})
        for name in HOSTILE
    ]  # fmt: skip
    changes = Changes(HOSTILE[0], HOSTILE[3], (Change(HOSTILE[0], "", "", "gone"),))
    where = replace(made_report().environment, versions={HOSTILE[0]: HOSTILE[3]})
    return made_report(*entries, missing={"jax": HOSTILE[0]}, limits={"max_size": HOSTILE[4]},
                       changes=changes, environment=where)  # fmt: skip


def defects_report():
    crash = defect(kind="crashed", sentence="jax: crashed, killed by SIGABRT", case_file="dir/a")
    pair = Pairing("jax", "grad_w", 40, 3, 1e6)
    return made_report(right_entry(defects=(defect(), crash), pairings=(pair,)))


def changed_report():
    now = (failing(), right_entry("dense"), right_entry("tanh"))
    changes = (
        Change(
            "tanh",
            "mine.tanh",
            "float64",
            "right",
            0.25,
            0.25,
            1500.0,
            1200.0,
            "proof",
            "bound",
            ("weaker evidence", "slower"),
        ),
        Change("conv2d", "mine.conv2d", "float64", "new failure", 0.5, np.inf, 10.0, 12.5),
        Change("dense", "mine.dense", "float64", "fixed", 1e9, 0.25, 5.0, 5.0),
        Change("gelu", "mine.gelu", "float64", "gone", 0.5, None, 5.0, None),
    )
    told = Changes("old.json", "2025-12-31T00:00:00+00:00", changes, ("seed 1 then, 2 now",))
    return made_report(*now, changes=told)


REPORTS = {
    "right": lambda: made_report(right_entry(), right_entry("tanh")),
    "wrong": lambda: made_report(failing(), right_entry()),
    "sliced": lambda: made_report(failing(shape=(2, 3, 4, 5), wrong=(7, 50))),
    "vacuous": lambda: made_report(vacuous_entry(), right_entry()),
    "nothing": made_report,
    "interrupted": lambda: made_report(right_entry(), interrupted=True),
    "defects": defects_report,
    "changed": changed_report,
    "hostile": hostile_report,
}


@pytest.fixture(scope="module")
def texts():
    return {name: report_html(report()) for name, report in REPORTS.items()}


@pytest.fixture(scope="module")
def trees(texts):
    return {name: parsed(text) for name, text in texts.items()}


def parsed(text):
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)


def words(element):
    return " ".join("".join(element.itertext()).split())


def by_id(tree, name):
    return next(element for element in tree.iter() if element.get("id") == name)


def by_class(tree, name):
    return [element for element in tree.iter() if name in (element.get("class") or "").split()]


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_html_without_a_single_error_and_every_link_leads_somewhere(trees, name):
    tree = trees[name]  # parsed strictly
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = [e.get("href") for e in tree.iter("a")]
    assert {"#evidence", "#environment"} <= set(links)
    assert [link for link in links if link[1:] not in ids] == []
    assert ("table" in ids) == (name != "nothing")


@pytest.mark.parametrize("name", REPORTS)
def test_page_asks_nothing_of_a_network_and_only_its_own_script_runs(trees, texts, name):
    tree = trees[name]
    for element in tree.iter():
        if isinstance(element.tag, str):
            assert not [key for key in element.attrib if key.startswith("on") or key == "style"]
            assert element.tag not in ("img", "iframe", "object", "embed", "base")
    (policy,) = [e.get("content") for e in tree.iter("meta")
                 if e.get("http-equiv") == "Content-Security-Policy"]  # fmt: skip
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert [e.get("href") for e in tree.iter("link")] == ["data:,"]
    for tag in ("style", "script"):
        (element,) = tree.iter(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert re.findall(r"https?://", texts[name]) == []


@pytest.mark.parametrize(
    ("name", "title", "lead"),
    [("right", "dense and tanh are right", "On 40 generated cases, every number"),
     ("wrong", "conv2d is wrong", "differ from exact arithmetic by more than rounding"),
     ("vacuous", "Neither right nor wrong: nothing could have been seen in softmax",
      "one part in a thousand"),
     ("nothing", "Nothing was compared", "says nothing about any code"),
     ("interrupted", "dense is right, as far as the run came", "before the run was interrupted")],
)  # fmt: skip
def test_verdict_comes_first_in_words(trees, name, title, lead):
    (heading,) = trees[name].iter("h1")
    assert words(heading).endswith(title)
    assert lead in words(by_class(trees[name], "lead")[0])
    assert title in words(next(trees[name].iter("title")))


def test_what_was_not_tried_is_not_called_right():
    nothing = right_entry("tanh", cases=0, elements=0, tallies=(), attendance=())
    told = headline(made_report(right_entry(), nothing, interrupted=True))
    assert told.title == "dense is right, as far as the run came"
    assert told.lead.endswith("exact arithmetic. Nothing was compared in tanh in float64.")


def test_failure_that_is_not_in_the_numbers_is_told_as_what_it_is():
    *_, raised, broken, _ = wrong().entries
    lines = [each.lines for each in summaries([raised, broken])]
    assert [len(each) for each in lines] == [1, 1]
    assert lines[0][0].startswith("numpy.tanh: backward raised RuntimeError")
    assert lines[1][0].startswith("law broken, ")
    told = detail(broken, wrong())
    assert [bad for _, bad in told.sentences] == [False, False, False, True]
    assert detail(raised, wrong()).sentences[0][1]
    for report, rule in ((raised, "no-answer"), (broken, "law-broken")):
        assert headline(made_report(report)).lead == RULES[rule]
    assert headline(refuted()).lead == RULES["refuted"]


def test_merged_report_says_so_and_each_command_has_the_seed_of_its_entry():
    other = failing(seed=99, limits={"stride": 2})
    tree = parsed(report_html(made_report(right_entry(), other, notes=("merged from 2",))))
    told = words(by_id(tree, "environment"))
    assert "run module:op --seed 7" in told
    assert "seed 99: conv2d float64 merged from 2" in told
    again = words(by_id(tree, "f1"))
    assert "--seed 99" in again
    assert "--limit stride=2" in again


def test_worst_cells_have_all_their_digits():
    entry = failing(shape=(3,), wrong=(0,))
    near = float(np.nextafter(-2, 0))
    entry.failure.answers["subject"].values["grad_x"][0] = near
    (mine,) = entry.failure.comparisons
    mine = replace(mine, worst=(replace(mine.worst[0], value=near),))
    failure = replace(entry.failure, comparisons=(mine,))
    tree = parsed(report_html(made_report(replace(entry, failure=failure))))
    assert "-1.9999999999999998" in [words(cell) for cell in tree.iter("td")]
    assert "grad_x: -1.9999999999999998 where truth is -2" in words(by_id(tree, "wrong"))
    assert short("1180591620717411303424") == "1.18059162072e+21"
    assert short("-1180591620717411303424.5") == "-1.18059162072e+21"
    assert short("12345678901234567.8") == "12345678901234567"


def test_wrong_rows_stand_in_a_table_that_has_no_room_for_all():
    entries = [right_entry(f"operation_{i}") for i in range(20_000)]
    tree = lxml.html.fromstring(report_html(made_report(*entries, failing())))
    rows = list(by_id(tree, "matrix").iter("tr"))[1:]
    assert len(rows) < 20_001
    assert [words(row[0]) for row in (rows[0], rows[-1])] == ["operation_0", "conv2d"]


def test_titles_of_many_and_of_few():
    many = made_report(*(failing(f"op{i}") for i in range(7)), right_entry())
    assert headline(many).title == "7 of 8 operations are wrong"
    assert headline(made_report(*map(right_entry, "abcd"))).title == "All 4 operations are right"
    two = made_report(failing("a"), failing("a", "float32"), failing("b"), vacuous_entry())
    assert headline(two).title == "a and b are wrong"
    assert headline(two).lead.endswith("And nothing could have been seen in softmax.")
    blind = made_report(*(vacuous_entry(f"v{i}") for i in range(5)))
    assert headline(blind).title.endswith("in v0, v1, v2 and 2 others")
    set_by_hand = made_report(right_entry(ground="tolerance"))
    assert headline(set_by_hand).lead.endswith("around a framework's float64.")


def test_what_was_compared_and_how_to_repeat_it(trees):
    header = words(next(trees["wrong"].iter("header")))
    for part in ("2 operations in float64: 40 generated cases, 800 numbers", "PyTorch 2.13.0",
                 "JAX (SKIPPED: not here)", "SKIPPED jaxJAX is not installed: pip install jax",
                 "began 2026-01-02 03:04:05 UTC", "seed 7"):  # fmt: skip
        assert part in header
    (where,) = (each for each in trees["wrong"].iter() if each.get("id") == "environment")
    assert "oracle-diff run module:op --seed 7 --max-examples 20 --oracles torch,jax" in words(
        where
    )
    assert "The run was stopped before its end" in words(next(trees["interrupted"].iter("header")))


def test_command_that_repeats():
    place = right_entry().place
    place = replace(place, path="manualgrad/x.py")
    ours = [right_entry(f"op{i}", subject="manualgrad.op", place=place) for i in range(7)]
    report = made_report(*ours, limits={"stride": 1, "square": True}, oracles=("torch",))
    assert repeat_command(report, ours[:2]) == (
        "oracle-diff run op0 op1 --seed 7 --max-examples 20 --oracles torch --dtypes float64 "
        "--limit stride=1 --limit square=true"
    )
    assert repeat_command(report, ours).startswith("oracle-diff run --seed 7 ")
    both = [ours[0], replace(ours[0], dtype="float32")]
    assert "--dtypes float64,float32" in repeat_command(report, both)
    assert "--dtypes" not in repeat_command(report, both[::-1])
    for changed in ({"subject": "mine.op"}, {"place": replace(place, path="mine/x.py")}):
        assert "run module:op " in repeat_command(report, [replace(ours[0], **changed)])
    assert "run op0 " in repeat_command(report, [replace(ours[0], place=None)])
    strange = [replace(ours[0], op="a b; rm")]
    assert shlex.split(repeat_command(report, strange))[2] == "a b; rm"


def test_command_that_repeats_names_subjects_where_they_were_found():
    mine = [right_entry(f"op{i}", spec=f"my layers.py:op{i}") for i in range(7)]
    report = made_report(*mine)
    names = [each.spec for each in mine]
    assert shlex.split(repeat_command(report, mine))[2:9] == names
    assert "module:op" not in repeat_command(report, mine)
    unknown = right_entry("op7")
    asked = shlex.split(repeat_command(report, [*mine[:2], unknown]))
    assert asked[2:5] == [*names[:2], "module:op"]


def test_command_that_repeats_has_the_seed_of_its_entries():
    here, merged = right_entry(), right_entry(seed=8)
    report = made_report(here, merged)
    assert " --seed 8 " in repeat_command(report, [merged])
    assert " --seed 7 " in repeat_command(report, [here])
    assert " --seed 7 " in repeat_command(report, [here, merged])


def test_rows_have_the_words_of_the_other_formats(trees):
    report = REPORTS["defects"]()
    report = replace(report, entries=(*report.entries, failing(), vacuous_entry()))
    tree = parsed(report_html(report))
    rows = list(by_id(tree, "matrix").iter("tr"))[1:]
    assert len(rows) == 3
    for row, entry in zip(rows, report.entries, strict=True):
        cells = [words(cell) for cell in row]
        assert cells[:2] == [entry.op, entry.dtype]
        assert cells[2].split(" ", 1)[1] == subject_cell(entry)[0].replace(
            "ok ", "ok " * (not entry.vacuous)
        )
        evidence = "refuted by a case" if entry.failure else evidence_cell(entry)[0]
        assert cells[3].endswith(evidence)
        assert cells[4:6] == [witness_cell(entry, name)[0] for name in report.oracles]
        assert cells[6:] == ["20, stopped" if entry.failure else "20", "400", "1.5"]
    signs = [words(row[2])[0] for row in rows]
    assert signs == ["\N{CHECK MARK}", "\N{BALLOT X}", "\N{WHITE CIRCLE}"]
    weights = [words(row[3]).count("\N{BLACK CIRCLE}") for row in rows]
    assert weights == [4, 0, 0]


def test_legend_tells_every_kind_of_evidence_and_what_a_pass_does_not_show(trees):
    told = words(by_id(trees["right"], "legend"))
    for part in ("proof", "lattice 2^-40", "bound", "tolerance", "VACUOUS", "error/bound",
                 "What a pass does not show", "SKIPPED"):  # fmt: skip
        assert part in told
    evidence = words(by_id(trees["right"], "evidence"))
    for line in evidence_lines(REPORTS["right"]()):
        assert line in evidence
    assert "the same call gives the same bits: 40" in evidence
    assert "1.0e-09" in evidence


def test_failure_is_told_in_short_and_in_full(trees):
    tree = trees["wrong"]
    short = words(by_id(tree, "wrong"))
    assert (
        "conv2d in float64 mine.conv2d mine/layers.py:17 "
        "grad_x: -1 where truth is -2; torch agrees with exact arithmetic "
        "Why: grad_x equals the oracle's plus 1 on 20 of 20 cases"
    ) in short
    link, *_ = by_id(tree, "wrong").iter("a")
    full = words(by_id(tree, link.get("href")[1:]))
    for part in (
        "mine.conv2d, mine/layers.py:17; case 20 of those tried, shrunk",
        "grad_x: WRONG, differs in 2 of 6 cells (33%), worst at (0, 0, 0, 0): -1.0 where truth "
        "is -2; torch agrees with exact arithmetic: mine.conv2d is the outlier",
        "grad_x equals the oracle's plus 1 on 20 of 20 cases", "stride = 2",
        "x shape (1, 1, 2, 3)", "cotangent shape (1, 1, 2, 3)", "[ 1 2 3]", "drawn as by hand",
        "import numpy as np print('again')", "oracle-diff replay .oracles/failures/it",
        "check(op, dtypes=('float64',), blob='AXic')", "--seed 7 --max-examples 20",
    ):  # fmt: skip
        assert part in full
    lines = [[words(cell) for cell in row] for row in tree.iter("tr")]
    assert ["(0, 0, 0, 0)", "-1", "-2", "-2", "1", "1.78e-15", "5.63e+14"] in lines
    assert ["hand-written", "2 of 6 wrong"] in lines
    assert ["torch", "right"] in lines
    assert ["jax", "crashed: killed by SIGABRT"] in lines
    assert ["index", "hand-written", "truth", "torch", "error", "bound", "error/bound"] in lines
    assert by_class(tree, "histogram") == []  # of six cells one sees all
    large = parsed(report_html(made_report(failing(shape=(1, 1, 2, 6)))))
    lines = [[words(cell) for cell in row] for row in large.iter("tr")]
    assert ["1e14 to 1e15 wrong", "2", ""] in lines
    assert ["0", "10", "12"] in lines


def lossy(op="tanh", dtype="float64"):
    entry = failing(op, dtype)
    cause = Cause("grad_x", "grad_x is wrong; digits are lost", 20, confirmed=False, digits=True)
    return replace(entry, failure=replace(entry.failure, causes=(cause,)))


def test_lost_digits_are_not_called_wrong():
    both = made_report(failing(), lossy(), lossy(dtype="float32"))
    assert headline(both).title == "conv2d is wrong, tanh loses digits"
    assert headline(both).lead.endswith(
        "In tanh every error is small beside the cotangent: the formula may be right."
    )
    alone = made_report(lossy("tanh"), lossy("gelu"))
    assert headline(alone).title == "tanh and gelu lose digits"
    assert headline(alone).lead.endswith(
        " Every error is small beside the cotangent: the formula may be right."
    )
    assert headline(made_report(lossy(), failing("tanh", "float32"))).title == "tanh is wrong"
    wrong, lost = [failing(f"w{i}") for i in range(3)], [lossy(f"l{i}") for i in range(2)]
    assert headline(made_report(*wrong, *lost)).title == (
        "3 of 5 operations are wrong, 2 lose digits"
    )
    many = [lossy(f"l{i}") for i in range(4)]
    assert headline(made_report(*many)).title == "4 of 4 operations lose digits"
    tags = [words(tag) for tag in by_class(parsed(report_html(both)), "tag")]
    assert tags == ["digits are lost"] * 3  # in short, and in full in each dtype


def test_whoever_is_wrong_in_something_else_too_does_not_only_lose_digits():
    entry = lossy()
    assert entry.loses_digits
    assert not right_entry().loses_digits
    assert not replace(entry, proof=replace(right_entry().proof, refutation="y[0]")).loses_digits
    cause = Cause("grad_b", "grad_b is a mean", 20, confirmed=True)
    failure = entry.failure
    more = replace(failure, causes=(*failure.causes, cause))
    (mine,) = failure.comparisons
    unexplained = replace(failure, comparisons=(mine, replace(mine, operand="grad_w")))
    silent = replace(failure, comparisons=())
    for other in (more, unexplained, silent, replace(failure, causes=())):
        assert not replace(entry, failure=other).loses_digits


def test_dtypes_of_an_operation_are_told_together():
    proof = replace(right_entry().proof, refutation="grad_b[0] differs by g_0")
    other = failing("dense", subject="theirs.dense")
    report = made_report(failing(proof=proof), right_entry(), failing(dtype="float32"), other)
    first, second = summaries(report.entries)
    assert first.places == (("float64", 0), ("float32", 2))
    assert first.lines[-1] == "run on symbols: grad_b[0] differs by g_0"
    assert second.places == (("float64", 3),)
    tree = parsed(report_html(report))
    links = [link.get("href") for link in by_id(tree, "wrong").iter("a")]
    assert links == ["#f0", "#f2", "#f3"]
    assert [each.get("open") for each in by_class(tree, "failure")] == ["", None, ""]


def test_subjects_of_one_name_are_told_apart_by_where_they_stand():
    one, other = failing(), failing(place=replace(right_entry().place, line=99))
    assert [each.places for each in summaries([one, other])] == [
        (("float64", 0),), (("float64", 1),)]  # fmt: skip


def test_what_has_no_known_cause_is_named_beside_what_has():
    entry = failing()
    known = entry.failure.causes[0]
    unknown = [Cause(n, f"{n} is wrong", 20, confirmed=False) for n in ("grad_w", "grad_b")]
    failure = replace(entry.failure, causes=(unknown[0], known, unknown[1]))
    (told,) = summaries([replace(entry, failure=failure)])
    assert told.whys == (
        known.sentence,
        "no known cause explains grad_w, grad_b; the smallest case is below",
    )
    nothing = replace(entry.failure, causes=(Cause("", "it raised", 20, confirmed=False),))
    (told,) = summaries([replace(entry, failure=nothing)])
    assert told.whys == ()


def test_rows_say_what_refutes():
    tree = parsed(report_html(made_report(failing(), lossy())))
    cells = [[words(cell) for cell in row][3] for row in list(by_id(tree, "matrix").iter("tr"))[1:]]
    assert cells == ["refuted by a case", "digits are lost"]


def test_what_is_wrong_in_short_whatever_it_is():
    entry = failing()
    failure = entry.failure
    (mine,) = failure.comparisons

    def lines(**changes):
        (told,) = summaries([replace(entry, failure=replace(failure, **changes))])
        return list(told.lines)

    assert lines(comparisons=(), sentences=("mine: raised IndexError",)) == [
        "mine: raised IndexError"
    ]
    short = replace(mine, problem="has shape (4,), truth has (2,)", worst=())
    assert lines(comparisons=(short,), sentences=()) == ["grad_x has shape (4,), truth has (2,)"]
    kink = replace(mine, worst=(replace(mine.worst[0], truth="0 to 1"),))
    assert lines(comparisons=(kink,), sentences=()) == ["grad_x: -1 where truth is 0 to 1"]
    long = replace(mine, worst=(replace(mine.worst[0], truth="3.463965566618899e-28"),))
    assert lines(comparisons=(long,) * 5, sentences=()) == [
        *["grad_x: -1 where truth is 3.46397e-28"] * 3,
        "and 2 more",
    ]


def test_who_cannot_tell_is_not_called_right():
    entry = failing()
    failure = entry.failure
    coarse = tuple(replace(each, tells=False) for each in failure.witness_comparisons)
    tree = parsed(
        report_html(
            made_report(replace(entry, failure=replace(failure, witness_comparisons=coarse)))
        )
    )
    lines = [[words(cell) for cell in row] for row in tree.iter("tr")]
    assert ["torch", "cannot tell: too coarse here"] in lines


def test_kept_failure_and_refutation_on_symbols():
    entry = failing()
    kept = replace(entry, failure=replace(entry.failure, kept=True, saved="a b"))
    told = report_html(made_report(kept))
    assert "a counterexample kept from an earlier run" in told
    assert "oracle-diff replay &#39;a b&#39;" in told
    proof = replace(right_entry().proof, refutation="y[0] differs by 2*x_0")
    told = words(by_id(parsed(report_html(made_report(right_entry(proof=proof)))), "f0"))
    assert "run on symbols: y[0] differs by 2*x_0" in told


def test_subject_that_gave_no_array_of_that_shape():
    entry = failing()
    failure = entry.failure
    answer = replace(failure.answers["subject"], values={"grad_x": np.arange(4.0)})
    (mine,) = failure.comparisons
    (portrait,) = failure.portraits
    others = {"torch": portrait.ratios["torch"]}
    problem = "has shape (4,), truth has (1, 1, 2, 3)"
    failure = replace(
        failure,
        answers={**failure.answers, "subject": answer},
        comparisons=(replace(mine, problem=problem, worst=()),),
        portraits=(replace(portrait, ratios=others, counts={"torch": histogram(others["torch"])}),),
    )
    tree = parsed(report_html(made_report(replace(entry, failure=failure))))
    told = words(by_id(tree, "f0"))
    assert problem in told
    assert "hand-written shape (4,) [0 1 2 3]" in told
    assert [words(table[0]) for table in by_class(tree, "map")] == ["truth"]
    assert by_class(tree, "bad") == []
    assert "0 wrong" not in told


def test_defects_stand_apart_and_are_no_fault_of_the_subject(trees):
    tree = trees["defects"]
    told = words(by_id(tree, "defects"))
    assert told.count("No fault of the hand-written code") == 1
    for part in ("jax: y differs in 1 of 1 cells", "3 cases", "[[nan]]", "killed by SIGABRT",
                 "The case is kept in dir/a", "jax differs: dense 3"):  # fmt: skip
        assert part in told
    assert "dense float64 grad_w, jax: 3 of 40 numbers" in words(by_id(tree, "evidence"))
    assert [e for e in tree.iter("section") if e.get("id") == "failures"] == []


def test_defects_of_all_dtypes_are_one_and_what_matters_least_is_last():
    kinds = ["differs next to underflow", "differs", "rejected", "differs on NaN or infinity"]
    entries = [
        right_entry(dtype=dtype, defects=tuple(defect(kind=kind) for kind in kinds))
        for dtype in ("float32", "float64")
    ]
    other = right_entry("tanh", defects=(defect(),))
    told = defects(made_report(*entries, other))
    assert [(each.entry.op, each.defect.kind, each.count) for each in told] == [
        ("dense", "differs", 6),
        ("tanh", "differs", 3),
        ("dense", "rejected", 6),
        ("dense", "differs on NaN or infinity", 6),
        ("dense", "differs next to underflow", 6),
    ]
    assert told[0].dtypes == ("float32", "float64")
    tree = parsed(report_html(made_report(*entries, other)))
    summaries = [words(each[0]) for each in by_class(tree, "defect")]
    assert summaries[0].startswith("dense float32, float64 jax: y differs in 1 of 1 cells")
    assert summaries[0].endswith("6 cases, one in float32")
    assert summaries[1].endswith("3 cases")
    assert "dense float32, float64 rejected jax" in summaries[2]


def test_what_has_changed(trees):
    told = words(by_id(trees["changed"], "changes"))
    assert "Compared with old.json" in told
    assert "1 new failure, 1 fixed, 1 gone, 1 right" in told
    rows = list(by_id(trees["changed"], "changes").iter("tr"))[1:]
    to = "\N{RIGHTWARDS ARROW}"
    assert [[words(cell) for cell in row] for row in rows] == [
        ["conv2d", "float64", "new failure", "-", f"0.5 {to} inf", f"10 {to} 12.5 (+25%)"],
        ["dense", "float64", "fixed", "-", f"1e+09 {to} 0.25", f"5 {to} 5 (+0%)"],
        ["gelu", "float64", "gone", "-", f"0.5 {to} -", "-"],
        [
            "tanh",
            "float64",
            "right, weaker evidence, slower",
            f"proof {to} bound",
            "0.25",
            f"1,500 {to} 1,200 (-20%)",
        ],
    ]
    assert "The two runs differ in seed 1 then, 2 now." in told
    rows = list(by_id(trees["changed"], "matrix").iter("tr"))[1:]
    assert [words(row[-1]) for row in rows] == ["new failure", "fixed", "right"]
    assert "new failure" in words(by_id(trees["changed"], "failures"))


def test_every_kind_of_change_has_its_row():
    changes = tuple(Change("tanh", "mine.tanh", "float64", kind) for kind in KINDS[::-1])
    report = made_report(right_entry(), changes=Changes("old.json", "then", changes))
    rows = list(by_id(parsed(report_html(report)), "changes").iter("tr"))[1:]
    assert [words(row[2]) for row in rows] == list(KINDS)


def portrait_of(ratio):
    ratio = np.asarray(ratio, dtype=float)
    return Portrait("y", ratio.shape, np.zeros(ratio.shape), np.ones(ratio.shape),
                    {"subject": ratio}, {"subject": histogram(ratio)})  # fmt: skip


def test_map_of_a_matrix_marks_wrong_cells_and_shades_by_size():
    ratio = np.array([[0.0, 0.5, 2.0], [1e4, 1e20, np.inf]])
    said = np.array([[0.0, -1.0, 4.0], [np.nan, 0.1234567891, 2.0]])
    found = grid(portrait_of(ratio), said, "subject")
    ((only,), first) = (found.slices, found.first)
    assert (only.index, only.wrong, first, found.left_out) == ((), 4, 0, 0)
    mine, truth, ratios = only.maps
    assert [s.look for line in mine.rows for s in line] == [
        "z", "n1", "p4 bad", "x bad", "p1 bad", "p2 bad"]  # fmt: skip
    assert mine.rows[1][1] == replace(mine.rows[1][1], text="0.123", exact="0.1234567891")
    assert {s.look for line in truth.rows for s in line} == {"z"}
    assert [s.look for line in ratios.rows for s in line] == [
        "g", "g", "w1 bad", "w2 bad", "w3 bad", "w3 bad"]  # fmt: skip
    assert [s.text for line in ratios.rows for s in line][-1] == "inf"


def test_each_subject_of_an_operation_has_its_own_proof():
    other = right_entry(subject="other", proof=replace(right_entry().proof, refutation="y"))
    for entries in ((other, right_entry()), (right_entry(), other)):
        assert "dense (other): refuted on symbols, y" in evidence_lines(made_report(*entries))


def test_edges_of_the_shades():
    ratio = np.array([1.0, np.nextafter(1, 2), 1e3, np.nextafter(1e3, 2e3), 1e9, 2e9])
    found = grid(portrait_of(ratio), np.ones(6), "subject")
    mine, _, ratios = found.slices[0].maps
    assert [s.look for s in ratios.rows[0]] == [
        "g", "w1 bad", "w1 bad", "w2 bad", "w2 bad", "w3 bad"]  # fmt: skip
    assert [s.look for s in mine.rows[0]] == ["p4", *["p4 bad"] * 5]


def test_slice_counts_its_wrong_cells_though_they_are_not_all_shown():
    ratio = np.zeros((2, 100, 4))
    ratio[0, 0, 0] = 3.0
    ratio[:, 99, 0] = 2.0
    found = grid(portrait_of(ratio), ratio, "subject")
    assert [each.wrong for each in found.slices] == [2, 1]
    assert found.readable


@pytest.mark.parametrize("shape", [(), (1,), (4,), (3, 2), (2, 3, 2), (2, 1, 3, 2), (0, 3), (2, 0)])
def test_maps_of_any_number_of_axes_show_every_cell_once(shape):
    ratio = np.arange(float(np.prod(shape))).reshape(shape)
    found = grid(portrait_of(ratio), ratio, "subject")
    shown = [s.text for each in found.slices for line in each.maps[0].rows for s in line]
    assert shown == [f"{n:.0f}" for n in ratio.ravel()]
    assert [each.index for each in found.slices] == (
        [] if not ratio.size else list(np.ndindex(shape[:-2]))
    )
    assert found.first == max(0, len(found.slices) - 1)


def test_large_operand_is_shown_around_its_worst_cell():
    ratio = np.zeros((40, 100, 200))
    ratio[31, 60, 199] = 5.0
    ratio[2, 99, 199] = 4.0
    found = grid(portrait_of(ratio), ratio, "subject")
    (only,) = found.slices
    assert only.index == (31,)
    assert 60 in only.rows
    assert only.columns == range(168, 200)
    assert not found.readable
    assert sum(len(m.rows) * len(m.rows[0]) for m in only.maps) == 3 * MOST_CELLS
    assert found.left_out == ratio.size - MOST_CELLS
    small = np.zeros((100, 4, 4))
    small[70, 0, 0] = 2.0
    small[90, 0, 0] = 3.0
    found = grid(portrait_of(small), small, "subject")
    assert [each.index[0] for each in found.slices] == [*range(22), 70, 90]
    assert found.slices[found.first].index == (90,)


def test_histogram_shows_every_cell_and_where_the_bound_is():
    ratio = np.array([0.0, 0.0, 0.5, 2.0, np.inf])
    found = picture(portrait_of(ratio), {"subject": "hand-written"})
    assert found.participants == ("hand-written",)
    assert [(b.words, b.within, b.counts, b.lengths) for b in found.bins] == [
        ("0", True, (2,), (10,)), ("1e-1 to 1e0", True, (1,), (5,)),
        ("1e0 to 1e1", False, (1,), (5,)), ("infinite", False, (1,), (5,)),
    ]  # fmt: skip
    assert [b.skipped for b in found.bins] == [0, 6, 0, 17]
    most = Portrait("y", (100,), None, None, {}, {"subject": histogram(np.r_[2.0, [0.0] * 99])})
    assert [b.lengths for b in picture(most, {}).bins] == [(10,), (1,)]  # one cell is seen too
    assert sum(b.skipped + 1 for b in found.bins[:2]) == RIGHT_CLASSES


def test_slices_stand_below_one_another_where_no_script_runs(trees):
    slices = by_class(trees["sliced"], "slice")
    assert len(slices) == 6
    assert words(slices[0][0]) == "grad_x[0, 0, :, :] 1 wrong"
    assert [i for i, each in enumerate(slices) if "data-shown" in each.attrib] == [0]
    assert sum(len(by_class(each, "bad")) for each in slices) == 4  # two cells, in two maps


FIXED = ("kind", "ground", "witness", "participant", "answers", "ratios", "counts", "oracles")
"""What no user can name."""


def called(value, name, field=""):
    """Return `value`, part of a report, with `name` in the place of every text in it."""
    if is_dataclass(value):
        return replace(
            value, **{each.name: called(getattr(value, each.name), name, each.name)
                      for each in fields(value)}
        )  # fmt: skip
    if isinstance(value, Mapping):
        return {key if field in FIXED else name: called(item, name) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(called(item, name, field) for item in value)
    return name if isinstance(value, str) and value and field not in FIXED else value


def made_of(tree):
    """Return the elements of a page, each with the names of its attributes."""
    return {(e.tag, *sorted(e.attrib)) for e in tree.iter() if isinstance(e.tag, str)}


@pytest.mark.parametrize("name", ["<i x=y>", "\"'><i x=y>", "</script></style><i x=y>", " i=i>"])
def test_no_text_of_a_user_becomes_an_element_or_an_attribute(name):
    proof = replace(right_entry().proof, refutation="y")
    told = failing().failure
    told = replace(
        told, comparisons=told.comparisons * 7, case=replace(told.case, options={"padding": "same"})
    )
    both = made_report(
        replace(failing(), proof=proof, failure=told), notes=("a note",), oracles=("<torch>",)
    )
    reports = [*(REPORTS[kind]() for kind in ("sliced", "defects", "changed", "vacuous")), both]
    plain = set().union(*(made_of(parsed(report_html(report))) for report in reports))
    for report in reports:
        assert made_of(parsed(report_html(called(report, name)))) <= plain


def test_hostile_text_is_shown_and_does_nothing(trees, texts):
    tree = trees["hostile"]
    rows = list(by_id(tree, "matrix").iter("tr"))[1:]
    assert [words(row[0]) for row in rows] == [
        " ".join(harmless(clip(name, 80)).split()) for name in HOSTILE
    ]
    assert len(list(tree.iter("script"))) == 1
    assert "{{ 7 * 7 }}" in texts["hostile"]
    assert "\u202e" not in texts["hostile"]
    texts["hostile"].encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain\n\ttext", "plain\n\ttext"), ("\x00\x1b\x7f\x85", "[U+0000][U+001B][U+007F][U+0085]"),
     ("\u202ea\u2066\u200f\u061c", "[U+202E]a[U+2066][U+200F][U+061C]"), ("\ud800", "[U+D800]"),
     ("\ufeff\u200b\u00ad\u2028", "[U+FEFF][U+200B][U+00AD][U+2028]"),
     ("\ufffe\U0001ffff\ufdd0\U000e0041", "[U+FFFE][U+1FFFF][U+FDD0][U+E0041]"),
     ("שלום é 漢字 \N{GRINNING FACE}", "שלום é 漢字 \N{GRINNING FACE}")],
)  # fmt: skip
def test_harmless(text, shown):
    assert harmless(text) == shown


def test_clip_says_how_long_the_text_was():
    assert clip("abc", 3) == "abc"
    assert clip("a" * 10_000, 3) == "aaa\N{HORIZONTAL ELLIPSIS} (cut: 10,000 characters)"


def test_fitting_takes_what_fits_in_order_and_asks_no_more_than_need_be():
    asked = []

    def texts():
        for size in [4, 9, 3, *[9] * 100]:
            asked.append(size)
            yield "é" * (size // 2) + "x" * (size % 2)

    found = fitting(texts(), 8, count=103)
    assert found.texts == {0: "éé", 2: "éx"}
    assert (found.size, found.left) == (7, 101)
    assert len(asked) == 23


def test_ten_thousand_failures_stay_below_the_limit():
    base = failing(shape=(2, 3, 4, 5), wrong=range(100))
    entries = tuple(replace(base, op=f"operation_{i}") for i in range(10_000))
    text = report_html(made_report(*entries))
    assert 0.9 * LIMIT < len(text.encode()) <= LIMIT < 5_000_000
    tree = lxml.html.fromstring(text)  # which is quick, and not strict
    rows = list(by_id(tree, "matrix").iter("tr"))[1:]
    details = by_class(tree, "failure")
    assert len(rows) == 10_000
    assert 50 < len(details) < 1000
    linked = [row.get("id") for row in rows if list(row.iter("a"))]
    assert linked == [each.get("data-row") for each in details]
    assert f"{10_000 - len(details):,} more failures are left out" in words(by_id(tree, "failures"))
    summaries = len(by_class(tree, "summaries")[0])
    assert 200 < summaries < 1000
    assert f"And {10_000 - summaries:,} more" in words(by_id(tree, "wrong"))


def test_huge_arrays_stay_below_the_limit():
    entry = failing(shape=(2, 3))
    big = np.linspace(0.0, 9.0, 1_000_000).reshape(10, 10, 100, 100)
    case = Case("conv2d", {"x": big, "w": big}, {}, big)
    answers = {n: replace(a, values={"grad_x": big}) if a.values else a
               for n, a in entry.failure.answers.items()}  # fmt: skip
    (mine,) = entry.failure.comparisons
    failure = replace(
        entry.failure,
        case=case,
        answers=answers,
        comparisons=(replace(mine, elements=big.size, worst=(), shape=big.shape),),
        portraits=(replace(portrait_of(big), operand="grad_x"),),
        script="x" * 10_000_000,
        truth={"grad_x": ("1",) * big.size},
    )
    lost = defect(case=case)
    text = report_html(made_report(*[replace(entry, failure=failure, defects=(lost,))] * 6))
    assert len(text.encode()) <= LIMIT
    told = words(by_id(lxml.html.fromstring(text), "f0"))
    assert "1,000,000 numbers, see report.json" in told
    assert "Its 10,000,000 characters are in report.json." in told
    assert "998,976 cells are not shown" in told


def test_long_names_stay_below_the_limit():
    long = "<&" * 5_000
    entry = failing(op=long, subject=long, limits={long: long}, notes=(long,), laws={long: 1},
                    defects=(defect(sentence=long, case_file=long),))  # fmt: skip
    failure = replace(entry.failure, sentences=(f"{long}: WRONG, {long}",), saved=long, blob=long)
    entry = replace(entry, failure=failure, place=replace(entry.place, path=long))
    changes = tuple(Change(long, long, long, "new failure") for _ in range(2000))
    report = made_report(*(replace(entry, dtype=f"{i}{long}") for i in range(2000)),
                         missing={"jax": long}, changes=Changes(long, long, changes))  # fmt: skip
    text = report_html(report)
    assert len(text.encode()) <= LIMIT
    assert "more rows would not fit" in text or text.count("<tr id=r") == 2000


def test_page_of_a_report_read_back_is_the_same(texts):
    for name in ("wrong", "sliced", "changed", "defects"):
        assert report_html(read_report(json_text(REPORTS[name]()))) == texts[name]


def contrast(one, other):
    """Return the ratio of luminances by the Web Content Accessibility Guidelines 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_contrast_of_known_colours():
    assert contrast("#000000", "#ffffff") == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


HEAT = ("zero", "n1", "n2", "n3", "n4", "p1", "p2", "p3", "p4", "g", "w1", "w2", "w3")


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme):
    style = page_file("oracles.reporting.page", "style.css")
    blocks = re.findall(r":root \{(.*?)\n *\}", style, re.DOTALL)
    palette = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[scheme]))
    pairs = [("ink", ground) for ground in ("paper", "raised", "sunken", *HEAT)]
    pairs += [(text, ground) for text in ("soft", "link") for ground in ("paper", "raised")]
    pairs += [("soft", "sunken"), ("ink", "wrong-paper"), ("ink", "warn-paper")]
    pairs += [(kind, f"{kind}-paper") for kind in ("wrong", "right", "warn")]
    pairs += [("link", "wrong-paper"), ("paper", "ink")]
    pairs += [
        (kind, ground) for kind in ("wrong", "right", "warn") for ground in ("paper", "raised")
    ]
    poor = {pair: round(contrast(*(palette[name] for name in pair)), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


def test_jinja_is_imported_when_a_page_is_made_and_not_before():
    code = "import sys, oracles.outputs, oracles.reporting.page; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
