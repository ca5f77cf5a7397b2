"""Standard output that cannot be written, or is closed, does not read as a wrong subject."""

import json
import subprocess
import sys

import pytest

from oracles import exit_status

OWN = """
import numpy as np
from oracles import ops

right = ops.tanh
wrong = ops.tanh.implemented_by(lambda x: np.tanh(x), lambda g, x: g * np.tanh(x))
"""
QUICK = ("--oracles", "complex_step", "--max-examples", "3", "--dtypes", "float64", "--seed", "7",
         "--output", "out")  # fmt: skip
RIGHT, WRONG = ("run", "own.py:right", *QUICK), ("run", "own.py:wrong", *QUICK)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def ended(home, where, *arguments):
    """Return exit status and standard error of a call with its standard output elsewhere."""
    command = ["sh", "-c", f'exec "$@" {where}', "sh", sys.executable, "-m", "oracles.cli"]
    done = subprocess.run(
        [*command, *arguments], cwd=home, stderr=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stderr


FULL = "oracle-diff: error: the output cannot be written: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (RIGHT, exit_status.BROKEN),
        ((*RIGHT, "--quiet"), exit_status.BROKEN),
        ((*RIGHT, "--json", "-", "--quiet"), exit_status.BROKEN),
        (WRONG, exit_status.WRONG),
        ((*WRONG, "--quiet"), exit_status.WRONG),
    ],
)
def test_a_run_into_a_full_disk_writes_its_report(home, arguments, status):
    assert ended(home, "> /dev/full", *arguments) == (status, FULL)
    passed = status != exit_status.WRONG
    assert json.loads((home / "out/report.json").read_text())["passed"] is passed


@pytest.mark.parametrize(
    "arguments", [("list",), ("list", "--schema"), ("--version",), ("--help",), ("run", "--help")]
)
def test_what_is_shown_and_lost_is_no_success(home, arguments):
    assert ended(home, "> /dev/full", *arguments) == (exit_status.BROKEN, FULL)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(RIGHT, 0), ((*RIGHT, "--quiet"), 0), (WRONG, 1), ((*RIGHT, "--json", "-"), 0),
     (("list",), 0), (("list", "--schema"), 0), (("--version",), 0)],
)  # fmt: skip
def test_a_closed_output_is_nobody_s_loss(home, arguments, status):
    told, error = ended(home, ">&-", *arguments)
    assert told == status
    assert "Traceback" not in error
    if "--json" not in arguments:  # then standard error is for people
        assert error == ""
    if arguments[0] == "run":
        assert json.loads((home / "out/report.json").read_text())["passed"] is (status == 0)
