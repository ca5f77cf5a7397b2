"""The pytest plugin, in sessions of its own: what is asked for, what fails, what is told."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import oracles.pytest_settings
from oracles.catalog import ops
from oracles.checking import DTYPES, OracleMismatch, check
from oracles.choices import KNOWN_ORACLES
from oracles.report_reader import read_report
from oracles.reporting.terminal import row
from oracles.workers import WITNESSES

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]

QUICK = "oracles=(), evidence=('bound',), max_examples=4"

TESTS = f"""
import numpy as np
import pytest
from oracles import OracleMismatch, ops

WRONG = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))

@pytest.mark.oracle("identity")
def test_identity(oracle_check):
    report = oracle_check(ops.identity, {QUICK})
    assert report.passed and report.cases == 8

@pytest.mark.oracle("tanh", dtypes=["float64"])
def test_wrong(oracle_check):
    oracle_check(WRONG, {QUICK})

@pytest.mark.oracle("dense", "relu")
def test_two(oracle_check):
    oracle_check([ops.dense, ops.relu], {QUICK})

def test_plain():
    pass
"""

SEEN = """
import pytest

@pytest.fixture
def oracle_check(oracle_check):
    def seen(op, **arguments):
        from oracles import ops
        report = oracle_check(ops.identity if op is None else op, **arguments)
        print("SEEN", report.seed, report.max_examples, report.oracles, dict(report.limits),
              [entry.dtype for entry in report.entries])
        return report
    return seen
"""

ASK = "def test_ask(oracle_check):\n    oracle_check(None, {})\n"


@pytest.fixture(scope="session")
def entry_points(tmp_path_factory):
    """Return a directory that declares the project's entry points as an installation does."""
    home = tmp_path_factory.mktemp("installed")
    told = home / "entry_points_of_this_tree-0.dist-info"
    told.mkdir()
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [f"[{group}]\n{name} = {where}\n" for group, entries in groups.items()
             for name, where in entries.items()]  # fmt: skip
    (told / "entry_points.txt").write_text("\n".join(lines))
    (told / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: entry-points-of-this-tree\nVersion: 0\n"
    )
    return home


@pytest.fixture
def session(pytester, monkeypatch, entry_points):
    """Return a function that runs pytest where the plugin is installed, and gives its result."""
    for name in ("CI", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    path = os.pathsep.join([str(entry_points), str(ROOT)])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(entry_points)

    def run(*arguments, apart=False):
        call = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return call("-W", "error", "--strict-markers", "-p", "no:cacheprovider", *arguments)

    return run


def seen(result):
    """Return what each check was asked for: seed, cases, witnesses, limits, dtypes."""
    return re.findall(r"SEEN (.*)$", result.stdout.str(), re.M)


def test_a_wrong_subject_fails_with_the_counterexample_alone(pytester, session):
    pytester.makepyfile(test_it=TESTS)
    result = session("--oracle-seed", "11")
    result.assert_outcomes(passed=3, failed=1)
    text = result.stdout.str()
    failure = text[text.index("_ test_wrong _") : text.index("= oracles =")]
    lines = failure.splitlines()[1:-1]
    shutil.rmtree(".oracles")  # or the counterexample that it keeps is tried first
    with pytest.raises(OracleMismatch) as mismatch:
        check(wrong_tanh(), oracles=(), evidence=("bound",), max_examples=4, seed=11,
              dtypes=["float64"])  # fmt: skip
    theirs = " ".join(lines).replace("test_it.<lambda>", "BACKWARD")
    ours = str(mismatch.value).replace(f"{__name__}.wrong_tanh.<locals>.<lambda>", "BACKWARD")
    assert theirs.split() == [
        *ours.split(),
        *["seed", "11:", "repeat", "with", "--oracle-seed", "11"],
    ]
    told = "FAILED test_it.py::test_wrong - oracles.OracleMismatch: numpy.tanh, backward"
    assert told in session("-rf").stdout.str()


def wrong_tanh():
    import numpy as np  # noqa: PLC0415

    return ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))


