"""Files are old or new and never half of one, whatever interrupts their writing."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oracles import files
from oracles.files import _part, check_writable, make_home, write_files, write_paths
from oracles.outputs import ALWAYS
from tests.oracles.reports import entry, report


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_files_are_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_files(str(tmp_path), {"a.txt": "new \ud800"})
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]
    assert write_files(str(tmp_path), {"a.txt": "new"}) == [str(tmp_path / "a.txt")]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_files_can_be_read_by_whoever_reads_new_files_here(tmp_path):
    (tmp_path / "plain").write_text("")
    write_files(str(tmp_path), {"a.txt": "new"})
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_writability_is_checked_before_the_work(tmp_path):
    check_writable(str(tmp_path / "deep" / "er"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        check_writable(str(tmp_path / "file"))


def test_a_new_directory_of_a_run_is_hidden_from_git(tmp_path):
    make_home(tmp_path / "new" / "home")
    assert names(tmp_path / "new") == ["home"]
    assert names(tmp_path / "new/home") == [".gitignore"]
    assert (tmp_path / "new/home/.gitignore").read_text().splitlines()[-1] == "*"
    (tmp_path / "new/home/.gitignore").write_text("mine")
    make_home(str(tmp_path / "new/home"))
    assert (tmp_path / "new/home/.gitignore").read_text() == "mine"


def test_a_directory_that_was_there_stays_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "old").mkdir()
    make_home(tmp_path / "old")
    assert names(tmp_path / "old") == []
    monkeypatch.chdir(tmp_path)
    make_home(".")
    assert names(tmp_path) == ["old"]
    (tmp_path / "file").write_text("")
    for place in ("file", "file/home"):
        with pytest.raises(OSError, match="file"):
            make_home(place)


def fails_at(monkeypatch, call, error):
    """Let the so-many-th synchronisation with the disk fail."""
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == call:
            raise error

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"),
                                   KeyboardInterrupt()])  # fmt: skip
def test_no_file_is_replaced_before_all_are_written(tmp_path, monkeypatch, error):
    write_files(str(tmp_path), {"a": "old a", "b": "old b"})
    fails_at(monkeypatch, 2, error)
    with pytest.raises(type(error)) as caught:
        write_files(str(tmp_path), {"a": "new a", "b": "new b"})
    if isinstance(error, OSError):
        assert str(caught.value) == f"[Errno 28] No space left on device: '{tmp_path / 'b'}'"
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {
        "a": "old a", "b": "old b",
    }  # fmt: skip


def test_files_are_on_the_disk_before_they_take_their_places_in_the_order_given(
    tmp_path, monkeypatch
):
    done = []
    replace = Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append(os.fstat(file).st_size))
    monkeypatch.setattr(
        Path, "replace", lambda part, path: (done.append(path.name), replace(part, path))
    )
    write_files(str(tmp_path), {"b": "1", "a": "22", "c": "333"})
    assert done == [1, 2, 3, "b", "a", "c"]  # the bytes that were there to be synchronised


def test_a_device_stays_where_it_is(tmp_path):
    (tmp_path / "device").symlink_to(os.devnull)
    with pytest.raises(OSError, match=r"not a regular file: '.*/device'"):
        write_paths({tmp_path / "a": "1", tmp_path / "device": "2"})
    with pytest.raises(OSError, match="not a regular file"):
        write_paths({tmp_path: "1"})
    assert names(tmp_path) == ["device"]


def test_what_a_link_points_to_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/file").write_text("old")
    (tmp_path / "link").symlink_to("there/file")
    assert write_paths({tmp_path / "link": "new"}) == [str(tmp_path / "link")]
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there/file").read_text() == "new"
    assert names(tmp_path / "there") == ["file"]


def test_a_file_that_is_named_twice_has_what_comes_last(tmp_path):
    paths = [tmp_path / "a", tmp_path / "x/../a"]
    (tmp_path / "x").mkdir()
    assert write_paths(dict(zip(paths, "12", strict=True))) == list(map(str, paths))
    assert (tmp_path / "a").read_text() == "2"


def test_names_may_be_as_long_as_the_system_allows(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_HERE", "h" * 40)
    texts = {"n" * 249 + "a": "1", "n" * 249 + "b": "2", "\u7573" * 80: "3"}
    write_files(str(tmp_path), texts)
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == texts


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    mine = _part(tmp_path / "report.json").name

    def left_by(pid):
        return mine.replace(f"-{os.getpid()}.", f"-{pid}.")

    stale = left_by(child.pid)
    kept = [left_by(os.getppid()), stale.replace(".report.json.", ".report.json.elsewhere-"),
            f"report.json-{child.pid}.part", left_by("x"), left_by(10**40)]  # fmt: skip
    for name in [stale, *kept]:
        (tmp_path / name).write_text("part")
    write_files(str(tmp_path), {"a": "1"})
    assert names(tmp_path) == sorted(["a", *kept])


def kill(directory, kills, kind):
    command = [sys.executable, "-m", "tests.oracles.killing", str(directory), "1", str(kills), kind]
    home = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_killed_at_any_moment_each_file_is_absent_or_whole(tmp_path):
    seen = kill(tmp_path, 30, "whole")
    assert (seen["kills"], seen["halves"], seen["json ahead"]) == (30, 0, 0)
    assert seen["left behind"] > 0  # so kills did come while files were written
    assert seen["absent"] < 30
    assert seen["files"] == sorted(ALWAYS)  # nor is what they left behind


def test_half_a_file_would_have_been_seen(tmp_path):
    assert kill(tmp_path, 12, "careless")["halves"] > 0


def test_every_format_tells_of_which_run_it_is():
    one = report(entry(), seed=3141592653)
    found = {name: render(one) for name, render in ALWAYS.items()}
    assert list(found)[-1] == "report.json"
    for text in found.values():
        assert "3141592653" in text
        assert "2026-01-02T03:04:05.678" in text.replace("-02 03", "-02T03")
