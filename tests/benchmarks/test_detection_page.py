"""From made-up trials to tables, the set difference, the exit status; the README's table."""

from dataclasses import replace

import pytest

from benchmarks.checks import OP
from benchmarks.detection import __main__ as command
from benchmarks.detection.harness import NAME
from benchmarks.detection.named import Named, Report
from benchmarks.detection.page import (
    LOOPS,
    PAGE,
    TABLE,
    families_table,
    page,
    seconds,
    tools_table,
)
from benchmarks.detection.passing import Passing
from benchmarks.detection.results import Results, Settings
from benchmarks.detection.subjects import Subject
from benchmarks.detection.tools import TOOLS
from benchmarks.detection.trial import Trial
from benchmarks.machine import Ceilings, Machine
from benchmarks.markers import part_of, with_part
from benchmarks.stats import Times
from oracles.catalog import ops

KILLED, SURVIVED = Trial(1, 3, 0, 0.25, "AssertionError: far"), Trial(0, 200, 0, 2.5)
LATE = Trial(0, 150, 0, 4.0, "bound: grad_x")
NOT_ASKED = "second derivatives of NumPy code"


def made(**of_tools):
    """Results in which every tool but the harness does the same to the mutants a, b, c."""
    others = of_tools.get("others", (KILLED, SURVIVED, NOT_ASKED))
    ours = of_tools.get("ours", (KILLED, replace(KILLED, seconds=0.75), KILLED))
    mutants = {
        title: Subject(title, "dense", lambda: ops["dense"], family, f"story of {title}")
        for title, family in (("a", "dgrad"), ("b", "dgrad"), ("c", "second order"))
    }
    trials = {name: dict(zip("abc", others, strict=True)) for name in TOOLS}
    trials[NAME] = dict(zip("abc", ours, strict=True))
    alarms = {
        name: {d: {"x": Trial(2, 50, 0, 0.5, "far"), "y": Trial(0, 60, 0, 0.5)} for d in t.dtypes}
        for name, t in TOOLS.items()
    }
    clean = {"x": Trial(0, 100, 0, 0.5), "y": Trial(0, 100, 0, 0.5)}
    alarms[NAME] = {"float32": clean, "float64": clean}
    times = {name: Times((0.001, 0.002, 0.003)) for name in (*TOOLS, NAME)}
    slow = (Report("gradcheck", 75.0, "Jacobian | mismatch"), Report("fast", 0.5, ""))
    ceilings = Ceilings(1e11, 1e10, 5e10)
    machine = Machine("a processor", 2, "a system", "a BLAS", {"numpy": "1"}, 0.5, 2**20,
                      {"float64": ceilings})  # fmt: skip
    return Results(
        "python -m benchmarks.detection", machine, Settings(), 600.0, mutants, trials,
        {"a": (False, 1.0), "b": (False, 3.0), "c": (True, 9.0)}, alarms,
        (Passing((40, 50, 60), times), Passing((900, 1000, 1100), times)),
        (Named((2, 1, 3, 3), (1, 1, 2, 2), 23, 8, 0.01, 0.02, slow),),
    )  # fmt: skip


def row(table, first):
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_the_table_by_tools():
    table = tools_table(made())
    assert "passing case, 50 / 1000 elements" in table
    assert row(table, "gradcheck") == [
        "gradcheck", "1 of 2 (50.0%)", "1", "1", "1 of 3 (33.3%)", "2 ms / 2 ms", "250 ms",
        "2 of 110; 1 of 2", "2 of 110; 1 of 2",
    ]  # fmt: skip
    assert row(table, "assert_close, float32")[-2:] == ["2 of 110; 1 of 2", ""]
    assert row(table, NAME) == [
        NAME, "3 of 3 (100.0%)", "0", "0", "3 of 3 (100.0%)", "2 ms / 2 ms", "250 ms; 2 s",
        "0 of 200; 0 of 2", "0 of 200; 0 of 2",
    ]  # fmt: skip


def test_the_table_by_families():
    table = families_table(made())
    assert row(table, "dgrad") == ["dgrad", *["1 of 2"] * len(TOOLS), "2 of 2"]
    assert row(table, "second order") == ["second order", *["-"] * len(TOOLS), "1 of 1"]


def test_what_another_tool_kills_and_the_harness_does_not_is_missed():
    assert made().missed_here() == {}
    assert made().let_through() == {"b": list(TOOLS), "c": list(TOOLS)}
    worse = made(ours=(SURVIVED, LATE, KILLED))
    assert worse.missed_here() == {"a": list(TOOLS)}
    assert worse.let_through() == {"c": list(TOOLS)}
    assert made(others=(KILLED, KILLED, NOT_ASKED), ours=(KILLED, LATE, KILLED)).missed_here() == {
        "b": list(TOOLS)
    }


def test_nothing_killed_has_no_time():
    none = made(others=(SURVIVED, SURVIVED, NOT_ASKED))
    assert none.until_conviction("gradcheck") is None
    assert row(tools_table(none), "gradcheck")[6] == ""
    assert made().until_conviction(NAME) == 0.25
    assert made().until_report() == 2.0  # of those that did not pass


