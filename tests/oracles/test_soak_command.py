"""`oracle-diff soak`: interrupts, resume, convictions, exit statuses, files."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from oracles import cli
from oracles.limits import Limits
from oracles.soak import plan, processes
from oracles.soak.chunk import Done
from oracles.soak.command import _ends, _left
from oracles.soak.state import FILE

OWN = """
import os, time
from dataclasses import replace
from zlib import crc32
import numpy as np
from manualgrad import tanh, tanh_backward
from oracles import ops

def rarely_twice(g, x):
    rare = crc32(np.ascontiguousarray(x).tobytes()) % 100 == 7
    return tanh_backward(g, x) * (2 if rare else 1)

def slow_tanh(x):
    with open("started", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(0.02)
    return tanh(x)

def refusing(x):
    raise NotImplementedError("not today")

rare = ops.tanh.implemented_by(lambda x: tanh(x), rarely_twice)
slow = ops.tanh.implemented_by(slow_tanh, tanh_backward)
deadly = ops.tanh.implemented_by(lambda x: os._exit(3), tanh_backward)
lazy = ops.tanh.implemented_by(refusing, None, unsupported=NotImplementedError)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plan, "CHUNK", 25)  # in this process: less to do
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.fixture
def soak(home, capsys):
    """Call the command in this process: its exit status, standard output and error."""

    def call(*arguments, alone=True):
        given = [*arguments, "--processes", "1"] if alone else arguments
        with pytest.raises(SystemExit) as left:
            cli.main(["soak", *given, "--output", "kept"])
        return left.value.code, *capsys.readouterr()

    return call


SMALL = ("--examples", "70", "--seed", "2018", "identity", "relu", "--dtypes", "float64")


def chunks(home, folder="kept"):
    """Return what the state has of each chunk, but for the time it took."""
    told = json.loads((home / folder / FILE).read_text())["chunks"]
    return {name: {**done, "seconds": 0} for name, done in told.items()}


def cells(text):
    rows = [line.split() for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if len(row) in (6, 8) and row[0] in _ROWS}


_ROWS = ("identity", "relu", "all")


def interrupted_after(monkeypatch, most):
    """Interrupt this process in the chunk behind the first `most`."""
    done, run = [], processes.run_chunk

    def counted(*arguments):
        if len(done) == most:
            raise KeyboardInterrupt
        done.append(1)
        return run(*arguments)

    monkeypatch.setattr(processes, "run_chunk", counted)


def test_a_right_catalog_is_told_with_its_numbers_and_exits_0(soak, home):
    status, out, err = soak(*SMALL)
    assert (status, err) == (0, "")
    assert out.startswith(
        "oracle-diff soak --examples 70 --seed 2018 --dtypes float64 identity relu"
    )
    kept = chunks(home)
    assert sorted(kept) == ["identity float64 0", "identity float64 1", "relu float64 0",
                            "relu float64 1"]  # fmt: skip
    table = cells(out)
    for row, op in (("identity", "identity "), ("relu", "relu "), ("all", "")):
        mine = [done for name, done in kept.items() if name.startswith(op)]
        counts = [sum(done[key] for done in mine) for key in ("cases", "draws", "elements")]
        told = table[row] if row == "all" else table[row][1:]
        assert [int(told[at].replace(",", "")) for at in (0, 2, 3)] == counts
        assert told[-1] == f"{max(float(done['worst_ratio']) for done in mine):.3g}"
    assert sum(done["cases"] for done in kept.values()) == 70
    assert "70 cases, " in out
    assert "0 convicted" in out
    page = (home / "kept/soak.md").read_text()
    assert out[out.index("different: ") : out.index("\nreport: ")].strip() in page
    assert "`oracle-diff soak --examples 70 --seed 2018 --dtypes float64 identity relu`" in page
    assert re.search(r"- processor: .+\n- system: .+\n- versions: python .+ numpy ", page)


def test_an_interrupted_run_keeps_what_is_done_and_goes_on_to_the_same_totals(
    soak, home, monkeypatch
):
    soak(*SMALL)
    undisturbed = chunks(home)
    whole = (home / "kept/soak.md").read_text().partition("```")[2]
    with monkeypatch.context() as patch:
        interrupted_after(patch, 1)
        status, out, _ = soak(*SMALL, "--restart", "--table", "page.md")
    assert status == 130
    assert "25 of 70 cases, " in out
    assert "(interrupted)" in out
    assert "the same arguments, with --seed 2018, go on from here" in out
    assert list(chunks(home)) == ["identity float64 0"]
    assert not (home / "page.md").exists()

    with monkeypatch.context() as patch:
        interrupted_after(patch, 1)
        status, out, _ = soak(*SMALL)
    assert status == 130
    assert f"going on: 1 chunks (25 cases) are done in {os.path.join('kept', FILE)}\n" in out
    assert len(chunks(home)) == 2

    status, out, _ = soak(*SMALL, "--table", "page.md")
    assert status == 0
    assert "going on: 2 chunks (50 cases)" in out
    assert chunks(home) == undisturbed
    page = (home / "page.md").read_text()
    seconds = re.compile(r"[\d,]+ s of all")
    assert seconds.sub("", page.partition("```")[2]) == seconds.sub("", whole)
    assert page == (home / "kept/soak.md").read_text()