def test_a_failure_is_an_assertion_error_with_the_report(pytester, session):
    pytester.makepyfile(
        TESTS.replace('@pytest.mark.oracle("tanh"', "@pytest.mark.xfail(raises=OracleMismatch)\n"
                      '@pytest.mark.oracle("tanh"')
        + """
def test_caught(oracle_check):
    with pytest.raises(AssertionError, match=r"is\\s+WRONG\\s+as\\s+tanh") as caught:
        oracle_check(WRONG, seed=3, oracles=(), evidence=("bound",))
    assert not caught.value.report.passed
    assert str(caught.value).endswith("seed 3, which the test gives")
"""
    )  # fmt: skip
    session().assert_outcomes(passed=4, xfailed=1)


def test_a_vacuous_check_fails(pytester, session):
    pytester.makepyfile("""
def test_refused(oracle_check):
    from oracles import ops
    def no(*arrays, **options):
        raise NotImplementedError("none of these")
    op = ops.tanh.implemented_by(no, None, unsupported=NotImplementedError)
    oracle_check(op, oracles=(), max_examples=3)
""")
    result = session()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["vacuous: tanh float32, the subject refused 3 of 3 cases"])


def test_summary_has_the_rows_of_oracle_diff_and_how_to_repeat(pytester, session):
    pytester.makepyfile(test_it=TESTS)
    lines = session("--oracle-seed", "7", "--oracle-report", "r.json").outlines
    start = next(i for i, line in enumerate(lines) if " oracles " in line)
    report = read_report(Path("r.json").read_text())
    rows = [row(entry, ()).plain.rstrip() for entry in report.entries]
    assert [line.rstrip() for line in lines[start + 3 : start + 13]] == [
        "test_it.py::test_identity", *rows[:2],
        "test_it.py::test_two", *rows[2:6],
        "test_it.py::test_wrong", *rows[6:],
    ]  # fmt: skip
    assert lines[start + 13].startswith("WRONG: tanh float64; 2")
    assert lines[start + 14 : start + 16] == [
        "seed 7: repeat with --oracle-seed 7", f"report: {Path('r.json').absolute()}"
    ]  # fmt: skip
    assert not report.passed
    assert not report.interrupted
    assert [entry.op for entry in report.failures] == ["tanh"]


def test_no_summary_without_a_check(pytester, session):
    pytester.makepyfile(TESTS)
    result = session("-k", "plain")
    assert " oracles " not in result.stdout.str()
    result.stdout.re_match_lines([r"^oracles: manualgrad \S+, torch .*, jax .*; seed \d+$"])


def test_the_seed_is_told_and_differs_from_run_to_run(pytester, session):
    pytester.makeconftest(SEEN)
    pytester.makepyfile(ASK.format(QUICK))
    seeds = []
    for _ in range(2):
        result = session("-s")
        seeds += re.findall(r"^oracles: .*; seed (\d+)$", result.stdout.str(), re.M)
        assert seen(result)[0].split()[0] == seeds[-1]
    assert len(set(seeds)) == 2


def test_command_line_over_ini_over_table_over_default(pytester, session):
    pytester.makeconftest(SEEN)
    pytester.makepyfile(ASK.format("evidence=('bound',), oracles=()"))
    assert seen(session("-s"))[0].split()[1] == "100"
    pytester.makepyprojecttoml("""
[tool.oracles]
seed = 1
max-examples = 3
oracles = []
dtypes = "float64"
limits = {special-values = false}
""")
    told = "1 3 () {'special_values': False} ['float64']"
    pytester.makepyfile(ASK.format("evidence=('bound',)"))
    assert seen(session("-s")) == [told]
    pytester.makeini("[pytest]\noracle_seed = 2\noracle_max_examples = 4\n")
    assert seen(session("-s")) == [told.replace("1 3", "2 4")]
    asked = ("--oracle-seed", "5", "--oracle-max-examples=6")
    assert seen(session("-s", *asked)) == [told.replace("1 3", "5 6")]
    # Without either file only the command line counts.
    pytester.makefile(".toml", other="")
    Path("pyproject.toml").unlink()
    pytester.makepyfile(ASK.format("evidence=('bound',), oracles=()"))
    assert seen(session("-s", "-c", "other.toml", *asked)) == [
        "5 6 () {} ['float32', 'float64']"
    ]  # fmt: skip


