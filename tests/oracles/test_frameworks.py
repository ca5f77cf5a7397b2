"""The lowerings to PyTorch and JAX: right where they should be, and wrong where JAX is."""

import os

import numpy as np
import pytest

from oracles.catalog import ops
from oracles.checking import run
from oracles.exact.distance import error_to
from oracles.exact.truth import truth
from oracles.limits import Limits
from oracles.op import Case
from oracles.runner import Runner
from oracles.workers import Workers

pytest.importorskip("torch")
pytest.importorskip("jax")


def transposed_case(x_shape, w_shape, dtype, **options):
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-4, 5, shape).astype(dtype) for shape in (x_shape, w_shape))
    from manualgrad import conv_transpose2d  # noqa: PLC0415

    y = conv_transpose2d(x, w, **options)
    g = rng.integers(-4, 5, y.shape).astype(dtype)
    return Case("conv_transpose2d", {"x": x, "w": w}, {"groups": 1, **options}, g)


# Valid transposed convolutions on which JAX 0.10.2 returns wrong gradients, or aborts, when
# they are lowered to one convolution with dilated input and possibly negative padding.
WRONG = transposed_case((2, 8, 4, 2), (8, 4, 1, 1), np.float32, stride=1, padding=(1, 0),
                        output_padding=(2, 0), dilation=(3, 1))  # fmt: skip
ABORTING = transposed_case((1, 1, 3, 1), (1, 1, 2, 2), np.float64, stride=(2, 1), padding=(1, 0),
                           output_padding=0, dilation=(1, 2))  # fmt: skip


def test_faulty_lowering_is_a_defect_of_the_framework_and_the_run_goes_on(tmp_path):
    limits = Limits(max_stride=1, max_dilation=1)
    runner = Runner(
        oracles=("jax", "jax_dilated"),
        max_examples=1,
        seed=0,
        directory=str(tmp_path),
        limits=limits,
    )
    with runner:
        wrong = runner.examine(ops.conv_transpose2d, "float32", [WRONG])
        aborting = runner.examine(ops.conv_transpose2d, "float64", [ABORTING])
    assert wrong.passed
    assert aborting.passed
    assert [d.kind for d in wrong.defects if d.witness == "jax_dilated"] == [
        "differs", "not exact on the lattice"
    ]  # fmt: skip
    assert not [d for d in (*wrong.defects, *aborting.defects) if d.witness == "jax"]
    (crash,) = (d for d in aborting.defects if d.kind == "crashed")
    assert crash.sentence.startswith("jax_dilated: crashed, killed by SIGABRT")
    assert os.path.getsize(crash.case_file) > 0
    dilated = next(a for a in aborting.attendance if a.witness == "jax_dilated")
    assert (dilated.crashed, dilated.answered) == (1, aborting.cases - 1)
    assert aborting.cases > 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_elements_that_no_position_reads_do_not_abort_the_witness(tmp_path, dtype):
    rng = np.random.default_rng(1)
    x, w, g = (
        rng.integers(-4, 5, shape).astype(dtype)
        for shape in ((2, 1, 4, 5), (1, 1, 2, 2), (2, 1, 3, 1))
    )
    options = {"stride": (2, 3), "padding": (1, 0), "dilation": (1, 3), "groups": 1}
    case = Case("conv2d", {"x": x, "w": w}, options, g)
    with Workers(["jax"], time_limit=60, directory=str(tmp_path)) as workers:
        workers.ask(ops.conv2d, case)
        answer = workers.answers()["jax"]
    assert answer.kind == "value", answer.detail
    from manualgrad import conv2d, conv2d_backward  # noqa: PLC0415

    found = conv2d_backward(g, x, w, **options)
    exact = {"y": conv2d(x, w, **options), "grad_x": found.grad_x, "grad_w": found.grad_w}
    assert all(np.array_equal(answer.values[name], exact[name]) for name in exact)


def test_faulty_lowering_as_the_subject_is_convicted(tmp_path):
    with Workers(["jax_dilated"], time_limit=60, directory=str(tmp_path)) as workers:

        def ask(case):
            workers.ask(ops.conv_transpose2d, case)
            return workers.answers()["jax_dilated"]

        def forward(x, w, **options):
            return ask(Case("conv_transpose2d", {"x": x, "w": w}, options, WRONG.cotangent)).values[
                "y"
            ]

        def backward(g, x, w, **options):
            values = ask(Case("conv_transpose2d", {"x": x, "w": w}, options, g)).values
            return values["grad_x"], values["grad_w"]

        subject = ops.conv_transpose2d.implemented_by(forward, backward)
        report = run(subject, oracles=(), dtypes=("float32",), examples=[WRONG], max_examples=1)
    (failure,) = (entry.failure for entry in report.failures)
    assert [c.operand for c in failure.comparisons if not c.agrees] == ["grad_w"]


@pytest.fixture(scope="module")
def frameworks(tmp_path_factory):
    home = str(tmp_path_factory.mktemp("oracles"))
    with Workers(["torch", "jax"], time_limit=60, directory=home) as workers:
        yield workers


@pytest.mark.parametrize(
    "options",
    [
        {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2), "dilation": 1},
        {"stride": 1, "padding": (4, 2), "output_padding": 0, "dilation": (3, 1)},
        {"stride": (3, 1), "padding": 0, "output_padding": (2, 1), "dilation": (1, 2)},
    ],
)
@pytest.mark.parametrize("groups", [1, 2])
def test_cropping_lowering_is_exact_on_whole_numbers(frameworks, options, groups):
    case = transposed_case((2, 4, 5, 6), (4, 3, 3, 2), np.float32, groups=groups, **options)
    frameworks.ask(ops.conv_transpose2d, case)
    true = truth(ops.conv_transpose2d.definition, case, ["x", "w"])
    for answer in frameworks.answers().values():
        assert answer.kind == "value", answer.detail
        for name, expected in true.items():
            assert not error_to(expected, answer.values[name]).any()
