"""Hypothesis strategy of whole networks: random depth, layers, options and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from hypothesis import strategies as st

from oracles.cases import Shape, Shapes, batch_size, build_case
from oracles.convolution_cases import convolution_shapes
from oracles.data import NETWORK_PATTERNS
from oracles.draws import choice, drawable, integer
from oracles.limits import Limits
from oracles.op import Case

Layer = tuple[str, int, Mapping[str, Any]]

# Activations for the inside of a network. Their slopes do not vanish on the small numbers
# that pass through, so an error in any layer is seen in all layers before it.
ACTIVATIONS = ("tanh", "arctan", "sigmoid", "leaky_relu", "softplus", "silu", "elu", "gelu", "relu")


@drawable
def network_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a network of 1 to `limits.max_depth` layers with its input and parameters."""
    n = batch_size(draw, limits, 2)
    x_shape: Shape = (n, integer(draw, 1, 2), integer(draw, 2, 5), integer(draw, 2, 5))
    shapes: Shapes = {"x": x_shape}
    layers: list[Layer] = []
    y_shape = x_shape
    for index in range(integer(draw, 1, limits.max_depth)):
        layer, parameters, y_shape = _layer(draw, y_shape, limits)
        shapes |= {f"{index}.{name}": shape for name, shape in parameters.items()}
        layers.append(layer)
    options = {"layers": tuple(layers)}
    return build_case(
        draw,
        "network",
        dtype,
        limits,
        shapes=shapes,
        y_shape=y_shape,
        options=options,
        patterns=NETWORK_PATTERNS,
        specials=(),
    )


def _layer(draw: st.DrawFn, shape: Shape, limits: Limits) -> tuple[Layer, Shapes, Shape]:
    """Draw one layer that takes `shape`; return it with its parameters' shapes and its result's."""
    kind = choice(draw, _kinds(shape))
    if kind == "activation":
        return (choice(draw, ACTIVATIONS), 0, {}), {}, shape
    if kind == "flatten":
        return ("flatten", 0, {}), {}, (shape[0], prod(shape[1:]))
    if kind == "dense":
        outputs = integer(draw, 1, 3)
        parameters: Shapes = {"w": (shape[1], outputs), "b": (outputs,)}
        return ("dense", 2, {}), parameters, (shape[0], outputs)
    calm = replace(limits, max_padding=min(limits.max_padding, 1), max_groups=1)
    found, y_shape, options = convolution_shapes(
        draw,
        calm,
        2,
        transposed=kind == "conv_transpose2d",
        channels=shape[1],
        size=shape[2:],
        batch=shape[0],
    )
    parameters = {name: size for name, size in found.items() if name != "x"}
    return (kind, len(parameters), options), parameters, y_shape


def _kinds(shape: Shape) -> list[str]:
    """Return the layers that may follow: no growth beyond what the exact witness sums quickly."""
    if len(shape) != 4:
        return ["activation", "dense"]
    grown = prod(shape[1:]) > _LARGE
    return ["activation", "conv2d", "flatten", *([] if grown else ["conv_transpose2d"])]


_LARGE = 60
