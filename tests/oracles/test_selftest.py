"""Each mutation is one: it changes what it says, nothing else, and the default check kills it."""

import numpy as np
import pytest

from manualgrad import conv1d, conv1d_backward, conv2d, conv2d_backward, dense, dense_backward
from manualgrad.activations import tanh, tanh_backward
from oracles import adapt, define
from oracles.catalog import ops
from oracles.gradient_names import Recovered
from oracles.limits import make_limits
from oracles.selftest.call import backward_call, results_of, with_results
from oracles.selftest.changes import Seen, changes_of
from oracles.selftest.form import form_of
from oracles.selftest.mutation import Mutation, Tamper, Watch, differs, fit
from oracles.selftest.mutations import KINDS, mutations_of
from oracles.selftest.remedies import remedies
from oracles.selftest.settings import Settings, hunted, hunted_mutant, shown
from oracles.selftest.trial import trials

DEFAULT = Settings(seed=2018)


def tried(op, settings=DEFAULT, **chosen):
    """Return by name what became of the mutations of a subject that is right."""
    assert hunted(op, settings).conviction is None
    form = form_of(op)
    mutations = mutations_of(op, form, **chosen)
    found = trials(op, form, mutations, settings)
    return {m.name: trial for m, trial in zip(mutations, found, strict=True)}


NAMES = {"y", "grad_x", "grad_w", "grad_b", "grad_grad_y", "grad2_x", "grad2_w", "grad_prediction"}

RARE_NUMBERS = {"wrong where an operand has a NaN", "wrong where an operand has an infinity"}
"""Operations of which no case has such a number."""

LARGE = {"wrong for arrays of more than 100 elements"}

NOT_FINITE = {f"{name}: {change}" for change in ("0 for NaN", "infinities clipped")
              for name in NAMES}  # fmt: skip

INDEFINITE = {f"{name}: the last two axes transposed" for name in NAMES}
"""No case of these operations has two axes of the same length."""

VIEWS = {"forward: returns a view of an input", "backward: returns a view of an input"}

NOT_KILLED = {
    "conv2d": NOT_FINITE | {"grad_grad_y: HW transposed"},
    "tanh": NOT_FINITE | INDEFINITE,
    "softmax": NOT_FINITE | RARE_NUMBERS | LARGE | INDEFINITE | VIEWS | {"y: absolute values"},
    "cross_entropy": NOT_FINITE | RARE_NUMBERS | LARGE | INDEFINITE | VIEWS
    | {"y: absolute values", "y: first axis too short", "raises for an empty array"},
}  # fmt: skip
"""What the default configuration cannot be sure to kill, or what is no error of the operation."""


def possible(op, form, mutation):
    """Whether any call can be made as the mutation would have it."""
    watch = shown(op, form, mutation, DEFAULT)
    return watch.changed or not watch.failed


@pytest.mark.parametrize("name", NOT_KILLED)
def test_the_default_check_kills_every_mutation_but_a_few(name):
    op, form = ops[name], form_of(ops[name])
    left, grounds = set(), {}
    for mutation in mutations_of(op, form):
        if not possible(op, form, mutation):
            assert "groups" in mutation.name
        elif mutation.name in NOT_KILLED[name] and mutation.kind == "result":
            continue
        elif (found := hunted_mutant(op, form, mutation, DEFAULT)[0]).conviction is None:
            left.add(mutation.name)
        else:
            grounds.setdefault(mutation.kind, set()).add(found.conviction.by)
    assert left <= NOT_KILLED[name]
    assert set(grounds) == {m.kind for m in mutations_of(op, form)}
    for kind in set(grounds) - {"rare", "manners"}:  # the numbers convict, no bad manners
        assert grounds[kind] <= {"bound", "lattice", "law", "proof"}


@pytest.mark.parametrize("name", ["conv3d", "hardtanh", "mse_loss", "network", "article"])
def test_mutations_have_names_of_their_own_and_stories(name):
    op = ops[name]
    mutations = mutations_of(op, form_of(op))
    assert len({mutation.name for mutation in mutations}) == len(mutations) > 80
    assert {mutation.kind for mutation in mutations} <= set(KINDS)
    assert all(mutation.story and len(mutation.name) < 60 for mutation in mutations)


