"""`manualgrad` can be read, and imported, with NumPy alone."""

import subprocess
import sys

import pytest

PROBE = """
import sys
before = set(sys.modules)
{lines}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(" ".join(sorted(loaded - set(sys.stdlib_module_names))))
"""


def third_party(lines):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(lines=lines)],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_manualgrad_loads_numpy_alone():
    found = third_party("import manualgrad, manualgrad.article, manualgrad.article_training")
    assert found == {"manualgrad", "numpy"}


def test_oracles_load_no_framework():
    found = third_party("import oracles; oracles.Op; oracles.ops; oracles.run")
    assert "oracles" in found
    assert not found & {"torch", "jax"}


def test_importing_oracles_loads_nothing_at_all():
    assert third_party("import oracles") == {"oracles"}


def test_command_line_help_needs_no_package():
    assert third_party("import oracles.cli") == {"oracles"}


@pytest.mark.parametrize("package", ["hypothesis", "torch"])
def test_probe_sees_what_is_imported(package):
    pytest.importorskip(package)
    assert package in third_party(f"import manualgrad, {package}")
