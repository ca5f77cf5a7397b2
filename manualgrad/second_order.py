"""Second derivatives of whole networks, as products with a direction: no Hessian is stored.

The backward pass is differentiated like any other function, by walking back through it: from
the first layer to the last, since it went from the last to the first; then, with what arrives
at each layer's input on the way, once more back through the forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad import losses
from manualgrad.network import NetworkGradients, Sequential, Trace

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class NetworkSecondGradients:
    """The VJPs of a network's backward pass for grad_y, for x and, by name, for each parameter."""

    grad_grad_y: Array
    grad_x: Array
    parameters: dict[str, Array]


def double_backward(
    network: Sequential, v_x: Array, v: Mapping[str, Array], grad_y: Array, trace: Trace
) -> NetworkSecondGradients:
    """Return the VJP of ``network.backward``, a function of grad_y, x and the parameters.

    ``network.backward`` gives the gradient of the number ``<grad_y, y>``; its product with the
    directions is that number's derivative along them. So what is returned for x and the
    parameters is the Hessian of ``<grad_y, y>`` times the directions, and ``grad_grad_y`` is
    the derivative of y along them.

    Parameters
    ----------
    network
        Of any layers.
    v_x, v
        Directions, of the shapes of x and, by name, of every parameter.
    grad_y, trace
        Of ``network.backward``.

    Raises
    ------
    ValueError
        If `v` does not name the parameters, or a shape differs.
    """
    if set(v) != set(network.parameters):
        wanted = ", ".join(network.parameters) or "nothing"
        raise ValueError(f"`v` (={', '.join(v)}) must name the parameters: {wanted}")
    cotangents = _cotangents(network, grad_y, trace)
    at_input: list[Array] = []
    at_parameters: dict[str, Array] = {}
    for index, each in enumerate(network.layers):
        own = {name: v[f"{index}.{name}"] for name in each.parameters}
        v_x, grad_x, found = each.double_backward(v_x, own, cotangents[index], trace.inputs[index])
        at_input.append(grad_x)
        at_parameters |= {f"{index}.{name}": array for name, array in found.items()}
    grad_x, parameters = _walk_back(network, at_input, at_parameters, trace)
    return NetworkSecondGradients(v_x, grad_x, parameters)


def hessian_vector_product(
    network: Sequential, v_x: Array, v: Mapping[str, Array], x: Array, target: Array, *, loss: str
) -> NetworkGradients:
    """Return the Hessian of ``loss(network(x), target)`` times the directions.

    With J the derivative of the network's result y, H that of the loss's gradient g::

        J^T H (J v) + Hessian of <g, y> for fixed g, times v

    (B. Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6, 1994, who
    derives it forward; here both products come from walking back.)

    Parameters
    ----------
    network
        Of any layers.
    v_x, v
        Directions, of the shapes of x and, by name such as ``"0.w"``, of every parameter.
    x, target
        Of the network and of the loss.
    loss
        ``"half_squared_error"``, ``"mse_loss"`` or ``"cross_entropy"``.

    Raises
    ------
    ValueError
        If there is no such `loss`, `v` does not name the parameters, or a shape differs.
    """
    gradient, product = _loss(loss)
    trace = network.forward(x)
    curved = double_backward(network, v_x, v, gradient(trace.y, target), trace)
    along_loss = network.backward(product(curved.grad_grad_y, trace.y, target), trace)
    with np.errstate(all="ignore"):
        parameters = {
            name: array + along_loss.parameters[name] for name, array in curved.parameters.items()
        }
        return NetworkGradients(curved.grad_x + along_loss.grad_x, parameters)


_LOSSES = ("half_squared_error", "mse_loss", "cross_entropy")


def _loss(name: str) -> tuple[Callable[..., Array], Callable[..., Array]]:
    """Return the gradient of a loss, and the product with its Hessian."""
    if name not in _LOSSES:
        near = get_close_matches(str(name), _LOSSES, n=1, cutoff=0.0)[0]
        raise ValueError(f"`loss` (={name!r}) is no loss; the nearest is {near!r}")
    return getattr(losses, f"{name}_backward"), getattr(losses, f"{name}_double_backward")


def _cotangents(network: Sequential, grad_y: Array, trace: Trace) -> list[Array]:
    """Return the cotangent of each layer's result."""
    found = [grad_y]
    for each, x in zip(network.layers[:0:-1], trace.inputs[:0:-1], strict=True):
        found.append(each.backward(found[-1], x)[0])
    return found[::-1]


def _walk_back(
    network: Sequential, at_input: list[Array], at_parameters: Mapping[str, Array], trace: Trace
) -> tuple[Array, dict[str, Array]]:
    """Carry what arrives at each layer's input back through the forward pass, adding up."""
    found = {
        name: at_parameters.get(name, np.zeros_like(array))
        for name, array in network.parameters.items()
    }
    grad_x = at_input[-1]
    with np.errstate(all="ignore"):
        for index in reversed(range(len(network.layers) - 1)):
            grad_x, own = network.layers[index].backward(grad_x, trace.inputs[index])
            grad_x = grad_x + at_input[index]
            found |= {
                f"{index}.{name}": found[f"{index}.{name}"] + array for name, array in own.items()
            }
    return grad_x, found
