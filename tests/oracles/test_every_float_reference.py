"""The float64 reference against balls: shown to be enough for short floats."""

import numpy as np
import pytest

from oracles.every_float.entries import ENTRIES
from oracles.every_float.inputs import all_bfloat16, all_float16, widened
from oracles.every_float.reference import BOUND, doubtful, reference
from oracles.every_float.truth import ball_truth, fast_truth, slopes_at

TINY = 2.0**-300  # far below every short float


def telling_inputs(entry):
    bits = np.random.default_rng(7).integers(0, 2**32, 4000, dtype=np.uint32)
    both = np.concatenate([widened(all_bfloat16()), widened(bits.view(np.float32))])
    # Where exactness is lost first: right outside the intervals that balls take over.
    line = np.linspace(-2, -0.5, 2**17).astype(np.float32).astype(np.float64)
    edge = np.flatnonzero(np.diff(doubtful(entry, line)))
    return np.concatenate([both, *(line[e - 20 : e + 20] for e in edge)])


@pytest.mark.parametrize("name", ENTRIES)
def test_reference_keeps_its_bound_outside_the_doubtful(name):
    entry = ENTRIES[name]
    x = telling_inputs(entry)
    x = x[~doubtful(entry, x)]
    truth = ball_truth(entry, x)
    value, slope = reference(entry, x)
    for found, near, rest in (
        (value, truth.value, truth.value_rest), (slope, truth.slope, truth.slope_rest)
    ):  # fmt: skip
        assert np.array_equal(np.isnan(found), np.isnan(near))
        tiny = np.abs(near) < TINY
        assert not (np.abs(found[tiny]) > 2 * TINY).any()
        error = np.abs((found - near) - rest)[~tiny & ~np.isnan(near)]
        assert (error <= BOUND * np.abs(near[~tiny & ~np.isnan(near)])).all()


@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh", "mish"])
def test_a_zero_of_a_derivative_lies_in_the_middle_of_the_doubtful(name):
    line = np.linspace(-2, -0.5, 2**14)
    inside = line[doubtful(ENTRIES[name], line)]
    slope = ball_truth(ENTRIES[name], inside).slope
    assert inside.size < 50
    assert np.sign(slope[0]) != np.sign(slope[-1])
    assert abs(np.count_nonzero(slope > 0) - inside.size / 2) <= 1.5


def test_few_short_floats_are_doubtful():
    for entry in ENTRIES.values():
        assert np.count_nonzero(doubtful(entry, widened(all_float16()))) <= 70


def test_truth_at_a_kink_is_both_sides():
    x = np.array([0.0, 1.0, -0.0])
    for truth in (fast_truth(ENTRIES["relu"], x), ball_truth(ENTRIES["relu"], x)):
        assert truth.kinks.at.tolist() == [0, 2]
        assert (truth.kinks.left.tolist(), truth.kinks.right.tolist()) == ([0, 0], [1, 1])
    assert slopes_at(ENTRIES["hardtanh"].pieces, -1.0) == [0, 1]


def test_truth_at_infinity_and_nan_is_the_limit():
    x = np.array([np.inf, -np.inf, np.nan])
    for name, expected in (("silu", [np.inf, 0, np.nan]), ("softplus", [np.inf, 0, np.nan]),
                           ("tanh", [1, -1, np.nan])):  # fmt: skip
        truth = fast_truth(ENTRIES[name], x)
        assert np.array_equal(truth.value, expected, equal_nan=True)


def test_ball_truth_is_better_than_float64():
    truth = ball_truth(ENTRIES["arctan"], np.array([np.inf]))
    assert truth.value[0] == np.pi / 2
    assert abs(truth.value_rest[0] - 6.123233995736766e-17) < 1e-30
