"""Transposed convolution over one, two or three axes: dgrad, used forward."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.convolution import add_bias, as_batch, bias_gradient, from_batch
from manualgrad.geometry import PerAxis, check_directions, check_grad_y, transposed_geometry
from manualgrad.gradients import Gradients, SecondGradients
from manualgrad.trilinear import dgrad, fprop_wgrad

Array = npt.NDArray[Any]


@np.errstate(all="ignore")
def _conv_transpose(x: Array, w: Array, b: Array | None, axes: int, **options: Any) -> Array:
    geometry = transposed_geometry(x, w, b, axes=axes, **options)
    return from_batch(add_bias(dgrad(as_batch(x, axes), w, geometry), b), x, axes)


@np.errstate(all="ignore")
def _conv_transpose_backward(
    grad_y: Array, x: Array, w: Array, axes: int, **options: Any
) -> Gradients:
    geometry = transposed_geometry(x, w, None, axes=axes, **options)
    check_grad_y(grad_y, x, w.shape[1] * geometry.groups, geometry.size)
    g, batch = as_batch(grad_y, axes), as_batch(x, axes)
    grad_x, grad_w = fprop_wgrad(g, w, batch, geometry)
    return Gradients(from_batch(grad_x, x, axes), grad_w, bias_gradient(g))


@np.errstate(all="ignore")
def _conv_transpose_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    axes: int,
    **options: Any,
) -> SecondGradients:
    geometry = transposed_geometry(x, w, None, axes=axes, **options)
    channels = w.shape[1] * geometry.groups
    check_grad_y(grad_y, x, channels, geometry.size)
    check_directions(v_x, v_w, v_b, x, w, channels)
    g, batch, v = as_batch(grad_y, axes), as_batch(x, axes), as_batch(v_x, axes)
    along = dgrad(v, w, geometry) + dgrad(batch, v_w, geometry)
    grad_x, grad_w = fprop_wgrad(g, v_w, v, geometry)
    return SecondGradients(
        from_batch(add_bias(along, v_b), x, axes), from_batch(grad_x, x, axes), grad_w
    )


def conv_transpose2d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Array:
    """Convolve transposed: ``y[n, o, stride q + dilation k - padding] += x[n, c, q] w[c, o, k]``.

    Each element of x lays a copy of its kernel onto y, starting from ``b[o]``; what falls
    off y is dropped (V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep
    learning, 2016, chapter 4). It is the dgrad of a convolution from y to x with the same
    options, hence the name. Along each axis the result has the size
    ``(size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1``.

    Parameters
    ----------
    x
        (N, C, H, W), or unbatched (C, H, W); floating, complex or object.
    w
        (C, O/groups, kernel height, kernel width), of the dtype of x.
    b
        (O,), or None.
    stride, padding, output_padding, dilation
        An int, or one for each axis; `output_padding`, rows at the end that no tap need
        reach, is below stride or dilation.
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
    return _conv_transpose(
        x, w, b, 2, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose2d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Gradients:
    """Return the VJP of `conv_transpose2d`: fprop for x, wgrad with the roles exchanged for w.

    Parameters
    ----------
    grad_y
        The cotangent, of the shape of the result.
    x, w, stride, padding, output_padding, groups, dilation
        Of `conv_transpose2d`.

    Returns
    -------
    Gradients
        ``grad_x``, ``grad_w``, ``grad_b``, of the shapes of x, w and a bias.

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose2d`, and if `grad_y` has another dtype or shape than the result.
    """
    return _conv_transpose_backward(
        grad_y, x, w, 2, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose2d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> SecondGradients:
    """Return the VJP of `conv_transpose2d_backward`, a function of grad_y, x and w.

    As `manualgrad.conv2d_double_backward`, with the parts of x and the cotangent exchanged::

        grad_grad_y = dgrad(v_x, w) + dgrad(x, v_w) + v_b
        grad_x = fprop(g, v_w)
        grad_w = wgrad(g, v_x)

    Parameters
    ----------
    v_x, v_w, v_b
        Cotangents of ``grad_x``, ``grad_w`` and ``grad_b``, of the shapes of x, w and a bias;
        None for `v_b` counts as zeros.
    grad_y, x, w, stride, padding, output_padding, groups, dilation
        Of `conv_transpose2d_backward`.

    Returns
    -------
    SecondGradients
        ``grad_grad_y``, ``grad_x``, ``grad_w``, of the shapes of grad_y, x and w.

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose2d_backward`, and if a direction has another dtype or shape than its
        gradient.
    """
    return _conv_transpose_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 2, stride=stride, padding=padding,
        output_padding=output_padding, groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose1d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Array:
    """Convolve transposed over one axis, x (N, C, L) with w (C, O/groups, *kernel).

    See `conv_transpose2d`.
    """
    return _conv_transpose(
        x, w, b, 1, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose1d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Gradients:
    """Return the VJP of `conv_transpose1d`: see `conv_transpose2d_backward`."""
    return _conv_transpose_backward(
        grad_y, x, w, 1, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose1d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> SecondGradients:
    """Return the VJP of `conv_transpose1d_backward`.

    See `conv_transpose2d_double_backward`.
    """
    return _conv_transpose_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 1, stride=stride, padding=padding,
        output_padding=output_padding, groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose3d(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Array:
    """Convolve transposed over three axes, x (N, C, D, H, W) with w (C, O/groups, *kernel).

    See `conv_transpose2d`.
    """
    return _conv_transpose(
        x, w, b, 3, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose3d_backward(
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> Gradients:
    """Return the VJP of `conv_transpose3d`: see `conv_transpose2d_backward`."""
    return _conv_transpose_backward(
        grad_y, x, w, 3, stride=stride, padding=padding, output_padding=output_padding,
        groups=groups, dilation=dilation,
    )  # fmt: skip


def conv_transpose3d_double_backward(
    v_x: Array,
    v_w: Array,
    v_b: Array | None,
    grad_y: Array,
    x: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: PerAxis = 0,
    output_padding: PerAxis = 0,
    groups: int = 1,
    dilation: PerAxis = 1,
) -> SecondGradients:
    """Return the VJP of `conv_transpose3d_backward`.

    See `conv_transpose2d_double_backward`.
    """
    return _conv_transpose_double_backward(
        v_x, v_w, v_b, grad_y, x, w, 3, stride=stride, padding=padding,
        output_padding=output_padding, groups=groups, dilation=dilation,
    )  # fmt: skip
