"""Convolution over one, two or three axes, as networks call it (cross-correlation)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.geometry import PerAxis, check_directions, check_grad_y, convolution_geometry
from manualgrad.gradients import Gradients, SecondGradients
from manualgrad.threads import shares, side_by_side
from manualgrad.trilinear import dgrad_wgrad, fprop

Array = npt.NDArray[Any]


@np.errstate(all="ignore")
def _conv(x: Array, w: Array, b: Array | None, axes: int, **options: Any) -> Array:
    geometry = convolution_geometry(x, w, b, axes=axes, **options)
    return from_batch(add_bias(fprop(as_batch(x, axes), w, geometry), b), x, axes)


@np.errstate(all="ignore")
def _conv_backward(grad_y: Array, x: Array, w: Array, axes: int, **options: Any) -> Gradients:
    geometry = convolution_geometry(x, w, None, axes=axes, **options)
    check_grad_y(grad_y, x, w.shape[0], geometry.out)
    g, batch = as_batch(grad_y, axes), as_batch(x, axes)
    grad_x, grad_w = dgrad_wgrad(batch, w, g, geometry)
    return Gradients(from_batch(grad_x, x, axes), grad_w, bias_gradient(g))


@np.errstate(all="ignore")
def _conv_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    axes: int,
    **options: Any,
) -> SecondGradients:
    geometry = convolution_geometry(x, w, None, axes=axes, **options)
    check_grad_y(grad_y, x, w.shape[0], geometry.out)
    check_directions(v_x, v_w, v_b, x, w, w.shape[0])
    g, batch, v = as_batch(grad_y, axes), as_batch(x, axes), as_batch(v_x, axes)
    along = fprop(v, w, geometry) + fprop(batch, v_w, geometry)
    grad_x, grad_w = dgrad_wgrad(v, v_w, g, geometry)
    return SecondGradients(
        from_batch(add_bias(along, v_b), x, axes), from_batch(grad_x, x, axes), grad_w
    )


def conv2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Convolve: ``y[n, o, p] = b[o] + sum x[n, c, stride p + dilation k - padding] w[o, c, k]``.

    The sum runs over the channels c of o's group and the taps k; positions outside x count
    as zeros (I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016, equations 9.6 and
    9.8; the names and defaults of the options are those of ``torch.nn.functional``).

    Parameters
    ----------
    x
        (N, C, H, W), or unbatched (C, H, W); floating, complex or object.
    w
        (O, C/groups, kernel height, kernel width), of the dtype of x.
    b
        (O,), or None.
    stride, padding, dilation
        An int, or one for each axis; `padding` may be ``"valid"`` (none) or ``"same"``
        (the size of x is kept; stride 1; of an odd number of zeros one more goes behind).
    groups
        Number of groups of channels that do not mix.

    Returns
    -------
    (N, O, ...) or (O, ...)

    Raises
    ------
    TypeError
        If dtypes differ or are not floating, or an option is not made of ints.
    ValueError
        If a rank, a number of channels, an option or a size is out of range.
    """
    return _conv(x, w, b, 2, stride=stride, padding=padding, dilation=dilation, groups=groups)


