"""`oracle-diff replay` in a process that knows nothing of the run that failed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oracles.case_file import dump_case
from oracles.counterexample_reading import read

OWN = """
from pathlib import Path

import numpy as np
from oracles import ops

Path("imported").write_text("")
FACTOR = {factor}

def forward(x):
    return np.tanh(x)

def backward(g, x):
    return FACTOR * g / np.cosh(x) ** 2

op = ops.tanh.implemented_by(forward, backward)
other = ops.arctan.implemented_by(forward, backward)
refusing = ops.tanh.implemented_by(lambda x: 1 / 0, None, unsupported=ZeroDivisionError)
forward_alone = ops.tanh.implemented_by(forward, None)
"""

RUN = ("--oracles", "complex_step", "--seed", "7", "--dtypes", "float64", "--max-examples", "9",
       "--limit", "special_values=false")  # fmt: skip


def call(*arguments, cwd):
    command = [sys.executable, "-m", "oracles.cli", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


def replay(*arguments, cwd):
    return call("replay", *arguments, "--oracles", "complex_step", cwd=cwd)


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """Return a directory in which a run has failed, and its output."""
    home = tmp_path_factory.mktemp("failed")
    (home / "sub").mkdir()
    (home / "sub" / "own.py").write_text(OWN.format(factor=2))
    done = call("run", "sub/own.py:op", *RUN, cwd=home)
    assert done.returncode == 1
    return home, done.stdout


@pytest.fixture
def home(failed, tmp_path):
    shutil.copytree(failed[0], tmp_path / "home")
    (tmp_path / "home" / "imported").unlink()
    return tmp_path / "home"


def folder(home):
    (found,) = (home / ".oracles" / "failures").iterdir()
    return found.relative_to(home)


def mended(home, factor=1):
    (home / "sub" / "own.py").write_text(OWN.format(factor=factor))


def test_run_says_how_to_replay(failed):
    home, output = failed
    path = folder(home)
    assert f"oracle-diff replay {path}" in output
    assert json.loads((home / path / "case.json").read_text())["spec"] == "sub/own.py:op"


@pytest.mark.parametrize("file", ["", "case.json"])
def test_subject_that_is_still_wrong_exits_1_with_the_whole_story(failed, home, file):
    done = replay(str(folder(home) / file), cwd=home)
    assert (done.returncode, done.stderr) == (1, "")
    told = "is WRONG as tanh in float64\n  (a counterexample kept from an earlier run)\n"
    assert told in done.stdout
    assert "complex_step agrees with exact arithmetic" in " ".join(done.stdout.split())
    assert "to reproduce it, bit for bit:" in done.stdout
    assert done.stdout.rstrip().endswith("the subject's answer has the recorded bits")
    sentence = next(line for line in failed[1].splitlines() if "grad_x: WRONG" in line)
    assert sentence in done.stdout


def test_subject_that_is_right_now_exits_0(home):
    mended(home)
    done = replay(str(folder(home)), cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    assert "own.forward is right as tanh in float64 on this case" in done.stdout
    assert "the subject's answer has other bits than recorded: grad_x" in done.stdout
    assert "WRONG" not in done.stdout
    again = call("run", "sub/own.py:op", *RUN, cwd=home)
    assert "tanh float64: right on 1 kept from earlier runs" in again.stdout


def test_wrong_in_another_way(home):
    mended(home, 3)
    done = replay(str(folder(home)), cwd=home)
    assert done.returncode == 1
    assert "the subject's answer has other bits than recorded: grad_x" in done.stdout


def test_subject_can_be_named(home):
    for spec, status in [
        ("oracles.catalog:ops.tanh", 0),
        ("sub/own.py:op", 1),
        (f"{home}/sub/own.py:op", 1),
        ("sub/own.py:forward_alone", 0),
    ]:
        assert replay(str(folder(home)), "--subject", spec, cwd=home).returncode == status


def test_the_case_that_killed_a_witness_is_told_from_a_counterexample(home):
    case = read(home / folder(home)).case
    path = home / "sub" / "jax-0123456789ab.case"
    path.write_bytes(dump_case(case))
    done = replay(str(path), cwd=home)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        f"oracle-diff: error: {path} is no counterexample: it is the case that killed a witness, "
        "or kept it too long"
    )
    assert "oracle-diff report REPORT.json --verbose" in done.stderr
    path.write_bytes(b"something else")
    assert "killed a witness" not in replay(str(path), cwd=home).stderr


def test_subject_that_refuses_is_neither(home):
    done = replay(str(folder(home)), "--subject", "sub/own.py:refusing", cwd=home)
    assert done.returncode == 5
    assert "refuses this case: forward raised ZeroDivisionError" in done.stdout


def test_run_without_keeping(home):
    shutil.rmtree(home / ".oracles")
    done = call("run", "sub/own.py:op", *RUN, "--no-keep", cwd=home)
    assert done.returncode == 1
    assert "saved; to run" not in done.stdout
    assert not (home / ".oracles" / "failures").exists()


def test_script_runs_where_it_lies(home):
    mended(home, 2)
    done = subprocess.run([sys.executable, home / folder(home) / "reproduce.py"], cwd=home.parent,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "grad_x of record: " in done.stdout
    assert "grad_x of torch: " in done.stdout


def changed(home, **changes):
    file = home / folder(home) / "case.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def refused(home, message, *arguments, path=None):
    done = replay(path or str(folder(home)), *arguments, cwd=home)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("oracle-diff: error: ")
    assert message in last
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 9}, "schema version 9, this is 1"),
        ({"spec": ""}, "does not say where its subject own.forward is: name it, --subject"),
        ({"spec": "../home/sub/own.py:op"}, "is not a file below the current directory"),
        ({"spec": "/sub/own.py:op"}, "is not a file below the current directory"),
        ({"spec": "gone.py:op"}, "cannot load 'gone.py:op': there is no file 'gone.py'"),
        ({"layouts": {"x": "spiral"}}, "cannot have the memory layout 'spiral'"),
        ({"arrays": {"x": {"dtype": "float64", "shape": [2**40]}}}, "more than 1073741824"),
    ],
)
def test_bad_file_exits_2_and_imports_nothing(home, changes, message):
    changed(home, **changes)
    refused(home, message)
    assert not (home / "imported").exists()


def test_file_outside_by_a_link_is_refused(home, tmp_path):
    (tmp_path / "evil.py").write_text("open('imported', 'w')\n")
    (home / "link.py").symlink_to(tmp_path / "evil.py")
    changed(home, spec="link.py:op")
    refused(home, "is not a file below the current directory")
    assert not (home / "imported").exists()


def test_what_lies_beside_the_case_is_not_run(home):
    for name in ("reproduce.py", "sitecustomize.py", "own.py"):
        (home / folder(home) / name).write_text("open('executed', 'w')\n")
    assert replay(str(folder(home)), cwd=home).returncode == 1
    assert not (home / "executed").exists()


def test_truncated_arrays_and_no_folder_exit_2(home):
    refused(home, "gone is no counterexample: there is no file case.json", path="gone")
    file = home / folder(home) / "arrays.npz"
    file.write_bytes(file.read_bytes()[:99])
    refused(home, "is no counterexample: arrays.npz is damaged")
    assert not (home / "imported").exists()


def test_bad_subjects_exit_2(home):
    for spec, message in [
        ("sub/own.py:other", "'sub/own.py:other' is a subject for arctan, the case is one of tanh"),
        ("sub/own.py:forward", "is a function, not an oracles.Op"),
        ("nowhere:op", "cannot load 'nowhere:op': No module named 'nowhere'"),
    ]:
        refused(home, message, "--subject", spec)


def test_case_that_the_operation_does_not_know_exits_2(home):
    changed(home, options={"warp": 9})
    refused(home, "the case is none of tanh: ")


def test_missing_witness_is_told_and_required_ones_decide(home, monkeypatch):
    hide = home / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'jax' else found(name, *a)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{hide}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    done = call("replay", str(folder(home)), "--oracles", "jax", cwd=home)
    assert done.returncode == 1
    assert "SKIPPED jax: jax is not installed" in done.stdout
    done = call("replay", str(folder(home)), "--oracles", "jax", "--require", "jax", cwd=home)
    assert done.returncode == 3


def test_torch_answers_as_well(home):
    done = call("replay", str(folder(home)), "--oracles", "torch", "--require", "torch", cwd=home)
    assert done.returncode == 1
    assert "torch agrees with exact arithmetic" in " ".join(done.stdout.split())
    assert not list(Path(home / ".oracles").glob("pending-*"))
