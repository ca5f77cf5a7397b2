"""The network of the 2018 article, forward and backward, in the article's own terms.

One channel, no bias, one image at a time. ``*v`` is valid true convolution (the kernel is rotated
before it slides), ``R`` is rotation by 180 degrees, ``f1``, ``f2``, ``f3`` are the activations::

    l1 = x *v w1      w1: the blue weight        l3 = h . w3      w3: the green weight
    a1 = f1(l1)                                  out = f3(l3)
    l2 = a1 *v w2     w2: the red weight         k = out - y
    a2 = f2(l2)                                  cost = k^2 / 2
    h = a2, row by row

`gradients` has the right backward pass; `published_first_gradients` and
`published_later_gradients` keep what was printed. Every function takes real arrays or object
arrays (Fractions, polynomials), wherever the activations do.
"""
# ruff: noqa: N806, N815 -- dA1 is the article's own name

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from manualgrad import activations
from manualgrad.true_convolution import (
    check_matrices,
    convolve_valid,
    pad,
    rotate180,
    valid_shape,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Array = npt.NDArray[Any]

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Forward",
    "Gradients",
    "Weights",
    "convolve_valid",
    "cost",
    "forward",
    "gradients",
    "pad",
    "published_first_gradients",
    "published_later_gradients",
    "rotate180",
]


@dataclass(frozen=True, eq=False)
class Activation:
    """A function of a matrix, element by element, and its VJP.

    Attributes
    ----------
    function
        ``function(l) -> a``.
    backward
        ``backward(grad_a, l) -> grad_a * function'(l)``.
    """

    function: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType(
    {
        "arctan": Activation(activations.arctan, activations.arctan_backward),
        "identity": Activation(activations.identity, activations.identity_backward),
        "sigmoid": Activation(activations.sigmoid, activations.sigmoid_backward),
        "tanh": Activation(activations.tanh, activations.tanh_backward),
    }
)
"""The activations that have a name."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The three weights: ``w1`` (blue) and ``w2`` (red) are kernels, ``w3`` (green) is a column."""

    w1: Array
    w2: Array
    w3: Array


@dataclass(frozen=True, eq=False)
class Forward:
    """Every matrix of the forward pass, and the activations that made them.

    Attributes
    ----------
    x
        The image, a copy.
    l1, a1, l2, a2
        Before and after the first and the second activation.
    h
        ``a2`` row by row, (1, ``a2.size``).
    l3, out
        Before and after the third activation, (1, 1).
    f1, f2, f3
        The activations.
    """

    x: Array
    l1: Array
    a1: Array
    l2: Array
    a2: Array
    h: Array
    l3: Array
    out: Array
    f1: Activation
    f2: Activation
    f3: Activation


@dataclass(frozen=True, eq=False)
class Gradients:
    """Every matrix of the backward pass, in the order in which it is computed.

    ``d3``, ``d2``, ``d1`` are the derivatives of the cost by ``l3``, ``l2``, ``l1``; ``g3``,
    ``g2``, ``g1`` those by ``w3``, ``w2``, ``w1``; ``dA1`` that by ``a1``.
    """

    d3: Array
    g3: Array
    d2: Array
    g2: Array
    dA1: Array
    d1: Array
    g1: Array


@np.errstate(all="ignore")
def forward(
    x: Array,
    weights: Weights,
    *,
    f1: str | Activation = "tanh",
    f2: str | Activation = "arctan",
    f3: str | Activation = "arctan",
) -> Forward:
    """Compute the article's forward pass.

    Parameters
    ----------
    x
        The image, (H, W).
    weights
        Of the image's dtype; ``w1`` fits in ``x`` and ``w2`` in ``l1``; ``w3`` is
        (``l2.size``, 1). The article has a 4x4 image and 2x2 kernels, hence a (4, 1) ``w3``.
    f1, f2, f3
        Names from `ACTIVATIONS`, or an `Activation` of your own.

    Raises
    ------
    TypeError, ValueError
        Something is not a matrix, dtypes differ, sizes do not fit, no such activation.
    """
    _check_sizes(x, weights)
    first, second, third = _activation("f1", f1), _activation("f2", f2), _activation("f3", f3)
    l1 = convolve_valid(x, weights.w1)
    a1 = first.function(l1)
    l2 = convolve_valid(a1, weights.w2)
    a2 = second.function(l2)
    h = a2.reshape(1, -1)
    l3 = h @ weights.w3
    out = third.function(l3)
    return Forward(x.copy(), l1, a1, l2, a2, h, l3, out, first, second, third)


@np.errstate(all="ignore")
def cost(out: Array, y: Any) -> Any:
    """Compute the article's cost of one image, ``(out - y)^2 / 2``.

    Parameters
    ----------
    out
        The last matrix of `forward`, (1, 1).
    y
        The target, one number (or symbol).

    Returns
    -------
    number
        Of the kind that `out` holds. Python's integers turn into floats here: ask for exact
        costs with Fractions.
    """
    k = _difference(out, y)
    return (k * k / 2)[0, 0]


