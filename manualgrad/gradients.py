"""What backward passes return, and the backward passes of backward passes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt


class Gradients(NamedTuple):
    """Gradients of a layer's input, weights and bias, each of the shape of its operand."""

    grad_x: npt.NDArray[Any]
    grad_w: npt.NDArray[Any]
    grad_b: npt.NDArray[Any]


class SecondGradients(NamedTuple):
    """What the double backward pass of a layer with parameters returns.

    The backward pass is a function of the cotangent ``grad_y``, of x and of w; these are its
    VJPs for them, each of the shape of its operand.
    """

    grad_grad_y: npt.NDArray[Any]
    grad_x: npt.NDArray[Any]
    grad_w: npt.NDArray[Any]


class SecondDerivative(NamedTuple):
    """What the double backward pass of an activation returns: VJPs for grad_y and for x."""

    grad_grad_y: npt.NDArray[Any]
    grad_x: npt.NDArray[Any]
