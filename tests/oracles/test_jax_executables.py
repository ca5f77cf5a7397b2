"""A kept program answers for what it was compiled from, and for nothing else."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import oracles
from oracles.witnesses.jax_executables import PLACE, Store, fingerprint_of
from oracles.witnesses.jax_programs import trim

SOURCES = Path(oracles.__file__).parent


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "kept", "one")


def only_file(store):
    (path,) = store._directory.iterdir()
    return path


def test_what_is_kept_is_found_under_its_own_key_and_fingerprint_alone(store, tmp_path):
    store.save("conv (3, 4)", {"program": 1})
    assert store.load("conv (3, 4)") == {"program": 1}
    assert store.load("conv (3, 5)") is None
    assert Store(tmp_path / "kept", "one").load("conv (3, 4)") == {"program": 1}
    assert Store(tmp_path / "kept", "two").load("conv (3, 4)") is None


def test_damaged_files_are_as_if_not_there(store):
    store.save("key", list(range(100)))
    path = only_file(store)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert store.load("key") is None
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert store.load("key") is None
    store.save("key", "mended")
    assert store.load("key") == "mended"


def test_program_of_another_key_under_this_name_is_not_taken(store):
    store.save("key", "mine")
    path = only_file(store)
    mine = path.read_bytes()
    store.save("other", "another's")
    (other,) = (p for p in store._directory.iterdir() if p != path)
    path.write_bytes(other.read_bytes())
    assert store.load("key") is None
    assert store.load("other") == "another's"
    path.write_bytes(mine)
    assert store.load("key") == "mine"


class Trap:
    def __reduce__(self):
        return (os.mkdir, (str(Path.cwd() / "sprung"),))


def test_foreign_pickle_is_never_read(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store.save("key", "mine")
    only_file(store).write_bytes(pickle.dumps(Trap()))
    assert store.load("key") is None
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(Trap()))  # the trap does spring
    assert (tmp_path / "sprung").exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702])
def test_directory_that_others_can_enter_is_not_used(tmp_path, mode):
    Store(tmp_path / "kept", "one").save("key", "mine")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    (tmp_path / "kept").chmod(mode)
    assert Store(tmp_path / "kept", "one").load("key") is None
    Store(tmp_path / "kept", "one").save("more", "mine")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    (tmp_path / "kept").chmod(0o700)
    assert Store(tmp_path / "kept", "one").load("key") == "mine"


def test_link_to_a_directory_and_a_file_are_not_used(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_bytes(b"")
    for name in ("link", "file", "file/below"):
        Store(tmp_path / name, "one").save("key", "mine")
        assert Store(tmp_path / name, "one").load("key") is None
    assert not list((tmp_path / "real").iterdir())


def test_many_writers_leave_whole_files(tmp_path):
    def write_and_read(number):
        mine = Store(tmp_path / "kept", "one")
        for _ in range(30):
            mine.save("key", [number] * 5000)
            found = mine.load("key")
            assert found is not None
            assert len(set(found)) == 1
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(write_and_read, range(4)))
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_fingerprint_follows_sources_versions_and_settings(tmp_path):
    shutil.copytree(SOURCES, tmp_path / "oracles", ignore=shutil.ignore_patterns("*.pyc"))
    copy = tmp_path / "oracles"
    same = fingerprint_of(SOURCES, "1", {})
    assert fingerprint_of(copy, "1", {"HOME": "elsewhere"}) == same
    assert fingerprint_of(copy, "2", {}) != same
    assert fingerprint_of(copy, "1", {"XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}) != same
    assert fingerprint_of(copy, "1", {"JAX_DEFAULT_MATMUL_PRECISION": "bfloat16"}) != same
    for name in ("witnesses/jax.py", "witnesses/jax_programs.py", "catalog.py", "article.py"):
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace("return", "return 2 *", 1))
        assert fingerprint_of(copy, "1", {}) != same
        (copy / name).write_text(text)
    assert fingerprint_of(copy, "1", {}) == same


TRACE_ALL = """
import json, sys
from pathlib import Path
from hypothesis import HealthCheck, Phase, given, seed, settings
import oracles
from oracles.catalog import ops
from oracles.limits import Limits
from oracles.witnesses import jax as witness
from oracles.witnesses.jax_executables import SOURCES

