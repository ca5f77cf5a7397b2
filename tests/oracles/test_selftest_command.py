"""`oracle-diff selftest` as a stranger calls it: tables, files, exit statuses."""

import json
from dataclasses import replace

import pytest

from oracles.cli import main
from oracles.reporting.selftest import entry_text, summary_text, total_line
from oracles.selftest import command
from oracles.selftest.mutations import DEFAULT
from oracles.selftest.record import OpTrials, SelfTest, Trial

OWN = """
import numpy as np
from oracles import ops

right = ops.tanh.implemented_by(np.tanh, lambda g, x: g / np.cosh(x) ** 2,
                                limits={"special_values": False})
wrong = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))
"""

QUICK = ("--max-examples", "10", "--seed", "7")


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)

    def called(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["selftest", *arguments])
        return ended.value.code, *capsys.readouterr()

    return called


def test_kills_are_told_one_by_one_and_in_files(call, tmp_path):
    status, out, err = call("dense", "--only", "grad_w: *", "--kind", "result", *QUICK)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "dense: manualgrad.dense"
    assert lines[1].split() == ["mutation", "after", "in", "by"]
    assert lines[2].split() == ["grad_w:", "wrong", "sign", "1", "float32", "bound:", "grad_w"]
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == [
        "seed 7: repeat with --seed 7",
        "report: .oracles/selftest.json .oracles/selftest.md",
    ]
    found = json.loads((tmp_path / ".oracles/selftest.json").read_text())
    (entry,) = found["entries"]
    assert (found["seed"], found["max_examples"], found["interrupted"]) == (7, 10, False)
    verdicts = [trial["verdict"] for trial in entry["trials"]]
    assert verdicts.count("killed") == len([x for x in lines if " float" in x])
    page = (tmp_path / ".oracles/selftest.md").read_text()
    assert "| grad_w: wrong sign | result | killed | 1 | 1 | float32 | bound: grad_w |" in page


def test_a_subject_that_is_wrong_as_it_is_exits_1_with_the_command_that_shows_it(call):
    status, out, _ = call("own.py:wrong", "--limit", "max_batch=2", "--evidence", "bound", *QUICK)
    assert status == 1
    assert "WRONG as it is: grad_x: by bound, after" in out
    assert (
        "oracle-diff run own.py:wrong --dtypes float32,float64 --max-examples 10 --seed 7 "
        "--limit max_batch=2 --evidence bound\n"
    ) in out


def test_without_a_kill_nothing_was_shown(call):
    status, out, _ = call("own.py:right", "--only", "wrong where an operand has a NaN", *QUICK)
    assert (status, "0 of 1 mutations killed; 1 not reached" in out) == (5, True)


def test_a_survivor_exits_1(call, monkeypatch):
    monkeypatch.setattr(command, "trials", lambda *_: iter([MISSED]))
    status, out, _ = call("tanh", "--only", "y: doubled", *QUICK)
    assert (status, "0 of 1 mutations killed; 1 survived" in out) == (1, True)


def test_a_pattern_that_matches_nothing_exits_5(call):
    status, out, _ = call("tanh", "--only", "nonsense", *QUICK)
    assert (status, "nothing was mutated\n" in out) == (5, True)


@pytest.mark.parametrize(("arguments", "told"), [
    (("tanhh",), "no operation 'tanhh'; the nearest name is 'tanh'"),
    (("own.py:nothing",), "there is no 'nothing' in it"),
    (("tanh", "--kind", "options"), "argument --kind: no 'options'; the nearest name is 'option'"),
    (("tanh", "--kind", ","), "argument --kind: names nothing"),
    (("tanh", "--dtypes", "float16"), "argument --dtypes: no 'float16'"),
    (("tanh", "--limit", "strides=1"), "argument --limit: `strides` (=1) is no limit"),
    (("tanh", "--max-examples", "0"), "`max_examples` (=0) must be an int of at least 1"),
    (("tanh", "--evidence", "lattice"), "argument --evidence: tanh is not a polynomial"),
    (("tanh", "--output", "own.py"), "cannot write to 'own.py'"),
])  # fmt: skip
def test_bad_usage_exits_2_and_says_why(call, arguments, told):
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert told in err


def test_list_names_mutations_and_what_they_are(call, tmp_path):
    status, out, _ = call("tanh", "--list", "--kind", "manners")
    assert status == 0
    assert out.startswith("tanh: 10 mutations\n\n  manners\n\n    forward: writes to an input\n")
    assert "        the forward writes to an array that it was given\n" in out


def test_an_interrupt_leaves_what_was_done(call, tmp_path, monkeypatch):
    def cut(*arguments):
        yield TRIAL
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "trials", cut)
    status, out, _ = call("tanh", "mse_loss", *QUICK)
    assert status == 130
    assert "tanh: 1 of 1 mutations killed, median after 3 cases\n" in out
    assert "interrupted: what is above was done\n" in out
    assert "mse_loss" not in out
    found = json.loads((tmp_path / ".oracles/selftest.json").read_text())
    assert found["interrupted"]
    assert [len(entry["trials"]) for entry in found["entries"]] == [1]


def test_help_names_the_default(capsys):
    with pytest.raises(SystemExit):
        main(["selftest", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"(default: {', '.join(DEFAULT)}, without tables of kills)" in said
    assert "1 one survived or a subject is wrong before anything is done to it, 5 nothing" in said


TRIAL = Trial("a", "result", "a is wrong", "killed", 3, 1, "float32", "bound", ("y",))
MISSED = Trial("b", "rare", "b is wrong", "survived", 80, 2, remedy="--max-examples 400: killed")
FAR = Trial("c", "rare", "c is wrong", "not reached", 80, 0, why="nothing at all")


def entry(*trials, **more):
    return OpTrials("conv2d", "mine", {"stride": 1}, trials, ("d",), 1.25, **more)


def test_an_operation_in_text():
    assert entry_text(entry(TRIAL, MISSED, FAR), whole=True).splitlines() == [
        "conv2d: mine",
        "  limits: stride=1",
        "  mutation                                        after in      by",
        "  a                                               3     float32 bound: y",
        "",
        "  survived, and what would have caught it",
        "    b (changed 2 of 80 cases)",
        "      --max-examples 400: killed",
        "",
        "  not reached, and what would have caught it",
        "    nothing at all",
        "      c",
        "",
        "conv2d: 1 of 3 mutations killed, median after 3 cases; 1 survived; 1 not reached",
        "  (1 left out, 1.2 s)",
        "",
    ]
    assert "bound: y" not in entry_text(entry(TRIAL), whole=False)


def test_what_has_no_room_beside_stands_below_and_is_harmless():
    long = replace(TRIAL, what=("\x1b[2J", "grad_1.w"))
    told = entry_text(entry(long), whole=True).splitlines()[3:5]
    assert told == ["  a" + " " * 47 + "3     float32", r"        bound: \x1b[2J, grad_1.w"]
    cut = entry_text(entry(replace(TRIAL, what=("n" * 200,))), whole=True).splitlines()[4]
    assert cut == f"        bound: {'n' * 64}…"


def test_totals():
    assert total_line(entry()) == "conv2d: 0 of 0 mutations killed"
    assert total_line(entry(wrong="y")) == "conv2d: WRONG as it is"
    found = SelfTest(5, 40, ("float32",), {}, None, (entry(TRIAL), entry(TRIAL)))
    assert summary_text(found).count("conv2d: 1 of 1 mutations killed") == 2
    assert not found.wrong
    assert SelfTest(5, 40, ("float32",), {}, None, (entry(MISSED),)).wrong