def test_call_over_nearest_mark_over_settings(pytester, session):
    pytester.makeconftest(SEEN)
    pytester.makepyfile(f"""
import pytest
pytestmark = pytest.mark.oracle(seed=1, dtypes=["float64"], {QUICK})

def test_module(oracle_check):
    oracle_check(None)

@pytest.mark.oracle(seed=2, special_values=False)
def test_function(oracle_check):
    oracle_check(None)

@pytest.mark.oracle(seed=2)
def test_call(oracle_check):
    oracle_check(None, seed=3, max_examples=2)
    oracle_check(None, seed=None)
""")
    assert [line[:5] for line in seen(session("-s", "--oracle-seed=9"))] == [
        "1 4 (", "2 4 (", "3 2 (", "9 4 (",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("sede = 5", "has no `sede` (=5); known are seed, max-examples, select, require"),
        ("seed = true", "`seed` (=True) must be an int"),
        ("seed = -4", "`seed` (=-4) must be at least 0"),
        ("max-examples = 0", "`max-examples` (=0) must be at least 1"),
        ("select = 3", "`select` (=3) must be a name or a list of names"),
        ("select = ['a', 3]", "`select` (=['a', 3]) must be a name or a list of names"),
        ("require = 'tensorflow'", "`require` (='tensorflow') holds 'tensorflow'; known are torch"),
        ("oracles = ['jacks']", "`oracles` (=['jacks']) holds 'jacks'; known are torch, jax"),
        ("dtypes = ['float16']", "`dtypes` (=['float16']) holds 'float16'; known are float32, fl"),
        ("report = false", "`report` (=False) must be a path"),
        ("limits = 3", "`limits` (=3) must be a table"),
        ("limits = {max_strid = 3}", "will not do: `max_strid` (=3) is no limit; known are "),
        ("limits = {max_stride = 0}", "will not do: `max_stride` (=0) must be at least 1"),
    ],
)
def test_what_the_table_may_not_hold(pytester, session, table, words):
    pytester.makepyprojecttoml(f"[tool.oracles]\n{table}\n")
    refused(session(), "pyproject.toml: [tool.oracles] ", words)


