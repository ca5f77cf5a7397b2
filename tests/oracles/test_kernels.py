"""Every way to compute a convolution is held against PyTorch and exact arithmetic.

The catalog's cases are so small that all of them would be looked up in tables.
"""

import pytest

from manualgrad import lookup
from oracles import convolution_cases, ops, run

CONVOLUTIONS = [op for op in ops if op.name.startswith("conv")]


def test_however_they_are_cut(cut, tmp_path):
    report = run(CONVOLUTIONS, oracles=("torch",), evidence=("bound", "lattice"), max_examples=6,
                 seed=2018, directory=str(tmp_path))  # fmt: skip
    assert report.passed, cut
    assert not [entry.op for entry in report.entries if entry.defects]


@pytest.mark.parametrize("op", CONVOLUTIONS, ids=lambda op: op.name)
def test_larger_ones_as_they_are(op, monkeypatch, tmp_path):
    found = []
    table = lookup.table
    monkeypatch.setattr(convolution_cases, "_MOST_TERMS", 2 * 10**5)
    monkeypatch.setattr(lookup, "table", lambda *size: found.append(table(*size)) or found[-1])
    report = run(op, oracles=("torch",), dtypes=("float64",), evidence=("bound", "lattice"),
                 max_examples=25, seed=2018, directory=str(tmp_path), min_batch=2, max_batch=20,
                 max_size=60 if op.name.endswith("1d") else 12, max_channels=40)  # fmt: skip
    assert report.passed
    assert sum(each is None for each in found) > 10
