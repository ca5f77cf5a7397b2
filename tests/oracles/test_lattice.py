"""Cases on the lattice: exact by construction, strong enough, and unforgiving."""

from dataclasses import replace
from fractions import Fraction
from math import log2

import numpy as np
import pytest

from manualgrad import (
    Gradients,
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    dense,
    dense_backward,
)
from oracles import ops, run
from oracles.exact.definition import Polynomial
from oracles.exact.truth import truth
from oracles.inexact import cause
from oracles.lattice import BITS, DEGREE, Lattice, lattice_cases, lattice_of
from oracles.op import Case
from oracles.subject import ask_subject

POLYNOMIAL = [op for op in ops if op.definition.polynomial is not None]
FRAMEWORKS = {"torch", "jax"}


CONV1D = Case(
    "conv1d",
    {"x": np.ones((2, 3, 11), np.float32), "w": np.ones((2, 3, 3), np.float32)},
    {"stride": 1, "padding": 0, "dilation": 1, "groups": 1},
    np.ones((2, 2, 9), np.float32),
)


def case_of(dtype="float32", second=True):
    rng = np.random.default_rng(1)
    shapes = {"x": (2, 2, 4, 3), "w": (4, 1, 2, 3), "b": (4,)}
    arrays = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": 1, "groups": 2}
    directions = {name: array + 1 for name, array in arrays.items()} if second else {}
    g = np.zeros((2, 4, 3, 5), dtype)
    return Case("conv2d", arrays, options, g, directions=directions)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_partial_sum_is_a_number_of_the_dtype(dtype):
    case, polynomial = case_of(dtype), ops.conv2d.definition.polynomial
    lattice, limit = lattice_of(polynomial, case), 2 ** (np.finfo(dtype).nmant + 1)
    balanced = dict.fromkeys(case.arrays, lattice.largest)
    extremes = [balanced, *({**dict.fromkeys(balanced, 3), n: lattice.wide} for n in balanced)]
    for extreme in extremes:
        full = {n: np.full(a.shape, extreme[n], dtype) for n, a in case.arrays.items()}
        whole = replace(
            case,
            operands={n: full[n] for n in case.operands},
            cotangent=full["cotangent"],
            directions={n: full[f"v_{n}"] for n in case.directions},
        )
        sums = truth(ops.conv2d.definition, whole, ["x", "w", "b"], ["x", "w"])
        assert len(sums) == 7
        # All numbers are positive: each result is its own sum of absolute values.
        assert max(max(map(int, t.value.ravel())) for t in sums.values()) <= limit


def test_miss_probability_follows_from_degree_numbers_and_draws():
    lattice = lattice_of(ops.conv2d.definition.polynomial, case_of())
    chance = Fraction(DEGREE, 2 * lattice.largest + 1)
    assert chance**lattice.draws <= Fraction(1, 2**BITS) < chance ** (lattice.draws - 1)
    assert BITS <= lattice.miss_bits < BITS + 12


def test_draws_are_whole_seeded_and_cover_the_range():
    case, polynomial = case_of(), ops.conv2d.definition.polynomial
    draws = lattice_cases(ops.conv2d, polynomial, case, seed=5)
    again = lattice_cases(ops.conv2d, polynomial, case, seed=5)
    other = lattice_cases(ops.conv2d, polynomial, case, seed=6)
    lattice = lattice_of(polynomial, case)
    assert len(draws) == lattice.draws + 7  # one wide draw for each array
    for draw, same, unlike in zip(draws, again, other, strict=True):
        for name, array in draw.arrays.items():
            assert array.dtype == np.float32
            assert (array == np.rint(array)).all()
            assert array.tobytes() == same.arrays[name].tobytes()
        assert draw.arrays["x"].tobytes() != unlike.arrays["x"].tobytes()
    x = np.concatenate([draw.arrays["x"].ravel() for draw in draws[: lattice.draws]])
    assert np.abs(x).max() <= lattice.largest
    assert (x.min(), x.max()) < (-0.9 * lattice.largest, lattice.largest + 1)
    assert np.abs(draws[-1].arrays["v_b"]).max() > 2**13  # more bits than TF32 has


@pytest.mark.parametrize("op", POLYNOMIAL, ids=lambda op: op.name)
def test_subject_and_frameworks_are_exact(op):
    report = run(op, max_examples=4, seed=11)
    for entry in report.entries:
        assert entry.failure is None
        assert entry.lattice.miss_bits >= 40
        assert not entry.lattice.inexact
        assert all(entry.lattice.holds_for(name) for name in ("subject", *FRAMEWORKS))


def test_error_that_no_case_of_usual_size_meets_is_convicted():
    def fft_like(g, x, w):
        found = dense_backward(g, x, w)
        noise = np.where(np.abs(found.grad_x) > 2**20, 1.0, 0.0).astype(np.float32)
        return Gradients(found.grad_x + noise, found.grad_w, found.grad_b)

    op = ops.dense.implemented_by(dense, fft_like)
    usual = {"oracles": (), "dtypes": ("float32",), "seed": 1, "special_values": False}
    assert run(op, **usual, evidence=("bound",)).passed  # no case reaches such numbers
    failure = run(op, **usual).failures[0].failure
    assert failure.case.lattice
    text = " ".join(failure.sentences)
    assert "on the lattice every partial sum is a number of the dtype" in text
    assert "no plain sum of products" in text


