"""Markdown for GitHub and for people: the summary of a step, report.md, lines that are marked."""

from dataclasses import replace
from io import StringIO

import pytest
from lxml import html
from markdown_it import MarkdownIt

from oracles.changes import Change, Changes
from oracles.cli import main
from oracles.console import Terminal
from oracles.finishing import status_of
from oracles.github import tell_github
from oracles.merging import merged
from oracles.places import Place
from oracles.reporting.annotations import MOST as MOST_ERRORS
from oracles.reporting.annotations import workflow_commands
from oracles.reporting.findings import findings, findings_of
from oracles.reporting.json_form import json_text
from oracles.reporting.markdown import markdown
from oracles.reporting.markdown_parts import code, escaped, fenced
from oracles.reporting.names import Names
from oracles.reporting.step_summary import MOST, step_summary
from tests.oracles import report_kinds as reports

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
STRUCTURE = {"html", "body", "div", "h1", "h2", "h3", "p", "strong", "table", "thead", "tbody",
             "tr", "th", "td", "ul", "li", "details", "summary", "code", "pre"}  # fmt: skip


def rendered(text):
    return html.fromstring(f"<div>{MARKDOWN.render(text)}</div>")


def tags(tree):
    return {element.tag for element in tree.iter()}


@pytest.mark.parametrize("kind", reports.KINDS)
def test_the_summary_has_the_verdict_first_and_a_row_for_each_operation(kind):
    report = reports.KINDS[kind]()
    tree = rendered(step_summary(report))
    assert tags(tree) <= STRUCTURE
    assert tree[0].text == "oracle-diff"
    verdict = tree[1].text_content()
    if not kind.startswith("hostile"):
        first = {0: "right", 1: "WRONG", 5: "VACUOUS" if report.entries else "nothing",
                 130: "interrupted; right so far"}[status_of(report, ())]  # fmt: skip
        assert verdict.startswith(first)
    rows = tree.xpath(".//tbody/tr")
    assert len(rows) == len(report.entries)
    assert {len(row) for row in rows} <= {7 + len(report.oracles)}
    not_right = [entry for entry in report.entries if findings_of(entry)]
    assert len(tree.xpath(".//details/summary")) == len(not_right)


@pytest.mark.parametrize("kind", reports.HOSTILE)
@pytest.mark.parametrize("render", [markdown, step_summary])
def test_hostile_names_are_text(kind, render):
    name = reports.HOSTILE[kind]
    report = reports.hostile(name)
    text = render(report)
    text.encode()
    tree = rendered(text)
    assert tags(tree) <= STRUCTURE
    (table, *_) = tree.xpath(".//table")
    assert len(table.xpath("./tbody/tr")) == 3
    called = sorted(" ".join(Names(report).op(entry).split()) for entry in report.entries)
    cells = table.xpath("./tbody/tr/td[1]")
    assert all(len(cell) == 0 for cell in cells)
    if name.isprintable() and max(map(len, called)) < 100:
        assert sorted(cell.text for cell in cells) == called


