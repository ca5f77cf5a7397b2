"""Whole networks: the order of layers, the trace, parameters that are shared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from manualgrad import Sequential, layer
from manualgrad.second_order import double_backward
from oracles.catalog import ops
from tests.oracles.mutants.record import mutant


def sequential(parameters, layers):
    """Return a network of the catalog's form, and its layers' parameters."""
    made, first = [], 0
    for name, count, options in layers:
        made.append(layer(name, *parameters[first : first + count], **options))
        first += count
    return Sequential(*made)


def walking(step):
    """Return a backward whose `step(network, trace, index, g)` goes back through one layer."""

    def backward(g, x, *parameters, layers):
        network = sequential(parameters, layers)
        trace, found = network.forward(x), {}
        with np.errstate(all="ignore"):
            for index in reversed(range(len(network.layers))):
                g, own = step(network, trace, index, g)
                found = {f"{index}.{name}": array for name, array in own.items()} | found
        return (g, *found.values())

    return backward


def plain(network, trace, index, g):
    return network.layers[index].backward(g, trace.inputs[index])


def same_shape(network, trace, index, other):
    inside = 0 <= other < len(trace.inputs)
    return inside and trace.inputs[other].shape == trace.inputs[index].shape


def input_of_layer_before(network, trace, index, g):
    at = index - 1 if same_shape(network, trace, index, index - 1) else index
    return network.layers[index].backward(g, trace.inputs[at])


def derivative_at_the_result(network, trace, index, g):
    """Go back through an activation with its derivative taken at its result."""
    each = network.layers[index]
    outputs = [*trace.inputs[1:], trace.y]
    at = trace.inputs[index] if each.parameters or each.name == "flatten" else outputs[index]
    return each.backward(g, at)


def activations_left_out(network, trace, index, g):
    each = network.layers[index]
    if each.parameters or each.name == "flatten":
        return plain(network, trace, index, g)
    return g.copy(), {}


def first_layer_left_out(network, trace, index, g):
    gx, own = plain(network, trace, index, g)
    return (gx if index else np.zeros_like(gx)), own


def cotangent_of_the_result(network, trace, index, g):
    """Give the parameters of a first layer the gradient without its activation's derivative."""
    gx, own = plain(network, trace, index, g)
    if index and not network.layers[index].parameters and g.shape == gx.shape:
        return (g.copy() if index == 1 else gx), own
    return gx, own


def flatten_in_fortran_order(network, trace, index, g):
    if network.layers[index].name != "flatten":
        return plain(network, trace, index, g)
    return g.reshape(trace.inputs[index].shape, order="F").copy(), {}


def updated_before_use(network, trace, index, g):
    """Step the weights of a layer before they carry the cotangent on."""
    each = network.layers[index]
    if "w" not in each.parameters:
        return plain(network, trace, index, g)
    _, own = plain(network, trace, index, g)
    rate = own["w"].dtype.type(0.125)
    stepped = replace(
        each, parameters={**each.parameters, "w": each.parameters["w"] - rate * own["w"]}
    )
    return stepped.backward(g, trace.inputs[index])[0], own


def bias_after_activation(network, trace, index, g):
    """Take the gradient of a bias from the cotangent behind the next activation."""
    gx, own = plain(network, trace, index, g)
    return gx, {name: (a * 2 if name == "b" and index else a) for name, a in own.items()}


def clipped(network, trace, index, g):
    gx, own = plain(network, trace, index, g)
    return np.clip(gx, -1, 1), own


def accumulated(network, trace, index, g):
    """Add the cotangent of a layer of unchanged shape to what it hands on, as a shortcut would."""
    gx, own = plain(network, trace, index, g)
    return (gx + g if gx.shape == g.shape and index == 2 else gx), own


def shared(g, x, *parameters, layers):
    """Return the gradients; parameters of one shape all get that of the last of them."""
    found = list(ops.network.backward(g, x, *parameters, layers=layers))
    last = {a.shape: a for a in found[1:]}
    return (found[0], *(last[a.shape].copy() for a in found[1:]))


def weights_of_one_shape_shared(x, *parameters, layers):
    """Return the result of a network whose parameters of one shape are all the first of them."""
    first = {}
    used = [first.setdefault(a.shape, a) for a in parameters]
    return ops.network.forward(x, *used, layers=layers)


def last_two_exchanged(x, *parameters, layers):
    """Return the result with two activations at the end in the other order."""
    layers = list(layers)
    if len(layers) > 1 and not layers[-1][1] and not layers[-2][1]:
        layers[-2:] = layers[:-3:-1]
    return ops.network.forward(x, *parameters, layers=tuple(layers))


def without_curvature(*arrays, layers):
    """Return the second gradients with every activation taken for linear around its input."""
    count = 1 + sum(number for _, number, _ in layers)
    (v_x, *v), g, (x, *parameters) = arrays[:count], arrays[count], arrays[count + 1 :]
    network = sequential(parameters, layers)
    named = dict(zip(network.parameters, v, strict=True))
    found = double_backward(network, v_x, named, g, network.forward(x))
    return (found.grad_grad_y, np.zeros_like(found.grad_x), *found.parameters.values())


def second_without_parameters(*arrays, layers):
    """Return the second gradients for directions of the input alone."""
    count = 1 + sum(number for _, number, _ in layers)
    still = [arrays[0], *(np.zeros_like(a) for a in arrays[1:count])]
    return ops.network.double_backward(*still, *arrays[count:], layers=layers)


def walked(title, story, step):
    return mutant("network", "network", title, story, backward=walking(step))


MUTANTS = [
    walked("network: derivative at the input of the layer before", "the trace is read one early",
           input_of_layer_before),
    walked("network: derivative at the result", "f'(f(x)) for f'(x)", derivative_at_the_result),
    walked("network: derivatives of activations left out", "the chain rule over weights alone",
           activations_left_out),
    walked("network: no gradient of the input", "the walk back stops at the first layer",
           first_layer_left_out),
    walked("network: second layer's derivative left out", "range(n - 1, 1, -1)",
           cotangent_of_the_result),
    walked("network: flatten undone in Fortran order", "reshape(..., order='F') on the way back",
           flatten_in_fortran_order),
    walked("network: weights stepped before they are used", "the update is fused into the backward",
           updated_before_use),
    walked("network: bias gradients doubled behind the first layer",
           "the bias is in the weights as well, as a row of ones", bias_after_activation),
    walked("network: gradients clipped between layers", "clipping to 1 is left in", clipped),
    walked("network: a shortcut that is not there", "the cotangent is added at the third layer",
           accumulated),
    mutant("network", "network", "network: parameters of one shape share a gradient",
           "gradients are kept by shape, and the last one stands", backward=shared),
    mutant("network", "network", "network: parameters of one shape are one",
           "parameters are kept by shape, and the first one stands",
           forward=weights_of_one_shape_shared),
    mutant("network", "network", "network: last two activations exchanged",
           "the list of layers is built from its end", forward=last_two_exchanged),
    mutant("network", "second order", "network'': nothing for the input",
           "the input is thought to have no second derivative",
           double_backward=without_curvature),
    mutant("network", "second order", "network'': directions of parameters ignored",
           "the Hessian times v_x alone", double_backward=second_without_parameters),
]  # fmt: skip
