"""Wrong for special numbers, for odd memory, for an empty batch or none, and for nothing else."""

from __future__ import annotations

import numpy as np

from manualgrad import activations, conv2d, conv2d_backward, dense, dense_backward
from tests.oracles.mutants.kernels import convolution
from tests.oracles.mutants.record import mutant


def seen_as(change):
    """Return the spoiler that changes every array before it is used."""

    def spoiler(right, *given):
        with np.errstate(all="ignore"):
            return right(*(change(a) if isinstance(a, np.ndarray) else a for a in given))

    return spoiler


def nan_as_zero(a):
    return np.where(np.isnan(a), 0, a).astype(a.dtype)


def infinity_as_largest(a):
    largest = np.finfo(a.dtype).max
    return np.where(np.isinf(a), np.sign(a) * largest, a).astype(a.dtype)


def subnormal_as_zero(a):
    return np.where(abs(a) < np.finfo(a.dtype).smallest_normal, 0, a).astype(a.dtype)


def huge_clipped(a):
    return np.clip(a, -1e30, 1e30).astype(a.dtype)


def scaled_on_the_way(right, *given):
    """Return the right result of operands times 8, divided by 8: large ones overflow."""
    return right(given[0] * 8, *given[1:]) / 8


def nan_of_result_as_zero(right, *given):
    return np.nan_to_num(right(*given), nan=0, posinf=np.inf, neginf=-np.inf)


# --- batches ------------------------------------------------------------------------------------


def mean_of_no_samples(right, g, x, w, of):
    found = right(g, x, w, of)
    return found if len(g) else found * np.nan


def one_for_none(right, x, w, b, of):
    """Return a single sample of zeros for an empty batch."""
    y = right(x, w, b, of)
    return y if len(y) else np.zeros((1, *y.shape[1:]), y.dtype)


def batch_axis_left(x, w, b=None, **options):
    y = conv2d(x, w, b, **options)
    return y if x.ndim == 4 else y[None]