def test_subject_that_leaves_the_integers_is_convicted_with_the_first_cell():
    def halves(x, w, b=None):
        y = dense(x, w, b)
        return np.where(np.abs(y) > 1000, y + y.dtype.type(0.5), y)

    op = ops.dense.implemented_by(halves, dense_backward)
    failure = run(op, oracles=(), dtypes=("float64",), seed=1).failures[0].failure
    assert any("leaves the lattice" in sentence for sentence in failure.sentences)


def shortened(array, bits):
    mantissa, exponent = np.frexp(array.astype(np.float64))
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits).astype(array.dtype)


@pytest.mark.parametrize(("bits", "name"), [(11, "TF32"), (8, "bfloat16")])
def test_shortened_operands_are_named(bits, name):
    def forward(x, w, b=None, **options):
        y = conv2d(shortened(x, bits), shortened(w, bits), **options)
        if b is None:
            return y
        return y + shortened(b, bits).reshape(-1, 1, 1)

    op = ops.conv2d.implemented_by(forward, conv2d_backward)
    limits = {"special_values": False, "named_padding": False}
    failure = run(op, oracles=(), dtypes=("float32",), seed=2, evidence=("lattice",), **limits)
    sentences = failure.failures[0].failure.sentences
    assert any(name in sentence for sentence in sentences), sentences


def by_fft(x, w):
    """Correlate over the last axis in the frequency domain, in float32."""
    size = x.shape[-1] + w.shape[-1]
    product = np.einsum("ncf,ocf->nof", np.fft.rfft(x, size), np.conj(np.fft.rfft(w, size)))
    y = np.fft.irfft(product.astype(np.complex64), size)
    return y[..., : x.shape[-1] - w.shape[-1] + 1].astype(x.dtype)


def by_winograd(x, w):
    """F(4, 3): four results of a kernel of 3 from six products, at the points 0, +-1, +-2, oo."""
    if w.shape[-1] != 3:
        return conv1d(x, w)
    d = np.array([[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
                  [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]])  # fmt: skip
    g = np.array([[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
                  [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]])  # fmt: skip
    a = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0],
                  [0, 1, -1, 8, -8, 1]])  # fmt: skip
    out = x.shape[-1] - 2
    padded = np.pad(x, [(0, 0), (0, 0), (0, 6)])
    d, g, a = d.astype(x.dtype), g.astype(x.dtype), a.astype(x.dtype)
    tiles = [padded[..., i : i + 6] @ d.T for i in range(0, out, 4)]
    kernels = w @ g.T
    y = [np.einsum("nct,oct->not", tile, kernels) @ a.T for tile in tiles]
    return np.concatenate(y, axis=-1)[..., :out]


@pytest.mark.parametrize("algorithm", [by_fft, by_winograd])
def test_transforms_are_convicted_and_named_on_the_lattice(algorithm):
    def forward(x, w, b=None, **options):
        del options
        y = algorithm(x, w)
        return y if b is None else y + b.reshape(-1, 1)

    op = ops.conv1d.implemented_by(forward, conv1d_backward)
    limits = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "batched": True,
              "min_batch": 1, "special_values": False, "layouts": False}  # fmt: skip
    report = run(op, oracles=(), dtypes=("float32",), seed=2, **limits)
    draws = lattice_cases(op, op.definition.polynomial, CONV1D, seed=3)
    told = set()
    for draw in draws:
        answer = ask_subject(op, draw)
        told.add(cause(op, draw, answer, truth(op.definition, draw, ["x", "w"])))
    assert any("no plain sum of products, but a transform (Winograd, FFT)" in why for why in told)
    assert not report.passed


def test_planted_error_is_not_taken_for_a_transform():
    op = ops.conv1d.implemented_by(conv1d, lambda g, x, w, **o: conv1d_backward(-g, x, w, **o))
    draw = lattice_cases(op, op.definition.polynomial, CONV1D, seed=3)[0]
    true = truth(op.definition, draw, ["x", "w"])
    assert cause(op, draw, ask_subject(op, draw), true) == ""


def test_no_lattice_where_coefficients_are_no_floats():
    third = np.ones(3, np.float32)
    case = Case("mse_loss", {"prediction": third, "target": third}, {}, np.ones((), np.float32))
    assert lattice_of(ops.mse_loss.definition.polynomial, case) is None


def test_lattice_is_refused_where_there_is_no_polynomial():
    for kind in ("lattice", "proof"):
        with pytest.raises(ValueError, match=r"tanh is not a polynomial.*derived rounding bounds"):
            run(ops.tanh, oracles=(), evidence=(kind,))
    with pytest.raises(ValueError, match="`evidence` holds 'proofs'; known are bound, lattice"):
        run(ops.tanh, oracles=(), evidence=("proofs",))
    with pytest.raises(TypeError, match="`evidence` \\(='proof'\\) must be a sequence"):
        run(ops.tanh, oracles=(), evidence="proof")


