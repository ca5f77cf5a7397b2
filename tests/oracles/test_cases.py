"""The strategies: every case is valid, and the hard ones do come up."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st

from oracles.catalog import ops
from oracles.data import PATTERNS, make
from oracles.exact.truth import truth
from oracles.layouts import LAYOUTS
from oracles.limits import Limits

CONVOLUTIONS = [op for op in ops if op.name.startswith("conv")]


def draw_cases(op, count=150, dtype="float64", **limits):
    cases = []

    @seed(7)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(op.cases(dtype, Limits(**limits)))
    def collect(case):
        cases.append(case)

    collect()
    return cases


@pytest.mark.parametrize("op", list(ops), ids=lambda op: op.name)
def test_every_case_is_valid_and_truth_has_its_shapes(op):
    cases = draw_cases(op, 40)
    assert len(cases) > 5
    for case in cases:
        found = truth(op.definition, case, op.gradient_names(case))
        assert found["y"].shape == case.cotangent.shape
        for name in op.gradient_names(case):
            assert found[f"grad_{name}"].shape == case.operands[name].shape


@pytest.mark.parametrize("op", CONVOLUTIONS, ids=lambda op: op.name)
def test_hard_cases_come_up(op):
    axes = int(op.name[-2])
    seen = Counter()
    for case in draw_cases(op, 400):
        x, w, options = case.operands["x"], case.operands["w"], case.options
        padding = np.broadcast_to(0 if isinstance(options["padding"], str) else
                                  options["padding"], axes)  # fmt: skip
        seen["bias"] += "b" in case.operands
        seen["no bias"] += "b" not in case.operands
        seen["empty batch"] += x.ndim == axes + 2 and x.shape[0] == 0
        seen["unbatched"] += x.ndim == axes + 1
        seen["size-1 axis"] += 1 in x.shape[-axes:]
        seen["padding beyond the kernel"] += bool((padding >= np.array(w.shape[2:])).any())
        seen["groups"] += options["groups"] > 1
        seen["depthwise"] += options["groups"] == x.shape[-axes - 1] > 1
        seen["stride"] += np.max(options["stride"]) > 1
        seen["dilation"] += np.max(options["dilation"]) > 1
        seen["per axis"] += axes == 1 or isinstance(options["stride"], tuple)
        seen["special values"] += "at flat index" in case.origin
        seen.update(case.layouts.values())
        if "transpose" in op.name:
            seen["output_padding"] += np.max(options["output_padding"]) > 0
        else:
            seen[options["padding"] if isinstance(options["padding"], str) else "numbers"] += 1
            seen["sizes that do not divide"] += _leaves_rest(case, axes, padding)
    wanted = {"bias", "no bias", "empty batch", "unbatched", "size-1 axis", "groups", "depthwise",
              "padding beyond the kernel", "stride", "dilation", "per axis", "special values",
              *LAYOUTS[1:]}  # fmt: skip
    wanted |= (
        {"output_padding"} if "transpose" in op.name
        else {"same", "valid", "sizes that do not divide"}
    )  # fmt: skip
    assert {name for name in wanted if not seen[name]} == set()


def _leaves_rest(case, axes, padding):
    size = np.array(case.operands["x"].shape[-axes:])
    reach = np.array(case.options["dilation"]) * (np.array(case.operands["w"].shape[2:]) - 1)
    return bool(((size + 2 * padding - reach - 1) % np.array(case.options["stride"])).any())


def test_limits_are_kept():
    limits = {"stride": 2, "dilation": 1, "groups": 1, "padding": 1, "bias": True, "square": True,
              "batched": True, "min_batch": 1, "special_values": False, "layouts": False,
              "max_kernel": 2, "named_padding": False}  # fmt: skip
    for case in draw_cases(ops["conv2d"], 60, **limits):
        assert case.options == {"stride": 2, "padding": 1, "dilation": 1, "groups": 1}
        x, w = case.operands["x"], case.operands["w"]
        assert (x.shape[2], w.shape[2]) == (x.shape[3], w.shape[3])
        assert (x.ndim, len(x) > 0, max(w.shape[2:]) <= 2) == (4, True, True)
        assert "b" in case.operands
        assert case.finite
        assert case.layouts == {}


def test_larger_batches_come_when_they_are_allowed():
    batches = {len(case.operands["x"]) for case in draw_cases(ops["dense"], 60, max_batch=6)}
    assert {1, 5, 6} <= batches <= set(range(7))
    batches = {len(case.operands["x"]) for case in draw_cases(ops["network"], 20, max_batch=1,
                                                              min_batch=1)}  # fmt: skip
    assert batches == {1}


def test_minimal_case_can_be_read():
    case = find(ops["conv2d"].cases("float64", Limits()), lambda case: case.cotangent.size > 1)
    assert case.size <= 8
    assert case.origin == "x: ramp from 1; w: ramp from 2; cotangent: ramp from 3"
    assert case.operands["x"].ravel().tolist()[:2] in ([1.0, 2.0], [1.0])


def test_networks_reach_six_layers_and_every_kind():
    kinds, depths = Counter(), Counter()
    for case in draw_cases(ops["network"], 200):
        layers = case.options["layers"]
        depths[len(layers)] += 1
        kinds.update(name for name, _, _ in layers)
    assert set(depths) == {1, 2, 3, 4, 5, 6}
    assert {"conv2d", "conv_transpose2d", "dense", "flatten", "tanh", "gelu"} <= set(kinds)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_seed_gives_the_same_bits(pattern):
    first, second = (make(pattern, (3, 4), "float32", 11) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.dtype == np.float32


def test_no_pattern_is_constant():
    for pattern in PATTERNS:
        assert len(set(make(pattern, (12,), "float64", 5).tolist())) > 1


def test_unknown_pattern():
    with pytest.raises(ValueError, match=r"`pattern` \(='noise'\) is unknown"):
        make("noise", (2,), "float64", 0)


@given(st.sampled_from(list(ops)), st.data())
@settings(max_examples=60, deadline=None, database=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
def test_cotangent_has_the_dtype_of_the_case(op, data):
    case = data.draw(op.cases("float32", Limits()))
    floats = [a for a in case.operands.values() if a.dtype.kind == "f"]
    assert {a.dtype for a in [case.cotangent, *floats]} == {np.dtype("float32")}
