"""A run that is broken in its middle: what was found is written, and a word says what happened."""

import errno
import os
from dataclasses import replace

import pytest

from oracles import board, cli, run_command, search
from oracles.catalog import ops
from oracles.checking import run
from oracles.exit_status import BROKEN, INTERRUPTED, WITNESS_FAILED
from oracles.report_reader import load_report
from oracles.reporting.json_form import json_text
from oracles.runner import Runner
from oracles.workers import CannotAsk
from tests.oracles.made_reports import defect, made_report, right_entry
from tests.oracles.reports import entry, report

OWN = """
import numpy as np
from oracles import ops

op = ops.dense.implemented_by(lambda x, w, b: x @ w.T + 2 * b, None)
"""
QUICK = ("--dtypes", "float64", "--max-examples", "3", "--seed", "7", "--output", "out")
ALONE = (*QUICK, "--oracles", "complex_step")
FULL = "oracle-diff: error: torch cannot be asked: [Errno 28] No space left on device\n"
EARLIER = "oracle-diff: no report written: those in out are of an earlier run\n"


@pytest.fixture
def call(tmp_path, capsys):
    """Return a function that calls `oracle-diff`: status, standard output and error."""
    (tmp_path / "own.py").write_text(OWN)

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        return ended.value.code, *capsys.readouterr()

    return call


@pytest.fixture
def fill(monkeypatch):
    """Return a function after which the disk has no room for a witness's case."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: monkeypatch.setattr(board.Writer, "write", full)


def left():
    return load_report("out/report.json")


def test_a_full_disk_is_one_line_and_the_status_of_a_broken_harness(call, fill):
    fill()
    status, out, error = call("run", "dense", "tanh", *QUICK, "--oracles", "torch", "--quiet")
    assert (status, out, error) == (BROKEN, "interrupted; nothing was compared\n", FULL)
    assert left().notes == (f"cut short: CannotAsk: {FULL.split('error: ')[1].strip()}",)


def test_what_was_found_before_the_disk_was_full_is_reported(call, fill, monkeypatch):
    examine = Runner.examine

    def examined(self, op, *rest):
        if op.name == "tanh":
            fill()
        return examine(self, op, *rest)

    monkeypatch.setattr(Runner, "examine", examined)
    names = ("identity", "tanh", "relu")
    status, out, error = call("run", *names, *QUICK, "--oracles", "torch", "--quiet")
    assert (status, error) == (BROKEN, FULL)
    assert out.startswith("interrupted; right so far: ")
    assert [(each.op, each.cases) for each in left().entries] == [("identity", 3), ("tanh", 0)]


def test_a_conviction_is_not_lost_to_a_full_disk(call, fill, monkeypatch):
    shrink = search.shrink

    def shrunk(*given, **named):
        fill()
        shrink(*given, **named)

    monkeypatch.setattr(search, "shrink", shrunk)
    status, out, error = call("run", "own.py:op", *QUICK, "--oracles", "torch", "--quiet")
    assert (status, error) == (BROKEN, FULL)
    assert out.startswith("interrupted; WRONG: dense float64; ")
    assert "y: WRONG" in left().entries[0].failure.sentences[0]


def test_python_code_is_told_by_an_exception(fill):
    fill()
    with pytest.raises(CannotAsk, match=r"^torch cannot be asked: \[Errno 28\] No space left"):
        run([ops.dense, ops.tanh], oracles=("torch",), dtypes=("float64",), max_examples=2)


def test_other_commands_say_it_in_the_same_line(call, fill):
    fill()
    status, _, error = call("article", "--oracles", "torch", "--output", "out")
    assert (status, error) == (BROKEN, FULL)


def broken_at(monkeypatch, name, error):
    """Have the harness fail when it comes to the operation."""
    examine = Runner.examine

    def examined(self, op, *rest):
        if op.name == name:
            raise error
        return examine(self, op, *rest)

    monkeypatch.setattr(Runner, "examine", examined)


def test_a_fault_of_the_harness_leaves_what_was_finished(call, monkeypatch):
    broken_at(monkeypatch, "tanh", RuntimeError("no cases today"))
    status, out, error = call("run", "identity", "tanh", *ALONE, "--quiet")
    assert status == BROKEN
    assert out.startswith("interrupted; right so far: ")
    assert error.startswith("Traceback (most recent call last):\n")
    assert error.endswith("\nRuntimeError: no cases today\n")
    assert [each.op for each in left().entries] == ["identity"]
    assert left().notes == ("cut short: RuntimeError: no cases today",)


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("no cases today"), BROKEN), (SystemExit(3), WITNESS_FAILED)]
)
def test_a_run_without_a_report_says_so_of_an_earlier_one(call, monkeypatch, error, status):
    broken_at(monkeypatch, "tanh", error)
    ended, _, told = call("run", "tanh", *ALONE, "--quiet")
    assert (ended, EARLIER in told) == (status, False)  # there is none
    os.makedirs("out", exist_ok=True)
    for name in ("report.json", "report.md"):
        with open(f"out/{name}", "w") as file:
            file.write(json_text(report(entry("old"))))
        os.utime(f"out/{name}", (1e9, 1e9))
    ended, _, told = call("run", "tanh", *ALONE, "--quiet")
    assert (ended, told.count(EARLIER)) == (status, 1)
    ended, _, told = call("run", "tanh", *ALONE, "--quiet", "--no-report")
    assert (ended, EARLIER in told) == (status, False)
    assert left().entries[0].op == "old"


def test_so_does_one_that_is_interrupted_before_anything_ran(call, monkeypatch):
    assert call("run", "tanh", *ALONE, "--quiet")[0] == 0

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "make_runner", interrupted)
    os.utime("out/report.json", (1e9, 1e9))
    status, _, error = call("run", "tanh", *ALONE, "--quiet")
    assert (status, error) == (INTERRUPTED, EARLIER)
    status, _, error = call("run", "tanhh", *ALONE)
    assert (status, EARLIER in error) == (2, False)


@pytest.mark.parametrize("much", [("--quiet",), ()])
def test_status_3_says_which_witness_and_where(call, tmp_path, much):
    deaths = (defect(kind="crashed", sentence="jax: crashed", count=1),
              defect("torch", kind="timed out", sentence="torch: timed out", count=1))  # fmt: skip
    found = made_report(right_entry("dense", defects=deaths), right_entry("conv3d", cases=1,
                        defects=deaths[:1]), missing={"torch": "not installed"})  # fmt: skip
    found = replace(found, oracles=("torch", "jax"))
    (tmp_path / "full.json").write_text(json_text(found))
    status, out, _ = call("report", "full.json", "--require", "jax", *much)
    assert status == WITNESS_FAILED
    assert out.endswith(
        "\nexit status 3: required witness jax crashed in dense float64 (1 of 20 cases); "
        "jax crashed in conv3d float64 (1 of 1 case)\n"
    )
    status, out, _ = call("report", "full.json", "--require", "torch", *much)
    assert status == WITNESS_FAILED
    assert out.endswith(
        "\nexit status 3: required witness torch is missing; "
        "torch timed out in dense float64 (1 of 20 cases)\n"
    )
    assert "exit status" not in call("report", "full.json", *much)[1]