def refused(result, *words):
    """Assert that pytest refused its arguments, in one line with these words."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in result.errlines if line.startswith("ERROR: "))
    assert [word for word in words if word not in line] == []


def test_what_options_and_ini_may_not_hold(pytester, session):
    refused(session("--oracle-seed", "x"), "`--oracle-seed` (='x') must be an int")
    refused(session("--oracle-seed=-4"), "`--oracle-seed` (=-4) must be at least 0")
    refused(session("--oracle-max-examples=0"), "`--oracle-max-examples` (=0) must be at least 1")
    refused(session("--oracle-select=,"), "`--oracle-select` (=['', '']) names nothing")
    refused(session("--oracle-report", "."), "cannot write the report to ", "it is a directory")
    pytester.makeini("[pytest]\noracle_seed = many\n")
    refused(session(), "`oracle_seed` (='many') must be an int")
    pytester.makeini("[pytest]\n")
    Path("pyproject.toml").write_text("[tool]\noracles = 3\n")
    refused(session(), "`tool.oracles` (=3) must be a table")
    Path("pyproject.toml").write_text("[tool.oracles\n")
    refused(session(), "pyproject.toml: ", "line 1")


def test_select_leaves_out_tests_by_their_marks_and_calls_by_their_operation(pytester, session):
    pytester.makepyfile(
        TESTS + "\ndef test_call(oracle_check):\n    oracle_check(ops.identity, oracles=())\n"
    )
    result = session("--oracle-select", "de*,none", "--oracle-select", "conv?d", "-rs", "-v")
    result.assert_outcomes(passed=2, skipped=1, deselected=2)
    result.stdout.fnmatch_lines([
        "*::test_two PASSED*", "*::test_call SKIPPED*",
        "*::test_two", "dense *", "dense *", "right: *on 8 cases of 1 operation",
        "SKIPPED *: oracle_check of identity: oracle-select is de[*], none, conv[?]d",
    ])  # fmt: skip
    pytester.makeini("[pytest]\noracle_select = identity tanh\n")
    session().assert_outcomes(passed=3, failed=1, deselected=1)
    pytester.makeini("[pytest]\n")
    pytester.makepyprojecttoml("[tool.oracles]\nselect = ['ident*', 'tanh']\n")
    session().assert_outcomes(passed=3, failed=1, deselected=1)


def test_marks_that_nothing_takes_are_errors_of_collection(pytester, session):
    for mark, words in [
        ("max_exampels=3, sed=4", "mark oracle has `max_exampels` (=3), `sed` (=4); known are "),
        ("3", "mark oracle takes names of operations, not 3"),
    ]:
        pytester.makepyfile(f"""
import pytest
@pytest.mark.oracle({mark})
def test_it(oracle_check): pass
""")
        result = session()
        result.assert_outcomes(errors=1)
        assert words in result.stdout.str()
    pytester.makepyfile("""
import pytest
class TestIt:
    @pytest.mark.oracle("tanh")
    def test_names_alone(self): pass
    @pytest.mark.oracle("tanh", seed=3)
    def test_arguments(self): pass
""")
    for more in ((), ("-n", "1")):
        result = session(*more, apart=bool(more))
        result.assert_outcomes(errors=1)
        words = "TestIt::test_arguments: mark oracle without fixture oracle_check, but with seed"
        assert words in result.stdout.str()


def test_required_witness_that_is_missing_ends_the_session_at_once(pytester, session, monkeypatch):
    monkeypatch.setitem(WITNESSES, "torch", ("no_such_framework", ""))
    pytester.makepyfile("raise SystemError('collected')")
    words = "required witness: no_such_framework is not installed: pip install 'manualgrad["
    refused(session("--oracle-require", "torch"), words)
    pytester.makeini("[pytest]\noracle_require = torch\n")
    refused(session(), words)
    pytester.makeini("[pytest]\n")
    pytester.makepyprojecttoml("[tool.oracles]\nrequire = 'torch'\n")
    refused(session(), words)
    refused(session("--oracle-require", "tensorflow"), "holds 'tensorflow'; known are torch")
    # Not required, it is told as skipped.
    Path("pyproject.toml").unlink()
    pytester.makepyfile("""
def test_it(oracle_check):
    from oracles import ops
    oracle_check(ops.identity, oracles=("torch",), max_examples=3)
""")
    result = session()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["identity * SKIPPED", "SKIPPED torch: no_such_framework is *"])


def test_required_witness_that_dies_fails_the_test(pytester, session):
    pytest.importorskip("jax")
    # A valid case on which JAX 0.10.2 aborts its process.
    pytester.makepyfile("""
import numpy as np
from oracles import Case, ops

def test_it(oracle_check):
    x, w, g = np.ones((1, 1, 3, 1)), np.ones((1, 1, 2, 2)), np.ones((1, 1, 4, 3))
    options = {"stride": (2, 1), "padding": (1, 0), "output_padding": 0, "dilation": (1, 2),
               "groups": 1}
    case = Case("conv_transpose2d", {"x": x, "w": w}, options, g)
    oracle_check(ops.conv_transpose2d, examples=[case], max_examples=1, dtypes=["float64"],
                 oracles=["jax_dilated"], evidence=["bound"], seed=0)