def conv2d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Gradients:
    """Return the VJP of `conv2d`: dgrad, wgrad, and the cotangent summed for the bias.

    With stride 1 and no padding, dgrad is ``grad_x[q] = sum_k g[q - d k] w[k]``. Written
    with the kernel rotated, ``R(w)[k] = w[K - 1 - k]``, and g padded by ``d (K - 1)`` zeros
    on every side, that is ``sum_k pad(g)[q + d k] R(w)[k]``: rotate the kernel by 180
    degrees, pad, convolve. The rule holds for stride 1 alone; the sum over terms always.

    Parameters
    ----------
    grad_y
        The cotangent, of the shape of the result.
    x, w, stride, padding, dilation, groups
        Of `conv2d`.

    Returns
    -------
    Gradients
        ``grad_x``, ``grad_w``, ``grad_b``, of the shapes of x, w and a bias.

    Raises
    ------
    TypeError, ValueError
        As `conv2d`, and if `grad_y` has another dtype or shape than the result.
    """
    return _conv_backward(
        grad_y, x, w, 2, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def conv2d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> SecondGradients:
    """Return the VJP of `conv2d_backward`, a function of grad_y, x and w.

    The backward pass holds the derivatives of the trilinear form T(x, w, g), so its product
    with the directions is ``T(v_x, w, g) + T(x, v_w, g) + sum of v_b[o] g[n, o, p]``, whose
    derivatives are fprop, dgrad and wgrad again::

        grad_grad_y = fprop(v_x, w) + fprop(x, v_w) + v_b
        grad_x = dgrad(g, v_w)
        grad_w = wgrad(v_x, g)

    Parameters
    ----------
    v_x, v_w, v_b
        Cotangents of ``grad_x``, ``grad_w`` and ``grad_b``, of the shapes of x, w and a bias;
        None for `v_b` counts as zeros.
    grad_y, x, w, stride, padding, dilation, groups
        Of `conv2d_backward`.

    Returns
    -------
    SecondGradients
        ``grad_grad_y``, ``grad_x``, ``grad_w``, of the shapes of grad_y, x and w.

    Raises
    ------
    TypeError, ValueError
        As `conv2d_backward`, and if a direction has another dtype or shape than its gradient.
    """
    return _conv_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 2,
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )  # fmt: skip


def conv1d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Convolve over one axis, x (N, C, L) with w (O, C/groups, kernel): see `conv2d`."""
    return _conv(x, w, b, 1, stride=stride, padding=padding, dilation=dilation, groups=groups)


def conv1d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Gradients:
    """Return the VJP of `conv1d`: see `conv2d_backward`."""
    return _conv_backward(
        grad_y, x, w, 1, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def conv1d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> SecondGradients:
    """Return the VJP of `conv1d_backward`: see `conv2d_double_backward`."""
    return _conv_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 1,
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )  # fmt: skip


def conv3d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Convolve over three axes, x (N, C, D, H, W) with w (O, C/groups, *kernel): see `conv2d`."""
    return _conv(x, w, b, 3, stride=stride, padding=padding, dilation=dilation, groups=groups)


def conv3d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Gradients:
    """Return the VJP of `conv3d`: see `conv2d_backward`."""
    return _conv_backward(
        grad_y, x, w, 3, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


def conv3d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis | str = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> SecondGradients:
    """Return the VJP of `conv3d_backward`: see `conv2d_double_backward`."""
    return _conv_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 3,
        stride=stride, padding=padding, dilation=dilation, groups=groups,
    )  # fmt: skip


def as_batch(x: Array, axes: int) -> Array:
    """Return an unbatched array as a batch of one."""
    return x if x.ndim == axes + 2 else x[None]


def from_batch(y: Array, like: Array, axes: int) -> Array:
    """Return `y` unbatched where `like` is."""
    return y if like.ndim == axes + 2 else y[0]


def add_bias(y: Array, b: Array | None) -> Array:
    """Add one number for each channel, ``y[n, o, p] + b[o]``, in place: y is ours."""
    if b is not None:
        each = b.reshape(-1, *(1,) * (y.ndim - 2))
        parts = [(y[:, some], each[some]) for some in shares(len(b), y.size)]
        side_by_side([partial(np.add, part, bias, out=part) for part, bias in parts])
    return y


def bias_gradient(grad_y: Array) -> Array:
    """Return the VJP of `add_bias`: the sum over samples and positions, once for each cell."""
    grad_b, axes = np.empty(grad_y.shape[1], grad_y.dtype), (0, *range(2, grad_y.ndim))
    parts = [(grad_y[:, some], grad_b[some]) for some in shares(len(grad_b), grad_y.size)]
    side_by_side([partial(np.add.reduce, part, axes, out=found) for part, found in parts])
    return grad_b
