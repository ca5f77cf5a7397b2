"""What is printed: in 80 cells, whatever is asked; nothing hidden in names; data apart."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from textwrap import indent

import numpy as np
import pytest
from rich.cells import cell_len

from oracles.catalog import ops
from oracles.checking import run
from oracles.choices import KNOWN_ORACLES
from oracles.report import Attendance, OpReport, Tally
from oracles.reporting.cells import evidence_cell, subject_cell, witness_cell
from oracles.reporting.columns import columns
from oracles.reporting.details import details
from oracles.reporting.failure import failure_text
from oracles.reporting.lines import fit, turned, wrapped
from oracles.reporting.terminal import footer, header, row, whole
from oracles.visible import visible
from oracles.wrong_cases import Defect

HOSTILE = {
    "long": "n" * 200,
    "wide": "畳み込み" * 50,
    "escapes": "\x1b[2J\x1b]0;title\x07\x9b1m\r\b\x00",
    "lines": "one\ntwo\u2028three\x0b",
    "markup": "[bold]conv[/] [/nothing]",
    "turned": "\u202egnp.exe\u2066",
    "surrogate": "a\udc80b",
}


@pytest.fixture(scope="module")
def wrong():
    op = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))
    oracles = ("complex_step", "finite_difference")
    return run(op, oracles=oracles, dtypes=("float64",), max_examples=5, seed=5, keep=False)


def entry_of(op="conv_transpose2d", ratio=0.123456, oracles=KNOWN_ORACLES, **changes):
    """Return a right entry of which each witness says something else."""
    said = [
        Attendance(oracles[0], answered=40) if oracles else None,
        Attendance("jax", missing="not installed"),
        Attendance("jax_dilated", crashed=40),
        Attendance("complex_step", timed_out=12),
        Attendance("finite_difference", rejected=40),
    ]
    tallies = [Tally(name, "y", 40, 4890, 0, 0, ratio, 0.1, 1e-6) for name in ("subject", *oracles)]
    entry = OpReport(op, op, "float32", 40, 4890, 12.34, tuple(tallies), (),
                     tuple(each for each in said if each))  # fmt: skip
    return replace(entry, **changes)


def sets_of_witnesses():
    return [
        names
        for count in range(len(KNOWN_ORACLES) + 1)
        for names in itertools.combinations(KNOWN_ORACLES, count)
    ]


def test_there_are_five_witnesses():
    assert len(KNOWN_ORACLES) == 5


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_table_fits_with_every_set_of_witnesses_and_every_name(width):
    for oracles in sets_of_witnesses():
        lines = header(oracles, width).plain.split("\n")
        for name in ("tanh", "half_squared_error", *HOSTILE.values()):
            lines.append(row(entry_of(name, oracles=oracles), oracles, width).plain)
        legend, head, *rows = lines
        assert len(legend) <= 80
        assert cell_len(head) <= width
        assert {cell_len(each) for each in rows} == {cell_len(head)}
        assert all(each.isprintable() for each in rows)


def test_a_wider_line_loses_nothing_that_a_narrower_one_has():
    for oracles in sets_of_witnesses():
        before = {}
        for width in range(80, 180, 5):
            now = columns(oracles, width)
            assert all(abs(now[name]) >= abs(before[name]) for name in before)
            before = now
        assert list(before)[4] == "cells"
        assert list(before)[-1] == "s"


def test_no_column_of_the_catalog_is_cut_at_80():
    for oracles in sets_of_witnesses():
        narrow = [op.name for op in ops if "…" in row(entry_of(op.name), oracles).plain]
        assert narrow == (["half_squared_error"] if len(oracles) == 5 else [])


def test_numbers_are_never_cut():
    large = entry_of(cases=1_234_567, elements=123_456_789, seconds=123456.7)
    for oracles in sets_of_witnesses():
        for width in (80, 200):
            words = row(large, oracles, width).plain.split()
            assert "1e+06" in words
            assert "…" not in words[-1]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"attendance": (Attendance("jax", missing="no"),)}, "SKIP"),
        ({"attendance": (Attendance("jax", crashed=40),)}, "died"),
        ({"attendance": (Attendance("jax", timed_out=40),)}, "late"),
        ({"attendance": (Attendance("jax", rejected=40),)}, "no"),
        ({"attendance": (Attendance("jax", answered=40),)}, "0.12"),
        ({"attendance": (), "tallies": (Tally("jax", "y", 40, 9, 12, 9, 3.0),)}, "wrong"),
    ],
)
def test_the_narrowest_column_of_a_witness_has_a_whole_word(changes, word):
    entry = entry_of(**changes)
    shown = row(entry, KNOWN_ORACLES).plain
    place = list(columns(KNOWN_ORACLES, 80)).index("jax")
    start = sum(abs(w) + 1 for w in list(columns(KNOWN_ORACLES, 80).values())[:place])
    assert shown[start : start + 6].strip() == word


def test_wide_table_has_the_words_of_the_report():
    entry = entry_of()
    shown = row(entry, KNOWN_ORACLES, 200).plain
    told = [evidence_cell(entry), subject_cell(entry)]
    told += [witness_cell(entry, name) for name in KNOWN_ORACLES]
    for text in ("conv_transpose2d", "float32", "40", "4890", "12.3", *(text for text, _ in told)):
        assert f" {text} " in f" {shown} "


def too_long(text, width=80):
    """Return the lines that are too long, but for one word alone, which is to be copied whole."""
    lines = [line for line in text.split("\n") if cell_len(line) > width]
    return [line for line in lines if len(line.split()) > 1]


def test_everything_else_fits_but_what_is_to_be_copied(wrong):
    entry = wrong.entries[0]
    death = Defect("jax", "crashed", "jax: crashed, " + "told " * 40, 2, entry.failure.case, (),
                   "a/long/path/" * 12)  # fmt: skip
    differs = [Defect("torch", f"differs {n}", "torch: y differs " * 9, 3, entry.failure.case)
               for n in range(30)]  # fmt: skip
    changed = replace(entry, notes=("a note " * 30,), defects=(death, *differs),
                      limits={f"max_{n}": n for n in range(30)})  # fmt: skip
    many = tuple(replace(changed, op=f"{entry.op}{n}") for n in range(3))
    report = replace(wrong, entries=many, missing={"jax": "not installed: " + "pip " * 40})
    script = entry.failure.script
    for width in (80, 90, 100):
        text = footer(report, width).plain
        for copied in (indent(script, "    ").rstrip(), f"blob={entry.failure.blob!r})"):
            assert text.count(copied) == 3
            text = text.replace(copied, "")
        assert too_long(text, width) == []
        assert too_long(details(report, width), width) == []
        assert max(map(len, text.split("\n"))) > width - 8


def test_wide_terminals_do_not_have_wide_paragraphs(wrong):
    text = footer(wrong, 300).plain.replace(indent(wrong.entries[0].failure.script, "    "), "")
    assert too_long(text, 100) == []


def test_cells_of_a_failure_are_turned_round_where_they_are_too_wide():
    table = [["index", "manual", "complex_step"], *([f"({n}, 0)", "1", f"{n}.5"] for n in range(3))]
    assert turned(table, 28) == [
        " index  manual  complex_step",
        "(0, 0)       1           0.5",
        "(1, 0)       1           1.5",
        "(2, 0)       1           2.5",
    ]
    assert turned(table, 27) == [
        "       index  (0, 0)",
        "      manual       1",
        "complex_step     0.5",
        "",
        "       index  (1, 0)",
        "      manual       1",
        "complex_step     1.5",
        "",
        "       index  (2, 0)",
        "      manual       1",
        "complex_step     2.5",
    ]
    assert turned(table, 3) == turned(table, 20)
    many = [[*head, *head[1:], *head[1:]] for head in table]
    assert turned(many, 35)[0] == "       index  (0, 0)  (1, 0)"
    assert turned(many, 36)[0] == "       index  (0, 0)  (1, 0)  (2, 0)"


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_does_anything_to_a_terminal(wrong, name):
    failure = replace(wrong.entries[0].failure, sentences=(f"y: {name}",), saved=name)
    entry = replace(wrong.entries[0], op=name, subject=name, failure=failure, notes=(name,),
                    limits={name: name})  # fmt: skip
    report = replace(wrong, entries=(entry,), missing={"jax": name})
    for text in (whole(report), failure_text(entry), details(report), footer(report).plain):
        assert text.replace("\n", "").isprintable()
    if name.isprintable():
        assert name in failure_text(entry)
    else:
        assert repr(name.replace("\n", " "))[1:8] in failure_text(entry)


def test_visible_is_what_repr_shows():
    assert visible("a\x1b[2Jb\x7f\x9b\u202e\udc80") == r"a\x1b[2Jb\x7f\x9b\u202e\udc80"
    assert visible("two\nlines\tand 畳み込み é") == "two\nlines\tand 畳み込み é"
    assert visible("two\nlines", keep="") == r"two\nlines"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("conv", 6, "  conv"),
        ("conv", -6, "conv  "),
        ("convolution", -6, "convo…"),
        ("convolution", 6, "convo…"),
        ("畳み込み", -6, "畳み… "),
        ("畳み込み", -8, "畳み込み"),
        ("a b c", -3, "a… "),
        ("\x1b", 5, r" \x1b"),
        ("", 2, "  "),
    ],
)
def test_what_is_fitted_takes_so_many_cells(text, width, shown):
    assert fit(text, width) == shown
    assert cell_len(shown) == abs(width)


def test_words_are_wrapped_by_cells_and_never_broken():
    assert wrapped("aa bb cc", 7) == "  aa bb\n    cc"
    assert wrapped("aa bb cc", 8, "", "") == "aa bb cc"
    assert wrapped("畳み 込み", 9, "", " ") == "畳み 込み"
    assert wrapped("畳み 込み", 8, "", " ") == "畳み\n 込み"
    assert wrapped("a/very/long/path is whole", 8) == "  a/very/long/path\n    is\n    whole"


CALL = (sys.executable, "-m", "oracles.cli", "run", "--oracles", "complex_step",
        "--max-examples", "3", "--seed", "7", "--no-keep", "--dtypes", "float64")  # fmt: skip

OWN = """
import os
import numpy as np
from oracles import ops
print("imported")