def test_nothing_is_run_twice(soak, monkeypatch):
    first = soak(*SMALL)
    interrupted_after(monkeypatch, 0)
    again = soak(*SMALL)
    assert again[0] == 0
    assert cells(again[1]) == cells(first[1])
    assert soak(*SMALL, "--restart")[0] == 130


def test_other_arguments_start_anew_and_say_so(soak, home):
    soak("--examples", "40", "--seed", "1", "relu")
    before = chunks(home)
    _, out, _ = soak("--examples", "40", "--seed", "2", "relu")
    state = os.path.join("kept", FILE)
    assert f"starting anew: {state} is of another run (seed differ)\n" in out
    assert chunks(home) != before
    assert "starting anew" not in soak("--examples", "40", "--seed", "1", "--restart", "relu")[1]
    assert chunks(home) == before


def test_a_damaged_state_is_told_and_replaced(soak, home):
    soak("--examples", "40", "--seed", "1", "relu")
    before = chunks(home)
    (home / "kept" / FILE).write_text('{"key": ')
    status, out, err = soak("--examples", "40", "--seed", "1", "relu")
    assert (status, err) == (0, "")
    assert f"starting anew: {os.path.join('kept', FILE)} is damaged (JSONDecodeError: " in out
    assert chunks(home) == before


def test_several_processes_find_the_same(soak, home):
    arguments = ("--examples", "900", "--seed", "1", "own.py:rare", "relu", "--dtypes", "float64")
    alone, out, _ = soak(*arguments)
    one = counts(home)
    side_by_side, again, _ = soak(*arguments, "--restart", alone=False)
    assert (alone, side_by_side) == (1, 1)
    assert counts(home).items() >= one.items()  # and maybe a chunk behind a conviction
    assert rows(again) == rows(out)
    assert len(rows(out)) == 3


def counts(home):
    """Return what the chunks count: an account may name a folder that others had taken."""
    found = chunks(home)
    return {
        n: (c["cases"], c["elements"], c["draws"], bool(c["failure"])) for n, c in found.items()
    }


def rows(out):
    return [line for line in out.splitlines() if re.match(r"(own.py:rare|relu|all) +", line)]


def test_a_rare_error_is_found_shrunk_kept_and_told(soak, home):
    call = ("--examples", "1200", "--seed", "1", "own.py:rare", "--dtypes", "float64")
    status, out, err = soak(*call)
    assert (status, err) == (1, "")
    kept = chunks(home)
    convicting = [done for done in kept.values() if done["failure"]]
    assert len(convicting) == 1
    assert len(kept) < 48  # no more was examined
    assert f"{sum(done['cases'] for done in kept.values()):,} of 1,200 cases" in out
    # The module has another name if one that is called own was imported before.
    wrong = r"<lambda>, backward own\w*\.rarely_twice, is WRONG as tanh in float64 \(case "
    assert re.search(wrong, " ".join(out.split()))
    assert "convicted: own.py:rare float64; of each no more was examined after that" in out
    assert "no conviction" not in out
    folder = re.search(r"oracle-diff replay (\S+)", out)[1]
    assert (home / folder / "case.json").is_file()
    assert re.search(wrong, " ".join((home / "kept/soak.md").read_text().split()))

    again, told, _ = soak(*call)  # all is done: told once more
    assert again == 1
    assert told.partition("soak.json\n")[2] == out.partition("own.py:rare\n")[2]


def test_the_chunk_of_a_conviction_can_be_run_alone(soak, home, capsys):
    _, out, _ = soak("--examples", "1200", "--seed", "1", "own.py:rare", "--dtypes", "float64",
                     "--limit", "max_batch=2")  # fmt: skip
    words = re.search(r"the chunk alone .*\n +oracle-diff (run .*)\n", out)[1].split()
    case = re.search(r"\(case \d+ of those tried, shrunk\)", out)[0]
    with pytest.raises(SystemExit) as left:
        cli.main([*words, "--oracles", "complex_step", "--no-report", "--output", "alone"])
    assert left.value.code == 1
    assert case in capsys.readouterr().out


