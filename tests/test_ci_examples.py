"""What docs/ci.md, the workflow and the hook show can be run as it stands."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

from oracles import cli, exit_status

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / "examples/github/oracle-diff.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
DOCS = (ROOT / "docs/ci.md").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def steps():
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def commands():
    """Return every call of oracle-diff that is shown, as words."""
    shown = re.findall(r"^    (oracle-diff .*)$", DOCS, re.MULTILINE)
    shown += re.findall(r"    - (oracle-diff .*)$", DOCS, re.MULTILINE)
    shown += re.findall(r"sh '(oracle-diff .*)'", DOCS)
    shown += [step["run"] for step in steps() if step.get("run", "").startswith("oracle-diff")]
    shown += [hook["entry"] for hook in HOOKS]
    return shown


@pytest.mark.parametrize("command", commands())
def test_shown_commands_have_options_that_there_are(command):
    name, *words = shlex.split(command)
    assert name == "oracle-diff"
    options = cli._parser().parse_args(words)
    assert options.command in ("run", "merge")


def test_all_of_them_were_found():
    assert len(commands()) == 3 + 1 + 1 + 2 + 1


def test_a_wrong_option_would_be_seen(capsys):
    with pytest.raises(SystemExit):
        cli._parser().parse_args(["run", "op", "--junitxml", "a.xml"])
    assert "--junitxml" in capsys.readouterr().err


def test_files_of_the_workflow_are_where_its_steps_look():
    run, merge = (step["run"] for step in steps() if "oracle-diff" in step.get("run", ""))
    parsed = [cli._parser().parse_args(shlex.split(command)[1:]) for command in (run, merge)]
    compare, report = WORKFLOW["jobs"].values()
    uploads = {step["with"]["name"]: step["with"]["path"] for step in steps()
               if "upload-artifact" in step.get("uses", "")}  # fmt: skip
    assert set(uploads.values()) == {options.output for options in parsed} == {"report"}
    downloaded = next(s["with"] for s in report["steps"] if "download" in s.get("uses", ""))
    assert parsed[1].paths == [f"{downloaded['path']}/*/report.json"]
    prefix = downloaded["pattern"].rstrip("*")
    assert [name.startswith(prefix) for name in uploads] == [True, True]
    scanning = next(s["with"] for s in report["steps"] if "sarif" in s.get("uses", ""))
    assert scanning["sarif_file"] == parsed[1].sarif
    cached = next(s["with"] for s in compare["steps"] if "actions/cache" in s.get("uses", ""))
    assert cached["path"].split() == ["~/.cache/oracles", f"{parsed[0].output}/failures"]


def test_the_workflow_may_do_what_it_does_and_no_more():
    assert WORKFLOW["permissions"] == {"contents": "read", "security-events": "write"}
    for job in WORKFLOW["jobs"].values():
        assert job["timeout-minutes"] <= 30
    for step in steps():
        assert ("uses" in step) != ("run" in step)
        assert "${{" not in step.get("run", "")  # names are handed over in the environment
        assert re.fullmatch(r"[\w./-]+@v\d+", step.get("uses", "a/b@v1"))


def test_what_is_installed_is_an_extra():
    installed = re.findall(r"manualgrad\[([\w,]+)\]", DOCS + str(steps()))
    installed += re.findall(r"\.\[(\w+)\]", str(HOOKS) + DOCS)
    assert len(installed) == 5
    assert {name for names in installed for name in names.split(",")} <= set(EXTRAS)


def test_the_hook_runs_on_files_of_its_own_choice():
    (hook,) = HOOKS
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    options = cli._parser().parse_args([*shlex.split(hook["entry"])[1:], "own.py:op"])
    assert options.ops == ["own.py:op"]
    assert options.no_report


def test_all_exit_statuses_are_told():
    told = re.findall(r"^\| ([\d, ]+) \|", DOCS, re.MULTILINE)
    numbers = {int(number) for cell in told for number in cell.split(",")}
    ours = {value for name, value in vars(exit_status).items() if name.isupper()}
    assert ours | {2} == numbers


def test_examples_in_yaml_are_yaml():
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
    gitlab, precommit = blocks
    assert gitlab["oracle-diff"]["artifacts"]["reports"]["junit"] in str(gitlab["oracle-diff"])
    assert precommit["repos"][0]["hooks"][0]["id"] == HOOKS[0]["id"]
