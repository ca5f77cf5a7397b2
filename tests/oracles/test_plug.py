import re

import numpy as np
import pytest

import manualgrad
from oracles.catalog import ops
from oracles.checking import check, run
from oracles.plug import Order, order

X = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
W = np.arange(6 * 3 * 2 * 7.0).reshape(6, 3, 2, 7)


@pytest.mark.parametrize("letters", ["NCHW", "NHWC", "CHWN", "WHCN", "HNWC"])
def test_every_order_is_undone(letters):
    turned = order("layout", letters, "NCHW")
    there = turned.to_subject(X)
    sizes = dict(zip("NCHW", X.shape, strict=True))
    assert there.shape == tuple(sizes[letter] for letter in letters)
    assert there.flags.c_contiguous
    assert (turned.from_subject(there) == X).all()


def test_array_without_a_batch():
    turned = order("layout", "NHWC", "NCHW")
    assert turned.to_subject(X[0]).shape == (4, 5, 3)
    assert order("layout", "CWH", "NCHW") == Order("CHW", "CWH")


def test_spatial_letters_in_excess_are_ignored():
    assert order("layout", "NDHWC", "NCW") == Order("NCW", "NWC")
    assert order("layout", "NLC", "NCW") == Order("NCW", "NWC")
    assert order("kernel", None, "OIHW").natural


def test_kernel_is_flipped_along_its_spatial_axes_alone():
    turned = order("kernel", "HWIO", "OIHW", flipped=True)
    there = turned.to_subject(W)
    assert (there == W[:, :, ::-1, ::-1].transpose(2, 3, 1, 0)).all()
    assert (turned.from_subject(there) == W).all()