@np.errstate(all="ignore")
def gradients(forward: Forward, y: Any, weights: Weights) -> Gradients:
    """Compute the article's backward pass, put right.

    Parameters
    ----------
    forward
        What `forward` made of the image and the same weights.
    y
        The target, one number (or symbol).
    weights
        The weights that `forward` had.

    Raises
    ------
    TypeError, ValueError
        The weights do not fit those matrices, or `y` is not one number.

    Notes
    -----
    Why ``g2`` and ``g1`` are ``R(x *v R(d))`` and ``dA1`` is ``R(pad(w) *v R(d))``: with the form
    ``T(x, v, d) = sum d[p] x[p + k] v[k]``, linear in each of its arguments, the layer
    ``l = x *v w`` is dT/dd at ``v = R(w)``, and the chain rule takes the other two derivatives:

    - wgrad, dT/dv: ``sum_p d[p] x[p + k]`` slides ``d`` over ``x`` unrotated. ``*v`` rotates
      what it slides, so this is ``x *v R(d)``. It is the gradient of ``v = R(w)``; that of ``w``
      is its rotation.
    - dgrad, dT/dx: ``dA[i] = sum_p d[p] v[i - p]``. Let ``w`` be K long, ``d`` be D long, and
      ``m`` be ``w`` with D - 1 zeros at both ends, so that no overlap is lost. Then
      ``(m *v R(d))[j] = sum_p d[p] m[j + p] = sum_p d[p] w[j + p - (D - 1)]``. At
      ``j = K + D - 2 - i``, the mirror image of i, that is ``sum_p d[p] w[K - 1 - (i - p)]``,
      and ``w[K - 1 - q] = v[q]``: it is ``dA[i]``. The mirror is the outer rotation.
    """
    d3, g3, d2 = _last_layer(forward, y, weights)
    g2 = rotate180(convolve_valid(forward.a1, rotate180(d2)))
    dA1 = rotate180(convolve_valid(_pad_for(d2, weights.w2), rotate180(d2)))
    d1 = forward.f1.backward(dA1, forward.l1)
    g1 = rotate180(convolve_valid(forward.x, rotate180(d1)))
    return Gradients(d3, g3, d2, g2, dA1, d1, g1)


@np.errstate(all="ignore")
def published_first_gradients(forward: Forward, y: Any, weights: Weights) -> Gradients:
    """Compute the backward pass as first published, which is wrong: see `gradients`.

    ``g2`` and ``dA1`` each lack a rotation, and ``g1`` lacks one and builds on that ``dA1``. Where
    ``f1'`` is constant the two faults of ``g1`` undo each other.
    """
    d3, g3, d2 = _last_layer(forward, y, weights)
    g2 = rotate180(convolve_valid(forward.a1, d2))  # wrong: d2 is not rotated
    dA1 = convolve_valid(_pad_for(d2, weights.w2), rotate180(d2))  # wrong: result not rotated
    d1 = forward.f1.backward(dA1, forward.l1)  # a right step from the wrong dA1
    g1 = rotate180(convolve_valid(forward.x, d1))  # wrong: d1 is not rotated
    return Gradients(d3, g3, d2, g2, dA1, d1, g1)


@np.errstate(all="ignore")
def published_later_gradients(forward: Forward, y: Any, weights: Weights) -> Gradients:
    """Compute the backward pass as later published, which is wrong: see `gradients`.

    ``g2`` and the line of ``g1`` are put right; ``dA1`` still lacks its rotation.
    """
    d3, g3, d2 = _last_layer(forward, y, weights)
    g2 = rotate180(convolve_valid(forward.a1, rotate180(d2)))
    dA1 = convolve_valid(_pad_for(d2, weights.w2), rotate180(d2))  # wrong: result not rotated
    d1 = forward.f1.backward(dA1, forward.l1)  # a right step from the wrong dA1
    g1 = rotate180(convolve_valid(forward.x, rotate180(d1)))  # a right step from the wrong d1
    return Gradients(d3, g3, d2, g2, dA1, d1, g1)


def _difference(out: Array, y: Any) -> Array:
    """``k = out - y``, of the dtype of `out`."""
    if out.shape != (1, 1):
        raise ValueError(f"`out` shape (={out.shape}) must be (1, 1)")
    if isinstance(y, (np.ndarray, list, tuple)) and np.shape(y) != ():
        raise ValueError(f"`y` shape (={np.shape(y)}) must be (), one number")
    # Through an array, because NumPy would take some symbols (polynomials) for sequences.
    target = np.empty_like(out)
    target[0, 0] = y[()] if isinstance(y, np.ndarray) else y
    difference: Array = out - target
    return difference


def _last_layer(forward: Forward, y: Any, weights: Weights) -> tuple[Array, Array, Array]:
    """Compute the steps that were published right: ``d3``, ``g3`` and ``d2``."""
    _check_sizes(forward.x, weights)
    d3 = forward.f3.backward(_difference(forward.out, y), forward.l3)
    g3 = forward.h.T @ d3
    d2 = forward.f2.backward((d3 @ weights.w3.T).reshape(forward.l2.shape), forward.l2)
    return d3, g3, d2


def _pad_for(d: Array, kernel: Array) -> Array:
    """Pad a kernel so that `d` may slide over it with any overlap at all: d's size minus 1."""
    return pad(kernel, rows=d.shape[0] - 1, columns=d.shape[1] - 1)


def _activation(name: str, given: str | Activation) -> Activation:
    if isinstance(given, Activation):
        return given
    if given not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"`{name}` (={given!r}) must be an Activation or one of {known}")
    return ACTIVATIONS[given]


def _check_sizes(x: Array, weights: Weights) -> None:
    """Raise unless the weights fit one another and the image."""
    check_matrices(x=x, w1=weights.w1, w2=weights.w2, w3=weights.w3)
    l1 = valid_shape("w1", weights.w1.shape, "x", x.shape)
    rows, columns = valid_shape("w2", weights.w2.shape, "l1", l1)
    if weights.w3.shape != (rows * columns, 1):
        wanted = f"must be ({rows * columns}, 1), a row for each element of `l2`"
        raise ValueError(f"`w3` shape (={weights.w3.shape}) {wanted}")
