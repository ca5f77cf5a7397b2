import pytest

from oracles.files import check_writable, write_files


def test_files_are_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_files(str(tmp_path), {"a.txt": "new \ud800"})
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
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