def unbatched_bias(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    if x.ndim == 4:
        return found
    return found.grad_x, found.grad_w, g.sum(axis=(0, 1, 2)) * np.ones_like(found.grad_b)


def unbatched_doubled(g, x, w, **options):
    found = conv2d_backward(g, x, w, **options)
    return found.grad_x, found.grad_w * (1 + (x.ndim == 3)), found.grad_b


def dense_nothing_for_no_samples(g, x, w):
    found = dense_backward(g, x, w)
    return found if len(g) else (found.grad_x, np.zeros((0, w.shape[1]), w.dtype), found.grad_b)


# --- memory -------------------------------------------------------------------------------------


def in_memory_order(a):
    """Return the numbers as they lie in memory, read in C order."""
    return a.ravel(order="K").reshape(a.shape) if a.flags.f_contiguous else a


def from_buffer(a):
    """Return the first numbers of the buffer behind an array, taken for the array's."""
    whole = a.base if isinstance(a.base, np.ndarray) else a
    return whole.ravel()[: a.size].reshape(a.shape) if whole.size >= a.size else a


def without_direction(a):
    """Return the numbers in the order of their addresses."""
    return np.ascontiguousarray(a[tuple(slice(None, None, 1 if s >= 0 else -1) for s in a.strides)])


def of_seen(change, which):
    """Return a backward of conv2d that reads one of its arrays from memory in its own way."""

    def backward(g, x, w, **options):
        arrays = [change(a) if at == which else a for at, a in enumerate((g, x, w))]
        return conv2d_backward(*arrays, **options)

    return backward


def scaled_in_place_and_back(g, x, w, **options):
    """Return the gradients; g is doubled in place and halved again, which frozen memory refuses."""
    g *= 2
    g /= 2
    return conv2d_backward(g, x, w, **options)


def dense_in_memory_order(x, w, b=None):
    return dense(x, in_memory_order(w), b)


# --- activations --------------------------------------------------------------------------------


def arctan_through_reciprocal(x):
    """Return arctan; where x is zero, as pi/2 - arctan(1/x), of which -0 makes pi."""
    with np.errstate(all="ignore"):
        at_zero = np.pi / 2 - np.arctan(1 / x)
        return np.where(x == 0, at_zero, np.arctan(x)).astype(x.dtype)


def relu_without_nan(x):
    return np.fmax(x, 0)


def tanh_of_nan(g, x):
    found = activations.tanh_backward(g, x)
    return np.where(np.isnan(x), 0, found).astype(x.dtype)


def silu_plain(x):
    """Return x sigmoid(x) as it is written, which is -inf times 0 at -inf."""
    return (x * activations.sigmoid(x)).astype(x.dtype)


def softsign_plain(x):
    with np.errstate(all="ignore"):
        return x / (1 + abs(x))


def selu_flushed(x):
    return activations.selu(subnormal_as_zero(x))


def hardswish_square_first(x):
    """Return x^2 / 6 + x / 2 between the knots, and above them by the same product."""
    with np.errstate(all="ignore"):
        return (x * np.clip(x + 3, 0, 6) / 6).astype(x.dtype)


MUTANTS = [
    convolution("conv2d", "special values", "conv2d: NaN counts as zero in wgrad",
                "np.nan_to_num on the operands of the weight gradient",
                grad_w=seen_as(nan_as_zero)),
    convolution("conv2d", "special values", "conv2d: NaN in the result counts as zero",
                "np.nan_to_num on the result", y=nan_of_result_as_zero),
    convolution("conv2d", "special values", "conv2d: infinities clipped to the largest number",
                "np.nan_to_num on the operands", y=seen_as(infinity_as_largest)),
    convolution("conv2d", "special values", "conv2d: subnormals of the operands flushed",
                "the processor is told to take subnormals for zero",
                grad_x=seen_as(subnormal_as_zero)),
    convolution("conv2d", "special values", "conv2d: huge operands clipped at 1e30",
                "a guard against overflow", grad_w=seen_as(huge_clipped)),
    convolution("conv2d", "special values", "conv2d: operand times 8 on the way",
                "fixed-point scaling that is undone at the end", y=scaled_on_the_way),
    convolution("conv_transpose2d", "special values", "conv_transpose2d: NaN counts as zero",
                "np.nan_to_num on the operands of the result", y=seen_as(nan_as_zero)),
    convolution("conv2d", "special values", "conv2d: NaN for the weights of an empty batch",
                "the mean of no samples", grad_w=mean_of_no_samples),
    convolution("conv2d", "special values", "conv2d: a sample of zeros for an empty batch",
                "max(1, N) samples are allocated", y=one_for_none),
    mutant("conv2d", "special values", "conv2d: unbatched result keeps a batch axis",
           "x[None] goes in, and nobody takes the axis off", forward=batch_axis_left),
    mutant("conv2d", "special values", "conv2d: unbatched bias gradient summed over all",
           "axes (0, 1, 2) are summed as if the first were the batch", backward=unbatched_bias),
    mutant("conv2d", "special values", "conv2d: unbatched wgrad doubled",
           "the one sample is counted before the loop and in it", backward=unbatched_doubled),
    mutant("dense", "special values", "dense: empty weight gradient for an empty batch",
           "the gradients of samples are stacked, and there are none",
           backward=dense_nothing_for_no_samples),
    mutant("conv2d", "special values", "conv2d: Fortran order of w read as C order",
           "the C code takes the pointer and never looks at the strides",
           backward=of_seen(in_memory_order, 2)),
    mutant("conv2d", "special values", "conv2d: strided x read from its buffer",
           "the C code takes the pointer to the buffer and reads on",
           backward=of_seen(from_buffer, 1)),
    mutant("conv2d", "special values", "conv2d: negative strides of g taken for positive",
           "the C code takes the absolute value of the strides",
           backward=of_seen(without_direction, 0)),
    mutant("conv2d", "special values", "conv2d: cotangent doubled in place and halved again",
           "scratch work in the caller's memory, which read-only memory refuses",
           backward=scaled_in_place_and_back),
    mutant("dense", "special values", "dense: Fortran order of w read as C order",
           "the C code takes the pointer and never looks at the strides",
           forward=dense_in_memory_order),
    mutant("arctan", "special values", "arctan of -0 is pi",
           "pi/2 - arctan(1/x) where x >= 0, which -0 is", forward=arctan_through_reciprocal),
    mutant("relu", "special values", "relu of NaN is 0", "np.fmax for np.maximum",
           forward=relu_without_nan),
    mutant("tanh", "special values", "tanh' of NaN is 0", "np.nan_to_num on the gradient",
           backward=tanh_of_nan),
    mutant("silu", "special values", "silu of -inf is NaN", "-inf times 0",
           forward=silu_plain),
    mutant("softsign", "special values", "softsign of an infinity is NaN", "inf / inf",
           forward=softsign_plain),
    mutant("selu", "special values", "selu of subnormals is 0",
           "the processor is told to take subnormals for zero", forward=selu_flushed),
    mutant("hardswish", "special values", "hardswish of huge numbers overflows",
           "x times 6, divided by 6", forward=hardswish_square_first),
]  # fmt: skip