def backward(g, x):
    print("asked")
    os.system("echo from a child")
    return g * (1 - np.tanh(x) ** 2)

talks = ops.tanh.implemented_by(np.tanh, backward)
wrong = ops.tanh.implemented_by(np.tanh, lambda g, x: g)
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def called(home, *arguments, env=None, **how):
    how = {"capture_output": True, "text": True, **how}
    return subprocess.run([*CALL, *arguments], cwd=home, check=False,
                          env={**os.environ, **(env or {})}, **how)  # fmt: skip


def test_json_alone_on_standard_output(home):
    done = called(home, "own:talks", "--json", "-")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["passed"]
    assert (home / ".oracles/report.json").read_text().rstrip() == done.stdout.rstrip()
    assert done.stderr.splitlines()[0] == "imported"
    for told in ("asked", "from a child", "operation ", "right: every subject", "seed 7"):
        assert told in done.stderr


def test_quiet_json_leaves_nothing_else_to_say(home):
    done = called(home, "own:wrong", "--json", "-", "--quiet", "--no-report")
    assert done.returncode == 1
    assert json.loads(done.stdout)["entries"][0]["failure"]
    assert done.stderr == "imported\n"
    assert not (home / ".oracles/report.json").exists()


def test_json_in_a_file(home):
    done = called(home, "own:wrong", "--json", "my.json", "--quiet", "--no-report")
    assert done.stdout.startswith("imported\nWRONG: tanh float64; ")
    assert json.loads((home / "my.json").read_text())["seed"] == 7


