from argparse import ArgumentTypeError

import pytest

from benchmarks import __main__ as command
from benchmarks import convolutions
from benchmarks.arguments import at_least_one, parts


def test_parts_are_in_order():
    assert parts("d, a") == ("a", "d")


@pytest.mark.parametrize("text", ["", "e", "a,e"])
def test_unknown_parts(text):
    with pytest.raises(ArgumentTypeError, match="must be a list of a, b, c, d"):
        parts(text)


def test_where_the_page_is_written_is_no_part_of_the_command_that_it_shows():
    for where in (["--directory", "a b"], ["--directory=x"], ["--dir", "x"], []):
        given = ["--only", "a,b", *where, "--write"]
        assert command._that_count(given) == ["--only", "a,b", "--write"]


def test_numbers():
    assert at_least_one("3") == 3
    for text in ("0", "-1", "2.5", "many"):
        with pytest.raises(ArgumentTypeError, match="must be an integer of at least 1"):
            at_least_one(text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rounds", "0"], "--rounds: (='0') must be an integer of at least 1"),
        (["--only", "x"], "'x' is none of them"),
        (["--select", "nothing"], "`select` (='nothing') is in no name of a shape"),
        (["--sideways"], "unrecognized arguments: --sideways"),
    ],
)
def test_bad_arguments_end_before_anything_is_measured(arguments, message, capsys):
    with pytest.raises(SystemExit) as left:
        command.main(arguments)
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_what_is_not_installed_is_told(monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    with pytest.raises(SystemExit):
        command.main(["--only", "b", "--write"])
    assert "torch and jax and matplotlib not installed: pip install" in capsys.readouterr().err


def test_a_directory_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda _: True)
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as left:
        command.main(["--only", "d", "--write", "--directory", str(tmp_path / "file" / "under")])
    assert left.value.code == 2
    assert "Not a directory" in capsys.readouterr().err


def test_the_convolutions_alone_take_the_same_arguments(capsys):
    with pytest.raises(SystemExit):
        convolutions.main(["--select", "nothing"])
    assert "is in no name of a shape" in capsys.readouterr().err
