"""Convolutions, plain and transposed, on whole numbers: every comparison is exact.

The gradients over generated options are checked in tests/oracles against exact arithmetic; here
stand the things that a reader wants to see, and what every array must go through.
"""

from fractions import Fraction

import numpy as np
import pytest

import manualgrad as mg

PAIRS = {
    name: (getattr(mg, name), getattr(mg, f"{name}_backward"))
    for name in ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
                 "conv_transpose3d")
}  # fmt: skip


def numbers(shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


def operands(name, dtype=np.float64, seed=0):
    """Return x, w, b and options of an asymmetric case: two groups, per-axis options."""
    axes = int(name[-2])
    size, kernel = (5, 6, 4)[:axes], (2, 3, 2)[:axes]
    options = {"stride": (2, 1, 3)[:axes], "padding": (1, 0, 2)[:axes],
               "dilation": (1, 2, 1)[:axes], "groups": 2}  # fmt: skip
    if "transpose" in name:
        options["output_padding"] = (1, 1, 2)[:axes]
        w_shape = (4, 3, *kernel)
    else:
        w_shape = (6, 2, *kernel)
    x, w = numbers((2, 4, *size), seed, dtype), numbers(w_shape, seed + 1, dtype)
    return x, w, numbers((6,), seed + 2, dtype), options


def test_convolution_by_hand():
    x, w = np.array([[[1.0, 2, 4, 8]]]), np.array([[[1.0, 10]]])
    assert mg.conv1d(x, w, np.array([100.0])).tolist() == [[[121, 142, 184]]]
    assert mg.conv1d(x, w, stride=2, padding=1, dilation=2).tolist() == [[[20, 82]]]
    assert mg.conv1d(x, w, padding="same").tolist() == [[[21, 42, 84, 8]]]
    assert mg.conv1d(x, w, padding="valid").tolist() == [[[21, 42, 84]]]


@pytest.mark.parametrize(("kernel", "dilation", "before", "behind"),
                         [(1, 3, 0, 0), (4, 1, 1, 2), (2, 3, 1, 2), (3, 3, 3, 3)])  # fmt: skip
def test_same_padding_puts_what_is_odd_behind(kernel, dilation, before, behind):
    x, w = numbers((2, 1, 7), 0), numbers((1, 1, kernel), 1)
    padded = np.pad(x, ((0, 0), (0, 0), (before, behind)))
    y = mg.conv1d(x, w, padding="same", dilation=dilation)
    assert y.shape == x.shape
    assert np.array_equal(y, mg.conv1d(padded, w, dilation=dilation))


def test_transposed_convolution_by_hand():
    x, w = np.array([[[1.0, 2]]]), np.array([[[3.0, 5, 7]]])
    y = mg.conv_transpose1d(x, w, np.array([100.0]), stride=2, output_padding=1)
    assert y.tolist() == [[[103, 105, 113, 110, 114, 100]]]
    assert mg.conv_transpose1d(x, w, stride=2, padding=1).tolist() == [[[5, 13, 10]]]


def test_gradients_by_hand():
    x, w, g = np.array([[[1.0, 2, 4]]]), np.array([[[3.0, 5]]]), np.array([[[1.0, 10]]])
    found = mg.conv1d_backward(g, x, w)
    assert found.grad_x.tolist() == [[[3, 35, 50]]]
    assert found.grad_w.tolist() == [[[21, 42]]]
    assert found.grad_b.tolist() == [11]


def test_dgrad_is_rotate_pad_convolve_for_stride_one():
    x, w = numbers((2, 3, 5, 4), 3), numbers((2, 3, 2, 3), 4)
    g = numbers((2, 2, 4, 2), 5)
    rotated = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    padded = np.pad(g, ((0, 0), (0, 0), (1, 1), (2, 2)))
    assert (mg.conv2d_backward(g, x, w).grad_x == mg.conv2d(padded, rotated)).all()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed_convolution_is_the_input_gradient_of_convolution(axes):
    x, w, _, options = operands(f"conv{axes}d")
    y = PAIRS[f"conv{axes}d"][0](x, w, **options)
    g = numbers(y.shape, 7)
    size = PAIRS[f"conv_transpose{axes}d"][0](g, w, **options).shape[2:]
    missing = tuple(n - m for n, m in zip(x.shape[2:], size, strict=True))
    back = PAIRS[f"conv_transpose{axes}d"][0](g, w, output_padding=missing, **options)
    assert (PAIRS[f"conv{axes}d"][1](g, x, w, **options).grad_x == back).all()


@pytest.mark.parametrize("name", PAIRS)
def test_gradients_are_exact_differences_of_the_form(name):
    # <g, y> is linear in each single element, so a difference of Fractions is the derivative.
    forward, backward = PAIRS[name]
    x, w, b, options = (
        a if isinstance(a, dict) else np.vectorize(lambda v: Fraction(int(v)), otypes=[object])(a)
        for a in operands(name)
    )
    g = np.vectorize(lambda v: Fraction(int(v)), otypes=[object])(
        numbers(forward(x, w, b, **options).shape, 9)
    )
    found = backward(g, x, w, **options)
    value = (forward(x, w, b, **options) * g).sum()
    rng = np.random.default_rng(1)
    for index, gradient in enumerate(found):
        for flat in rng.choice(gradient.size, min(5, gradient.size), replace=False):
            moved = [x.copy(), w.copy(), b.copy()]
            moved[index].ravel()[flat] += 1
            assert (forward(*moved, **options) * g).sum() - value == gradient.ravel()[flat]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", PAIRS)
def test_dtype_in_is_dtype_out(name, dtype):
    forward, backward = PAIRS[name]
    x, w, b, options = operands(name, dtype)
    y = forward(x, w, b, **options)
    found = backward(numbers(y.shape, 3, dtype), x, w, **options)
    assert {a.dtype for a in (y, *found)} == {np.dtype(dtype)}
    assert [a.shape for a in found] == [x.shape, w.shape, b.shape]
    exact = forward(*(a.real.astype(np.int64).astype(object) for a in (x, w, b)), **options)
    assert (y == exact.astype(dtype)).all()


@pytest.mark.parametrize("name", PAIRS)
def test_unbatched_is_a_batch_of_one(name):
    forward, backward = PAIRS[name]
    x, w, b, options = operands(name)
    y = forward(x[0], w, b, **options)
    assert (y == forward(x[:1], w, b, **options)[0]).all()
    g = numbers(y.shape, 3)
    one, batch = backward(g, x[0], w, **options), backward(g[None], x[:1], w, **options)
    assert (one.grad_x == batch.grad_x[0]).all()
    assert (one.grad_w == batch.grad_w).all()
    assert (one.grad_b == batch.grad_b).all()


@pytest.mark.parametrize("name", PAIRS)
def test_empty_batch(name):
    forward, backward = PAIRS[name]
    x, w, b, options = operands(name)
    y = forward(x[:0], w, b, **options)
    assert y.shape == (0, *forward(x, w, b, **options).shape[1:])
    found = backward(y, x[:0], w, **options)
    assert found.grad_x.shape == x[:0].shape
    assert not found.grad_w.any()
    assert not found.grad_b.any()


@pytest.mark.parametrize("name", PAIRS)
def test_memory_order_does_not_matter_and_inputs_stay_as_they_are(name):
    forward, backward = PAIRS[name]
    x, w, b, options = operands(name)
    y = forward(x, w, b, **options)
    g = numbers(y.shape, 3)
    expected = [y, *backward(g, x, w, **options)]
    for change in (np.asfortranarray, reverse, every_second, frozen):
        given = [change(a) for a in (x, w, b, g)]
        kept = [a.copy() for a in given]
        found = [forward(*given[:3], **options), *backward(given[3], *given[:2], **options)]
        assert all((a == e).all() for a, e in zip(found, expected, strict=True))
        assert all((a == k).all() for a, k in zip(given, kept, strict=True))
        assert not any(np.shares_memory(a, o) for a in found for o in given)


def reverse(a):
    back = (slice(None, None, -1),) * a.ndim
    return a[back].copy()[back]


def every_second(a):
    wide = np.repeat(a, 2, axis=-1)
    wide[..., 1::2] = np.nan
    return wide[..., ::2]


def frozen(a):
    a = a.copy()
    a.setflags(write=False)
    return a


@pytest.mark.parametrize("name", PAIRS)
def test_same_call_gives_the_same_bits(name):
    forward, backward = PAIRS[name]
    x, w, b, options = operands(name)
    x, w = x / 7, w / 11
    first = forward(x, w, b, **options)
    assert first.tobytes() == forward(x, w, b, **options).tobytes()
    pair = [backward(first, x, w, **options) for _ in range(2)]
    assert all(a.tobytes() == b.tobytes() for a, b in zip(*pair, strict=True))


def test_padding_is_zeros_so_an_infinite_weight_makes_nan_there():
    x, w = np.ones((1, 1, 3)), np.array([[[np.inf, 1, 1]]])
    y = mg.conv1d(x, w, padding=1)
    np.testing.assert_array_equal(y, [[[np.nan, np.inf, np.inf]]])
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    np.testing.assert_array_equal(y, mg.conv1d(padded, w))


@pytest.mark.parametrize("name", PAIRS)
def test_options_left_out_are_the_plainest(name):
    forward, backward = PAIRS[name]
    double = getattr(mg, f"{name}_double_backward")
    axes = int(name[-2])
    plainest = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    if "transpose" in name:
        plainest["output_padding"] = 0
    x, w = numbers((2, 4, *(5, 6, 4)[:axes]), 0), numbers((4, 4, *(2, 3, 2)[:axes]), 1)
    y = forward(x, w)
    assert np.array_equal(y, forward(x, w, **plainest))
    for call, given in ((backward, (y, x, w)), (double, (x, w, numbers(4, 2), y, x, w))):
        pairs = zip(call(*given), call(*given, **plainest), strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("name", PAIRS)
def test_a_bias_is_added_to_its_channel(name):
    x, w, b, options = operands(name)
    without = PAIRS[name][0](x, w, **options)
    added = b.reshape(-1, *[1] * int(name[-2]))
    assert np.array_equal(PAIRS[name][0](x, w, b, **options), without + added)
