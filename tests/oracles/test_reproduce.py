"""The script runs without the harness and gives the same bits, whatever form the subject has."""

import importlib
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import find, settings

from oracles.catalog import ops
from oracles.judging import judge_subject
from oracles.layouts import LAYOUTS
from oracles.limits import make_limits
from oracles.op import Case
from oracles.reproduce import script
from oracles.reproduce_torch import torch_lines
from oracles.witnesses import torch as torch_witness

QUICK = settings(max_examples=2000, database=None, deadline=None, derandomize=True)

ISOLATED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
exec(compile(open({path!r}).read(), {path!r}, "exec"), {{"__name__": "__main__"}})
"""

PLANTED = '''
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from manualgrad import conv2d, conv2d_backward, conv2d_double_backward
from manualgrad.activations import tanh as tanh, tanh_backward as tanh_backward

Gradients = namedtuple("Gradients", ["db", "dx", "dw"])


def ours(x):
    return x.transpose(0, 3, 1, 2)


def theirs(x):
    return x.transpose(0, 2, 3, 1)


def kernel(w):
    return np.ascontiguousarray(w[::-1, ::-1].transpose(3, 2, 0, 1))


def nhwc(x, w, b=None, *, stride, padding):
    return theirs(conv2d(ours(x), kernel(w), b, stride=stride, padding=padding))


def nhwc_backward(g, x, w, *, stride):
    found = conv2d_backward(ours(g), ours(x), kernel(w), stride=stride)
    grad_w = 3 * found.grad_w.transpose(2, 3, 1, 0)[::-1, ::-1]
    return {"dw": grad_w, "dx": theirs(found.grad_x), "db": found.grad_b}


def nhwc_double(v_x, v_w, v_b, g, x, w, **options):
    found = conv2d_double_backward(ours(v_x), kernel(v_w), v_b, ours(g), ours(x), kernel(w),
                                   **options)
    return theirs(found[0]), theirs(found[1]), found[2].transpose(2, 3, 1, 0)[::-1, ::-1]


def attributes(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return SimpleNamespace(d_input=found.grad_x / 3, weight_grad=found.grad_w, db=found.grad_b)


def named(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return Gradients(found.grad_b, found.grad_x / 3, found.grad_w)


def list_backwards(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return [found.grad_b, found.grad_w / 3, found.grad_x]


def memory(x):
    """Answers with how its array lies in memory."""
    strides = sum(7**at * stride for at, stride in enumerate(x.strides))
    return np.full(x.shape, strides + 10000 * x.flags.writeable, x.dtype)


def memory_backward(g, x):
    return memory(g) + 3 * memory(x)


def negative(x):
    return -np.abs(x) + 0 * np.inf


def broken(x):
    raise RuntimeError("no tanh today")


def lists(x):
    return [1, 2]
'''


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Return a module of subjects that lies where nobody else looks for it."""
    home = tmp_path_factory.mktemp("planted")
    (home / "planted_subjects.py").write_text(PLANTED)
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(str(home))
        yield importlib.import_module("planted_subjects")


def drawn(op, dtype="float64", wanted=lambda case: True, **limits):
    """Return a case with odd numbers, so that rounding shows."""
    strategy = op.cases(dtype, make_limits({**op.limits, **limits}))
    case = find(strategy, wanted, settings=QUICK)
    rng = np.random.default_rng(3)

    def numbers(array):
        if array.dtype.kind != "f":
            return array
        return rng.standard_normal(array.shape).astype(array.dtype)

    return replace(
        case,
        operands={name: numbers(array) for name, array in case.operands.items()},
        cotangent=numbers(case.cotangent) if op.takes_cotangent else case.cotangent,
        directions={name: numbers(array) for name, array in case.directions.items()},
    )


def written(op, case):
    answer, truth, _ = judge_subject(op, case)
    texts = {name: [str(item) for item in true.value.ravel()] for name, true in truth.items()}
    return answer, script(op, case, answer, texts)


def ran(text, blocked=("oracles",)):
    """Run a script where neither `blocked` nor anything from here can be imported."""
    with open("isolated.py", "w", encoding="utf-8") as file:
        file.write(text)
    code = ISOLATED.format(blocked=blocked, path="isolated.py")
    return subprocess.run([sys.executable, "-I", "-c", code], capture_output=True,
                          text=True, check=False)  # fmt: skip


def said(output, who):
    return dict(re.findall(rf"^(\w+) of {who}: (.*)$", output, re.MULTILINE))


def texts_of(values):
    return {name: str(np.asarray(array).tolist()) for name, array in values.items()}


