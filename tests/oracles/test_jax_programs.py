"""Cheap compilation changes no bit on the lattice; kept programs stay within bounds."""

import json
import os
import subprocess
import sys

import pytest

from oracles.witnesses.jax_programs import CHEAP, trim

# In a process of its own: who has imported JAX cannot fork, and other tests do.
COMPILE_BOTH_WAYS = """
import json
import jax
import numpy as np
from oracles.witnesses.jax_programs import known_options, options_for

rng = np.random.default_rng(3)
x, w = (rng.integers(-9, 10, s).astype(np.float32) for s in ((2, 3, 5, 7), (4, 3, 2, 3)))
same = []
for stride in ((1, 1), (2, 2), (2, 3)):
    def both(x, w):
        y, vjp = jax.vjp(lambda x, w: jax.lax.conv_general_dilated(x, w, stride, "VALID"), x, w)
        return y, vjp(y)
    usual, cheap = (
        jax.tree.leaves(jax.jit(both).lower(x, w).compile(compiler_options=options)(x, w))
        for options in ({}, known_options(jax))
    )
    same += [np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(usual, cheap)]
names = (("x", "w", "b"), ("x", "0.w", "0.b"), ("x", "w1", "w2"), ("x",), ("prediction", "target"))
cheap = [bool(options_for(jax, n)) for n in names]
print(json.dumps({"same": same, "known": known_options(jax), "cheap": cheap}))
"""


@pytest.fixture(scope="module")
def told():
    pytest.importorskip("jax")
    call = [sys.executable, "-c", COMPILE_BOTH_WAYS]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_cheap_compilation_leaves_whole_numbers_as_they_are(told):
    assert told["same"] == [True] * 9


def test_this_xla_has_every_option(told):
    assert told["known"] == CHEAP


def test_elementary_functions_alone_are_compiled_as_by_default(told):
    assert told["cheap"] == [True, True, True, False, False]


def test_the_oldest_programs_go_first(tmp_path):
    for age, name in enumerate(["new", "middle", "old"]):
        path = tmp_path / "kind" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(100))
        os.utime(path, (1e9 - age, 1e9 - age))
    trim(tmp_path, 250)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["middle", "new"]
    trim(tmp_path, 250)
    assert len(list(tmp_path.rglob("*"))) == 3
