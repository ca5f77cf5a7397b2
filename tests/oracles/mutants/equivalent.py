"""Changes that no input can tell from the right code, but for the order of roundings.

How each is proved stands in its record; the proofs are carried out in
``tests/oracles/test_mutants_equivalent.py``.
"""

from __future__ import annotations

import numpy as np

from manualgrad import activations, dense, dense_backward, half_squared_error_backward, softmax
from manualgrad.article import convolve_valid, rotate180
from manualgrad.trilinear import fprop
from oracles.article import backward_by
from oracles.catalog import ops
from tests.oracles.mutants.article import gradients_by, padded
from tests.oracles.mutants.kernels import but, convolution
from tests.oracles.mutants.permutations import w_of_next_group
from tests.oracles.mutants.record import mutant
from tests.oracles.mutants.taps import without

SYMBOLS = "symbols: the same polynomials on the whole quick grid of shapes and options"
EVERY_HALF = "exhaustion: all 2^16 numbers of float16"


def spread(g, of):
    """Return the cotangent as a stride of 1 would see it, with room for a kernel on all sides."""
    reach = [d * (k - 1) for d, k in zip(of.dilation, of.kernel, strict=True)]
    wide = np.zeros((*g.shape[:2], *(n + r for n, r in zip(of.size, reach, strict=True))), g.dtype)
    places, kept = [], []
    for n, s, r, low, size in zip(
        of.out, of.stride, reach, of.padding, wide.shape[2:], strict=True
    ):
        at = np.arange(n) * s + r - low
        inside = (at >= 0) & (at < size)
        places.append(at[inside])
        kept.append(np.flatnonzero(inside))
    wide[np.ix_(*(np.arange(n) for n in g.shape[:2]), *places)] = g[
        np.ix_(*(np.arange(n) for n in g.shape[:2]), *kept)
    ]
    return wide


