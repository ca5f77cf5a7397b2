"""`oracle-diff` as a stranger calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oracles import cli, commands, exit_status

OWN = """
import time
import numpy as np
from oracles import ops

right = ops.tanh
wrong = ops.tanh.implemented_by(lambda x: np.tanh(x), lambda g, x: g * np.tanh(x))

def slow_tanh(x):
    open("started", "a").write(".")
    time.sleep(0.2)
    return np.tanh(x)

slow = ops.tanh.implemented_by(slow_tanh, None)
number = 3
"""


def call(*arguments, cwd, env=None):
    command = [sys.executable, "-m", "oracles.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})})  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("home")
    (path / "own.py").write_text(OWN)
    (path / "broken.py").write_text(BROKEN)
    return path


BROKEN = """
from dataclasses import replace
from oracles import ops

def no_cases(dtype, limits):
    raise RuntimeError("no cases today")

op = replace(ops.tanh, cases=no_cases)
"""

QUICK = ("--oracles", "complex_step", "--max-examples", "5", "--seed", "7")


def test_right_subject_exits_0_with_table_and_reports(home):
    done = call("run", "dense", "tanh", *QUICK, cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["operation", "dtype", "evidence", "cases", "subject", "complex"]
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["dense", "float32"], ["dense", "float64"], ["tanh", "float32"], ["tanh", "float64"],
    ]  # fmt: skip
    assert "right: every subject" in done.stdout
    report = json.loads((home / ".oracles/report.json").read_text())
    assert (report["passed"], report["seed"], len(report["entries"])) == (True, 7, 4)
    assert "# oracle-diff" in (home / ".oracles/report.md").read_text()


def test_run_is_the_default_command(home):
    assert call("identity", *QUICK, "--no-report", cwd=home).returncode == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("dense --output report", "run --output report dense"),
        ("--output report dense", "run --output report dense"),
        ("--output=report dense", "run --output report dense"),
        ("--out report dense", "run --output report dense"),
        ("--no-keep dense", "run --no-keep dense"),
        ("dense article", "run dense article"),
        ("--quiet --seed 3", "run --quiet --seed 3"),
        ("--require list", "run --require list"),
        ("", "run"),
        ("article --require torch", "article --require torch"),
        ("report dense", "report dense"),
    ],
)
def test_the_first_word_is_the_command_or_it_is_run(monkeypatch, given, named):
    monkeypatch.setattr(commands, "run_command", lambda options: asked.append(options) or 0)
    asked = []
    for words in (given, named):
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main(words.split())
    assert asked[0] == asked[1]


@pytest.mark.parametrize(
    ("given", "usage"),
    [("dense --help", "usage: oracle-diff run "), ("--help", "usage: oracle-diff [-h]"),
     ("-h", "usage: oracle-diff [-h]"), ("soak --help", "usage: oracle-diff soak "),
     ("--version", "oracle-diff ")],
)  # fmt: skip
def test_help_is_that_of_the_command(capsys, given, usage):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(given.split())
    assert capsys.readouterr().out.startswith(usage)


def test_wrong_subject_of_one_s_own_exits_1_with_the_case(home):
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"}
    files = ("--junit", "ci/junit.xml", "--sarif", "ci/found.sarif")
    done = call("run", "own:wrong", *QUICK, *files, cwd=home, env=github)
    assert done.returncode == 1
    assert 'failures="2"' in (home / "ci/junit.xml").read_text()
    (run,) = json.loads((home / "ci/found.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["wrong-gradient"] * 2
    assert (home / "summary.md").read_text().startswith("## oracle-diff\n\n**WRONG: tanh float32")
    assert "::error file=own.py,line=7,title=wrong-gradient%3A tanh in float32::" in done.stdout
    assert "grad_x: WRONG" in done.stdout
    assert "WRONG: tanh float32, tanh float64" in done.stdout


def test_quiet_prints_the_verdict_alone(home):
    done = call("run", "own:right", *QUICK, "--quiet", cwd=home)
    assert len(done.stdout.splitlines()) == 1


def test_git_sees_nothing_of_a_new_directory_of_a_run(home):
    files = ("--output", "hidden", "--no-report", "--html", "pages/a.html")
    assert call("run", "own:wrong", *QUICK, *files, cwd=home).returncode == 1
    assert sorted(path.name for path in (home / "hidden").iterdir()) == [".gitignore", "failures"]
    assert [path.name for path in (home / "pages").iterdir()] == ["a.html"]


def test_only_run_keeps_cases(home):
    told = {command: " ".join(call(command, "--help", cwd=home).stdout.split())
            for command in ("run", "merge", "report")}  # fmt: skip
    assert "report.json, .md, .html and kept cases (default .oracles)" in told["run"]
    assert "report.json, .md, .html (default .oracles)" in told["merge"]
    assert "report.json, .md, .html (default none)" in told["report"]


def test_limits_are_options(home):
    done = call("run", "conv2d", *QUICK, "--limit", "stride=1", "--limit", "square=true", cwd=home)
    assert done.returncode == 0
    limits = json.loads((home / ".oracles/report.json").read_text())["limits"]
    assert limits == {"stride": 1, "square": True}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "conv_transpse2d"), "no operation 'conv_transpse2d'; the nearest name is 'conv_t"),
        (("run", "own:wrng"), "cannot load 'own:wrng'"),
        (("run", "own:number"), "'own:number' is a int, not an oracles.Op"),
        (("run", "nowhere:op"), "cannot load 'nowhere:op': No module named 'nowhere'"),
        (("run", "xyz"), "no operation 'xyz'; oracle-diff list names all"),
        (
            ("run", "--named", "--quiet"),
            "argument --named: no operation is named: give",
        ),
        (
            ("--oracles", "zzz"),
            "argument --oracles: no 'zzz'; known are torch, jax, jax_dil",
        ),
        (
            ("activations", "x"),
            "no activation 'x'; known are identity, tanh, arctan, sigmoid",
        ),
        (("--oracles", "pytorch"), "argument --oracles: no 'pytorch'; the nearest name is 'torch'"),
        (("--oracles", ","), "argument --oracles: names nothing"),
        (("--dtypes", "float16"), "argument --dtypes: no 'float16'; the nearest name is 'float"),
        (("--limit", "stride"), "argument --limit: 'stride' is not NAME=VALUE"),
        (("--limit", "stride=x"), "argument --limit: 'x' is no int, true or false"),
        (("--limit", "strid=1"), "argument --limit: `strid` (=1) is no limit"),
        (("--max-examples", "0"), "`max_examples` (=0) must be an int of at least 1"),
        (("--require", "jax_dilated"), "argument --require: 'jax_dilated' is not among --oracles"),
        (("run", "identity", "--output", "own.py/x"), "cannot write to 'own.py/x'"),
    ],
)
def test_bad_usage_exits_2_with_one_line(home, arguments, message):
    done = call(*arguments, cwd=home)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"oracle-diff: error: {message}")
    assert "Traceback" not in done.stderr


def test_missing_required_witness_exits_3_and_missing_one_is_skipped(home):
    hide = home / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(
        "import importlib.util as u\nfound = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'jax' else found(name, *a)\n"
    )
    env = {"PYTHONPATH": str(hide)}
    done = call("identity", "--oracles", "jax", "--max-examples", "2", cwd=home, env=env)
    assert done.returncode == 0
    assert "SKIPPED jax: jax is not installed: pip install 'manualgrad[jax]'" in done.stdout
    done = call("identity", "--oracles", "jax", "--require", "jax", cwd=home, env=env)
    assert done.returncode == 3
    assert "required witness: jax is not installed" in done.stderr


def test_interrupt_writes_the_report_and_exits_130(home):
    command = [sys.executable, "-m", "oracles.cli", "run", "own:slow", "--oracles", "complex_step",
               "--output", "cut", "--junit", "cut/junit.xml"]  # fmt: skip
    process = subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True)
    while not (home / "started").exists() or len((home / "started").read_text()) < 7:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; right so far: every subject" in output
    report = json.loads((home / "cut/report.json").read_text())
    assert report["interrupted"]
    assert 0 < report["cases"] < 40
    assert '<error type="interrupted"' in (home / "cut/junit.xml").read_text()


def test_nothing_compared_exits_5():
    from types import SimpleNamespace  # noqa: PLC0415

    from oracles.finishing import status_of  # noqa: PLC0415

    nothing = SimpleNamespace(interrupted=False, failures=[], cases=0, entries=(), passed=False)
    assert status_of(nothing, ()) == exit_status.NOTHING == 5


def test_list_names_operations_oracles_and_versions(home):
    done = call("list", cwd=home)
    assert done.returncode == 0
    for word in ("conv_transpose3d", "manualgrad.article", "exact", "complex_step", "hypothesis"):
        assert word in done.stdout


def test_help_and_version_answer_at_once(home):
    seconds = []
    for _ in range(3):  # the machine may be busy with other tests
        start = time.perf_counter()
        done = call("--help", cwd=home)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3
    assert done.returncode == 0
    assert "exit status: 0 right" in done.stdout
    assert call("--version", cwd=home).stdout.startswith("oracle-diff ")


def test_reader_that_leaves_early_is_no_error(home):
    command = f"{sys.executable} -m oracles.cli list | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=home,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_reader_that_leaves_early_changes_neither_status_nor_report(home, tmp_path):
    run = "run own:wrong --oracles complex_step --max-examples 5 --seed 7"
    command = f"{sys.executable} -m oracles.cli {run} --output {tmp_path} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=home,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (exit_status.WRONG, "")
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is False


def test_fault_of_the_harness_does_not_read_as_a_wrong_subject(home):
    done = call("run", "broken:op", *QUICK, cwd=home)
    assert done.returncode == exit_status.BROKEN
    assert "RuntimeError: no cases today" in done.stderr


def test_colour_is_for_terminals_alone(home):
    assert "\x1b[" not in call("list", cwd=home).stdout


def test_article_shows_every_step_and_the_missing_rotation_on_all_four_images(home):
    done = call("article", "--oracles", "torch,jax", "--html", "pages/article.html", cwd=home)
    assert done.returncode == 0
    text = done.stdout
    assert max(len(line) for line in text.splitlines()) <= 80
    assert text.count("later version: dA1 = pad1(w2) *v R(d2)  [WRONG LINE]") == 4
    assert text.count("it is the truth rotated by 180 degrees") >= 8
    assert "manualgrad.article: every step right on 4 of 4 images" in text
    assert "later version: g1 differs on 4 of 4 images" in text
    assert text.count("points away from descent") >= 3
    for line in ("l1 = x *v w1", "g1 = R(x *v R(d1))", "cost = (out - y)^2 / 2"):
        assert text.count(line) >= 4
    assert Path(home / ".oracles").is_dir()
    assert f"wrote {Path('pages', 'article.html')}" in text
    page = (home / "pages" / "article.html").read_text("utf-8")
    assert len(page.encode()) < 1_000_000
    for words in ('<th scope="row">torch</th>', '<th scope="row">jax</th>', "<b>0.0099</b>",
                  "With the right gradients it falls to 0.0014",
                  "in the run's 1000 epochs"):  # fmt: skip
        assert words in page


def test_prove_prints_and_writes_the_ledger_and_the_theorem(home):
    done = call("prove", "dense", "conv3d", "article", "--output", "proofs", cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()[:4]]
    assert [row[:2] for row in rows[1:]] == [["dense", "54"], ["conv3d", "150"], ["all", "204"]]
    assert "proved, first and second order" in done.stdout
    assert "204 shapes proved; the article's theorem proved, both published" in done.stdout
    found = json.loads((home / "proofs/proof.json").read_text())
    assert found["right"]
    assert [proof["shapes"] for proof in found["proofs"]] == [54, 150]
    assert "Theorem. Take the article's network" in (home / "proofs/proof.md").read_text()


@pytest.mark.parametrize("arguments", [("prove", "tanh"), ("run", "tanh", "--evidence", "proof"),
                                       ("run", "tanh", "--evidence", "lattice")])  # fmt: skip
def test_what_is_no_polynomial_is_refused_lattice_and_proof(home, arguments):
    done = call(*arguments, cwd=home)
    assert done.returncode == 2
    assert "tanh is not a polynomial, so neither proof nor lattice exists for it" in done.stderr
    assert "derived rounding bounds (oracle-diff run)" in done.stderr


def test_bad_arguments_of_prove_are_named(home):
    assert "the nearest name is 'dense'" in call("prove", "dens", cwd=home).stderr
    assert "--processes: 0 is not at least 1" in call("prove", "--processes", "0", cwd=home).stderr
    assert (
        "--evidence: no 'prof'; the nearest" in call("run", "--evidence", "prof", cwd=home).stderr
    )