def torch_says(op, case):
    """Return what the witness of the harness answers, in its own process or this: the same."""
    torch, *_ = torch_witness.load()
    names = op.gradient_names(case)
    case = case if op.double_backward else replace(case, directions={})
    found = torch_witness.answer(torch, op.references["torch"], case, names, "")
    return {name: found[name] for name in op.compared_names(case)}


def check_script(op, case, *, blocked=("oracles",), again=True):
    """Assert that the script prints the bits recorded, PyTorch's own and the subject's again."""
    answer, text = written(op, case)
    assert answer.kind == "value", answer.detail
    assert "import oracles" not in text
    assert "from oracles" not in text
    done = ran(text, blocked)
    assert done.returncode == 0, done.stderr
    recorded = texts_of(answer.values)
    assert said(done.stdout, "record") == recorded
    assert list(said(done.stdout, "truth")) == list(recorded)
    if torch_lines(op, case):
        assert said(done.stdout, "torch") == texts_of(torch_says(op, case))
    if again:
        assert said(done.stdout, "subject") == recorded
        assert "The subject's bits are those recorded." in done.stdout
    else:
        assert "The subject cannot be imported here: paste it" in done.stdout
        assert said(done.stdout, "subject") == {}
    return text


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("conv1d", "float64"),
        ("conv_transpose2d", "float32"),
        ("conv3d", "float32"),
        ("dense", "float32"),
        ("gelu", "float64"),
        ("softmax", "float32"),
        ("cross_entropy", "float64"),
        ("half_squared_error", "float32"),
    ],
)
def test_subjects_of_the_catalog(name, dtype):
    op = ops[name]
    check_script(op, drawn(op, dtype, lambda case: case.size > 2, min_batch=1))


@pytest.mark.parametrize("name", ["conv2d", "dense", "gelu", "log_softmax", "mse_loss", "relu"])
def test_second_derivatives(name):
    op = ops[name]
    case = drawn(op, wanted=lambda case: case.directions and case.size > 4, min_batch=1)
    text = check_script(op, case)
    assert "double_backward(" in text


def test_subject_that_cannot_be_imported_still_shows_recorded_and_torch():
    case = drawn(ops.conv2d, wanted=lambda case: case.size > 9, min_batch=1)
    check_script(ops.conv2d, case, blocked=("oracles", "manualgrad"), again=False)


@pytest.mark.parametrize("name", ["network", "article"])
def test_whole_networks_show_recorded_and_truth(name):
    op = ops[name]
    text = check_script(op, drawn(op, wanted=lambda case: case.size > 20), again=False)
    assert "torch" not in text
    assert f"paste forward and backward of {op.subject} here" in text


def own_form(planted):
    return ops.conv2d.implemented_by(
        planted.nhwc, planted.nhwc_backward, layout="NHWC", kernel="HWIO", flip_kernel=True,
        limits={"stride": 1, "padding": 0, "named_padding": False},
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subject_with_axes_in_another_order_a_flipped_kernel_and_options_left_out(planted, dtype):
    op = own_form(planted)

    def asymmetric(case):
        n, c, h, w = case.operands["x"].shape
        return n > 1 and c > 1 and h != w and case.operands["w"].shape[2:] == (2, 3)

    case = drawn(op, dtype, asymmetric, groups=1, dilation=1, bias=True)
    text = check_script(op, case)
    assert "gradients['dw'][::-1, ::-1, :, :].transpose(3, 2, 0, 1)" in text
    assert "        stride=1,\n        padding=0,\n    )" in text
    wrong = text.replace("[::-1, ::-1, :, :]", "")
    assert wrong != text
    assert "NOT those recorded" in ran(wrong).stdout


def test_second_derivatives_of_such_a_subject(planted):
    op = ops.conv2d.implemented_by(
        planted.nhwc, lambda g, x, w, **o: planted.nhwc_backward(g, x, w, stride=1),
        planted.nhwc_double, layout="NHWC", kernel="HWIO", flip_kernel=True,
        limits={"stride": 1, "padding": 0, "named_padding": False, "groups": 1, "dilation": 1},
    )  # fmt: skip
    case = drawn(
        op, wanted=lambda case: case.directions and case.size > 30, bias=False, min_batch=1
    )
    answer, text = written(op, case)
    assert "paste backward of" in text
    pasted = text.replace(
        "forward = backward = double_backward = None", "forward = double_backward = None\n"
        "def backward(g, x, w, **options):\n"
        "    import planted_subjects\n"
        "    return planted_subjects.nhwc_backward(g, x, w, stride=1)\n")  # fmt: skip
    done = ran(pasted)
    assert done.returncode == 0, done.stderr
    assert said(done.stdout, "subject") == texts_of(answer.values)
    assert said(done.stdout, "torch") == texts_of(torch_says(op, case))


@pytest.mark.parametrize(
    ("backward", "gradients", "access"),
    [
        ("attributes", None, "gradients.weight_grad"),
        ("attributes", {"x": "d_input", "w": "weight_grad", "b": "db"}, "gradients.weight_grad"),
        ("named", None, "gradients[2]"),
        ("list_backwards", ("b", "w", "x"), "gradients[1]"),
    ],
)
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_by_name_and_in_another_order(planted, backward, gradients, access, bias):
    op = ops.conv2d.implemented_by(planted.conv2d, getattr(planted, backward), gradients=gradients)
    case = drawn(op, wanted=lambda case: case.size > 9, bias=bias, min_batch=1)
    assert f'"grad_w": {access},' in check_script(op, case)


def test_forward_alone(planted):
    op = ops.tanh.implemented_by(planted.tanh, None)
    text = check_script(op, drawn(op, "float32", lambda case: case.size > 2))
    assert "backward" not in text


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 3, 4), ()])
def test_memory_layouts_are_those_of_the_case(planted, layout, shape):
    op = ops.tanh.implemented_by(planted.memory, planted.memory_backward)
    x = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    for layouts in ({"x": layout}, {"cotangent": layout}):
        check_script(op, Case("tanh", {"x": x}, {}, np.array(x + 1), layouts))