home = Path(oracles.__file__).parent
covered = {str(path) for pattern in SOURCES for path in home.glob(pattern)}
jax, _, _ = witness.load()
ran = set()

def watch(frame, event, argument):
    if event == "call" and frame.f_code.co_filename.startswith(str(home)):
        ran.add(frame.f_code.co_filename)

quiet = dict(database=None, deadline=None, suppress_health_check=list(HealthCheck))
for op in ops:
    cases = []

    @settings(max_examples=12 if op.name == "network" else 2, phases=[Phase.generate], **quiet)
    @seed(4)
    @given(op.cases("float64", Limits()))
    def collect(case):
        cases.append((case, op.gradient_names(case)))

    collect()
    for case, gradients in cases:
        sys.setprofile(watch)
        try:
            witness.answer(jax, op.references["jax"], case, gradients, f"jax nowhere:any {op.name}")
        finally:
            sys.setprofile(None)
print(json.dumps({"covered": sorted(covered), "ran": sorted(ran)}))
"""


def test_fingerprint_covers_all_code_that_a_reference_runs(tmp_path):
    pytest.importorskip("jax")
    call = [sys.executable, "-c", TRACE_ALL]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert any(path.endswith("catalog.py") for path in told["ran"])
    assert any(path.endswith("article.py") for path in told["ran"])
    assert set(told["ran"]) <= set(told["covered"])


# In a process of its own: who has imported JAX cannot fork, and other tests do.
ASK = """
import json, sys
import numpy as np
from oracles.op import Case
from oracles.witnesses import jax as witness
from oracles.witnesses import jax_executables

place, factor, fingerprint = sys.argv[1], float(sys.argv[2]), sys.argv[3]
jax_executables.fingerprint_of = lambda *_: fingerprint
jax, _, _ = witness.load()
traced = []

def reference(jax, x, w, power):
    traced.append(power)
    return factor * jax.numpy.sin(x) @ w**power

rng = np.random.default_rng(2)
told = []
for power in (1, 2):
    for second in (False, True):
        x, w, g = (rng.standard_normal(s) for s in ((3, 4), (4, 2), (3, 2)))
        directions = {"x": x + 1, "w": w + 1} if second else {}
        case = Case("any", {"x": x, "w": w}, {"power": power}, g, directions=directions)
        found = witness.answer(jax, reference, case, ["x", "w"], f"jax {place} any")
        told.append({name: array.tobytes().hex() for name, array in found.items()})
print(json.dumps({"traced": len(traced), "told": told}))
"""


@pytest.fixture
def asked(tmp_path):
    pytest.importorskip("jax")

    def ask(place=PLACE, factor=1, fingerprint="one"):
        call = [sys.executable, "-c", ASK, place, str(factor), fingerprint]
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
        environment.pop("JAX_COMPILATION_CACHE_DIR", None)
        done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
        return json.loads(done.stdout)

    return ask


def test_second_run_traces_nothing_and_answers_the_same_bits(asked, tmp_path):
    first = asked()
    assert first["traced"] > 0
    assert [len(each) for each in first["told"]] == [3, 6, 3, 6]
    second = asked()
    assert second == {"traced": 0, "told": first["told"]}
    for path in (tmp_path / "oracles" / "executables").iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    assert asked() == first  # compiled once more, and kept whole, whatever JAX's own cache holds
    assert asked() == second
    trim(tmp_path / "oracles", 0)
    assert not list((tmp_path / "oracles" / "executables").iterdir())
    assert asked() == first


def test_changed_reference_is_asked_anew_by_its_fingerprint(asked):
    old = asked()
    # Were the fingerprint the same, the old program would answer for the new reference.
    assert asked(factor=2)["told"] == old["told"]
    new = asked(factor=2, fingerprint="two")
    assert new["traced"] == old["traced"]
    assert all(a["y"] != b["y"] for a, b in zip(new["told"], old["told"], strict=True))


def test_reference_outside_the_catalog_is_compiled_in_every_run(asked, tmp_path):
    first = asked(place="theirs:OPS")
    assert not (tmp_path / "oracles" / "executables").exists()
    changed = asked(place="theirs:OPS", factor=2)
    assert changed["traced"] == first["traced"]
    assert all(a["y"] != b["y"] for a, b in zip(changed["told"], first["told"], strict=True))
