"""What the README shows is what the commands made."""

import pytest

from benchmarks import showcase
from benchmarks.evidence import evidence_table
from benchmarks.markers import marked, part_of
from oracles.catalog import ops
from oracles.checking import run

README = showcase.README.read_text(encoding="utf-8")


def test_operations_stand_by_their_evidence():
    report = run(
        [ops.dense, ops.tanh], oracles=("complex_step",), max_examples=4, seed=1, keep=False
    )
    lines = [line.strip("| ").split(" | ") for line in evidence_table(report).split("\n")]
    assert lines[0] == [
        "evidence", "operations", "cases", "largest error/bound", "complex differs",
    ]  # fmt: skip
    (strong, dense, cases, ratio, differs), (weak, tanh, *_) = lines[2:]
    assert strong.startswith("proof, lattice 2^-4")
    assert (dense, tanh, weak, cases) == ("`dense`", "`tanh`", "bound", "8")
    assert 0 <= float(ratio) <= 1
    assert differs.startswith("0 of ")


def test_the_readme_has_the_speed_that_was_measured():
    table = showcase.speed_table(showcase.MEASURED.read_text(encoding="utf-8"))
    assert part_of(README, showcase.SPEED) == table
    assert [line.split()[1] for line in table.split("\n")[2:]] == ["float64", "float32"]


def test_the_readme_has_a_row_for_every_operation_and_both_pictures():
    table = part_of(README, showcase.EVIDENCE)
    assert sorted(table.split("`")[1::2]) == sorted(op.name for op in ops)
    for name in ("report", "article"):
        assert f"(docs/pictures/{name}.png)" in README
        assert (showcase.PICTURES / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_tables_go_between_the_markers(tmp_path, monkeypatch, capsys):
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{marked('evidence', '')}\nb\n{marked('speed', 'old')}\n")
    monkeypatch.setattr(showcase, "README", readme)
    monkeypatch.setattr(showcase, "load_report", {"report.json": None}.__getitem__)
    monkeypatch.setattr(showcase, "evidence_table", lambda _: "| table |")
    showcase.write_tables("report.json")
    text = readme.read_text()
    assert part_of(text, "evidence") == "| table |"
    assert part_of(text, "speed").startswith("| dtype")
    assert text.startswith("a\n<!-- evidence -->\n")
    assert capsys.readouterr().out.startswith("| table |\n")
    with pytest.raises(KeyError):
        showcase.write_tables("another")