def test_reader_of_json_who_leaves_changes_nothing(home):
    command = [*CALL, "own:wrong", "--json", "-"]
    done = subprocess.run(["bash", "-o", "pipefail", "-c", '"$@" | true', "x", *command], cwd=home,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert "WRONG: tanh float64" in done.stderr
    assert "Traceback" not in done.stderr
    assert not json.loads((home / ".oracles/report.json").read_text())["passed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quiet", "--verbose"), "argument --verbose: not allowed with argument --quiet"),
        (("--json", "."), "argument --json: '.' is no regular file"),
        (("--json", "own.py/x"), "argument --json: [Errno 17] File exists: 'own.py'"),
    ],
)
def test_bad_usage(home, arguments, words):
    done = called(home, "tanh", *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(words)
    assert done.stdout == ""


def test_verbose_shows_what_the_page_has(home):
    done = called(home, "dense", "--verbose")
    plain = called(home, "dense").stdout
    assert [line for line in plain.splitlines()[4:] if line not in done.stdout] == []
    told = " ".join(done.stdout.split())
    for part in ("who answered", "numbers of 3 cases in", "complex_step answered",
                 "the smallest relative error that rounding cannot explain",
                 "a zero cotangent gives zero gradients: ", "python-flint "):  # fmt: skip
        assert part in told
        assert part not in plain
    assert too_long(done.stdout) == []


def test_no_colour_means_none_even_where_colour_is_forced(home):
    done = called(home, "tanh", env={"NO_COLOR": "1", "FORCE_COLOR": "1"})
    assert "\x1b" not in done.stdout + done.stderr


def test_a_screen_that_has_not_every_letter_is_no_fault_of_the_harness(home):
    named = (
        "from dataclasses import replace\n"
        "named = replace(wrong, name='a 畳', subject='畳\\udc80')\n"
    )
    (home / "own.py").write_text(OWN + named)
    done = called(home, "own:named", "--no-report", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (1, "")
    assert r"WRONG: a \u7573 float64" in done.stdout
    assert r"\u7573\udc80, backward own." in done.stdout