""")
    result = session("--oracle-require", "jax_dilated")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([
        r"^required witness jax_dilated: crashed, killed by SIGABRT.* "
        r"\(conv_transpose2d float64; case kept in \.oracles.*\)$"
    ])  # fmt: skip
    session().assert_outcomes(passed=1)


def test_same_verdicts_and_entries_with_xdist_as_without(pytester, session):
    pytester.makepyfile(test_one=TESTS, test_other=TESTS.replace("float64", "float32"))
    found = {}
    for name, more in {"alone": (), "shared": ("-n", "2")}.items():
        report = f"{name}.json"
        result = session("--oracle-seed=5", "--oracle-report", report, *more, apart=True)
        result.assert_outcomes(passed=6, failed=2)
        told = " ".join(result.stdout.str().split())
        of = "numpy.tanh, backward test_{}.<lambda>"
        assert (
            f"WRONG: tanh float64 ({of.format('one')}), tanh float32 ({of.format('other')}); "
            "50 cases of 4 operations"
        ) in told
        found[name] = lasting(json.loads(Path(report).read_text()))
        shutil.rmtree(".oracles")  # or the counterexamples that it keeps are tried first
    assert found["alone"] == found["shared"]
    assert len(found["alone"]["entries"]) == 14
    assert sum(entry["failure"] is not None for entry in found["alone"]["entries"]) == 2


def lasting(value):
    """Return a report without what differs from run to run: times."""
    if isinstance(value, dict):
        changing = ("seconds", "started")
        return {name: lasting(item) for name, item in value.items() if name not in changing}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def test_workers_draw_no_seeds_of_their_own(pytester, session):
    pytester.makepyfile("""
import pytest
from pathlib import Path
@pytest.mark.parametrize("number", range(4))
def test_it(oracle_check, number):
    from oracles import ops
    report = oracle_check(ops.identity, oracles=(), max_examples=2)
    Path(f"seed{number}").write_text(str(report.seed))
""")
    result = session("-n", "2", apart=True)
    result.assert_outcomes(passed=4)
    (told,) = re.findall(r"^oracles: .*; seed (\d+)$", result.stdout.str(), re.M)
    assert {Path(f"seed{number}").read_text() for number in range(4)} == {told}


def test_report_of_nothing_and_of_what_was_done(pytester, session):
    pytester.makepyfile("def test_plain(): pass")
    pytester.makepyprojecttoml("[tool.oracles]\nreport = 'there/r.json'\n")
    session("--collect-only")
    assert list(Path("there").iterdir()) == []
    session()
    report = read_report(Path("there/r.json").read_text())
    assert (report.entries, report.passed, report.interrupted) == ((), False, False)
    pytester.makepyfile(TESTS.replace("    pass", "    raise KeyboardInterrupt"))
    session("-k", "identity or plain", apart=True)
    report = read_report(Path("there/r.json").read_text())
    assert ([entry.op for entry in report.entries], report.interrupted) == (["identity"] * 2, True)
    assert [path.name for path in Path("there").iterdir()] == ["r.json"]


def test_profiles_fix_the_seed_and_the_number_of_cases(pytester, session):
    pytester.makeconftest(SEEN)
    pytester.makepyfile(ASK.format("oracles=(), evidence=('bound',), dtypes=['float32']"))
    gate = ("-s", "--hypothesis-profile", "oracle-gate")
    assert seen(session(*gate, apart=True))[0].startswith("0 100 ")
    assert seen(session(*gate, "--oracle-seed=4", apart=True))[0].startswith("4 100 ")
    nightly = ("-s", "--hypothesis-profile=oracle-nightly")
    first, second = (seen(session(*nightly, apart=True))[0].split() for _ in range(2))
    assert first[1] == second[1] == "1000"
    assert first[0] != second[0]
    few = seen(session(*nightly, "--oracle-max-examples=3", apart=True))[0]
    assert few.split()[1] == "3"


def test_profile_that_hypothesis_loads_by_itself_changes_nothing(pytester, session, monkeypatch):
    pytester.makeconftest(f"import hypothesis\n{SEEN}")
    pytester.makepyfile(ASK.format("oracles=(), evidence=('bound',), dtypes=['float32']"))
    monkeypatch.setenv("CI", "true")
    seed, most = seen(session("-s", apart=True))[0].split()[:2]
    assert (seed != "0", most) == (True, "100")
    assert seen(session("-s", "--hypothesis-profile=ci", apart=True))[0].startswith("0 100 ")
    nightly = seen(session("-s", "--hypothesis-profile=oracle-nightly", apart=True))[0]
    assert not nightly.startswith("0 ")


def test_plugin_may_be_named_as_well_as_installed(pytester, session):
    pytester.makepyfile("def test_it(oracle_check): pass")
    for more in (("-p", "oracles.pytest_plugin", "-p", "no:xdist"), ("-p", "no:oracles")):
        result = session(*more, apart=True)
        result.assert_outcomes(**({"errors": 1} if "no:oracles" in more else {"passed": 1}))
    pytester.makeconftest("pytest_plugins = ['oracles.pytest_plugin']")
    session(apart=True).assert_outcomes(passed=1)


HEAVY = ("numpy", "hypothesis", "flint", "torch", "jax", "rich", "manualgrad")

TELL = f"""
import pathlib, sys
def pytest_unconfigure():
    found = " ".join(name for name in {HEAVY} if name in sys.modules)
    pathlib.Path("heavy").write_text(found)