@pytest.mark.parametrize(
    "name",
    ["conv_transpose2d", "grad_x", "-", "a|b", r"a\|b", "a\\", "`", "``a`", "__init__", "_", "a_ b",
     "# a", "- a", "+ a", "1. a", "12) a", "=== a", "<b>", "&lt;", "&amp;", "[a]: b", "[x] a", "*",
     "http://e.example", "a\n\nb", "  a", "~~~", "$a$", "a\tb", "!", "![a](b)", "|---|", "> a"],
)  # fmt: skip
def test_escaped_text_is_shown_as_it_is(name):
    shown = " ".join(name.split())
    tree = rendered(f"- {escaped(name)}\n\n| {escaped(name)} | b |\n| --- | --- |\n"
                    f"| {escaped(name)} | b |\n")  # fmt: skip
    item, table = tree
    assert item[0].text == shown
    assert [cell.text for cell in table.iter("td")] == [shown, "b"]
    assert tags(tree) == {"div", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    span = rendered(f"so: {code(name)} there")
    assert span.xpath(".//code")[0].text == shown
    block = rendered("\n".join(fenced(f"{name}\n```\n~~~\n{name}")))
    assert block.xpath("./pre/code")[0].text == f"{name}\n```\n~~~\n{name}\n"


def test_names_of_the_catalog_stay_readable_in_the_source():
    assert escaped("conv_transpose2d grad_x 2^-42 (degree / numbers)") == (
        "conv_transpose2d grad_x 2^-42 (degree / numbers)"
    )


def test_accounts_are_folded_with_rule_sentence_and_place():
    tree = rendered(step_summary(reports.wrong()))
    first = tree.xpath(".//details")[0]
    who = "numpy.tanh, backward tests.oracles.report_kinds._wrong_tanh"
    assert first.xpath("./summary")[0].text == f"tanh in float64 ({who}): wrong-gradient"
    items = [item.text_content() for item in first.iter("li")]
    assert items[0] == findings(reports.wrong())[0].sentence
    assert items[1].startswith(f"the subject, {who}, stands in ")
    assert "report_kinds.py, line " in items[1]


def test_defects_missing_witnesses_changes_and_seed_are_told():
    same = Change("dense", "d", "float32", "still wrong", 1.0, 2.0, 3.0, 4.0)
    changes = Changes("old_report.json", "2026-01-01T00:00:00+00:00",
                      (replace(same, kind="new failure"), same, same))  # fmt: skip
    text = step_summary(replace(reports.with_defects(), changes=changes))
    tree = rendered(text)
    items = [item.text_content() for item in tree.iter("li")]
    assert "dense float32, 3 cases: a framework: y differs in 1 of 1 cells" in items
    whole = tree.text_content()
    assert "no fault of the subject" in whole
    assert "SKIPPED jax: jax is not installed: pip install 'manualgrad[jax]'" in whole
    assert "changes since the run of 2026-01-01T00:00:00+00:00 (old_report.json):" in whole
    assert "1 new failure, 2 still wrong" in items
    assert whole.rstrip().endswith("to be repeated with --seed 4")
    assert "no fault of the subject" not in step_summary(reports.right())


def test_of_what_a_report_is_merged_is_told():
    whole = merged([reports.right(), replace(reports.vacuous(), seed=2018)])
    text = rendered(step_summary(replace(whole, notes=("merged from 2 reports",)))).text_content()
    assert "merged from 2 reports" in text
    assert "2018" in text


def test_what_does_not_fit_is_counted_and_nothing_is_torn():
    room = 100_000
    text = step_summary(reports.many(600), room)
    assert 0.5 * room < len(text.encode()) <= room
    tree = rendered(text)
    assert tags(tree) <= STRUCTURE
    accounts = len(tree.xpath(".//details/summary"))
    assert 10 < accounts < 600
    assert text.count("<details>") == text.count("</details>") == accounts
    assert f"{600 - accounts} of 600 accounts are left out here" in text
    rows = len(tree.xpath(".//tbody/tr"))
    assert f"{600 - rows} of 600 rows of the table are left out here" in text
    assert text.endswith("to be repeated with --seed 4\n")


def test_ten_thousand_failures_fit_into_what_github_takes():
    text = step_summary(reports.many(10_000))
    assert 0.5 * MOST < len(text.encode()) <= MOST == 900 * 1024
    assert "of 10000 accounts are left out here" in text


def test_rows_that_are_not_right_come_before_those_that_are_cut():
    right = reports.right().entries[0]
    entries = (*(replace(right, op=f"right_{n}") for n in range(300)), reports.wrong().entries[0])
    text = step_summary(replace(reports.right(), entries=entries), 12_000)
    assert len(text.encode()) <= 12_000
    assert rendered(text).xpath(".//tbody/tr[1]/td[1]")[0].text == "tanh"
    assert "rows of the table are left out here" in text


@pytest.mark.parametrize("room", [-5000, 0, 800, 2000])
def test_the_verdict_is_there_whatever_the_room(room):
    text = step_summary(reports.many(50), room)
    assert len(text.encode()) < max(room, 0) + 3000
    assert "**WRONG: " in text
    assert "50 of 50 accounts are left out here" in text


def told(report, *, quiet=False):
    stream = StringIO()
    tell_github(report, Terminal(file=stream, width=120, soft_wrap=True), quiet=quiet)
    return stream.getvalue()


def test_the_summary_is_appended_where_the_environment_asks(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert told(reports.wrong()) == ""
    path = tmp_path / "summary.md"
    path.write_text("what was there\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    assert told(reports.right()) == ""
    assert told(reports.wrong(), quiet=True) == ""
    assert path.read_text() == "what was there\n" + "".join(
        step_summary(report) for report in (reports.right(), reports.wrong())
    )
    path.write_text("no end of the line")
    told(reports.right())
    assert path.read_text() == "no end of the line\n" + step_summary(reports.right())
    path.unlink()
    told(reports.right())
    assert path.read_text() == step_summary(reports.right())
    path.write_text("x" * MOST)
    told(reports.many(3000))
    assert MOST < path.stat().st_size < MOST + 3000


def test_a_summary_that_cannot_be_written_is_told_and_no_more(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "summary.md"))
    assert told(reports.right()) == ""
    assert capsys.readouterr().err.startswith("oracle-diff: no summary of the step: ")


def test_lines_are_marked_on_github_alone_and_not_when_quiet(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert told(reports.wrong()).splitlines() == workflow_commands(reports.wrong())
    assert told(reports.wrong(), quiet=True) == ""
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert told(reports.wrong()) == ""


def commands(report):
    """Return the workflow commands as GitHub's runner reads them: properties and message."""
    found = []
    for line in workflow_commands(report):
        name, properties, message = line.split("::", 2)[0], *line.split("::", 2)[1:]
        assert name == ""
        word, _, given = properties.partition(" ")
        assert word == "error"
        pairs = dict(pair.split("=", 1) for pair in given.split(","))
        found.append(({key: unescaped(value) for key, value in pairs.items()}, unescaped(message)))
    return found


def unescaped(text):
    for code_, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","),
                             ("%25", "%")):  # fmt: skip
        text = text.replace(code_, character)
    return text


@pytest.mark.parametrize("kind", reports.KINDS)
def test_each_finding_is_marked_after_the_verdict(kind):
    report = reports.KINDS[kind]()
    found = commands(report)
    if status_of(report, ()) == 0:
        assert found == []
        return
    assert found[0][0] == {"title": "oracle-diff"}
    assert len(found) == 1 + len(findings(report))
    for (properties, message), finding in zip(found[1:], findings(report), strict=True):
        assert message
        assert properties["title"].startswith(f"{finding.rule}: ")
        assert set(properties) == {"title"} | ({"file", "line"} if finding.entry.place else set())


def test_a_mark_is_at_the_subject_and_escaped():
    entry = replace(reports.wrong().entries[0], op="a,b:c%0A", place=Place("x, y:%.py", 12))
    (_, (properties, message)) = commands(replace(reports.wrong(), entries=(entry,)))
    assert properties == {
        "file": "x, y:%.py", "line": "12", "title": "wrong-gradient: a,b:c%0A in float64",
    }  # fmt: skip
    assert message == findings_of(entry)[0].sentence
    line = workflow_commands(replace(reports.wrong(), entries=(entry,)))[1]
    assert line.startswith("::error file=x%2C y%3A%25.py,line=12,title=wrong-gradient%3A a%2Cb%3Ac")


def test_no_name_makes_a_second_command():
    for line in workflow_commands(reports.hostile(reports.HOSTILE["command"])):
        assert "\n" not in line
        assert line.startswith("::error ")


def test_more_than_github_shows_are_counted():
    found = commands(reports.many(30))
    assert len(found) == MOST_ERRORS
    assert found[0][1].endswith("; 30 findings, the first 9 of them are marked")
    assert commands(reports.many(2))[0][1].endswith("; 2 findings")


def test_a_verdict_that_is_none_is_marked():
    assert commands(reports.empty()) == [({"title": "oracle-diff"}, "nothing was compared")]
    ((_, message),) = commands(reports.interrupted())
    assert message.startswith("interrupted; right so far: ")


def test_what_is_cut_stays_text():
    first = reports.with_defects().entries[0]
    for length in range(900, 1010, 7):
        case_file = "<h1>no</h1>[a](http://e.example)" * 3
        defect = replace(first.defects[0], sentence="s" * length, case_file=case_file)
        report = replace(reports.right(), entries=(replace(first, defects=(defect,)),))
        tree = rendered(step_summary(report))
        assert [item.find("code").text for item in tree.iter("li")] == [case_file]
        assert not tree.xpath(".//h1 | .//a")


def test_no_name_in_the_table_is_a_command(tmp_path, monkeypatch, capsys):
    """As the runner reads a line: ``::`` at its beginning, ``##[`` anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    first = replace(reports.wrong().entries[0], op="::error::a", subject="##[error]b")
    report = replace(reports.wrong(), entries=(first,))
    (tmp_path / "found.json").write_text(json_text(report))
    with pytest.raises(SystemExit):
        main(["report", "found.json"])
    lines = capsys.readouterr().out.splitlines()
    read = [n for n, line in enumerate(lines) if line.lstrip().startswith("::") or "##[" in line]
    token = lines[0].removeprefix("::stop-commands::")
    end = lines.index(f"::{token}::")
    assert len(token) == 32
    assert len([n for n in read if 0 < n < end]) >= 2
    assert [lines[n] for n in read if n > end] == workflow_commands(report)
    with pytest.raises(SystemExit):
        main(["report", "found.json", "--quiet"])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_room_is_counted_in_bytes():
    entries = tuple(replace(e, op="\u7573" * 90) for e in reports.many(300).entries)
    text = step_summary(replace(reports.many(1), entries=entries), 60_000)
    assert 30_000 < len(text.encode()) <= 60_000


@pytest.mark.parametrize(
    ("name", "source"),
    [("$a$ $$b$$", r"\$a\$ \$\$b\$\$"), ("http://e.example", r"http:\//e.example")],
)
def test_what_github_alone_reads_in_text_is_escaped(name, source):
    """Formulas and bare addresses, of which the Markdown of these tests knows nothing."""
    assert escaped(name) == source