def full_convolution(flipped):
    """Return dgrad written as rotate, pad, convolve; `flipped` turns the kernel's taps."""

    def grad_x(right, g, x, w, of):
        each = w.reshape(of.groups, len(w) // of.groups, *w.shape[1:]).swapaxes(1, 2)
        turned = flipped(each.reshape(-1, *each.shape[2:]))
        wide = spread(g, of)
        axes = len(of.kernel)
        plain = but(of, size=wide.shape[2:], out=of.size, stride=(1,) * axes, padding=(0,) * axes)
        return fprop(wide, np.ascontiguousarray(turned), plain)

    return grad_x


def width_first(w):
    return np.flip(np.flip(w, axis=3), axis=2)


def tap_by_tap_from_the_end(right, x, w, b, of):
    """Return the sum over taps, each for itself, the last one first."""
    total = right(x, w * 0, b, of)
    for tap in list(np.ndindex(*of.kernel))[::-1]:
        alone = w - without(w, *tap)
        total = total + right(x, alone, None, of)
    return total


def rotated_where_there_is_one_position(right, g, x, w, of):
    axes = tuple(range(2, g.ndim))
    return right(np.flip(g, axes).copy() if set(of.out) == {1} else g, x, w, of)


def more_zeros_behind(right, g, x, w, of):
    """Return wgrad of x with zeros behind it, which stand for the padding there."""
    wide = np.zeros((*x.shape[:2], *(n + 1 for n in of.size)), x.dtype)
    wide[(slice(None), slice(None), *(slice(n) for n in of.size))] = x
    return right(g, wide, w, but(of, size=wide.shape[2:]))


def transposed_twice(g, x, w):
    return (w @ g.T).T.copy(), (g.T @ x).T.copy(), np.ones(len(g), g.dtype) @ g


def views_of_one_vector(g, x, w):
    """Return the gradients as views of one vector, end to end."""
    found = dense_backward(g, x, w)
    whole = np.concatenate([each.ravel() for each in found])
    parts = np.split(whole, np.cumsum([each.size for each in found])[:-1])
    return tuple(part.reshape(each.shape) for part, each in zip(parts, found, strict=True))


def negative_indices(p, t):
    return ops.cross_entropy.forward(p, np.arange(p.shape[1])[t - p.shape[1]])


def identity_between(x, *parameters, layers):
    """Return the result of a network with an identity behind each layer."""
    longer = [part for each in layers for part in (each, ("identity", 0, {}))]
    return ops.network.forward(x, *parameters, layers=tuple(longer))


def relu_with_equality(x):
    return np.where(x >= 0, x, np.where(x < 0, np.zeros_like(x), x))


def ends_belong_to_the_middle(g, x, *, min_val, max_val):
    found = activations.hardtanh_backward(g, x, min_val=min_val, max_val=max_val)
    with np.errstate(all="ignore"):
        return np.where((x == min_val) | (x == max_val), g, found).astype(x.dtype)


def tanh_is_odd(x):
    return -activations.tanh(np.asarray(-x))


def axis_from_the_end(x, *, axis):
    return softmax(x, axis=axis - x.ndim if axis >= 0 else axis + x.ndim)


def bias_of_zeros(x, w, b=None):
    return dense(x, w, np.zeros(w.shape[1], w.dtype) if b is None else b)


LINES_TURNED = {
    "article: dA1 with its inner rotation outside": {
        "dA1": lambda m, d2, w: convolve_valid(rotate180(padded(d2, w.w2)), d2)
    },
    "article: g2 as a correlation rotated inside": {
        "g2": lambda m, d2: convolve_valid(rotate180(m.a1), d2)
    },
}
"""By title: R(a *v R(d)) written as R(a) *v d."""


def turned(title, story):
    return mutant(
        "article", "article", title, story,
        backward=backward_by(gradients_by(**LINES_TURNED[title])),
        equivalent="symbols: the article's theorem holds with this line, for four sets of sizes "
        "and any activations",
    )  # fmt: skip


MUTANTS = [
    convolution("conv2d", "dgrad", "kernel flipped along the width first",
                "flips in the other order; dgrad as rotate, pad, convolve",
                grad_x=full_convolution(width_first), equivalent=SYMBOLS),
    convolution("conv3d", "dgrad", "conv3d dgrad as rotate, pad, convolve",
                "the sum over positions is written as a full convolution",
                grad_x=full_convolution(lambda w: np.flip(w, (2, 3, 4))), equivalent=SYMBOLS),
    convolution("conv2d", "forward", "taps summed from the last to the first",
                "another order of the same sum: other roundings, but on the lattice the same bits",
                y=tap_by_tap_from_the_end,
                equivalent=f"{SYMBOLS}; the same bits on lattices, where nothing is rounded"),
    convolution("conv2d", "wgrad", "cotangent rotated where there is one position",
                "a rotation of one number", grad_w=rotated_where_there_is_one_position,
                equivalent=SYMBOLS),
    convolution("conv2d", "wgrad", "zeros put behind x", "np.pad instead of the option, behind x",
                grad_w=more_zeros_behind, equivalent=SYMBOLS),
    convolution("conv2d", "forward", "kernels of the next group, of one group",
                "the groups are rolled by one, and there is one", y=w_of_next_group,
                limits={"groups": 1},
                equivalent="integers: (i + 1) mod 1 = i for the only i, and symbols"),
    mutant("dense", "dense", "dense: products transposed twice", "(g^T x)^T for x^T g",
           backward=transposed_twice, equivalent=SYMBOLS),
    mutant("dense", "dense", "dense: a bias of zeros for none", "b = 0 if there is none",
           forward=bias_of_zeros, equivalent=SYMBOLS),
    mutant("half_squared_error", "loss", "half squared error: -(target - prediction)",
           "two minuses", backward=lambda p, t: -half_squared_error_backward(t, p),
           equivalent=f"{SYMBOLS}; rounding to nearest is symmetric"),
    turned("article: dA1 with its inner rotation outside",
           "dA1 = R(pad(w2)) *v d2, since R(a *v b) = R(a) *v R(b)"),
    turned("article: g2 as a correlation rotated inside",
           "g2 = R(a1) *v d2, since R(a *v b) = R(a) *v R(b)"),
    mutant("relu", "activation", "relu with >= for >", "x >= 0 and x > 0 choose 0 and 0 at 0",
           forward=relu_with_equality,
           equivalent=f"{EVERY_HALF}, where comparisons are those of the longer formats"),
    mutant("hardtanh", "activation", "hardtanh': the ends belong to the middle",
           "<= for <: at a knot either slope is a right one", backward=ends_belong_to_the_middle,
           equivalent=f"{EVERY_HALF}: it differs at the knots alone, by a slope of one side"),
    mutant("tanh", "activation", "tanh by -tanh(-x)", "an odd function", forward=tanh_is_odd,
           equivalent=f"{EVERY_HALF}: the same bits"),
    mutant("softmax", "activation", "softmax: axis counted from the other end",
           "axis - ndim for axis, and back", forward=axis_from_the_end,
           equivalent="exhaustion: all axes of arrays of one to three axes name the same axis"),
    mutant("cross_entropy", "loss", "cross entropy by negative indices",
           "class c of n as c - n", forward=negative_indices,
           equivalent="integers: (c - n) mod n = c for all classes c of n up to 64"),
    mutant("dense", "manners", "dense: gradients in one vector",
           "views of a flat vector of parameters are returned", backward=views_of_one_vector,
           equivalent="integers: the ranges of addresses are disjoint, for all sizes up to 4"),
    mutant("network", "network", "network: identities between the layers",
           "an identity behind each layer", forward=identity_between,
           equivalent=f"{EVERY_HALF}: the identity gives the same bits"),
]  # fmt: skip
