"""The command around mutmut: what it copies, what it calls a mutant."""

from benchmarks import mutation
from benchmarks.mutation import ROOT, copy, mutated, outcomes, parsed
from benchmarks.survivors import Mutant, explanations

SETTINGS = """
[tool.mutmut]
source_paths = ["pack"]
only_mutate = ["pack/*", "more/one.py"]
also_copy = ["README.md"]
"""


def test_a_copy_holds_what_mutmut_needs(tmp_path):
    root, to = tmp_path / "root", tmp_path / "copy"
    for path, text in {
        "pack/f.py": "@cache\ndef f():\n    return 1\n", "README.md": "@cache", "tests/t.py": "@a",
        "pyproject.toml": SETTINGS, "rest/x.py": "",
    }.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    to.mkdir()
    (to / "old").write_text("")
    copy(root, to)
    found = sorted(path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file())
    assert found == ["README.md", "pack/f.py", "pyproject.toml", "tests/t.py"]
    assert (to / "pack/f.py").read_text() == "def f():\n    return 1\nf = cache(f)\n"
    assert (root / "pack/f.py").read_text().startswith("@cache")
    assert (to / "tests/t.py").read_text() == "@a"
    assert mutated(to) == [to / "pack/f.py"]


def test_a_mutant_is_named_by_its_change():
    diff = "--- f\n+++ f\n@@ -1 +1 @@\n def f():\n-    a(\n-        1)\n+    a(2)\n     return"
    assert parsed("pack.plan.x_f__mutmut_7", diff) == Mutant("pack.plan.f", "a( 1)", "a(2)")
    method = parsed("pack.plan.xǁTileǁ_size__mutmut_1", diff)
    assert method.function == "pack.plan.Tile._size"
    assert parsed("pack.plan.x__x_f__mutmut_1", diff).function == "pack.plan._x_f"


def test_nothing_was_run(tmp_path):
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    assert list(outcomes(tmp_path, [])) == []


def test_the_list_can_be_read_and_names_what_exists():
    for each in explanations(mutation.LIST):
        package, module, *names = each.function.split(".")
        source = (ROOT / package / f"{module}.py").read_text("utf-8")
        assert f"def {names[-1]}(" in source, each.function
