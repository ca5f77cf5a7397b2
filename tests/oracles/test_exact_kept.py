"""What is computed once for forward and backward pass is never taken for anything else."""

import numpy as np
from flint import arb, ctx

from oracles.bounds import rounding_bound
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bounded import balls, rationals
from oracles.exact.chain import Chain, flatten
from oracles.exact.once import once

FLOAT64 = np.dtype("float64")
TANH = {"layers": (("tanh", 0, {}), ("flatten", 0, {}))}
ELU = {"layers": (("elu", 0, {"alpha": 2.0}), ("flatten", 0, {}))}


def midpoints(approximate):
    return [float(number.mid()) for number in approximate.value.ravel()]


def chain():
    return Chain({"tanh": ACTIVATIONS["tanh"], "elu": ACTIVATIONS["elu"], "flatten": flatten})


def gradient(x, g, options, *, within):
    return midpoints(within.backward(g, [x], options, FLOAT64)[0])


def test_chain_tells_operands_cotangents_options_and_dtypes_apart():
    x, other = balls(np.array([[0.5, -1.0]])), balls(np.array([[0.25, -2.0]]))
    g, twice = balls(np.array([[1.0, 1.0]])), balls(np.array([[2.0, 2.0]]))
    asked = [(x, g, TANH), (x, twice, TANH), (other, g, TANH), (x, g, ELU)]
    # A chain that has been asked nothing else has nothing to mistake for the answer.
    alone = [gradient(*each, within=chain()) for each in asked]
    assert len({tuple(each) for each in alone}) == 4
    kept = chain()
    for _ in range(2):
        assert [gradient(*each, within=kept) for each in asked] == alone
        for options in (TANH, ELU):
            y = midpoints(kept.forward([x], options, FLOAT64))
            assert y == midpoints(chain().forward([x], options, FLOAT64))
    coarse = kept.forward([x], TANH, np.dtype("float32")).error
    fine = kept.forward([x], TANH, FLOAT64).error
    assert (coarse > 1e8 * fine).all()


def test_the_same_things_are_walked_through_once():
    walked = []

    class Counting:
        def forward(self, operands, options, dtype):
            walked.append("forward")
            return flatten.forward(operands, options, dtype)

        def backward(self, grad_y, operands, options, dtype):
            walked.append("backward")
            return flatten.backward(grad_y, operands, options, dtype)

    chain = Chain({"flatten": Counting()})
    options, x = {"layers": (("flatten", 0, {}),)}, balls(np.ones((2, 3)))
    g = balls(np.ones((2, 3)))
    for _ in range(2):
        chain.forward([x], options, FLOAT64)
        chain.backward(g, [x], options, FLOAT64)
    assert walked == ["forward", "backward"]
    chain.forward([x], dict(options), FLOAT64)
    assert walked == ["forward", "backward", "forward"]
    with ctx.workprec(ctx.prec + 64):
        chain.forward([x], dict(options), FLOAT64)
    assert len(walked) == 4
    chain.results([x], options, FLOAT64).clear()
    assert len(chain.results([x], options, FLOAT64)) == 1


def test_activation_tells_its_parameters_operands_and_errors_apart():
    elu, x = ACTIVATIONS["elu"], balls(np.array([-1.0]))
    blurred = type(x)(x.value, np.array([0.01]))
    for _ in range(2):
        for alpha in (1.0, 2.0):
            y = elu.forward([x], {"alpha": alpha}, FLOAT64)
            assert y.value[0].overlaps(alpha * arb(-1).expm1())
            assert not y.value[0].overlaps((3 - alpha) * arb(-1).expm1())
            wide = elu.forward([blurred], {"alpha": alpha}, FLOAT64)
            assert wide.error[0] > 0.003 * alpha > y.error[0]


def test_property_is_computed_once_for_each_instance():
    class Thing:
        calls = 0

        @once
        def found(self):
            """Find it."""
            self.calls += 1
            return object()

    one, other = Thing(), Thing()
    assert one.found is one.found is not other.found
    assert one.calls == other.calls == 1
    assert Thing.__dict__["found"].__doc__ == "Find it."


def test_bounds_are_the_same_whether_or_not_one_of_them_is_infinite():
    sizes = np.array([0.0, 1.0, 3e38, 1e-45, 7.5])
    counts = np.array([0, 3, 2, 1, 9])
    for dtype in ("float32", "float64"):
        alone = rounding_bound(counts, sizes, dtype)
        huge = rounding_bound(np.append(counts, 2), np.append(sizes, np.inf), dtype)
        assert np.array_equal(huge[:-1], alone)
        assert np.isinf(huge[-1])
    assert np.isnan(rounding_bound(2, np.array([np.nan]), "float64")[0])


def test_whole_array_and_its_flat_form_say_the_same():
    array = np.array([[0.5, np.inf], [-3.0, 2.0]])
    x = rationals(array)
    assert not x.is_finite
    assert x.finite.tolist() == [[0.5, 0.0], [-3.0, 2.0]]
    assert x.span == x.reshape((-1,)).span == (0.5, 3.0)
    assert x.finite_size.tolist() == [[0.5, 0.0], [3.0, 2.0]]
