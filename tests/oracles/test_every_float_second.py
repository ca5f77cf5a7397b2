"""Second derivatives in ULP: manualgrad's are right, and a wrong one is seen."""

from dataclasses import replace

import numpy as np
import pytest

from manualgrad import activations
from oracles import catalog
from oracles.every_float.entries import ENTRIES
from oracles.every_float.second import SECOND, second_inputs, second_scores


def test_inputs_span_the_format():
    x = second_inputs()
    assert x.dtype == np.float32
    assert {0.0, np.inf, -np.inf, 1.0, -1.0, 1.5} <= set(x.tolist())
    assert len(x) > 4000


@pytest.mark.parametrize("name", ENTRIES)
def test_manualgrad_is_within_one_ulp(name):
    score = second_scores(name, ("manualgrad",))["manualgrad", SECOND]
    assert score.inputs == len(second_inputs())
    assert (score.spurious, score.flushed) == (0, 0)
    assert score.ulps <= 1


def test_wrong_second_derivative_is_seen(monkeypatch):
    def wrong(v, g, x):
        found = activations.tanh_double_backward(v, g, x)
        return found._replace(grad_x=found.grad_x * np.float32(1 + 2.0**-20))

    changed = replace(catalog.ops["tanh"], double_backward=wrong)
    monkeypatch.setattr(catalog, "ops", {"tanh": changed})
    assert second_scores("tanh", ("manualgrad",))["manualgrad", SECOND].ulps > 7


def test_frameworks_answer_unless_they_have_none():
    pytest.importorskip("torch")
    assert set(second_scores("hardsigmoid", ("manualgrad", "torch"))) == {("manualgrad", SECOND)}
    found = second_scores("relu", ("torch",))
    assert found["torch", SECOND].ulps == 0
