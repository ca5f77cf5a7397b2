"""What the README shows is what the code prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"```python\n([^`]*)```\n\n```text\n([^`]*)```", README.read_text())


@pytest.mark.parametrize("block", range(2))
def test_shown_output_is_printed(block, tmp_path):
    code, shown = BLOCKS[block]
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, check=False)  # fmt: skip
    printed = done.stdout + done.stderr.split("OracleMismatch: ")[-1]
    assert printed.startswith(shown)


def test_both_blocks_are_found():
    assert len(BLOCKS) == 2


def test_both_commands_set_everything_up():
    commands = re.findall(r"^    (python3 -m venv .*)$", README.read_text(), re.MULTILINE)
    assert [command.split("&& ")[-1].split()[0] for command in commands] == [
        ".venv/bin/oracle-diff", ".venv/bin/pytest",
    ]  # fmt: skip
    for command in commands:
        assert "pip install -q -c constraints.txt -e '.[test]'" in command
