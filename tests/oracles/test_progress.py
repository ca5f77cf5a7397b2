"""Progress: drawn on a terminal alone, gone at the end, and true about the time left."""

import os
import pty
import re
import subprocess
import sys

import pytest
from rich.progress import TimeRemainingColumn

from oracles import progress
from oracles.catalog import ops
from oracles.progress import RunBar, bar, cost
from oracles.runner import Progress

CASES = 40

MEASURED = {
    "conv1d": 1.8, "conv2d": 1.9, "conv3d": 2.1, "conv_transpose1d": 2.0, "conv_transpose2d": 2.3,
    "conv_transpose3d": 2.3, "dense": 1.4, "identity": 0.14, "tanh": 0.1, "arctan": 0.1,
    "sigmoid": 0.1, "relu": 0.1, "leaky_relu": 0.23, "relu6": 0.1, "elu": 0.28, "celu": 0.3,
    "selu": 0.11, "gelu": 0.35, "silu": 0.13, "mish": 0.14, "softplus": 0.34, "softsign": 0.35,
    "logsigmoid": 0.14, "hardtanh": 0.36, "hardsigmoid": 0.1, "hardswish": 0.1, "softmax": 1.3,
    "log_softmax": 1.3, "half_squared_error": 0.2, "mse_loss": 0.14, "cross_entropy": 2.2,
    "network": 2.4, "article": 1.5,
}  # fmt: skip
"""Seconds for an operation in one dtype, 40 cases with all witnesses, as a run has found them."""


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def shares_of_a_run(names):
    """Return the time left as it was told over what it then was, case by case, of a whole run."""
    clock, told = Clock(), []
    pairs = [(ops[name], dtype) for name in names for dtype in ("float32", "float64")]
    drawn = bar(hidden=True, clock=clock)
    shown = RunBar(pairs, CASES, "starting", drawn)
    total = sum(MEASURED[op.name] for op, _ in pairs)
    for op, dtype in pairs:
        for done in range(1, CASES + 1):
            clock.now += MEASURED[op.name] / CASES
            shown.show(Progress(op.name, dtype, done, CASES))
            (task,) = drawn.tasks
            if task.time_remaining and total - clock.now > 1:
                told.append(task.time_remaining / (total - clock.now))
        with shown.row():
            pass
    assert drawn.finished
    return told


def within_factor_two(told):
    return sum(0.5 <= share <= 2 for share in told) / len(told)


def test_every_operation_of_the_catalog_was_measured():
    assert {op.name for op in ops} == set(MEASURED)


@pytest.mark.parametrize(
    "names",
    [
        list(MEASURED),
        list(reversed(MEASURED)),
        ["tanh", "conv2d", "softmax", "relu", "dense", "gelu", "cross_entropy", "mse_loss"],
        ["network"],
    ],
)
def test_time_left_is_true_within_a_factor_of_two(names):
    assert within_factor_two(shares_of_a_run(names)) > 0.95


def test_without_shares_of_their_own_it_would_not_be(monkeypatch):
    monkeypatch.setattr(progress, "_COSTS", {})
    assert within_factor_two(shares_of_a_run(MEASURED)) < 0.5


def test_costs_stand_to_one_another_as_measured():
    for name, seconds in MEASURED.items():
        assert 1 / 4 < cost(name) * CASES / 1000 / seconds < 4, name


def test_shrinking_is_told_and_names_are_no_markup():
    drawn = bar(hidden=True)
    shown = RunBar([(ops.tanh, "float64")], CASES, "starting torch", drawn)
    (task,) = drawn.tasks
    assert (task.description, task.completed) == ("starting torch", 0)
    shown.show(Progress("[/b]\x1b[2J" + "n" * 200, "float64", 10, CASES))
    assert task.description == r"[/b]\x1b[2Jnnnnnn… float64"
    assert (task.fields["count"], task.percentage) == ("10/40 cases", 25)
    drawn.get_renderable()
    shown.show(Progress("tanh", "float64", 10, CASES, shrinking=True))
    assert task.fields["count"] == "shrinking"
    assert any(isinstance(column, TimeRemainingColumn) for column in drawn.columns)


OWN = """
import time
import numpy as np
from dataclasses import replace
from oracles import ops

def slow(x):
    time.sleep(0.1)
    return np.tanh(x)

right = ops.tanh.implemented_by(slow, None)
hostile = replace(right, name="[/b]\\x1b[2Jname")
"""

