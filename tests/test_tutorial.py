"""The tutorial's blocks run in the order of the page, and print what it shows."""

import re
import subprocess
import sys
from pathlib import Path

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


def shown_by(block):
    kind, code, shown = BLOCKS[block]
    return code if kind == "console" else shown


def test_blocks_are_found():
    assert PAGE.read_text().count("\n```") == 2 * len(BLOCKS) + 2 * sum(bool(b[2]) for b in BLOCKS)


def test_each_block_runs_and_prints_what_is_shown(tmp_path):
    run = {"python": run_python, "diff": apply_diff, "console": run_console}
    for number, (kind, code, _) in enumerate(BLOCKS):
        printed = run[kind](tmp_path, code) or ""
        found, shown = (MEASURED.sub("", text) for text in (printed, shown_by(number)))
        assert found[: len(shown)] == shown
        if kind == "python" and not shown:
            is_test = FILE.match(code) and "test_" in code
            assert "1 passed" in printed if is_test else printed == "", printed
