"""Networks: layers one after another, differentiated by walking back through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from manualgrad import activations, convolution, transposed_convolution
from manualgrad.dense import dense, dense_backward, dense_double_backward
from manualgrad.dtypes import common_dtype
from manualgrad.gradients import SecondDerivative

Array = npt.NDArray[Any]


def flatten(x: Array) -> Array:
    """Return (N, ...) as (N, all the rest in C order); a copy."""
    common_dtype(x=x)
    if x.ndim < 1:
        raise ValueError(f"`x` (shape={x.shape}) must have at least one axis")
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:]))).copy()


def flatten_backward(grad_y: Array, x: Array) -> Array:
    """Return the VJP of `flatten`: the cotangent in the shape of x."""
    common_dtype(grad_y=grad_y, x=x)
    flat = (x.shape[0], int(np.prod(x.shape[1:])))
    if grad_y.shape != flat:
        raise ValueError(f"`grad_y` (shape={grad_y.shape}) must have the result's shape {flat}")
    return grad_y.reshape(x.shape).copy()


def flatten_double_backward(v: Array, grad_y: Array, x: Array) -> SecondDerivative:
    """Return the VJP of `flatten_backward`: v flattened, and nothing for x."""
    common_dtype(v=v, grad_y=grad_y, x=x)
    if v.shape != x.shape:
        raise ValueError(f"`v` (shape={v.shape}) must have the shape of `x` {x.shape}")
    flatten_backward(grad_y, x)
    return SecondDerivative(flatten(v), np.zeros_like(x))


class Operation(NamedTuple):
    """An operation by name: forward, both backwards, and the names of its parameters."""

    forward: Callable[..., Array]
    backward: Callable[..., Any]
    double_backward: Callable[..., Any]
    parameters: tuple[str, ...]


def _find(name: str, home: Any, *parameters: str) -> Operation:
    backward, double = getattr(home, f"{name}_backward"), getattr(home, f"{name}_double_backward")
    return Operation(getattr(home, name), backward, double, parameters)


_ACTIVATIONS = (
    "identity", "tanh", "arctan", "sigmoid", "relu", "leaky_relu", "relu6", "elu", "celu",
    "selu", "gelu", "silu", "mish", "softplus", "softsign", "logsigmoid", "hardtanh",
    "hardsigmoid", "hardswish", "softmax", "log_softmax",
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {
    **{f"conv{n}d": _find(f"conv{n}d", convolution, "w", "b") for n in (1, 2, 3)},
    **{
        f"conv_transpose{n}d": _find(f"conv_transpose{n}d", transposed_convolution, "w", "b")
        for n in (1, 2, 3)
    },
    "dense": Operation(dense, dense_backward, dense_double_backward, ("w", "b")),
    **{name: _find(name, activations) for name in _ACTIVATIONS},
    "flatten": Operation(flatten, flatten_backward, flatten_double_backward, ()),
}
"""What a layer can do."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One operation with its parameters and options: made by `layer`.

    Attributes
    ----------
    name
        Of the operation.
    parameters
        ``w`` and, if there is one, ``b``.
    options
        Keyword options of the operation.
    """

    name: str
    parameters: Mapping[str, Array] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def forward(self, x: Array) -> Array:
        """Return the result for `x`."""
        return OPERATIONS[self.name].forward(x, *self.parameters.values(), **self.options)

    def backward(self, grad_y: Array, x: Array) -> tuple[Array, dict[str, Array]]:
        """Return the gradients of x and of each parameter, given the cotangent of the result."""
        weights = [array for name, array in self.parameters.items() if name != "b"]
        found = OPERATIONS[self.name].backward(grad_y, x, *weights, **self.options)
        if not weights:
            return found, {}
        return found.grad_x, {name: getattr(found, f"grad_{name}") for name in self.parameters}

    def double_backward(
        self, v_x: Array, v: Mapping[str, Array], grad_y: Array, x: Array
    ) -> tuple[Array, Array, dict[str, Array]]:
        """Return the VJPs of `backward` for grad_y, x and, where it depends on it, each parameter.

        Parameters
        ----------
        v_x, v
            Cotangents of the gradients of x and, by name, of the parameters.
        grad_y, x
            Of `backward`.
        """
        double = OPERATIONS[self.name].double_backward
        if "w" not in self.parameters:
            found = double(v_x, grad_y, x, **self.options)
            return found.grad_grad_y, found.grad_x, {}
        found = double(v_x, v["w"], v.get("b"), grad_y, x, self.parameters["w"], **self.options)
        return found.grad_grad_y, found.grad_x, {"w": found.grad_w}


def layer(name: str, *parameters: Array, **options: Any) -> Layer:
    """Return a layer, as ``layer("conv2d", w, b, stride=2)`` or ``layer("tanh")``.

    Raises
    ------
    TypeError
        If there are more or fewer parameters than the operation has (the bias may be left out).
    ValueError
        If there is no such operation.
    """
    if name not in OPERATIONS:
        near = get_close_matches(name, OPERATIONS, n=1, cutoff=0.0)[0]
        raise ValueError(f"`name` (={name!r}) is no operation; the nearest is {near!r}")
    names = OPERATIONS[name].parameters
    if not min(len(names), 1) <= len(parameters) <= len(names):
        wanted = " and ".join(names) or "none"
        raise TypeError(f"`{name}` takes the parameters {wanted}, got {len(parameters)}")
    return Layer(name, dict(zip(names, parameters, strict=False)), options)


@dataclass(frozen=True, eq=False)
class Trace:
    """What a forward pass keeps for the backward one: each layer's input, and the result."""

    inputs: tuple[Array, ...]
    y: Array