def test_special_values_keep_their_bits(planted):
    op = ops.tanh.implemented_by(planted.negative, planted.tanh_backward)
    x = np.array([np.nan, -np.nan, np.inf, -np.inf, 5e-324, -0.0, 0.1])
    answer, text = written(op, Case("tanh", {"x": x}, {}, x[::-1].copy()))
    done = ran(text)
    assert done.returncode == 0, done.stderr
    assert np.signbit(answer.values["y"]).any()
    assert "The subject's bits are those recorded." in done.stdout
    assert said(done.stdout, "record") == texts_of(answer.values)


def test_other_bits_are_told(planted):
    case = Case("tanh", {"x": np.array([0.5])}, {}, np.ones(1))
    op = ops.tanh.implemented_by(planted.tanh, planted.tanh_backward)
    _, text = written(op, case)
    recorded = judge_subject(op, case)[0].values["grad_x"][0].hex()
    assert recorded in text
    other = np.nextafter(float.fromhex(recorded), 1).hex()
    done = ran(text.replace(recorded, other))
    assert "The subject's bits are NOT those recorded." in done.stdout


def test_subject_that_raised_raises_again_after_torch_has_answered(planted):
    op = ops.tanh.implemented_by(planted.broken, None)
    _, text = written(op, Case("tanh", {"x": np.ones(2)}, {}, np.ones(2)))
    assert "# rejected: forward raised RuntimeError: no tanh today" in text
    done = ran(text)
    assert done.returncode == 1
    assert said(done.stdout, "torch") == texts_of({"y": np.tanh(np.ones(2))})
    assert "RuntimeError: no tanh today" in done.stderr


def test_answer_that_is_no_array_is_told(planted):
    op = ops.tanh.implemented_by(planted.lists, None)
    _, text = written(op, Case("tanh", {"x": np.ones(2)}, {}, np.ones(2)))
    assert "# y: a list, which this script cannot hold" in text
    assert said(ran(text).stdout, "subject") == {"y": "[1, 2]"}


def test_subject_that_cannot_be_imported_leaves_a_place_to_paste():
    op = ops.tanh.implemented_by(lambda x: np.tanh(x) + 0, lambda g, x: g)
    _, text = written(op, Case("tanh", {"x": np.ones(1)}, {}, np.ones(1)))
    assert "forward = backward = None  # paste forward and backward of " in text
    done = ran(text)
    assert done.returncode == 0
    assert "The subject cannot be imported here: paste it where this script says." in done.stdout


def test_script_without_torch_says_so():
    _, text = written(ops.tanh, Case("tanh", {"x": np.ones(1)}, {}, np.ones(1)))
    done = ran(text, blocked=("oracles", "torch"))
    assert done.returncode == 0
    assert "PyTorch is not installed here." in done.stdout


def test_pytorch_has_every_operation_but_whole_networks():
    without = [op.name for op in ops if not torch_lines(op, drawn(op))]
    assert without == ["network", "article"]