CALL = (sys.executable, "-m", "oracles.cli", "run", "--oracles", "complex_step", "--no-report",
        "--max-examples", "5", "--seed", "7", "--no-keep", "--dtypes", "float64")  # fmt: skip


def on_a_terminal(home, *arguments, env=None, streams=("stdout", "stderr")):
    """Return the status, and what was written to a terminal that has these streams of a run."""
    (home / "own.py").write_text(OWN)
    ours, theirs = pty.openpty()
    files = {name: (home / name).open("wb") for name in ("stdout", "stderr")}
    inherited = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [*CALL, *arguments], cwd=home, stdin=subprocess.DEVNULL,
        env={**inherited, "TERM": "xterm", "COLUMNS": "80", **(env or {})},
        **{name: theirs if name in streams else file for name, file in files.items()},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 2**16):
            written += chunk
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(ours)
    for file in files.values():
        file.close()
    return process.wait(), written.decode()


def screen(written):
    """Return the lines that are left on a screen: of escape codes, those that rich uses."""
    lines, at, column = [""], 0, 0
    for code, move, many, text in re.findall(
        r"(\x1b\[[\d;?]*[a-zA-Z])|(\r\n|\r|\n)|(\x1b.)|([^\x1b\r\n]+)", written
    ):
        if code.endswith("A"):
            at -= int(code[2:-1] or 1)
        elif code.endswith("K"):
            assert code == "\x1b[2K"
            lines[at] = ""
        elif code:
            assert code[-1] in "mhl", f"{code!r} does something else"
        elif move:
            column = 0
            at += move.endswith("\n")
            lines += [""] * (at + 1 - len(lines))
        else:
            assert not many
            lines[at] = lines[at][:column].ljust(column) + text + lines[at][column + len(text) :]
            column += len(text)
    return lines


def test_progress_is_seen_and_gone_at_the_end(tmp_path):
    status, written = on_a_terminal(tmp_path, "own:right", "own:hostile")
    assert status == 0
    assert re.search(r"tanh float64 .*\d+%.*[1-5]/5 cases.*0:00:0\d.*left", written)
    assert r"[/b]\x1b[2Jname float64 " in written
    left = screen(written)
    names = [line.split()[0] for line in left[2:4]]
    assert names == ["tanh", r"[/b]\x1b[2Jname"]
    assert not any(word in "\n".join(left) for word in ("left", "5/5", "━", "starting"))
    assert max(map(len, left)) <= 80
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is back


def test_rows_on_a_terminal_and_nothing_in_a_file(tmp_path):
    _, written = on_a_terminal(tmp_path, "tanh", streams=("stdout",))
    assert "\x1b[1;32mright: every subject" in written
    assert "━" not in written
    assert (tmp_path / "stderr").read_text() == ""


def test_progress_on_a_terminal_and_rows_in_a_file(tmp_path):
    _, written = on_a_terminal(tmp_path, "tanh", streams=("stderr",))
    assert "━" in written
    assert "".join(screen(written)).strip() == ""
    text = (tmp_path / "stdout").read_text()
    assert "right: every subject" in text
    assert "\x1b" not in text
    assert "━" not in text


def test_quiet_draws_nothing(tmp_path):
    _, written = on_a_terminal(tmp_path, "tanh", "--quiet")
    assert written.count("\n") == 1
    assert written.startswith("right: every subject")


def test_dumb_terminals_get_no_escape_codes(tmp_path):
    _, written = on_a_terminal(tmp_path, "tanh", env={"TERM": "dumb"})
    assert "\x1b" not in written
    assert "right: every subject" in written


def test_without_colour_there_are_no_escape_codes_in_what_stays(tmp_path):
    _, written = on_a_terminal(tmp_path, "tanh", env={"NO_COLOR": "1"}, streams=("stdout",))
    assert "\x1b" not in written
    assert "right: every subject" in written


def test_the_screen_of_these_tests_sees_what_is_left():
    assert screen("a\r\nbar\r\x1b[2Kb") == ["a", "b"]
    assert screen("bar 50%\rbar") == ["bar 50%"]
    assert screen("one\ntwo\x1b[1A\r\x1b[2Kthree") == ["three", "two"]
