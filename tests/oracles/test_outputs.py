"""The files of a run: which there are, and that a page can be had elsewhere as well."""

import subprocess
import sys

import pytest

from oracles.outputs import texts, write_html
from oracles.reporting.page import report_html
from tests.oracles.made_reports import failing, made_report, right_entry

QUICK = ("--oracles", "complex_step", "--max-examples", "2", "--seed", "7", "--dtypes", "float32")


def call(*arguments, cwd):
    command = [sys.executable, "-m", "oracles.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_every_format_is_made_from_the_same_report():
    report = made_report(right_entry())
    found = texts(report)
    assert {"report.json", "report.md", "report.html"} <= set(found)
    assert found["report.html"] == report_html(report)


def test_page_is_written_whole_over_an_old_one(tmp_path):
    path = tmp_path / "a page.html"
    path.write_text("old")
    assert write_html(str(path), made_report(failing())) == [str(path)]
    assert path.read_text(encoding="utf-8") == report_html(made_report(failing()))
    assert [each.name for each in tmp_path.iterdir()] == ["a page.html"]


def test_run_leaves_the_page_and_writes_it_elsewhere_as_well(tmp_path):
    done = call("run", "identity", *QUICK, "--html", "new/page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "new/page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert (tmp_path / ".oracles/report.html").read_text(encoding="utf-8") == page
    assert ".oracles/report.html new/page.html" in done.stdout


def test_page_alone_without_naming_a_command(tmp_path):
    limited = ("--limit", "max_size=2", "--no-report", "--quiet", "--html", "page.html")
    done = call("identity", *QUICK, *limited, cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1)
    assert (tmp_path / "page.html").exists()
    assert not (tmp_path / ".oracles/report.json").exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [("file/page.html", "cannot write to 'file'"), (".", "argument --html: '.' is a directory")],
)
def test_page_that_cannot_be_written_is_refused_before_the_work(tmp_path, path, message):
    (tmp_path / "file").write_text("")
    done = call("--html", path, cwd=tmp_path)  # the whole catalog, which would take minutes
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""
