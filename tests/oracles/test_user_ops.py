"""Operations are found by module or file; every way to miss them is told in one line."""

import importlib
import sys
from pathlib import Path

import pytest

from oracles.catalog import ops
from oracles.user_ops import NotFound, check_recorded, load_op, spec_of

ONE = """
import helper_of_one
from oracles import ops

my_op = ops.tanh.implemented_by(helper_of_one.forward, None)
number = 3
"""


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    for name, text in {
        "sub/one.py": ONE,
        "sub/helper_of_one.py": "import numpy as np\n\ndef forward(x):\n    return np.tanh(x)\n",
        "two.py": "from oracles import ops\na = ops.tanh\nb = ops.relu\n",
        "none.py": "number = 3\n",
        "broken.py": "x = 1\n\ny = {}['missing']\n",
        "typo.py": "x = = 1\n",
        "leaves.py": "import sys\nsys.exit(3)\n",
        "imports.py": "import nowhere_to_be_found\n",
        "silent.py": "raise RuntimeError\n",
        "json.py": "from oracles import ops\nmine = ops.relu\n",
    }.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.parametrize("text", ["sub/one.py:my_op", "sub/one.py"])
def test_file_is_imported_with_its_directory_at_hand(text):
    op = load_op(text)
    assert (op.name, op.subject, op.spec) == ("tanh", "helper_of_one.forward", "sub/one.py:my_op")
    assert load_op(op.spec).forward == op.forward  # not imported twice


def test_file_outside_this_directory_is_not_found_again(monkeypatch):
    place = Path("sub/one.py").resolve()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert load_op(f"{place}:my_op").spec == ""
    assert load_op(f"{place}").name == "tanh"


def test_file_has_a_name_of_its_own():
    import json  # noqa: PLC0415 - the one of Python, which the file must not be taken for

    assert load_op("json.py").name == "relu"
    assert sys.modules["json"] is json


def test_modules_are_found_by_name():
    assert load_op("two:b").spec == "two:b"
    op = load_op("oracles.catalog:ops.conv2d")
    assert (op.name, op.forward) == ("conv2d", ops.conv2d.forward)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gone.py:op", "cannot load 'gone.py:op': there is no file 'gone.py'"),
        ("sub:op.py", "cannot load 'sub:op.py': there is no file 'sub:op.py'"),
        ("sub/one.py:mine", "cannot load 'sub/one.py:mine': there is no 'mine' in it"),
        ("sub/one.py:number", "'sub/one.py:number' is a int, not an oracles.Op"),
        ("two.py", "'two.py' holds 2 operations; say which: two.py:a, two.py:b"),
        ("none.py", "'none.py' holds no oracles.Op"),
        ("broken.py:y", "cannot load 'broken.py:y': KeyError: 'missing' ({}/broken.py, line 3)"),
        ("typo.py:x", "cannot load 'typo.py:x': SyntaxError: invalid syntax (typo.py, line 1)"),
        ("leaves.py", "cannot load 'leaves.py': SystemExit: 3 ({}/leaves.py, line 2)"),
        ("imports.py", "cannot load 'imports.py': ModuleNotFoundError: No module named "
                       "'nowhere_to_be_found' ({}/imports.py, line 1)"),
        ("silent.py", "cannot load 'silent.py': RuntimeError ({}/silent.py, line 1)"),
        ("nowhere:op", "cannot load 'nowhere:op': No module named 'nowhere'"),
        ("two:c", "cannot load 'two:c': there is no 'c' in it"),
        ("two:", "'two:' is neither module:name nor path/to/file.py:name"),
        (":a", "':a' is neither module:name nor path/to/file.py:name"),
        ("two:a b", "'two:a b' is neither module:name nor path/to/file.py:name"),
    ],
)  # fmt: skip
def test_what_is_not_found_is_told_in_one_line(text, message, tmp_path):
    with pytest.raises(NotFound) as caught:
        load_op(text)
    found = str(caught.value)
    if "typo" in text:  # Python names the file with or without its directory
        found = found.replace(f"{tmp_path}/", "").replace("(typo.py, line 1) (", "(")
    assert found == message.format(tmp_path)


def test_op_is_found_again_where_it_is():
    assert spec_of(ops.conv2d) == "oracles.catalog:ops.conv2d"
    sys.path.insert(0, "")
    two = importlib.import_module("two")
    two.a = ops.tanh.implemented_by(abs, None)
    assert spec_of(two.a) == "two:a"
    sys.path.remove("")
    assert spec_of(two.a) == ""  # no other process would find the module
    assert spec_of(ops.tanh.implemented_by(abs, None)) == ""
    assert spec_of(load_op("sub/one.py")) == "sub/one.py:my_op"
    assert load_op("sub/one.py").implemented_by(abs, None).spec == ""


@pytest.mark.parametrize("text", ["own:op", "a.b:ops.conv2d", "own.py:op", "sub/own.py:op"])
def test_recorded_place_below_this_directory(text):
    check_recorded(text)


@pytest.mark.parametrize("text", [
    "/own.py:op", "../own.py:op", "sub/../../own.py:op", "sub/../own.py:op", "C:/own.py:op",
    "..\\own.py:op", "own.py", "own", ":op", "own:", "os:system()", "a b:c", "-c:op", "own.py:op;x",
    "a/b:op", "outside/own.py:op",
])  # fmt: skip
def test_recorded_place_anywhere_else_is_refused(text, tmp_path_factory):
    Path("outside").symlink_to(tmp_path_factory.mktemp("outside"))
    with pytest.raises(NotFound, match=r"is neither module:name|not a file below the current"):
        check_recorded(text)
