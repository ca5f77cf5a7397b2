"""`oracle-diff report`, `merge` and `run --baseline`, called in this process but where it says."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from oracles import run_command
from oracles.catalog import ops
from oracles.checking import run
from oracles.cli import main
from oracles.exit_status import BROKEN, INTERRUPTED, NOTHING, RIGHT, WITNESS_FAILED, WRONG
from oracles.report_reader import load_report
from oracles.reporting.json_form import json_text
from oracles.reporting.terminal import whole
from oracles.wrong_cases import Defect
from tests.oracles.reports import report

USAGE = 2

OWN = """
from pathlib import Path
import numpy as np
from oracles import ops

def forward(x):
    return np.tanh(x)

def backward(g, x):
    return g * (np.tanh(x) if Path("wrong").exists() else np.cosh(x) ** -2)

op = ops.tanh.implemented_by(forward, backward)
"""
QUICK = ("--oracles", "complex_step", "--max-examples", "5", "--seed", "7", "--no-keep",
         "--dtypes", "float64")  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Return a report with a failure, and one without."""
    wrong = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))
    both = [run([op, ops.dense], oracles=("complex_step",), max_examples=5, seed=1)
            for op in (wrong, ops.tanh)]  # fmt: skip
    return {"wrong": both[0], "right": both[1]}


