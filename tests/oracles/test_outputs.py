"""The files of a run: every format for every exit status, whole or not at all."""

import json
from io import StringIO

import pytest
from lxml import etree

from oracles import cli, outputs
from oracles.arguments import UsageError, check_files
from oracles.console import Terminal
from oracles.exit_status import INTERRUPTED, NOTHING, RIGHT, WRONG
from oracles.finishing import finish
from tests.oracles import report_kinds as reports

FILES = ("--junit", "out/junit.xml", "--sarif", "out/found.sarif", "--html", "out/page.html")


def options(*given):
    return cli._parser().parse_args(["run", *given])


def finished(report, *given):
    chosen = options(*given)
    check_files(chosen)
    stream = StringIO()
    status = finish(chosen, report, Terminal(file=stream, width=120, soft_wrap=True))
    return status, stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "status", "red", "found"),
    [
        ("right", RIGHT, 0, 0),
        ("with defects", RIGHT, 0, 0),
        ("wrong", WRONG, 4, 4),
        ("refuted", WRONG, 1, 1),
        ("vacuous", NOTHING, 1, 1),
        ("empty", NOTHING, 1, 0),
        ("interrupted", INTERRUPTED, 1, 0),
    ],
)
def test_every_format_for_every_status(kind, status, red, found, tmp_path, monkeypatch):
    (tmp_path / ".oracles").mkdir()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done, printed = finished(reports.KINDS[kind](), *FILES)
    assert done == status
    stored = json.loads((tmp_path / ".oracles/report.json").read_text())
    assert stored["interrupted"] == (status == INTERRUPTED)
    assert (tmp_path / ".oracles/report.md").read_text().startswith("# oracle-diff\n")
    suites = etree.parse(tmp_path / "out/junit.xml").getroot()
    assert int(suites.get("failures")) + int(suites.get("errors")) == red
    (run,) = json.loads((tmp_path / "out/found.sarif").read_text())["runs"]
    assert len(run["results"]) == found
    assert run["invocations"][0]["executionSuccessful"] == (kind not in ("empty", "interrupted"))
    assert (tmp_path / "summary.md").read_text().startswith("## oracle-diff\n")
    assert printed.count("::error ") == (1 + found) * (status != RIGHT)
    assert "out/junit.xml" in printed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "found.sarif", "junit.xml", "page.html",
    ]  # fmt: skip
    page = (tmp_path / "out/page.html").read_text(encoding="utf-8")
    assert page == (tmp_path / ".oracles/report.html").read_text(encoding="utf-8")


def test_the_file_that_programs_read_comes_last_whatever_is_asked_for():
    places = [str(path) for _, path, _ in outputs.asked(options(*FILES, "--json", "out/a.json"))]
    assert places[-1] == ".oracles/report.json"
    assert len(set(places)) == 7


def test_files_that_are_asked_for_are_written_without_the_others(tmp_path):
    done, printed = finished(reports.right(), *FILES, "--no-report", "--quiet")
    assert done == RIGHT
    assert len(printed.splitlines()) == 1
    assert (tmp_path / "out/junit.xml").exists()
    assert not (tmp_path / ".oracles/report.json").exists()


def test_a_format_that_breaks_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/junit.xml").write_text("old")

    def broken(report):
        raise RuntimeError("no XML today")

    monkeypatch.setattr(outputs, "EXTRA", {"junit": broken})
    with pytest.raises(RuntimeError, match="no XML today"):
        finished(reports.right(), *FILES, "--no-report")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["old"]


@pytest.mark.parametrize("option", sorted(outputs.EXTRA))
def test_places_are_checked_before_the_work(option, tmp_path):
    (tmp_path / "file").write_text("")
    for path, trouble in ((".", "regular"), ("", "regular"), ("file/a", "file")):
        with pytest.raises(UsageError, match=f"argument --{option}: .*{trouble}"):
            check_files(options(f"--{option}", path))
    check_files(options(f"--{option}", "new/deep/a.xml"))
    assert list((tmp_path / "new/deep").iterdir()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [(("--html", "-"), "argument --html: standard output is for --json alone"),
     (("--junit", "x", "--sarif", "x"), "argument --sarif: 'x' is that of --junit too"),
     (("--junit", "x", "--sarif", "y/../x"), "argument --sarif: 'y/../x' is that of --junit too"),
     (("--html", "x", "--json", "link"), "argument --json: 'link' is that of --html too"),
     (("--sarif", ".oracles/report.json"),
      "argument --output: '.oracles/report.json' is that of --sarif too")],
)  # fmt: skip
def test_paths_that_would_come_to_nothing_are_refused(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("x")
    with pytest.raises(UsageError, match=f"^{message}$"):
        check_files(options(*given))
    check_files(options("--json", "-"))
    check_files(options("--json", ".oracles/report.json"))  # the same file from the same report


def test_a_page_in_two_places_is_rendered_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    times = []

    def render(report):
        times.append(report)
        return "page"

    (tmp_path / ".oracles").mkdir()
    monkeypatch.setattr(outputs, "ALWAYS", {"report.html": render})
    monkeypatch.setattr(outputs, "EXTRA", {"html": render})
    assert len(outputs.write_outputs(options("--html", "other.html"), reports.right())) == 2
    assert len(times) == 1
