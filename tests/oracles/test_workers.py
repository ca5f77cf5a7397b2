"""Worker processes: a crash, a hang and noise are outcomes, and the next case is answered."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from oracles.case_file import load_case
from oracles.catalog import ops
from oracles.op import Case, Op
from oracles.workers import WITNESSES, Workers, missing_reason

BAD_MANNERS = """
import os, sys, time
from oracles.op import Op

def abort(torch, x):
    print("Check failed: the lowering is unsound", file=sys.stderr, flush=True)
    os.abort()

def leave(torch, x):
    os._exit(0)

def hang(torch, x):
    time.sleep(60)

def shout(torch, x):
    print("to the standard output" * 1000, flush=True)
    os.write(1, b"and to its descriptor")
    return x * 2

def refuse(torch, x):
    raise ValueError("not\\nthis one")

def ignore(torch, x):
    return torch.ones(2, dtype=torch.float64)

def decide(torch, x):
    return x > 0

def op(name, reference):
    return Op(name, abs, abs, None, None, {"torch": reference}, located="bad_manners:OPS")

OPS = {f.__name__: op(f.__name__, f) for f in (abort, leave, hang, shout, refuse, ignore, decide)}
"""

CASE = Case("any", {"x": np.array([1.0, -2.0])}, {}, np.array([3.0, 5.0]))


@pytest.fixture(scope="module")
def bad_manners(tmp_path_factory):
    home = tmp_path_factory.mktemp("modules")
    (home / "bad_manners.py").write_text(BAD_MANNERS)
    sys.path.insert(0, str(home))
    from bad_manners import OPS  # noqa: PLC0415

    yield OPS
    sys.path.remove(str(home))


@pytest.fixture(scope="module")
def torch_worker(tmp_path_factory, bad_manners):
    home = tmp_path_factory.mktemp("oracles")
    with Workers(["torch"], time_limit=2.0, directory=str(home)) as workers:
        yield workers


def asked(workers, op, case=CASE):
    workers.ask(op, case)
    return workers.answers()["torch"]


def test_an_answer_has_value_and_gradients(torch_worker):
    answer = asked(torch_worker, ops.tanh)
    assert answer.kind == "value"
    assert np.abs(answer.values["y"]).max() < 1
    assert set(answer.values) == {"y", "grad_x"}
    assert answer.seconds > 0


def test_versions_and_threads_are_told(torch_worker):
    asked(torch_worker, ops.tanh)
    assert set(torch_worker.versions()) == {"torch"}
    assert torch_worker.threads() == {"torch": 1}


def test_crash_is_an_outcome_and_the_case_is_kept(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["abort"])
    assert answer.kind == "crashed"
    assert answer.detail == "killed by SIGABRT: Check failed: the lowering is unsound"
    kept = load_case(Path(answer.case_file).read_bytes())
    assert kept.operands["x"].tolist() == [1.0, -2.0]
    assert asked(torch_worker, ops.tanh).kind == "value"


def test_silent_exit_is_a_crash(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["leave"])
    assert (answer.kind, answer.detail.split(":")[0]) == ("crashed", "exit status 0")
    assert asked(torch_worker, ops.tanh).kind == "value"


def test_hang_is_ended_by_the_time_limit(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["hang"])
    assert (answer.kind, answer.detail) == ("timed out", "no answer within 2 s")
    assert load_case(Path(answer.case_file).read_bytes()).op == "any"
    assert asked(torch_worker, ops.tanh).kind == "value"


def test_noise_does_not_reach_the_protocol(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["shout"])
    assert answer.values["y"].tolist() == [2.0, -4.0]
    assert answer.values["grad_x"].tolist() == [6.0, 10.0]


def test_what_the_framework_raises_is_a_rejection_in_one_line(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["refuse"])
    assert (answer.kind, answer.detail) == ("rejected", "ValueError: not this one")


def test_result_that_depends_on_nothing_has_zero_gradients(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["ignore"])
    assert answer.values["y"].tolist() == [1.0, 1.0]
    assert answer.values["grad_x"].tolist() == [0.0, 0.0]


def test_result_of_a_dtype_that_no_case_has_is_a_rejection(torch_worker, bad_manners):
    answer = asked(torch_worker, bad_manners["decide"])
    assert answer.kind == "rejected"
    assert "bool" in answer.detail or "b1" in answer.detail


def test_request_left_behind_does_not_answer_the_next_case(torch_worker):
    torch_worker.ask(ops.identity, CASE)  # as if an interrupt came before the answer
    other = Case("any", {"x": np.array([7.0, 8.0])}, {}, np.array([3.0, 5.0]))
    assert asked(torch_worker, ops.identity, other).values["y"].tolist() == [7.0, 8.0]


def test_witness_without_a_reference_is_not_asked(torch_worker):
    torch_worker.ask(Op("any", abs, abs, None, None, {}), CASE)
    assert torch_worker.answers() == {}


def test_case_is_on_disk_before_it_is_sent(tmp_path):
    with Workers(["torch"], time_limit=5.0, directory=str(tmp_path)) as workers:
        workers.ask(ops.tanh, CASE)
        (pending,) = tmp_path.glob("pending-torch-*.case")
        assert load_case(pending.read_bytes()).op == "any"
        workers.answers()
    assert list(tmp_path.iterdir()) == []


def test_unwritable_directory_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`directory` \(='.*file'\) cannot be written"):
        Workers(["torch"], time_limit=1.0, directory=str(tmp_path / "file"))


def test_without_witnesses_nothing_is_written(tmp_path):
    with Workers([], time_limit=1.0, directory=str(tmp_path / "none")) as workers:
        workers.ask(ops.tanh, CASE)
        assert workers.answers() == {}
    assert list(tmp_path.iterdir()) == []


def test_missing_framework_names_the_remedy(monkeypatch):
    monkeypatch.setattr("oracles.workers.find_spec", lambda name: None)
    assert missing_reason("jax_dilated") == "jax is not installed: pip install 'manualgrad[jax]'"


def test_unknown_witness():
    message = re.escape(f"`witness` (='mxnet') must be one of {', '.join(WITNESSES)}")
    with pytest.raises(ValueError, match=message):
        missing_reason("mxnet")
