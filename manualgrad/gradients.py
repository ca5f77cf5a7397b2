"""What the backward pass of a layer with parameters returns."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt


class Gradients(NamedTuple):
    """Gradients of a layer's input, weights and bias, each of the shape of its operand."""

    grad_x: npt.NDArray[Any]
    grad_w: npt.NDArray[Any]
    grad_b: npt.NDArray[Any]