@pytest.fixture
def home(tmp_path, monkeypatch, found):
    monkeypatch.chdir(tmp_path)
    for name, each in found.items():
        (tmp_path / f"{name}.json").write_text(json_text(each))
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.fixture
def call(home, capsys):
    """Return a function that calls `oracle-diff`: status, standard output and error."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        return ended.value.code, *capsys.readouterr()

    return call


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*.*"))


@pytest.mark.parametrize(("name", "status"), [("right", RIGHT), ("wrong", WRONG)])
def test_report_shows_what_the_run_showed_and_writes_nothing(call, home, found, name, status):
    before = files(home)
    done, text, error = call("report", f"{name}.json")
    assert (done, error) == (status, "")
    assert text.split() == whole(found[name]).split()
    assert files(home) == before
    done, text, error = call("report", f"{name}.json", "--quiet")
    assert (done, len(text.splitlines()), error) == (status, 1, "")


def test_report_writes_the_same_files_again_where_it_is_told(call, home):
    _, text, _ = call("report", "wrong.json", "--output", "again")
    assert "report: again/report.html again/report.md again/report.json" in text
    assert (home / "again/report.json").read_text() == (home / "wrong.json").read_text()
    call("report", "wrong.json", "--output", "no", "--no-report")
    assert not (home / "no/report.json").exists()


def test_report_has_the_status_of_an_interrupted_run_and_of_a_required_witness(call, home, found):
    cut = replace(found["wrong"], interrupted=True)
    (home / "cut.json").write_text(json_text(cut))
    assert call("report", "cut.json")[0] == INTERRUPTED
    first = found["right"].entries[0]
    case = found["wrong"].failures[0].failure.case
    for kind in ("crashed", "timed out"):
        death = Defect("complex_step", kind, f"complex_step: {kind}", 1, case)
        died = replace(found["right"], entries=(replace(first, defects=(death,)),))
        (home / "died.json").write_text(json_text(died))
        assert call("report", "died.json")[0] == RIGHT
        assert call("report", "died.json", "--require", "complex_step")[0] == WITNESS_FAILED
    (home / "none.json").write_text(json_text(report(missing={"torch": "not installed"})))
    assert call("report", "none.json")[0] == NOTHING
    assert call("report", "none.json", "--require", "torch")[0] == NOTHING


DAMAGED = {
    "missing.json": (None, "cannot read 'missing.json': No such file or directory"),
    "empty.json": (b"", "'empty.json' is no report: Expecting value: line 1 column 1 (char 0)"),
    "binary.json": (b"\xff\xfe", "'binary.json' is no report: it is not UTF-8"),
    "list.json": (b"[1]", "'list.json' is no report: JSON without a schema_version"),
    "other.json": (
        b'{"schema_version": 99}',
        "'other.json' is no report: report has schema version 99, this is 4",
    ),
    "half.json": (
        b'{"schema_version": 4, "seed": "x"}',
        "'half.json' is no report: report.seed is 'x', not a whole number",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_report_is_refused_before_the_work(call, home, monkeypatch, name):
    content, why = DAMAGED[name]
    if content is not None:
        (home / name).write_bytes(content)
    monkeypatch.setattr(run_command, "make_runner", None)  # whoever calls it fails
    for arguments, prefix in [
        (("report", name), ""),
        (("merge", "right.json", name), ""),
        (("run", "identity", "--baseline", name), "argument --baseline: "),
        (("report", "right.json", "--baseline", name), "argument --baseline: "),
    ]:
        status, text, error = call(*arguments)
        assert (status, text) == (USAGE, "")
        assert error.splitlines()[-1] == f"oracle-diff: error: {prefix}{why}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "identity", "--fail-on", "new"), "argument --fail-on: new is since an earlier "),
        (("report", "right.json", "--fail-on", "new"), "argument --fail-on: new is since an earl"),
        (("report", "right.json", "--require", "jax"), "argument --require: 'jax' was not asked"),
        (("report", "right.json", "--output", "right.json/x"), "cannot write to 'right.json/x'"),
    ],
)
def test_what_cannot_be_is_refused(call, arguments, message):
    status, _, error = call(*arguments)
    assert status == USAGE
    assert error.splitlines()[-1].startswith(f"oracle-diff: error: {message}")


def test_a_run_is_compared_with_a_baseline_that_stays_as_it_is(call, home):
    first = ("run", "own.py:op", "identity", *QUICK)
    assert call(*first, "--output", "main")[0] == RIGHT
    kept = (home / "main/report.json").read_bytes()
    (home / "wrong").touch()
    since = ("--baseline", "main/report.json", "--fail-on", "new")
    for _ in range(2):  # asking once more makes nothing right
        status, text, _ = call(*first, *since)
        assert status == WRONG
        assert "new failure: tanh float64 (own" in text
        assert "1 new failure, 1 right" in text
        assert "WRONG, 1 of 1 new: tanh float64;" in text
    assert "new failure: tanh float64 (own" in (home / ".oracles/report.md").read_text()
    told = load_report(".oracles/report.json").changes
    assert (told.against, len(told.of("new failure"))) == ("main/report.json", 1)
    assert (home / "main/report.json").read_bytes() == kept

    call(*first, "--output", "main")
    status, text, _ = call(*first, *since)
    assert status == RIGHT
    assert "WRONG, none of it new: tanh float64;" in text
    assert text.splitlines()[-1] == "exit status 0: with --fail-on new, none of that is a failure"
    assert call(*first, "--baseline", "main/report.json")[0] == WRONG
    assert call("report", ".oracles/report.json", "--fail-on", "new")[0] == RIGHT
    assert call("report", ".oracles/report.json")[0] == WRONG


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "identity", "--output", "."),
        ("run", "identity", "--no-report", "--json", "x/../report.json"),
        ("run", "identity", "--no-report", "--junit", "report.json"),
        ("merge", "right.json", "--output", "link"),
        ("report", "right.json", "--output", "."),
    ],
)
def test_a_baseline_that_would_be_overwritten_is_refused(call, home, found, arguments, monkeypatch):
    monkeypatch.setattr(run_command, "make_runner", None)  # whoever calls it fails
    (home / "report.json").write_text(json_text(found["right"]))
    (home / "x").mkdir()
    (home / "link").symlink_to(".")
    status, text, error = call(*arguments, "--baseline", "report.json")
    assert (status, text) == (USAGE, "")
    assert error.splitlines()[-1].startswith(
        "oracle-diff: error: argument --baseline: 'report.json' would be overwritten"
    )
    assert (home / "report.json").read_text() == json_text(found["right"])


def test_a_baseline_in_the_output_directory_may_be_read(call):
    call("report", "right.json", "--output", ".oracles")
    status, text, _ = call("run", "identity", *QUICK, "--baseline", ".oracles/report.json",
                           "--no-report")  # fmt: skip
    assert status == RIGHT
    assert "4 only in the earlier report" in text


def test_a_report_is_compared_with_another(call):
    status, text, _ = call("report", "wrong.json", "--baseline", "right.json")
    assert status == WRONG
    # The subject is another: nothing of it is fixed or wrong as before.
    assert "2 new failures, 2 only in the earlier report, 2 right" in text
    same = ("report", "wrong.json", "--baseline", "wrong.json")
    assert "2 still wrong, 2 right" in call(*same)[1]
    assert call(*same, "--fail-on", "new")[0] == RIGHT


def test_merge_writes_one_report_of_all(call, home):
    status, text, error = call("merge", "right.json", "wrong.json", "right.json")
    assert (status, error) == (WRONG, "")
    found = load_report(".oracles/report.json")
    assert [(e.op, e.passed) for e in found.entries[::2]] == [
        ("tanh", True), ("dense", True), ("tanh", False), ("dense", True),
    ]  # fmt: skip
    assert found.notes[0].startswith("merged from 3 reports: seed 1 of ")
    assert found.notes[0] in " ".join(text.split())
    (home / "one.json").write_text((home / ".oracles/report.json").read_text())
    status, text, _ = call("merge", "one.json", "--baseline", "wrong.json", "--fail-on", "new")
    assert status == RIGHT
    assert "2 still wrong" in text


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_status_4(call, home, monkeypatch):
    call("report", "right.json", "--output", "out")
    before = (home / "out/report.json").read_text()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    status, text, error = call("report", "wrong.json", "--output", "out")
    assert status == BROKEN
    assert "WRONG: tanh float32" in text
    assert len(error.splitlines()) == 1
    assert error.startswith("oracle-diff: error: no report written, earlier files are as they were")
    assert error.endswith("No space left on device: 'out/report.html'\n")
    assert (home / "out/report.json").read_text() == before
    assert files(home / "out") == [".gitignore", "report.html", "report.json", "report.md"]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
sys.dont_write_bytecode = True
from oracles.cli import main
try:
    main(["report", "wrong.json", "--output", "out"])
finally:
    sys.stderr.write(repr(sorted({"torch", "jax"} & sys.modules.keys())))
"""


def test_a_limit_of_the_system_leaves_the_old_report_and_no_framework_was_imported(call, home):
    call("report", "right.json", "--output", "out")
    before = {path: path.read_text() for path in (home / "out").iterdir()}
    done = subprocess.run([sys.executable, "-c", LIMITED], cwd=home, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.returncode == BROKEN
    line, modules = done.stderr.splitlines()
    assert line.endswith(" 'out/report.html'")
    assert "File too large" in line
    assert modules == "[]"
    assert {path: path.read_text() for path in (home / "out").iterdir()} == before
    assert json.loads(before[home / "out/report.json"])["passed"]


def test_help_names_what_the_options_do(call):
    status, text, _ = call("report", "--help")
    assert status == 0
    for words in ("--baseline PATH", "--fail-on {any,new}", "(default none)", "Nothing is run"):
        assert words in " ".join(text.split())
    assert "(default .oracles)" in " ".join(call("merge", "--help")[1].split())
    assert "143" in call("--help")[1]