def test_what_the_subject_refuses_is_no_evidence(soak):
    status, out, _ = soak("--examples", "5", "--seed", "1", "own.py:lazy")
    assert status == 5
    assert "5 cases (5 refused by the subject)" in out
    assert "VACUOUS: nothing was compared, or most was refused, of own.py:lazy float32" in out


def test_no_dtype_of_the_operation_is_nothing(soak, home):
    (home / "narrow.py").write_text(
        "from oracles import ops\nfrom manualgrad import tanh\n"
        "op = ops.tanh.implemented_by(tanh, None, dtypes=['float32'])\n"
    )
    assert soak("--examples", "5", "narrow.py", "--dtypes", "float64")[0] == 5


def test_a_seed_is_drawn_and_told(soak):
    out = soak("--examples", "4", "relu")[1]
    seed = re.search(r"--seed (\d+)", out)[1]
    assert "going on: 2 chunks (4 cases)" in soak("--examples", "4", "--seed", seed, "relu")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--examples", "0"], "argument --examples: 0 is not at least 1"),
        (["--examples", "many"], "argument --examples: invalid int value: 'many'"),
        (["--processes", "0"], "argument --processes: 0 is not at least 1"),
        (["conv2"], "no operation 'conv2'; the nearest name is 'conv2d'"),
        (["--dtypes", "float23"], "no 'float23'; the nearest name is 'float32'"),
        (["--evidence", "proof", "dense"], "a proof needs no cases: oracle-diff prove"),
        (["--evidence", "lattice", "tanh"], "tanh is not a polynomial"),
        (["--limit", "strid=1"], "`strid` (=1) is no limit"),
        (["--output", "own.py"], "cannot write to 'own.py'"),
        (["--table", "own.py/page.md"], "cannot write to 'own.py'"),
        (["missing.py:op"], "there is no file 'missing.py'"),
    ],
)
def test_bad_arguments_are_usage_errors(home, capsys, arguments, told):
    with pytest.raises(SystemExit) as left:
        cli.main(["soak", *arguments])
    assert left.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err


def test_help_says_how_cases_are_shared_out(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["soak", "--help"])
    assert left.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "cases in all, shared out evenly over operations and dtypes" in text


def test_chunks_before_a_conviction_are_still_run_and_none_behind_it():
    pairs = (("relu", "float32"), ("tanh", "float32"))
    asked = plan.Plan(1, 8 * plan.CHUNK, pairs, Limits())
    done = {f"tanh float32 {n}": Done(1, 0, 1, 0, 0.0, 0.0, b"", f"{n}" * (n > 0)) for n in (1, 3)}
    ends = _ends(asked, done)
    assert ends == {("tanh", "float32"): 1}
    left = _left(asked, done, ends)
    assert [next(left).name for _ in range(3)] == [
        "relu float32 0", "tanh float32 0", "relu float32 1",
    ]  # fmt: skip
    ends["relu", "float32"] = 1  # found while others are waiting
    assert list(left) == []


# --- real processes -------------------------------------------------------------------------


def started(home, count):
    """Wait until `count` processes have asked the slow subject; return their ids."""
    path, until = home / "started", time.monotonic() + 60
    while time.monotonic() < until:
        found = set(path.read_text().split()) if path.exists() else set()
        if len(found) >= count:
            return [int(each) for each in found]
        time.sleep(0.02)
    raise AssertionError(f"no {count} processes began")


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def all_gone(pids):
    until = time.monotonic() + 30
    while time.monotonic() < until and not all(map(gone, pids)):
        time.sleep(0.02)
    return all(map(gone, pids))


def begun():
    words = ["soak", "--examples", "2000", "--seed", "1", "relu", "own.py:slow"]
    command = [sys.executable, "-m", "oracles.cli", *words, "--dtypes", "float64"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_interrupt_exits_130_at_once_with_what_was_done_kept(home):
    with begun() as process:
        pids = started(home, 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert "(interrupted)" in out
    assert all_gone(pids)
    assert all(name.startswith("relu") for name in chunks(home, ".oracles"))


def test_processes_end_with_the_parent_however_it_ends(home):
    with begun() as process:
        pids = started(home, 1)
        process.kill()
        process.communicate()
    assert all_gone(pids)


def test_a_subject_that_ends_its_process_is_told(soak):
    status, _, err = soak("--examples", "4", "--seed", "1", "own.py:deadly", alone=False)
    assert status == 4
    assert err == (
        "oracle-diff: error: a subject ended the process that it was asked in; what was done "
        "before is kept\n"
    )
