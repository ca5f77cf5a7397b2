"""Digits that are lost: short formats on the way, sums in short formats, single elements off."""

from __future__ import annotations

import numpy as np

from manualgrad import activations, dense, dense_backward, mse_loss, mse_loss_backward
from tests.oracles.mutants.kernels import convolution
from tests.oracles.mutants.record import mutant

DOUBLE = ("float64",)
SINGLE = ("float32",)


def through(short):
    """Return the spoiler that computes in a shorter format."""

    def spoiler(right, *given):
        dtype = given[0].dtype
        arrays = [a.astype(short) if isinstance(a, np.ndarray) else a for a in given]
        return right(*arrays).astype(dtype)

    return spoiler


def in_format(function, short):
    """Return a function of arrays, computed in a shorter format."""

    def shortened(*arrays, **options):
        with np.errstate(all="ignore"):
            found = function(*(a.astype(short) for a in arrays), **options)
            return np.asarray(found).astype(arrays[0].dtype)

    return shortened


def bits_kept(a, bits):
    """Return numbers with so many bits of their mantissas, rounded to nearest."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(np.ldexp(mantissa, bits)), exponent - bits).astype(a.dtype)


def operands_of(bits):
    """Return the spoiler that rounds every operand to so many bits."""
    return lambda right, *given: right(
        *(bits_kept(a, bits) if isinstance(a, np.ndarray) else a for a in given)
    )


def off_by(power):
    """Return the spoiler that puts the last element off by a relative power of two."""

    def spoiler(right, *given):
        found = right(*given)
        if found.size:
            found[(-1,) * found.ndim] *= 1 + 2.0**power
        return found

    return spoiler


def an_ulp_off(right, *given):
    found = right(*given)
    return found * (1 + np.finfo(found.dtype).eps)


def whole_sums_even(right, *given):
    """Return the right result; large whole numbers are rounded to even ones."""
    found = right(*given)
    return np.where(abs(found) > 2**12, np.round(found / 2) * 2, found).astype(found.dtype)


def by_products_of_spectra(right, x, w, b, of):
    """Return the result by fast Fourier transforms where there are no steps and no groups."""
    plain = all(set(option) == {1} for option in (of.stride, of.dilation))
    if not plain or of.groups > 1 or not np.isfinite(x.sum() + w.sum()):
        return right(x, w, b, of)
    low = of.padding
    size = [max(n, o + k) + p for n, o, k, p in zip(of.size, of.out, of.kernel, low, strict=True)]
    wide = np.pad(x, [(0, 0), (0, 0), *((p, 0) for p in low)])
    spectrum = np.fft.rfftn(wide, size, axes=(2, 3))
    product = np.einsum("nchw,ochw->nohw", spectrum, np.fft.rfftn(w, size, axes=(2, 3)).conj())
    y = np.fft.irfftn(product, size, axes=(2, 3))[..., : of.out[0], : of.out[1]]
    return (y if b is None else y + b.reshape(-1, 1, 1)).astype(x.dtype)


def bias_added_up_in_half(right, g, x, w, of):
    return np.add.reduce(g, (0, *range(2, g.ndim)), dtype=np.float16).astype(g.dtype)


def bias_by_difference(right, x, w, b, of):
    if b is None:
        return right(x, w, None, of)
    large = np.asarray(2.0**20, x.dtype)
    return right(x, w, b + large, of) - large


def dense_in_single(x, w, b=None):
    short = [a.astype(np.float32) for a in (x, w)]
    y = dense(*short).astype(x.dtype)
    return y if b is None else y + b


def dense_backward_in_single(g, x, w):
    found = dense_backward(g, x, w)
    grad_w = dense_backward(*(a.astype(np.float32) for a in (g, x, w))).grad_w
    return found.grad_x, grad_w.astype(x.dtype), found.grad_b


def dense_operands_shortened(x, w, b=None):
    return dense(bits_kept(x, 8), bits_kept(w, 8), b)


def dense_bias_gradient_in_half(g, x, w):
    found = dense_backward(g, x, w)
    return found.grad_x, found.grad_w, g.sum(axis=0, dtype=np.float16).astype(g.dtype)


def dense_one_weight_off(g, x, w):
    found = dense_backward(g, x, w)
    found.grad_w[0, 0] *= 1 + 2.0**-20
    return found


MUTANTS = [
    convolution("conv2d", "precision", "conv2d: result in float32",
                "x.astype(float32) is left over from the GPU", y=through("float32"),
                dtypes=DOUBLE),
    convolution("conv2d", "precision", "conv2d: dgrad in float32",
                "the work array is made without a dtype of x", grad_x=through("float32"),
                dtypes=DOUBLE),
    convolution("conv2d", "precision", "conv2d: wgrad in float16",
                "mixed precision without a float32 accumulator", grad_w=through("float16")),
    convolution("conv3d", "precision", "conv3d: wgrad in float32",
                "the work array is made without a dtype of x", grad_w=through("float32"),
                dtypes=DOUBLE),
    convolution("conv_transpose2d", "precision", "conv_transpose2d: input gradient in float32",
                "the work array is made without a dtype of x", grad_x=through("float32"),
                dtypes=DOUBLE),
    convolution("conv2d", "precision", "conv2d: operands as TF32",
                "the fast mode of the multiplier is on: 11 bits", y=operands_of(11)),
    convolution("conv2d", "precision", "conv2d: wgrad of bfloat16 operands",
                "the cotangent and x are kept in bfloat16: 8 bits", grad_w=operands_of(8)),
    convolution("conv2d", "precision", "conv2d: dgrad of operands short of two bits",
                "the operands are split in two, and the low half is lost in part",
                grad_x=operands_of(22), dtypes=SINGLE),
    convolution("conv2d", "precision", "conv2d: last result off by 2^-10",
                "a constant is written with three digits", y=off_by(-10)),
    convolution("conv2d", "precision", "conv2d: last input gradient off by 2^-10",
                "a constant is written with three digits", grad_x=off_by(-10)),
    convolution("conv2d", "precision", "conv2d: last weight gradient off by 2^-20",
                "a constant is written with six digits", grad_w=off_by(-20)),
    convolution("conv2d", "precision", "conv2d: last result off by 2^-20",
                "a constant is written with six digits", y=off_by(-20)),
    convolution("conv_transpose2d", "precision", "conv_transpose2d: last weight gradient off by "
                "2^-20", "a constant is written with six digits", grad_w=off_by(-20)),
    convolution("conv2d", "precision", "conv2d: dgrad off by a unit in the last place",
                "multiplied by a scale of 1 + eps that should be 1", grad_x=an_ulp_off),
    convolution("conv_transpose1d", "precision", "conv_transpose1d: result off by a unit",
                "multiplied by a scale of 1 + eps that should be 1", y=an_ulp_off),
    convolution("conv2d", "precision", "conv2d: large whole weight gradients rounded to even",
                "the low bit of large sums is used as a flag", grad_w=whole_sums_even),
    convolution("conv2d", "precision", "conv2d: by Fourier transforms",
                "the bound of a transform is one for the whole image, not for each cell",
                y=by_products_of_spectra),
    convolution("conv2d", "precision", "bias gradient summed in float16",
                "the sum takes the dtype of the mixed-precision cotangent",
                grad_b=bias_added_up_in_half),
    convolution("conv2d", "precision", "bias added beside 2^20",
                "the accumulator starts from an offset that is taken off again",
                y=bias_by_difference),
    mutant("dense", "precision", "dense: result in float32", "np.float32 in one layer",
           forward=dense_in_single, dtypes=DOUBLE),
    mutant("dense", "precision", "dense: weight gradient in float32",
           "the gradient's buffer is float32", backward=dense_backward_in_single, dtypes=DOUBLE),
    mutant("dense", "precision", "dense: bfloat16 operands", "the weights are kept in bfloat16",
           forward=dense_operands_shortened),
    mutant("dense", "precision", "dense: bias gradient summed in float16",
           "the sum takes the dtype of the mixed-precision cotangent",
           backward=dense_bias_gradient_in_half),
    mutant("dense", "precision", "dense: one weight gradient off by 2^-20",
           "a constant is written with six digits", backward=dense_one_weight_off),
    mutant("tanh", "precision", "tanh in float32", "np.float32 in one layer",
           forward=in_format(activations.tanh, "float32"), dtypes=DOUBLE),
    mutant("sigmoid", "precision", "sigmoid' in float16", "the derivative comes from a table",
           backward=in_format(activations.sigmoid_backward, "float16")),
    mutant("gelu", "precision", "gelu in float32", "np.float32 in one layer",
           forward=lambda x, **o: activations.gelu(x.astype("f4"), **o).astype(x.dtype),
           dtypes=DOUBLE),
    mutant("softmax", "precision", "softmax' in float32", "the sum of y g is kept in float32",
           backward=in_format(activations.softmax_backward, "float32"), dtypes=DOUBLE),
    mutant("mse_loss", "precision", "mse summed in float32", "the mean is taken in float32",
           forward=in_format(mse_loss, "float32"), dtypes=DOUBLE),
    mutant("mse_loss", "precision", "mse gradient in float16",
           "the loss is scaled for mixed precision and never scaled back to float32",
           backward=in_format(mse_loss_backward, "float16")),
]  # fmt: skip
