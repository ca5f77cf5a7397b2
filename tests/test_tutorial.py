"""The tutorial's blocks run in the order of the page, and print what it shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
BLOCKS = re.findall(
    r"^```(python|diff|console)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?",
    PAGE.read_text(),
    re.MULTILINE | re.DOTALL,
)
FILE = re.compile(r"# (\w+\.py)\n")
MEASURED = re.compile(r" +ok .*$", re.MULTILINE)  # ratios to bounds and seconds: the machine's


def called(folder, *arguments):
    """Run Python in the folder; return what it prints, or what it was convicted with."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode and "OracleMismatch: " not in done.stderr:
        return done.stdout + done.stderr
    return done.stdout + done.stderr.partition("OracleMismatch: ")[2]


def run_python(folder, code):
    named = FILE.match(code)
    if not named:
        return called(folder, "-c", code)
    (folder / named[1]).write_text(code)
    return called(folder, *(["-m", "pytest", "-q"] if "test_" in named[1] else []), named[1])


def run_console(folder, text):
    """Run a command of this package; return the prompt's line and what it prints."""
    prompt = text.partition("\n")[0]
    name, *arguments = prompt.removeprefix("$ ").split()
    assert name == "oracle-diff"
    return f"{prompt}\n{called(folder, '-m', 'oracles.cli', *arguments)}"


def apply_diff(folder, text):
    """Change the one file of the page: lines with a minus become those with a plus."""
    old, new = ("".join(re.findall(rf"^\{sign}(.*\n)", text, re.MULTILINE)) for sign in "-+")
    path = folder / "upsample.py"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each block prints, in the order of the page."""
    folder = tmp_path_factory.mktemp("tutorial")
    run = {"python": run_python, "diff": apply_diff, "console": run_console}
    return [run[kind](folder, code) for kind, code, _ in BLOCKS]


def shown_by(block):
    kind, code, shown = BLOCKS[block]
    return code if kind == "console" else shown


def test_blocks_are_found():
    assert PAGE.read_text().count("\n```") == 2 * len(BLOCKS) + 2 * sum(bool(b[2]) for b in BLOCKS)


@pytest.mark.parametrize("block", [b for b in range(len(BLOCKS)) if shown_by(b)])
def test_shown_output_is_printed(block, printed):
    found, shown = (MEASURED.sub("", t) for t in (printed[block], shown_by(block)))
    assert found[: len(shown)] == shown


SILENT = [b for b, (kind, _, shown) in enumerate(BLOCKS) if kind == "python" and not shown]


@pytest.mark.parametrize("block", SILENT)
def test_block_without_output_is_right(block, printed):
    is_test = FILE.match(BLOCKS[block][1]) and "test_" in BLOCKS[block][1]
    assert "1 passed" in printed[block] if is_test else printed[block] == ""
