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
    _, report = WORKFLOW["jobs"].values()
    uploads = {step["with"]["name"]: step["with"]["path"] for step in steps()
               if "upload-artifact" in step.get("uses", "")}  # fmt: skip
    assert set(uploads.values()) == {options.output for options in parsed} == {"report"}
    downloaded = next(s["with"] for s in report["steps"] if "download" in s.get("uses", ""))
    assert parsed[1].paths == [f"{downloaded['path']}/*/report.json"]
    prefix = downloaded["pattern"].rstrip("*")
    assert [name.startswith(prefix) for name in uploads] == [True, True]
    scanning = next(s["with"] for s in report["steps"] if "sarif" in s.get("uses", ""))
    assert scanning["sarif_file"] == parsed[1].sarif


def test_what_convicts_is_kept_for_the_next_run_though_the_job_fails():
    done = WORKFLOW["jobs"]["compare"]["steps"]
    names = [step.get("uses", step.get("run", "")).partition("@")[0].split()[0] for step in done]
    restore, run, save = map(names.index, ("actions/cache/restore", "oracle-diff",
                                           "actions/cache/save"))  # fmt: skip
    assert restore < run < save
    assert "actions/cache" not in names  # which saves only if the job succeeds
    assert done[save]["if"] == "${{ !cancelled() }}"
    output = cli._parser().parse_args(shlex.split(done[run]["run"])[1:]).output
    for step in (done[restore], done[save]):
        assert step["with"]["path"].split() == ["~/.cache/oracles", f"{output}/failures"]
    key = done[save]["with"]["key"]
    assert key == done[restore]["with"]["key"]
    assert key.startswith(done[restore]["with"]["restore-keys"])
    assert key.endswith("${{ github.run_id }}-${{ github.run_attempt }}")  # no key is saved twice


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
    assert len(installed) == 6
    assert {name for names in installed for name in names.split(",")} <= set(EXTRAS)


def test_the_hook_runs_on_files_of_its_own_choice():
    (hook,) = HOOKS
    assert hook["language"] == "python"
    assert hook["pass_filenames"] is False
    options = cli._parser().parse_args([*shlex.split(hook["entry"])[1:], "own.py:op"])
    assert options.ops == ["own.py:op"]
    assert options.no_report
    assert options.seed == 0  # the same commit gets the same answer


def test_the_hook_without_an_operation_fails_rather_than_check_the_catalog(capsys):
    (hook,) = HOOKS
    with pytest.raises(SystemExit) as ended:
        cli.main([*shlex.split(hook["entry"])[1:], "--max-examples", "1"])
    assert ended.value.code == 2
    assert "no operation is named: give module:op or path/to/file.py:op (to a pre-commit hook" in (
        capsys.readouterr().err
    )


def test_until_there_is_a_release_a_commit_is_named():
    (told,) = re.findall(r'^    pip install "manualgrad\[[\w,]+\](.*)"$', DOCS, re.MULTILINE)
    comment = (ROOT / "examples/github/oracle-diff.yml").read_text()
    assert told == " @ git+https://ADDRESS-OF-THE-REPOSITORY@COMMIT"
    assert f'"{told}"' in comment
    installs = [step["run"] for step in steps() if step.get("run", "").startswith("pip")]
    assert len(installs) == 2
    assert all(run.endswith(']$SOURCE"') for run in installs)
    assert WORKFLOW["env"]["SOURCE"] == ""


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
    assert precommit["repos"][0]["rev"] == "COMMIT"  # of no release that there may not be