"""


def test_a_session_without_checks_imports_nothing_heavy(pytester, session):
    pytester.makeconftest(TELL)
    pytester.makepyfile("""
import pytest
@pytest.mark.oracle("tanh")
def test_plain(): pass
""")
    # Hypothesis's own plugin imports it when the session ends.
    call = ("-p", "no:hypothesispytest", "--oracle-seed=3", "--oracle-select=tanh")
    session(*call, apart=True).assert_outcomes(passed=1)
    assert Path("heavy").read_text() == ""
    pytester.makepyfile(ASK.replace("None", "__import__('oracles').ops.identity").format(QUICK))
    session(apart=True).assert_outcomes(passed=1)
    assert Path("heavy").read_text().split() == [
        "numpy", "hypothesis", "flint", "rich", "manualgrad"
    ]  # fmt: skip


TIMED = f"""
import sys, time
import pytest
start = time.perf_counter()
import oracles.pytest_plugin
print(time.perf_counter() - start, *(name for name in {HEAVY} if name in sys.modules))
"""


def test_importing_the_plugin_costs_less_than_20_ms():
    command = [sys.executable, "-c", TIMED]
    told = [
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(7)
    ]
    assert [words[1:] for words in told] == [[]] * 7
    assert min(float(words[0]) for words in told) < 0.020


def test_what_is_not_installed_is_named(pytester, session):
    pytester.makeconftest("import sys\nsys.modules['flint'] = None\n")
    pytester.makepyfile("def test_it(oracle_check): pass")
    result = session(apart=True)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["flint is not installed: pip install 'manualgrad[[]oracles[]]'"])


def test_names_that_are_written_down_twice_agree():
    assert oracles.pytest_settings.DTYPES == DTYPES
    assert oracles.pytest_settings.WITNESSES == KNOWN_ORACLES


def test_a_conftest_below_the_first_folder_is_no_trouble(pytester):
    below = pytester.mkdir("below")
    (below / "conftest.py").write_text("")
    for folder in (pytester.path, below):
        (folder / f"test_{folder.name[:5].replace('-', '_')}.py").write_text("def test(): pass")
    pytester.runpytest_subprocess("-p", "oracles.pytest_plugin").assert_outcomes(passed=2)
