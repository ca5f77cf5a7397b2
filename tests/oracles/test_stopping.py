"""A run that is ended from outside leaves the old report whole, or the new one of what was done."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from oracles import cli, report_reader, runner, search
from oracles.catalog import ops
from oracles.checking import run
from oracles.exit_status import BROKEN, INTERRUPTED, RIGHT, TERMINATED
from oracles.reporting.json_form import json_text
from oracles.runner import Runner
from oracles.stopping import stopping
from tests.oracles.reports import entry, report

SLOW = """
import time
import numpy as np
from oracles import ops

def tanh(x):
    open("calls", "a").write(".")
    time.sleep(0.02)
    return np.tanh(x)

op = ops.tanh.implemented_by(tanh, None)
"""
RUN = ("run", "slow:op", "--oracles", "complex_step", "--dtypes", "float64", "--output", "out")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/report.json").write_text(json_text(report(entry("old"))))
    return tmp_path


def ended(home, number, calls):
    """Run until the subject was called so often, send a signal, return the exit status."""
    command = [sys.executable, "-m", "oracles.cli", *RUN]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    process = subprocess.Popen(command, cwd=home, text=True, **pipe)
    seen = home / "calls"
    while not seen.exists() or seen.stat().st_size < calls:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    return process.returncode


def left(home):
    return report_reader.load_report(str(home / "out/report.json"))


def test_a_killed_run_leaves_the_old_report(home):
    assert ended(home, signal.SIGKILL, 3) == -signal.SIGKILL
    assert [each.op for each in left(home).entries] == ["old"]


def test_a_run_that_is_told_to_end_writes_what_was_done(home):
    assert ended(home, signal.SIGTERM, 8) == TERMINATED
    found = left(home)
    assert found.interrupted
    assert [each.op for each in found.entries] == ["tanh"]
    assert 0 < found.cases < 40


def test_an_interrupt_between_cases_keeps_the_entries_that_are_done(home, monkeypatch, capsys):
    proof = Runner.proof

    def interrupted(runner, op, limits):
        if op.name == "dense":
            raise KeyboardInterrupt
        return proof(runner, op, limits)

    monkeypatch.setattr(Runner, "proof", interrupted)
    with pytest.raises(SystemExit) as done:
        cli.main(["run", "identity", "dense", "tanh", *RUN[2:], "--max-examples", "2"])
    assert done.value.code == INTERRUPTED
    assert "interrupted; right so far: every subject" in capsys.readouterr().out
    identity, dense = left(home).entries
    assert (identity.op, dense.op, left(home).interrupted) == ("identity", "dense", True)
    assert identity.proof is not None
    assert (dense.proof, dense.cases) == (None, 2)


WRONG = """
import numpy as np
from oracles import ops

