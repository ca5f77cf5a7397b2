"""A report that was written as JSON comes back as it was."""

import numpy as np
import pytest

from oracles.catalog import ops
from oracles.checking import run
from oracles.report_reader import read_report
from oracles.reporting.failure import failure_text
from oracles.reporting.json_form import json_text
from oracles.reporting.terminal import footer, row


@pytest.fixture(scope="module")
def report():
    wrong = ops.tanh.implemented_by(np.tanh, lambda g, x: g * np.tanh(x))
    return run([wrong, ops.dense], oracles=("complex_step",), max_examples=5, seed=1)


def test_a_report_is_read_as_it_was_written(report):
    text = json_text(report)
    again = read_report(text)
    assert json_text(again) == text
    assert footer(again) == footer(report)
    for mine, theirs in zip(again.entries, report.entries, strict=True):
        assert row(mine, report.oracles) == row(theirs, report.oracles)
        assert failure_text(mine) == failure_text(theirs)
        assert (mine.passed, mine.vacuous) == (theirs.passed, theirs.vacuous)
    mine, theirs = (each.entries[0].failure for each in (again, report))
    for name, array in theirs.case.arrays.items():
        assert mine.case.arrays[name].dtype == array.dtype
        assert mine.case.arrays[name].tobytes() == array.tobytes()
    assert mine.comparisons == theirs.comparisons
    assert again.environment == report.environment


def test_another_schema_is_refused():
    with pytest.raises(ValueError, match="report has schema version 1, this is 3"):
        read_report('{"schema_version": 1}')
