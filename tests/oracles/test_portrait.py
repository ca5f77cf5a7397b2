"""A failing case cell by cell: truth, bound, error/bound of everybody, and how often."""

import numpy as np
import pytest
from flint import arb, fmpq

from manualgrad import conv2d, conv2d_backward
from oracles.answer import Answer, NotAnArray
from oracles.catalog import ops
from oracles.checking import run
from oracles.exact.bounded import Approximate
from oracles.portrait import CLASSES, RIGHT_CLASSES, histogram, portraits
from oracles.report_reader import read_report
from oracles.reporting.json_form import json_text


def true_of(numbers, error):
    return Approximate(np.array(numbers, dtype=object), np.array(error))


def test_ratios_of_everybody_who_gave_an_array_of_that_shape():
    true = {"y": true_of([[1, 2, 3]], [[0.5, 0.5, 0.0]])}
    answers = {
        "subject": Answer("value", {"y": np.array([[1.0, 3.0, 4.0]])}),
        "torch": Answer("value", {"y": np.array([[1.0, 2.0, 3.25]])},
                        errors={"y": np.ones((1, 3))}),
        "short": Answer("value", {"y": np.ones((1, 2))}),
        "list": Answer("value", {"y": NotAnArray("list")}),
        "long": Answer("value", {"y": np.ones((1, 3), np.longdouble)}),
        "silent": Answer("rejected", detail="no"),
    }  # fmt: skip
    (found,) = portraits(answers, true)
    assert (found.operand, found.shape) == ("y", (1, 3))
    assert found.truth.tolist() == [[1.0, 2.0, 3.0]]
    assert found.bound.tolist() == [[0.5, 0.5, 0.0]]
    assert {name: each.tolist() for name, each in found.ratios.items()} == {
        "subject": [[0.0, 2.0, np.inf]],
        "torch": [[0.0, 0.0, 0.25]],
    }
    assert sum(found.counts["subject"]) == 3


def test_truth_is_the_nearest_float():
    numbers = [10**400, -(10**400), fmpq(1, 3), fmpq(10**400, 3), fmpq(-(10**400), 3),
               arb("0.5"), np.nan, 7]  # fmt: skip
    (found,) = portraits({}, {"y": true_of(numbers, [0.0] * 8)})
    expected = [np.inf, -np.inf, 1 / 3, np.inf, -np.inf, 0.5, np.nan, 7.0]
    np.testing.assert_array_equal(found.truth, expected)


@pytest.mark.parametrize(
    ("ratio", "where"),
    [(0.0, "0"), (1e-9, "under 1e-6"), (1e-6, "under 1e-6"), (2e-6, "1e-6 to 1e-5"),
     (1.0, "1e-1 to 1e0"), (np.nextafter(1, 2), "1e0 to 1e1"), (3e15, "1e15 to 1e16"),
     (1e300, "1e17 and more"), (np.inf, "infinite"), (np.nan, "infinite")],
)  # fmt: skip
def test_classes(ratio, where):
    counts = histogram(np.array([[ratio]]))
    assert len(counts) == len(CLASSES)
    assert counts[CLASSES.index(where)] == sum(counts) == 1
    assert (CLASSES.index(where) < RIGHT_CLASSES) == (ratio <= 1)


def test_a_failure_has_the_portrait_of_its_case_and_json_keeps_it():
    op = ops.conv2d.implemented_by(conv2d, lambda g, x, w, **o: [
        part if part is None else 2 * part for part in conv2d_backward(g, x, w, **o)
    ])  # fmt: skip
    report = run(op, oracles=("complex_step",), dtypes=("float64",), seed=1, keep=False)
    failure = report.failures[0].failure
    again = read_report(json_text(report)).failures[0].failure
    assert [p.operand for p in failure.portraits] == [c.operand for c in failure.comparisons]
    for mine, comparison, theirs in zip(
        failure.portraits, failure.comparisons, again.portraits, strict=True
    ):
        ratio = mine.ratios["subject"]
        assert (ratio > 1).sum() == comparison.wrong
        assert sum(mine.counts["subject"][RIGHT_CLASSES:]) == comparison.wrong
        np.testing.assert_array_equal(theirs.ratios["subject"], ratio)
        np.testing.assert_array_equal(theirs.truth, mine.truth)
        assert theirs.counts == dict(mine.counts)
    assert any(comparison.wrong for comparison in failure.comparisons)