op = ops.dense.implemented_by(lambda x, w, b: x @ w.T + 2 * b, None)
"""


@pytest.fixture
def interrupts(monkeypatch):
    """Return a function that has a signal come in each call of a function: the name of the log."""

    def interrupt(number, owner, name):
        first, calls = getattr(owner, name), []

        def signalled(*given, **named):
            calls.append(name)
            os.kill(os.getpid(), number)
            time.sleep(0.1)  # or the function is over before Python looks for signals
            return first(*given, **named)

        monkeypatch.setattr(owner, name, signalled)
        return calls

    return interrupt


@pytest.mark.parametrize(
    ("owner", "name", "calls"),
    [
        (runner, "account", 2),  # the second time by the subject alone, and to the end
        (runner, "diagnose", 1),
        (runner, "keep", 2),
        (Runner, "proof", 1),
        (runner, "entry_of", 2),
    ],
)
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, INTERRUPTED)]
)
def test_an_interrupt_after_a_conviction_does_not_lose_it(
    home, interrupts, capsys, owner, name, calls, number, status
):
    (home / "wrong.py").write_text(WRONG)
    made = interrupts(number, owner, name)
    with pytest.raises(SystemExit) as done:
        cli.main(["run", "wrong.py:op", *RUN[2:], "--max-examples", "3"])
    assert done.value.code == status
    assert len(made) == calls
    assert "WRONG: dense float64" in capsys.readouterr().out
    found, (dense,) = left(home), left(home).entries
    assert found.interrupted
    assert "y: WRONG" in dense.failure.sentences[0]
    assert bool(dense.failure.causes) is (name not in ("account", "diagnose"))
    assert (home / dense.failure.saved / "case.json").is_file()
    assert (dense.proof is None) is (name != "entry_of")


def test_after_an_interrupt_nothing_is_explained_or_proved(home, interrupts, monkeypatch):
    (home / "wrong.py").write_text(WRONG)
    asked = []
    monkeypatch.setattr(runner, "diagnose", lambda *_, **__: asked.append("diagnose"))
    monkeypatch.setattr(runner, "prove_apart", lambda *_, **__: asked.append("proof"))
    monkeypatch.setattr(Runner, "_said", lambda *_: asked.append("witnesses"))
    interrupts(signal.SIGINT, search, "shrink")
    with pytest.raises(SystemExit, match=f"^{INTERRUPTED}$"):
        cli.main(["run", "wrong.py:op", *RUN[2:]])
    assert left(home).entries[0].failure is not None
    assert asked == []


def test_an_interrupt_ends_a_run_of_python_code_at_once(monkeypatch):
    examined = []

    def interrupted(self, op, *_):
        examined.append(op.name)
        self.interrupted = True

    monkeypatch.setattr(Runner, "examine", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run([ops.dense, ops.tanh], oracles=())
    assert examined == ["dense"]


HELD = """
import os, signal, sys, time
from oracles import cli, finishing
from oracles.workers import Workers
place, number = sys.argv[1], int(sys.argv[2])
home, name = {"close": (Workers, "close"), "write": (finishing, "write_outputs")}[place]
first = getattr(home, name)

def signalled(*given):
    os.kill(os.getpid(), number)
    time.sleep(0.1)
    return first(*given)

setattr(home, name, signalled)
cli.main(sys.argv[3:])
"""


@pytest.mark.parametrize("place", ["close", "write"])
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, TERMINATED), (signal.SIGINT, INTERRUPTED)]
)
def test_a_signal_at_the_end_loses_nothing_of_what_was_found(home, place, number, status):
    command = [sys.executable, "-c", HELD, place, str(number), *RUN, "--max-examples", "2"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "")
    assert [each.op for each in left(home).entries] == ["tanh"]
    assert not left(home).interrupted
    assert "right: every subject" in done.stdout
    assert list((home / "out").glob(".*.part")) == []


def test_the_signal_is_what_it_was_after_the_block():
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    with stopping() as stop:
        assert signal.getsignal(signal.SIGTERM) != before[0]
        stop.hold()
    assert [signal.getsignal(number) for number in numbers] == before
    assert not stop.terminated
    assert (stop.status(INTERRUPTED), stop.status(RIGHT)) == (INTERRUPTED, RIGHT)


def test_the_signal_interrupts_and_is_told_from_ctrl_c():
    with stopping() as stop, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert stop.terminated
    assert [stop.status(each) for each in (INTERRUPTED, RIGHT, BROKEN)] == [
        TERMINATED, TERMINATED, BROKEN,
    ]  # fmt: skip


def test_a_block_that_does_not_care_is_left_with_the_status_of_the_signal():
    with pytest.raises(SystemExit, match=f"^{TERMINATED}$"), stopping():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    with pytest.raises(KeyboardInterrupt), stopping():
        raise KeyboardInterrupt


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # if JAX was imported before
def test_a_forked_child_ends_at_once():
    ready, told = os.pipe()
    with stopping():
        child = os.fork()
        if not child:  # a signal that comes before Python runs here is lost
            os.write(told, b".")
            time.sleep(60)
            os._exit(0)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == TERMINATED


def test_another_thread_sets_no_signal():
    seen = []

    def work():
        with stopping() as stop:
            stop.hold()
            seen.append((stop.terminated, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.getsignal(signal.SIGTERM))]