def polynomial_of(degree, largest_sum):
    return Polynomial(None, degree, lambda shapes, options: largest_sum)


def small(dtype="float32", w=(3, 4), options=None, **changes):
    x, g = np.zeros((2, 3), dtype), np.zeros((2, 4), dtype)
    given = {"layouts": {"x": "F"}, "directions": {"x": x + 0, "w": np.zeros(w, dtype)}}
    return Case("dense", {"x": x, "w": np.zeros(w, dtype)}, options or {}, g, **(given | changes))


@pytest.mark.parametrize(("degree", "terms", "dtype", "lattice"), [
    (2, 1, "float32", Lattice(4096, 2**24 // 3, 4)),
    (2, 1, "float64", Lattice(94906265, 2**53 // 3, 2)),
    (3, 1, "float32", Lattice(256, 2**24 // 9, 6)),
    (1, 1, "float16", Lattice(2048, 2048, 4)),
    (2, 2**20, "float32", Lattice(4, 5, 35)),
    (2, 2**20 + 1, "float32", None),  # 3 is too little: 7 numbers for an error of degree 4
    (2, 2**25, "float32", None),
])  # fmt: skip
def test_a_lattice_is_as_large_as_the_digits_of_the_dtype_allow(degree, terms, dtype, lattice):
    assert lattice_of(polynomial_of(degree, terms), small(dtype)) == lattice
    draws = lattice_cases(ops.dense, polynomial_of(degree, terms), small(dtype), seed=0)
    assert bool(draws) is (lattice is not None)


def test_the_sum_is_asked_for_with_shapes_and_options():
    asked = []
    polynomial = Polynomial(None, 2, lambda shapes, options: asked.append((shapes, options)))
    assert lattice_of(polynomial, small(options={"stride": 2})) is None
    assert asked == [([(2, 3), (3, 4)], {"stride": 2})]


def test_bits_by_which_an_error_is_missed():
    assert Lattice(4, 5, 35).miss_bits == 35 * log2(9 / 4)


def test_a_draw_replaces_every_array_and_keeps_the_rest_of_the_case():
    case = small()
    draws = lattice_cases(ops.dense, polynomial_of(2, 2**20), case, seed=0)
    names = ["x", "w", "cotangent", "v_x", "v_w"]
    assert [draw.origin for draw in draws] == [
        *["on the lattice: integers up to 4"] * 35,
        *(f"on the lattice: integers up to 3, {name} up to 5" for name in names),
    ]
    assert [draw.lattice for draw in draws] == [4] * 35 + [5] * 5
    wide = {name: [draw.arrays[name] for draw in draws[35:]] for name in names}
    for at, name in enumerate(names):
        every = np.array([draw.arrays[name] for draw in draws[:35]])
        assert every.dtype == np.float32
        assert sorted(set(every.ravel().tolist())) == list(range(-4, 5))
        assert all(
            np.abs(array).max() <= (5 if at == i else 3) for i, array in enumerate(wide[name])
        )
    assert max(np.abs(wide[name][at]).max() for at, name in enumerate(names)) > 3
    for draw in draws:
        assert (draw.op, draw.options, draw.layouts) == ("dense", {}, {"x": "F"})
        assert {n: a.shape for n, a in draw.arrays.items()} == {
            n: a.shape for n, a in case.arrays.items()
        }
    assert not any(array.any() for array in case.arrays.values())


def test_one_array_is_wide_only_where_results_are_linear_in_each():
    case, polynomial = small(), polynomial_of(2, 2**20)
    for op in (replace(ops.dense, takes_cotangent=False), replace(ops.dense, payload=b"user")):
        assert len(lattice_cases(op, polynomial, case, seed=0)) == 35
    draws = lattice_cases(ops.dense, polynomial_of(1, 2**20), case, seed=0)
    assert [draw.lattice for draw in draws] == [16] * 14


def test_the_cotangent_of_a_loss_stays_as_it_is():
    loss = replace(ops.dense, takes_cotangent=False)
    case = small(directions={})
    for draw in lattice_cases(loss, polynomial_of(2, 2**20), case, seed=0):
        assert draw.cotangent is case.cotangent
        assert draw.operands["x"].any()


def test_numbers_follow_from_seed_operation_shapes_options_and_dtype():
    def first(op=ops.dense, seed=1, dtype="float32", **changes):
        polynomial = polynomial_of(2, 2**49 if dtype == "float64" else 2**20)
        found = lattice_cases(op, polynomial, small(dtype, **changes), seed=seed)
        return tuple(found[0].operands["x"].ravel().tolist())

    assert first() == first()
    others = [
        first(seed=2),
        first(replace(ops.dense, name="mine")),
        first(w=(3, 5)),
        first(options={"stride": 1}),
        first(options={"stride": 2}),
        first(dtype="float64"),
    ]
    assert len({first(), *others}) == 7
    assert first(options={"a": 1, "b": 2}) == first(options={"b": 2, "a": 1})