ARRAY = np.array([[[[1.0, -2, 3], [4, -5, 6], [7, 8, np.nan]]] * 2] * 2, dtype=np.float32)


@pytest.mark.parametrize("change", [*changes_of(4, "NCHW")], ids=lambda change: change.name)
def test_a_change_keeps_dtype_and_shape_unless_it_is_about_them(change):
    array = ARRAY.copy()
    array.setflags(write=False)
    made = change.make(array, Seen("NCHW", batch=2, groups=2, finite=False))
    if change.name in ("in float32", "other dtype"):
        assert (made is None) == (change.name == "in float32")
        return
    about_shape = change.name in ("an axis more", "first axis too short")
    assert made.dtype == array.dtype
    assert (made.shape == array.shape) != about_shape
    if change.name not in ("infinities clipped", "in float16", "groups exchanged",
                           "rolled along N", "mirrored along N", "rolled along C",
                           "mirrored along C"):  # fmt: skip
        assert differs(made, array), "channels and images are equal here, all else differs"
    assert array.tobytes() == ARRAY.tobytes()


def test_numbers_are_compared_as_numbers():
    assert not differs(np.array([0.0, np.nan]), np.array([-0.0, np.nan]))
    assert differs(np.zeros(2), np.zeros(2, np.float32))
    assert differs(np.zeros((2, 1)), np.zeros(2))
    assert differs(np.array([1.0]), np.array([np.nextafter(1.0, 2)]))


def test_a_result_of_another_shape_is_cropped_or_padded():
    array = np.arange(6.0).reshape(2, 3)
    found = fit(array, (3, 2), np.dtype(np.float32))
    assert found.tolist() == [[0, 1], [3, 4], [0, 0]]
    assert found.dtype == np.float32
    assert fit(array, (6,), array.dtype) is None
    assert fit(None, (), array.dtype) is None


X, W, B = np.ones((2, 3)), np.ones((3, 4)), np.ones(4)
FOUND = {"grad_x": X, "grad_w": W}


@pytest.mark.parametrize("returned", [
    (X, W, None), [X, W], {"x": X, "w": W}, Recovered({"x": X, "w": W}, {"w": W}),
], ids=["tuple", "list", "dict", "recovered"])  # fmt: skip
def test_results_are_found_and_put_back_in_the_form_they_came_in(returned):
    call = backward_call(ops.dense, {"x": X, "w": W}, (np.ones((2, 4)), X, W), {})
    assert set(results_of(ops.dense, call, returned)) == set(FOUND)
    again = with_results(ops.dense, call, returned, {"grad_w": -W})
    found = results_of(ops.dense, call, again)
    assert found["grad_x"] is X
    assert (found["grad_w"] == -1).all()
    assert type(again) is type(returned) or isinstance(again, tuple)


class Conv:
    """Keeps its input and its kernel; works on (N, H, W, C)."""

    def __init__(self, kernel, bias, stride=1, padding=0):
        self.kernel, self.bias = kernel, bias
        self.options = {"stride": stride, "padding": padding}

    def forward(self, x):
        self.x = np.moveaxis(x, -1, 1)
        return np.moveaxis(conv2d(self.x, self.kernel, self.bias, **self.options), 1, -1).copy()

    def backward(self, g):
        found = conv2d_backward(np.moveaxis(g, -1, 1), self.x, self.kernel, **self.options)
        self.kernel_grad, self.bias_grad = found.grad_w, found.grad_b
        return np.moveaxis(found.grad_x, 1, -1).copy()


LAYER = ops.conv2d.implemented_by(*adapt.layer(Conv), layout="NHWC")


@pytest.mark.parametrize(("only", "what"), [
    ("w: rotated, forward", {"y"}),
    ("w: rotated, backward", {"grad_x"}),
    ("w: rotated, both", {"y", "grad_x"}),
    ("x: not used, backward", {"grad_w"}),
    ("stride: ignored, backward", {"grad_x", "grad_w"}),
    ("grad_w: OI transposed", {"grad_w"}),
    ("y: mirrored along C", {"y"}),
])  # fmt: skip
def test_a_layer_that_keeps_its_arguments_is_wrong_where_it_is_said(only, what):
    trial = tried(LAYER, Settings(seed=7, max_examples=20), only=only)[only]
    assert trial.verdict == "killed"
    assert set(trial.what) <= what
    assert trial.by in ("bound", "lattice")


