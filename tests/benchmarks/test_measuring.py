"""Each part is measured with as little as there can be."""

import os

import pytest

from benchmarks import checks, convolutions, rates
from benchmarks.checks import OURS, form, fresh_cases, without_programs
from benchmarks.machine import PROBES, machine
from oracles.catalog import ops


def test_convolutions_have_a_row_for_each_shape_and_dtype():
    told = []
    rows = convolutions.measure(("float32",), 2, select="article", progress=told.append)
    (row,) = rows
    assert told == [convolutions.line(row)]
    assert (row.shape.name, row.dtype) == ("article 4x4", "float32")
    assert {name: len(times.rounds) for name, times in row.timings.items()} == {
        "manualgrad": 2, "torch": 2, "jax": 2,
    }  # fmt: skip
    ours, torch = row.timings["manualgrad"].seconds, row.timings["torch"].seconds
    assert row.ratio("torch") == torch / ours
    assert row.speed("torch") == row.flops / torch
    assert 0 < row.of_peak("manualgrad") < 1
    assert min(row.ceilings.gemm, row.ceilings.copy, row.ceilings.copy_in_cache) > 1e8
    text = convolutions.table(rows)
    assert "float32: matrix product" in text
    assert "in the second level cache" in text


def test_every_participant_checks_the_same_cases():
    told = []
    (found,) = checks.measure(2, sizes=((35, 70),), progress=told.append)
    assert list(found.times) == [
        OURS, "oracles, torch and jax", "gradcheck, fast", "gradcheck, slow",
        "check_grads", "check_grads, compiled",
    ]  # fmt: skip
    assert {len(times.each) for times in found.times.values()} == {len(found.elements)} == {2}
    assert all(35 <= size <= 70 for size in found.elements)
    assert found.ratio(OURS) == 1
    slow = found.times["gradcheck, slow"].median
    assert found.ratio("gradcheck, slow") == slow / found.times[OURS].median
    assert told == ["\n".join(checks.lines(found))]
    assert len(told[0].splitlines()) == 6


def test_fresh_cases_differ_in_shape_or_options():
    cases = fresh_cases(ops["conv_transpose2d"], 8, least=100, most=300)
    assert len({form(case) for case in cases}) == 8
    assert all(100 <= case.size <= 300 for case in cases)
    with pytest.raises(ValueError, match=r"`count` \(=2\) must be at most 0"):
        fresh_cases(ops["conv_transpose2d"], 2, least=10**6, most=10**7)


def test_rates_count_a_drawn_case_once():
    told = []
    found = rates.measure(
        4, operations=("dense",), by_size=(("conv2d", ("torch",)),), progress=told.append
    )
    assert [each.witnesses for each in found.operations] == [("torch",), ("torch", "jax")]
    for each in found.operations:
        assert each.cases == 4
        assert each.draws >= 4  # lattice draws are counted apart
    assert found.sizes
    for each in found.sizes:
        assert each.shapes <= len(each.elements) == len(each.bound.each)
        assert min(each.elements) >= each.least
    runs = 4 * 2  # limits, rounds
    assert sum(len(each.elements) for each in found.sizes) <= 2 * runs
    assert len(told) == len(found.operations) + len(found.sizes)


def test_no_compiled_program_of_an_earlier_run_is_at_hand(monkeypatch):
    for before in ("/somewhere", None):
        if before:
            monkeypatch.setenv("XDG_CACHE_HOME", before)
        else:
            monkeypatch.delenv("XDG_CACHE_HOME")
        with without_programs() as home:
            assert os.environ["XDG_CACHE_HOME"] == home
            assert os.listdir(home) == []
        assert os.environ.get("XDG_CACHE_HOME") == before


def test_the_machine_is_told():
    found = machine(lambda probe, _: {"gemm": 2.0, "copy": 4.0, "copy in cache": 8.0}[probe])
    assert found.cpu
    assert found.cores >= 1
    assert found.versions["numpy"]
    assert set(found.ceilings) == {"float64", "float32"}
    assert found.ceilings["float64"].gemm == 2048**3
    assert found.ceilings["float64"].copy == 2**25  # 64 MiB read and written in four seconds


@pytest.mark.parametrize("probe", PROBES)
def test_probes_can_be_called(probe, monkeypatch):
    monkeypatch.setattr("benchmarks.machine.SIDE", 8)
    monkeypatch.setattr("benchmarks.machine.LARGE", 2**10)
    PROBES[probe]("float32")()