@dataclass(frozen=True, eq=False)
class NetworkGradients:
    """Gradients of a network's input and, by name such as ``"0.w"``, of every parameter."""

    grad_x: Array
    parameters: dict[str, Array]


class Sequential:
    """Layers one after another; immutable, so the same call gives the same bits.

    Parameters
    ----------
    *layers
        Made by `layer`; at least one.
    """

    def __init__(self, *layers: Layer) -> None:
        if not layers:
            raise ValueError("`layers` (=()) must hold at least one layer")
        self.layers = layers

    @property
    def parameters(self) -> dict[str, Array]:
        """Every parameter by the number of its layer and its name: ``"0.w"``, ``"0.b"``, ..."""
        return {
            f"{index}.{name}": array
            for index, each in enumerate(self.layers)
            for name, array in each.parameters.items()
        }

    def __call__(self, x: Array) -> Array:
        """Return the network's result for `x`."""
        return self.forward(x).y

    def forward(self, x: Array) -> Trace:
        """Return the result and what `backward` needs."""
        inputs = []
        for each in self.layers:
            inputs.append(x)
            x = each.forward(x)
        return Trace(tuple(inputs), x)

    def backward(self, grad_y: Array, trace: Trace) -> NetworkGradients:
        """Return the gradients of the input and of every parameter.

        The chain rule from the last layer to the first (D. E. Rumelhart, G. E. Hinton and
        R. J. Williams, Learning representations by back-propagating errors, 1986).

        Parameters
        ----------
        grad_y
            The cotangent, of the shape of ``trace.y``.
        trace
            Of `forward`.
        """
        found: dict[str, Array] = {}
        for index in reversed(range(len(self.layers))):
            grad_y, own = self.layers[index].backward(grad_y, trace.inputs[index])
            found = {f"{index}.{name}": array for name, array in own.items()} | found
        return NetworkGradients(grad_y, found)

    def updated(self, gradients: NetworkGradients, *, learning_rate: float) -> Sequential:
        """Return the network after one step of gradient descent, ``w - learning_rate * grad``."""
        layers = []
        for index, each in enumerate(self.layers):
            moved = {
                name: array - learning_rate * gradients.parameters[f"{index}.{name}"]
                for name, array in each.parameters.items()
            }
            layers.append(Layer(each.name, moved, each.options))
        return Sequential(*layers)
