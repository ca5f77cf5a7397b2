"""manualgrad, operation by operation, over generated cases: the property tests of the project."""

from dataclasses import replace

import pytest

import oracles
from oracles.catalog import Catalog, ops
from oracles.checking import check


@pytest.mark.parametrize("op", list(ops), ids=lambda op: op.name)
def test_subject_is_right_within_its_rounding_bound(op):
    report = check(op, oracles=(), max_examples=120, seed=20180)
    assert report.cases >= 2 * min(op_cases(report), 10)


def op_cases(report):
    return max(entry.cases for entry in report.entries)


def test_every_operation_has_both_references_and_both_directions():
    for op in ops:
        assert {"torch", "jax"} <= set(op.references)
        assert callable(op.forward)
        assert callable(op.backward)


def test_operations_by_name_item_attribute_and_iteration():
    assert oracles.ops is ops
    assert ops.conv2d is ops["conv2d"]
    assert "conv2d" in ops
    assert "conv9d" not in ops
    assert len(ops) == len(list(ops)) == len({op.name for op in ops})
    assert "conv_transpose3d" in dir(ops)


def test_unknown_operation():
    with pytest.raises(KeyError, match=r"no operation 'xyz'; oracle-diff list names all"):
        ops["xyz"]
    with pytest.raises(KeyError, match=r"no operation 'conv2'; the nearest name is 'conv[12]d'"):
        ops["conv2"]
    with pytest.raises(AttributeError, match="no operation 'conv2' in the catalog"):
        _ = ops.conv2


def test_adding_an_operation_is_adding_an_entry():
    twin = replace(ops.tanh, name="twin")
    assert [op.name for op in Catalog([*ops, twin])][-1] == "twin"
    assert check(twin, oracles=(), max_examples=20, seed=0).passed