def test_what_is_no_array_of_that_form_stays_as_it_is():
    turned = order("layout", "NHWC", "NCHW")
    assert turned.from_subject(None) is None
    scalar = np.ones(())
    assert turned.from_subject(scalar) is scalar


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layout": "NCXY"}, "`layout` (='NCXY') must hold each letter of NCHW once, of which N"),
        ({"layout": "NNHW"}, "`layout` (='NNHW') must hold"),
        ({"layout": "NWC"}, "`layout` (='NWC') must hold"),
        ({"kernel": "HWO"}, "`kernel` (='HWO') must hold each letter of OIHW once"),
    ],
)
def test_bad_orders(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ops.conv2d.implemented_by(abs, None, **arguments)


def backward_in(letters, kernel, name="conv2d"):
    """Return forward and backward of a catalog operation in another order of axes, by hand."""
    axes = "OIHW" if name == "conv2d" else "IOHW"
    x_there, x_back = ["NCHW".index(c) for c in letters], [letters.index(c) for c in "NCHW"]
    w_there, w_back = [axes.index(c) for c in kernel], [kernel.index(c) for c in axes]

    def forward(x, w, b=None, **options):
        y = getattr(manualgrad, name)(x.transpose(x_back), w.transpose(w_back), b, **options)
        return y.transpose(x_there)

    def backward(g, x, w, **options):
        found = getattr(manualgrad, f"{name}_backward")(
            g.transpose(x_back), x.transpose(x_back), w.transpose(w_back), **options)  # fmt: skip
        return found.grad_x.transpose(x_there), found.grad_w.transpose(w_there), found.grad_b

    return forward, backward


@pytest.mark.parametrize(
    ("name", "letters", "kernel"),
    [
        ("conv2d", "NHWC", "HWIO"),
        ("conv2d", "CHWN", "IHWO"),
        ("conv_transpose2d", "NHWC", "HWOI"),
        ("conv_transpose2d", "NCHW", "OIHW"),
    ],
)
def test_subject_in_another_order_is_right_and_in_the_wrong_one_is_not(name, letters, kernel):
    functions = backward_in(letters, kernel, name)
    op = ops[name].implemented_by(*functions, layout=letters, kernel=kernel)
    assert check(op, oracles=(), max_examples=40, seed=1).passed
    other = ops[name].implemented_by(*functions)
    assert not run(other, oracles=(), max_examples=40, seed=1).passed


def test_dense_weights_that_stand_on_their_head():
    op = ops.dense.implemented_by(
        lambda x, w, b=None: manualgrad.dense(x, w.T, b),
        lambda g, x, w: (g @ w, g.T @ x, g.sum(axis=0)),
        kernel="OI",
    )
    assert check(op, oracles=(), max_examples=40, seed=1).passed


def test_true_convolution():
    def turned(w):
        return np.ascontiguousarray(w[..., ::-1, ::-1])

    def forward(x, w, b=None, **options):
        return manualgrad.conv2d(x, turned(w), b, **options)

    def backward(g, x, w, **options):
        found = manualgrad.conv2d_backward(g, x, turned(w), **options)
        return found._replace(grad_w=turned(found.grad_w))

    op = ops.conv2d.implemented_by(forward, backward, flip_kernel=True)
    assert check(op, oracles=(), max_examples=40, seed=1).passed
    assert not run(ops.conv2d.implemented_by(forward, backward), oracles=(), seed=1).passed


def test_without_a_batch():
    def forward(x, w, b=None, **options):
        assert x.ndim == 3
        return manualgrad.conv2d(x, w, b, **options)

    op = ops.conv2d.implemented_by(forward, manualgrad.conv2d_backward, layout="CHW")
    assert check(op, oracles=(), max_examples=40, seed=1).entries[0].limits["unbatched"]


def test_options_that_a_function_does_not_take_stay_at_their_defaults():
    def forward(x, w, stride=1, padding=0):
        return manualgrad.conv2d(x, w, stride=stride, padding=padding)

    def backward(g, x, w, stride=1, padding=0):
        return manualgrad.conv2d_backward(g, x, w, stride=stride, padding=padding)[:2]

    op = ops.conv2d.implemented_by(forward, backward)
    report = check(op, oracles=(), max_examples=40, seed=1)
    limits = {"dilation": 1, "groups": 1, "bias": False, "batched": True}
    assert report.entries[0].limits == limits


def test_option_that_the_backward_forgets_is_no_excuse():
    def backward(g, x, w, padding=0, dilation=1, groups=1):
        wide = np.zeros_like(manualgrad.conv2d(x, w, padding=padding))
        wide[..., : g.shape[-2], : g.shape[-1]] = g
        return manualgrad.conv2d_backward(wide, x, w, padding=padding)

    op = ops.conv2d.implemented_by(manualgrad.conv2d, backward)
    assert not run(op, oracles=(), max_examples=40, dilation=1, groups=1, seed=1).passed


GIVEN = {"max_examples": 20, "oracles": (), "seed": 1}


@pytest.mark.parametrize(
    ("returned", "gradients"),
    [
        (lambda f: {"dw": f.grad_w, "dx": f.grad_x, "db": f.grad_b}, None),
        (lambda f: {"x": f.grad_x, "w": f.grad_w, "b": f.grad_b}, None),
        (lambda f: {"grad_input": f.grad_x, "grad_weight": f.grad_w, "grad_bias": f.grad_b}, None),
        (lambda f: {1: f.grad_x, 2: f.grad_w, 3: f.grad_b}, {"x": 1, "w": 2, "b": 3}),
        (lambda f: (f.grad_w, f.grad_b, f.grad_x), ("w", "b", "x")),
        (lambda f: type("Found", (), {"dW": f.grad_w, "dX": f.grad_x, "dB": f.grad_b})(), None),
        (lambda f: type("F", (), {"p": f.grad_w, "q": f.grad_x, "r": f.grad_b})(),
         {"w": "p", "x": "q", "b": "r"}),
    ],
)  # fmt: skip
def test_gradients_by_name(returned, gradients):
    def backward(g, x, w):
        return returned(manualgrad.dense_backward(g, x, w))

    op = ops.dense.implemented_by(manualgrad.dense, backward, gradients=gradients)
    assert check(op, **GIVEN).passed


@pytest.mark.parametrize(
    ("returned", "gradients", "detail"),
    [
        ({"alpha": 1}, None, "backward returned gradients under the names 'alpha'; known are "
         "grad_x, x_grad, dx and the like, `gradients` says others"),
        ({"dx": 1}, {"x": "dx", "w": "dw"},
         "backward returned no 'dw', which `gradients` says is the gradient of w"),
        (object(), None, "backward returned an object, not 3 gradients (x, w, b)"),
    ],
)  # fmt: skip
def test_gradients_that_are_not_there(returned, gradients, detail):
    op = ops.dense.implemented_by(manualgrad.dense, lambda g, x, w: returned, gradients=gradients)
    (sentence,) = run(op, **GIVEN).failures[0].failure.sentences
    assert sentence.endswith(detail)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"gradients": "x"}, TypeError, "`gradients` (='x') must be a sequence of operands or"),
        ({"gradients": ["x", "v"]}, ValueError, "`gradients` names 'v'; gradients are of x, w, b"),
        ({"dtypes": "float32"}, TypeError, "`dtypes` (='float32') must be a sequence of names"),
        ({"dtypes": ["int8"]}, ValueError, "`dtypes` holds 'int8'; known are float32, float64"),
        ({"unsupported": 1}, TypeError, "`unsupported` (=1) must be exception types"),
        ({"unsupported": (KeyboardInterrupt,)}, TypeError, "must be exception types"),
        ({"limits": {"strides": 2}}, TypeError, "`strides` (=2) is no limit; known are"),
        ({"limits": {"unbatched": True}}, ValueError, "`batched` (=True) and `unbatched` (=True)"),
        ({"layout": 4}, TypeError, "`layout` (=4) must be a str"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        ops.conv2d.implemented_by(manualgrad.conv2d, manualgrad.conv2d_backward, **arguments)


def test_layouts_are_for_operations_with_channels():
    with pytest.raises(ValueError, match=re.escape("`kernel` (='OI') is for operations with")):
        ops.tanh.implemented_by(np.tanh, None, kernel="OI")
    with pytest.raises(ValueError, match=re.escape("`layout` (='C') must hold each letter of NC")):
        ops.dense.implemented_by(manualgrad.dense, None, layout="C")


def test_dtypes_of_the_subject_are_the_only_ones():
    def forward(x):
        assert x.dtype == np.float32
        return np.tanh(x)

    op = ops.tanh.implemented_by(forward, None, dtypes=["float32"])
    assert [entry.dtype for entry in run(op, **GIVEN).entries] == ["float32"]


def test_run_in_which_most_cases_are_refused_is_vacuous():
    def forward(x, w, b=None, **options):
        if options["stride"] != 1:
            raise NotImplementedError("strides")
        return manualgrad.conv2d(x, w, b, **options)

    backward = manualgrad.conv2d_backward
    op = ops.conv2d.implemented_by(forward, backward, unsupported=NotImplementedError)
    given = {"oracles": (), "seed": 1, "dtypes": ["float64"], "max_examples": 40}
    report = run(op, **given)
    (entry,) = report.entries
    assert not report.passed
    assert entry.failure is None
    assert entry.cases + entry.refused == 40
    (told,) = entry.vacuous
    assert told == f"everything ({entry.refused} of 40 cases refused)"
    assert run(op, **given, max_stride=1).passed
    assert not run(ops.conv2d.implemented_by(forward, backward), **given).passed


def test_options_under_other_names():
    def forward(x, w, b=None, strides=1, pad=0):
        return manualgrad.conv2d(x, w, b, stride=strides, padding=pad)

    def backward(g, x, w, strides=1, pad=0):
        return manualgrad.conv2d_backward(g, x, w, stride=strides, padding=pad)

    called = {"stride": "strides", "padding": "pad"}
    op = ops.conv2d.implemented_by(forward, backward, options=called)
    report = check(op, **GIVEN)
    assert set(report.entries[0].limits) == {"dilation", "groups", "batched"}


@pytest.mark.parametrize(
    ("parameter", "option"),
    [("pad", "padding"), ("strides", "stride"), ("s", "stride"), ("dilate", "dilation")],
)
def test_option_that_would_never_be_tried_is_refused(parameter, option):
    space = {}
    exec(f"def forward(x, w, b=None, {parameter}=1): pass", space)
    message = (
        f"`forward` takes `{parameter}`, which seems to be `{option}`: "
        f"`options={{'{option}': '{parameter}'}}` says so"
    )
    with pytest.raises(TypeError, match=re.escape(message)):
        ops.conv2d.implemented_by(space["forward"], None)


def test_parameters_that_are_no_options_are_left_alone():
    def forward(x, w, b=None, stride=1, padding=0, eps=1e-5, verbose=False):
        return manualgrad.conv2d(x, w, b, stride=stride, padding=padding)

    assert check(ops.conv2d.implemented_by(forward, None), **GIVEN).passed


@pytest.mark.parametrize("default", ["", "=None"])
def test_backward_that_takes_the_bias(default):
    space = {"dense_backward": manualgrad.dense_backward}
    exec(f"def backward(g, x, w, b{default}):\n    seen.append(b)\n"
         "    return dense_backward(g, x, w)", space)  # fmt: skip
    space["seen"] = []
    op = ops.dense.implemented_by(manualgrad.dense, space["backward"])
    assert check(op, **GIVEN).passed
    assert any(b is None for b in space["seen"])
    assert any(b is not None for b in space["seen"])


def test_backward_that_takes_an_operand_first_is_refused():
    message = "`backward` takes `x` first; it is called as backward(cotangent, x, w)"
    with pytest.raises(TypeError, match=re.escape(message)):
        ops.conv2d.implemented_by(manualgrad.conv2d, lambda x, w, g: None)


def test_activation_without_its_parameter_keeps_the_default():
    op = ops.leaky_relu.implemented_by(
        lambda x: np.where(x > 0, x, x * x.dtype.type(0.01)),
        lambda g, x: np.where(x > 0, g, g * x.dtype.type(0.01)),
    )
    report = check(op, **GIVEN, special_values=False)
    assert report.entries[0].limits["default_parameters"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ("stride", TypeError, "`options` (='stride') must be a mapping from options to names"),
        ({"strid": "s"}, ValueError, "`options` names 'strid'; the operation's options are stride"),
    ],
)
def test_bad_names_of_options(options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        ops.conv2d.implemented_by(manualgrad.conv2d, None, options=options)


def test_options_annotated_as_int_are_the_same_on_each_axis():
    def forward(x, w, b=None, stride: int = 1, padding: "int" = 0):
        assert isinstance(stride, int)
        assert isinstance(padding, int)
        return manualgrad.conv2d(x, w, b, stride=stride, padding=padding)

    op = ops.conv2d.implemented_by(forward, None)
    assert op.limits == {"dilation": 1, "groups": 1, "scalar_options": True,
                         "named_padding": False, "batched": True}  # fmt: skip
    assert check(op, **GIVEN).passed
