"""Each example is right and plugs in by three lines; an error planted in it is found and named."""

import shutil
from pathlib import Path

import pytest

from oracles.checking import check, run
from oracles.user_ops import load_op

FOLDER = Path(__file__).parents[1] / "examples"
MARKER = "# --- the plug ---"
GIVEN = {"oracles": ("torch",), "max_examples": 40, "seed": 1}

PLANTED = {
    "nchw_function": (
        "nchw_function.py", "np.tensordot(window, w, ", "np.tensordot(window, w[..., ::-1, ::-1], ",
        "grad_x equals what the oracle gives for w rotated by 180 degrees",
    ),
    "nhwc_layer": (
        "nhwc_layer.py", ":width] += ", ":width] = ",
        "grad_x has in each cell what the first window adds, not the sum",
    ),
    "from_scratch": (
        "from_scratch.py", "(g * x / r).sum(", "(g * x / r).mean(",
        "grad_w equals the oracle's divided by the length of the first axis",
    ),
    "c_function": (
        "c_function.c", "* taps + k", "* taps + taps - 1 - k",
        "y equals what the oracle gives for w flipped along W",
    ),
    "torch_function": (
        "torch_function.py", "return g @ w,", "return -g @ w,",
        "grad_x is the oracle's negated",
    ),
}  # fmt: skip
"""For each example a file, what stands there, what shall stand there, and the cause to be named."""


def test_every_example_is_tested():
    assert sorted(PLANTED) == sorted(path.stem for path in FOLDER.glob("*.py"))


def plug_of(text):
    """Return the lines of code behind the marker, and those that import the oracles."""
    head, _, tail = text.partition(f"\n{MARKER}\n")
    code = [line for line in tail.split("\n# --- ")[0].splitlines() if is_code(line)]
    return [line for line in head.splitlines() if "oracles" in line and is_import(line)] + code


def is_import(line):
    return line.startswith(("import ", "from "))


def is_code(line):
    return bool(line.strip()) and not line.strip().startswith("#")


def test_lines_are_counted():
    text = f"import oracles\nx = 1\n{MARKER}\n# why\n\na = (\n    2)\n# --- more ---\nb = 3\n"
    assert plug_of(text) == ["import oracles", "a = (", "    2)"]


@pytest.mark.parametrize("name", PLANTED)
def test_plug_takes_three_lines_at_most(name):
    assert 2 <= len(plug_of((FOLDER / f"{name}.py").read_text())) <= 3


@pytest.mark.parametrize("name", PLANTED)
def test_example_is_right(name):
    report = check(load_op(f"{FOLDER / name}.py:op"), **GIVEN)
    for entry in report.entries:
        assert [each.answered for each in entry.attendance] == [GIVEN["max_examples"]]
        assert not entry.refused


@pytest.mark.parametrize("name", PLANTED)
def test_error_planted_in_an_example_is_named(name, tmp_path):
    file, old, new, cause = PLANTED[name]
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text()
    assert text.count(old) == 1
    (tmp_path / file).write_text(text.replace(old, new))
    report = run(load_op(f"{tmp_path / name}.py:op"), **GIVEN)
    for entry in report.entries:
        found = entry.failure.causes[0]
        assert found.confirmed
        assert found.sentence.startswith(cause)