def named(g, x, w):
    found = dense_backward(g, x, w)
    return {"dW": found.grad_w, "dx": found.grad_x, "db": found.grad_b}


class Held:
    def __init__(self, found):
        self.x, self.w, self.b = found


FORMS = {
    "dict": ops.dense.implemented_by(dense, named),
    "attributes": ops.dense.implemented_by(
        dense, lambda g, x, w: Held(dense_backward(g, x, w)),
        gradients={"x": "x", "w": "w", "b": "b"},
    ),
    "order": ops.dense.implemented_by(
        dense, lambda g, x, w: dense_backward(g, x, w)[::-1], gradients=["b", "w", "x"]
    ),
    "kernel OI": ops.dense.implemented_by(
        lambda x, w, b: x @ w.T + b, lambda g, x, w: (g @ w, g.T @ x, g.sum(0)), kernel="OI"
    ),
    "defined": define(
        "scaled", lambda x, w: x * w, lambda g, x, w: (g * w, g * x),
        operands={"x": "n d", "w": "n d"}, reference=lambda xp, x, w: x * w,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_gradients_in_any_form_are_changed_one_by_one(form):
    found = tried(FORMS[form], only="grad_?: wrong sign")
    assert {name: trial.what for name, trial in found.items()} == {
        f"{name}: wrong sign": (name,) for name in form_of(FORMS[form]).results if name != "y"
    }
    assert {trial.verdict for trial in found.values()} == {"killed"}


def test_a_forward_alone_has_mutations_of_the_forward_alone():
    op = ops.tanh.implemented_by(tanh, None)
    names = set(tried(op, kinds=("operand", "cotangent", "manners"), settings=SMALL))
    assert "x: not used, forward" in names
    assert not any("backward" in name or "cotangent" in name for name in names)


SMALL = Settings(seed=7, max_examples=10)


def weak(**arguments):
    given = {"stride": 1, "square": True, "max_batch": 1, "batched": True}
    return Settings(seed=7, max_examples=20, dtypes=("float32",), evidence=("bound",),
                    limits=make_limits(given), **arguments)  # fmt: skip


PLAIN = ops.conv2d.implemented_by(
    lambda x, w, b=None, stride=1, padding=0: conv2d(x, w, b, stride=stride, padding=padding),
    lambda g, x, w, stride=1, padding=0: conv2d_backward(g, x, w, stride=stride, padding=padding),
    limits={"special_values": False},
)


@pytest.mark.parametrize(("only", "remedy", "why"), [
    ("grad_x: in float32", "--dtypes float32,float64", ""),
    ("grad_w: divided by the batch", "no --limit max_batch=1", ""),
    ("stride: ignored, backward", "no --limit stride=1", ""),
    ("stride: axes swapped, both", "no --limit at all", ""),
    ("padding: axes swapped, both", "no --limit square=true", ""),
    ("grad_w: groups exchanged", "", "the subject's own limit groups=1"),
    ("wrong where dilation is not 1", "", "the subject's own limit dilation=1"),
    ("wrong without a batch", "", "the subject's own limit batched=true"),
    ("wrong where an operand has a NaN", "", "the subject's own limit special_values=false"),
])  # fmt: skip
def test_a_weak_configuration_does_not_reach_what_it_leaves_out(only, remedy, why):
    (trial,) = tried(PLAIN, weak(), only=only).values()
    assert (trial.verdict, trial.changed) == ("not reached", 0)
    assert (trial.remedy.partition(":")[0], trial.why) == (remedy, why)


def one_unit_less(call, results):
    """Lessen the last element of y by a unit in its last place."""
    if call.function != "forward" or not results["y"].size:
        return {}
    y = np.array(results["y"], order="C")
    y.reshape(-1)[-1:] = np.nextafter(y.reshape(-1)[-1:], y.dtype.type(0))
    return {"y": y}


UNIT = Mutation("y: a unit less", "y is less", "result", lambda: Tamper(results=one_unit_less))


def test_a_survivor_is_told_what_would_have_caught_it():
    op = ops.conv1d.implemented_by(conv1d, conv1d_backward)
    limits = make_limits({"special_values": False, "kernel": 2, "padding": 0, "min_batch": 1})
    settings = Settings(seed=7, max_examples=3, dtypes=("float32",), evidence=("bound",),
                        limits=limits)  # fmt: skip
    (trial,) = trials(op, form_of(op), [UNIT], settings)
    assert (trial.verdict, trial.changed, trial.cases) == ("survived", 3, 3)
    assert trial.remedy == (
        "lattice and proof (no --evidence): killed after 1 case in float32 by lattice"
    )


def test_a_survivor_that_nothing_catches_is_told_why():
    settings = Settings(seed=7, max_examples=5, limits=make_limits({"special_values": False}))
    (trial,) = trials(ops.gelu, form_of(ops.gelu), [UNIT], settings)
    assert (trial.verdict, trial.remedy) == ("survived", "")
    assert trial.why.startswith("nothing that this harness has: the change stays within rounding")
    assert trial.why.endswith(", and no lattice where no polynomial")


def test_evidence_that_was_left_out_may_reach_what_no_case_does():
    op = ops.conv1d.implemented_by(conv1d, conv1d_backward)
    settings = Settings(seed=7, max_examples=1, dtypes=("float32",), evidence=("bound",))
    (trial,) = tried(op, settings, only="y: in float16").values()
    assert trial.verdict == "not reached"  # small integers are numbers of float16
    assert trial.remedy.startswith("lattice and proof (no --evidence): killed after 1 case")


def test_what_no_case_can_show_is_said_to_be_so():
    (trial,) = tried(
        ops.mse_loss, SMALL, only="wrong for arrays of more than 100 elements"
    ).values()
    assert (trial.verdict, trial.why) == (
        "not reached", "nothing that this harness has: no case is such",
    )  # fmt: skip
    assert tried(ops.sigmoid, SMALL, only="y: absolute values") == {"y: absolute values": None}


def test_a_refusal_that_the_subject_announces_is_no_kill():
    op = ops.tanh.implemented_by(tanh, tanh_backward, unsupported=IndexError)
    (trial,) = tried(op, SMALL, only="raises for an empty array").values()
    assert trial.verdict == "survived"
    assert trial.why.endswith("a refusal (`unsupported`)")


def test_a_remedy_under_which_the_subject_itself_is_wrong_is_none():
    def forward(x, w, b=None, stride=1, padding=0, dilation=1, groups=1):
        return conv2d(x, w, b, stride=1 if stride == 2 else stride, padding=padding,
                      dilation=dilation, groups=groups)  # fmt: skip

    op = ops.conv2d.implemented_by(forward, conv2d_backward)
    settings = Settings(seed=7, max_examples=20, dtypes=("float32",), evidence=("bound",),
                        limits=make_limits({"stride": 1}))  # fmt: skip
    (trial,) = tried(op, settings, only="wrong where stride is 3").values()
    assert (trial.verdict, trial.remedy) == ("not reached", "")
    assert trial.why == "the subject as it is does not pass with no --limit stride=1"


def test_remedies_are_the_cheapest_first_and_have_no_limits_that_contradict():
    limits = make_limits({"min_batch": 5, "max_batch": 6, "stride": 2})
    settings = Settings(seed=7, dtypes=("float64",), evidence=("bound",), limits=limits)
    assert [each.words for each in remedies(ops.conv1d, settings)] == [
        "--dtypes float64,float32", "lattice and proof (no --evidence)", "--max-examples 400",
        "no --limit stride=2", "no --limit min_batch=5", "no --limit at all",
        "--limit max_size=8", "--limit max_kernel=6", "--limit max_channels=4",
        "--limit max_batch=12", "--limit max_stride=6", "--limit max_padding=8",
        "--limit max_dilation=6", "--limit max_groups=6",
    ]  # fmt: skip
    assert [each.words for each in remedies(ops.tanh, SMALL)] == ["--max-examples 100"]


def test_a_watch_counts_a_case_once():
    watch = Watch()
    watch.saw_change()
    for _ in range(2):
        watch.begin(None)
        watch.saw_change()
        watch.saw_change()
    watch.begin(None)
    assert (watch.cases, watch.changed) == (3, 2)