def test_the_page_holds_what_was_measured():
    text = page(made(ours=(KILLED, LATE, KILLED)))
    for told in (
        "Made by `python -m benchmarks.detection`, in one run of 10 minutes on:",
        "- gradcheck: 200\n",
        f"- {NAME}: 150\n",
        "- **c** (dense: story of c): not by any other",
        "- **b** (dense: story of b): convicted too late, after 4 s, by bound: grad_x",
        "Killed by any other tool and not by this harness:\n\nNone.",
        "- gradcheck: 1 second derivatives of NumPy code",
        "- assert_close, float64: x",
        "23 elements of operands and 8 of the result; one forward takes 10 ms, one backward 20 ms",
        "| gradcheck | 75 s | Jacobian \\| mismatch |",
        "| fast | 500 ms | nothing: the case passes |",
        f"one of {OP},",
    ):
        assert told in text
    assert part_of(text, TABLE) == tools_table(made(ours=(KILLED, LATE, KILLED)))


def test_times_are_told_in_ms_or_s():
    assert [seconds(t) for t in (0.00123, 0.25, 0.9999, 75.25)] == [
        "1.23 ms", "250 ms", "1 s", "75.2 s",
    ]  # fmt: skip


def test_what_is_between_the_markers_is_exchanged_and_nothing_else():
    text = "before\n<!-- detection -->\nold\n<!-- /detection -->\nbehind, old\n"
    assert part_of(text, TABLE) == "old"
    assert with_part(text, TABLE, "| new |") == (
        "before\n<!-- detection -->\n| new |\n<!-- /detection -->\nbehind, old\n"
    )
    empty = with_part("<!-- loops -->\n<!-- /loops -->", LOOPS, "| new |")
    assert empty == "<!-- loops -->\n| new |\n<!-- /loops -->"
    with pytest.raises(ValueError, match="must hold <!-- detection --> and"):
        part_of("<!-- /detection --> <!-- detection -->", TABLE)


def test_the_readme_shows_the_table_of_the_page():
    written = (command.README.parent / "benchmarks" / PAGE).read_text()
    assert part_of(command.README.read_text(), TABLE) == part_of(written, TABLE)
    assert "Killed by any other tool and not by this harness:\n\nNone." in written


@pytest.mark.parametrize(("ours", "status"), [(KILLED, 0), (SURVIVED, 1)])
def test_the_command_fails_if_another_tool_sees_more(ours, status, monkeypatch, capsys):
    wanted, written = [], []

    def run(text, settings, progress):
        wanted.append((text, settings))
        return made(ours=(ours, KILLED, KILLED))

    monkeypatch.setattr(command, "run", run)
    monkeypatch.setattr(command, "write", written.append)
    assert command.main(["--budget", "0.5", "--cases", "40"]) == status
    assert command.main(["--only", "tanh"]) == status
    assert wanted == [
        ("python -m benchmarks.detection --budget 0.5 --cases 40", Settings(40, 0.5)),
        ("python -m benchmarks.detection --only tanh", Settings(only="tanh")),
    ]
    out, err = capsys.readouterr()
    assert out.count("# Beside what people use\n") == 2
    assert ("killed by another tool, and not by this harness: a" in err) == bool(status)
    assert len(written) == 1  # nothing of a part


def test_page_and_readme_are_written_together(tmp_path, monkeypatch):
    (tmp_path / "benchmarks").mkdir()
    readme = tmp_path / "README.md"
    readme.write_text("text\n<!-- detection -->\nold\n<!-- /detection -->\n")
    monkeypatch.setattr(command, "README", readme)
    monkeypatch.setattr(command, "_BENCHMARKS", tmp_path / "benchmarks")
    text = page(made())
    command.write(text)
    assert (tmp_path / "benchmarks" / PAGE).read_text() == text
    assert part_of(readme.read_text(), TABLE) == tools_table(made())


def test_the_slow_code_can_be_measured_alone(tmp_path, monkeypatch, capsys):
    report = Report("some tool", 2.0, "a word")
    slow = replace(made().named[0], reports=(report,))
    monkeypatch.setattr(command, "_BENCHMARKS", tmp_path)
    monkeypatch.setattr(command, "measure_loops", lambda progress: (slow,))
    before = page(made())
    (tmp_path / PAGE).write_text(before)
    assert command.main(["--loops"]) == 0
    after = (tmp_path / PAGE).read_text()
    told = part_of(after, LOOPS)
    assert told in capsys.readouterr().out
    assert told.startswith("Measured by `python -m benchmarks.detection --loops`, a run of its own")
    assert "| some tool | 2 s | a word |" in told
    assert after == with_part(before, LOOPS, told) != before
    assert part_of(before, LOOPS).startswith("Measured in the same run.\n\nA convolution of x")


@pytest.mark.parametrize("given", [["--budget", "0"], ["--cases", "0"], ["--budget", "nan"]])
def test_bad_arguments_are_refused(given, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(given)
    assert stopped.value.code == 2
    assert "must be" in capsys.readouterr().err
