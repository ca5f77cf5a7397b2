"""One entry for each operation of manualgrad: here, and for the article, both sides are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import manualgrad
from manualgrad import activations
from oracles import article
from oracles.cases import (
    cross_entropy_case,
    dense_case,
    elementwise_cases,
    softmax_cases,
    squared_error_cases,
)
from oracles.convolution_cases import convolution_cases, transposed_cases
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bilinear import Bilinear
from oracles.exact.chain import Chain, flatten
from oracles.exact.definition import Definition
from oracles.exact.losses import half_squared_error, mse_loss
from oracles.exact.softmax import CrossEntropy, Softmax
from oracles.exact.terms import convolution_terms, dense_terms, transposed_convolution_terms
from oracles.nearest import LISTED, nearest
from oracles.network_cases import network_case
from oracles.op import Op, Reference
from oracles.plug import SPATIAL
from oracles.witnesses import jax as jax_witness
from oracles.witnesses import torch as torch_witness


class Catalog:
    """Operations by name, as items and as attributes; iterating gives the operations."""

    def __init__(self, ops: Sequence[Op]) -> None:
        self._ops = {op.name: op for op in ops}

    def __getitem__(self, name: str) -> Op:
        if name not in self._ops:
            near = nearest(name, self._ops, LISTED)
            raise KeyError(f"no operation {name!r}; {near}")
        return self._ops[name]

    def __getattr__(self, name: str) -> Op:
        try:
            return self.__dict__["_ops"][name]
        except KeyError as error:
            raise AttributeError(f"no operation {name!r} in the catalog") from error

    def __iter__(self) -> Iterator[Op]:
        return iter(self._ops.values())

    def __len__(self) -> int:
        return len(self._ops)

    def __contains__(self, name: object) -> bool:
        return name in self._ops

    def __dir__(self) -> list[str]:
        return sorted(self._ops)


def _manual(name: str, module: Any = manualgrad) -> dict[str, Any]:
    """Return the subject of manualgrad with this name: forward, backward and where they are."""
    forward = getattr(module, name)
    return {
        "forward": forward,
        "backward": getattr(module, f"{name}_backward"),
        "double_backward": getattr(module, f"{name}_double_backward", None),
        "subject": f"manualgrad.{name}",
    }


# --- convolutions -----------------------------------------------------------------------------


def _bias_axis(y_axes: int, w_axes: int) -> int:
    """Axis of the channels: the second, or of an unbatched result the first."""
    return 1 if y_axes == w_axes else 0


_OPTIONS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def _letters(axes: int, kernel: str) -> dict[str, str]:
    """Return the letters of the axes of x, w and y over so many spatial axes."""
    spatial = SPATIAL[3 - axes :]
    return {"x": f"NC{spatial}", "w": f"{kernel}{spatial}", "y": f"NC{spatial}"}


def _convolution(axes: int) -> Op:
    name = f"conv{axes}d"
    return Op(
        name=name,
        **_manual(name),
        cases=convolution_cases(name, axes),
        definition=Bilinear(convolution_terms, _bias_axis, padded=True),
        references={
            "torch": partial(torch_witness.conv, axes=axes),
            "jax": partial(jax_witness.conv, axes=axes),
        },
        backward_operands=("x", "w"),
        gradients=("x", "w", "b"),
        second_gradients=("x", "w"),
        letters=_letters(axes, "OI"),
        options=_OPTIONS,
    )


def _transposed(axes: int) -> Op:
    name = f"conv_transpose{axes}d"
    return Op(
        name=name,
        **_manual(name),
        cases=transposed_cases(name, axes),
        definition=Bilinear(transposed_convolution_terms, _bias_axis, padded=True),
        references={
            "torch": partial(torch_witness.conv_transpose, axes=axes),
            "jax": partial(jax_witness.conv_transpose, axes=axes),
            "jax_dilated": partial(jax_witness.conv_transpose_dilated, axes=axes),
        },
        backward_operands=("x", "w"),
        gradients=("x", "w", "b"),
        second_gradients=("x", "w"),
        letters=_letters(axes, "IO"),
        options={**_OPTIONS, "output_padding": 0},
    )


def _dense() -> Op:
    return Op(
        name="dense",
        **_manual("dense"),
        cases=dense_case,
        definition=Bilinear(dense_terms, lambda y_axes, w_axes: 1),
        references={
            "torch": lambda torch, x, w, *b: torch.nn.functional.linear(x, w.T, *b),
            "jax": lambda jax, x, w, *b: sum(b, start=x @ w),
        },
        backward_operands=("x", "w"),
        gradients=("x", "w", "b"),
        second_gradients=("x", "w"),
        letters={"x": "NC", "w": "IO", "y": "NC"},
    )


# --- activations ------------------------------------------------------------------------------


def _functional(name: str) -> Reference:
    return lambda torch, x, **options: getattr(torch.nn.functional, name)(x, **options)


def _nn(name: str) -> Reference:
    return lambda jax, x, **options: getattr(jax.nn, name)(x, **options)


def _activation(
    name: str,
    torch: Reference | None = None,
    jax: Reference | None = None,
    parameters: Mapping[str, Sequence[Any]] | None = None,
) -> Op:
    """Return the entry of an activation; its references default to the frameworks' own name."""
    return Op(
        name=name,
        **_manual(name, activations),
        cases=elementwise_cases(name, parameters or {}),
        definition=ACTIVATIONS[name],
        options={option: values[0] for option, values in (parameters or {}).items()},
        references={"torch": torch or _functional(name), "jax": jax or _nn(name)},
    )


def _copy(_: Any, x: Any) -> Any:
    return x * 1


_ACTIVATIONS = [
    _activation("identity", _copy, _copy),
    _activation("tanh", lambda torch, x: torch.tanh(x), lambda jax, x: jax.numpy.tanh(x)),
    _activation("arctan", lambda torch, x: torch.atan(x), lambda jax, x: jax.numpy.arctan(x)),
    _activation("sigmoid", lambda torch, x: torch.sigmoid(x)),
    _activation("relu"),
    _activation("leaky_relu", parameters={"negative_slope": (0.01, 0.25)}),
    _activation("relu6"),
    _activation("elu", parameters={"alpha": (1.0, 0.5)}),
    _activation("celu", parameters={"alpha": (1.0, 2.0)}),
    _activation("selu"),
    _activation(
        "gelu",
        jax=lambda jax, x, approximate="none": jax.nn.gelu(x, approximate=approximate == "tanh"),
        parameters={"approximate": ("none", "tanh")},
    ),
    _activation("silu"),
    _activation("mish"),
    _activation(
        "softplus",
        jax=lambda jax, x, beta=1.0: jax.nn.softplus(beta * x) / beta,
        parameters={"beta": (1.0, 2.0)},
    ),
    _activation("softsign", jax=_nn("soft_sign")),
    _activation("logsigmoid", jax=_nn("log_sigmoid")),
    _activation(
        "hardtanh",
        jax=lambda jax, x, min_val, max_val: jax.numpy.clip(x, min_val, max_val),
        parameters={"min_val": (-1.0, -2.0), "max_val": (1.0, 0.5)},
    ),
    _activation("hardsigmoid", jax=_nn("hard_sigmoid")),
    _activation("hardswish", jax=_nn("hard_swish")),
]


def _softmax(name: str, torch_name: str, *, logarithm: bool) -> Op:
    return Op(
        name=name,
        **_manual(name, activations),
        cases=softmax_cases(name),
        definition=Softmax(logarithm=logarithm),
        references={
            "torch": lambda torch, x, axis: getattr(torch, torch_name)(x, dim=axis),
            "jax": lambda jax, x, axis: getattr(jax.nn, name)(x, axis=axis),
        },
    )


# --- losses -----------------------------------------------------------------------------------


def _loss(name: str, cases: Any, definition: Definition, torch: Reference, jax: Reference) -> Op:
    return Op(
        name=name,
        **_manual(name),
        cases=cases,
        definition=definition,
        references={"torch": torch, "jax": jax},
        gradients=("prediction",),
        takes_cotangent=False,
    )


def _jax_cross_entropy(jax: Any, prediction: Any, target: Any) -> Any:
    logarithms = jax.nn.log_softmax(prediction, axis=1)
    chosen = jax.numpy.take_along_axis(logarithms, target[:, None], axis=1)
    return -chosen.mean()


def _half_sum_of_squares(_: Any, prediction: Any, target: Any) -> Any:
    return ((prediction - target) ** 2).sum() / 2


_LOSSES = [
    _loss("half_squared_error", squared_error_cases("half_squared_error"), half_squared_error,
          _half_sum_of_squares, _half_sum_of_squares),
    _loss("mse_loss", squared_error_cases("mse_loss"), mse_loss,
          lambda torch, p, t: torch.nn.functional.mse_loss(p, t),
          lambda jax, p, t: ((p - t) ** 2).mean()),
    _loss("cross_entropy", cross_entropy_case, CrossEntropy(),
          lambda torch, p, t: torch.nn.functional.cross_entropy(p, t), _jax_cross_entropy),
]  # fmt: skip


# --- whole networks ---------------------------------------------------------------------------


def _network(operations: Mapping[str, Op]) -> Op:
    """Return the entry of generated networks, whose layers are the other entries."""
    definitions = {name: op.definition for name, op in operations.items()}
    return Op(
        name="network",
        forward=_network_forward,
        backward=_network_backward,
        double_backward=_network_double_backward,
        subject="manualgrad.network.Sequential",
        cases=network_case,
        definition=Chain({**definitions, "flatten": flatten}),
        references={
            witness: partial(_layer_by_layer, witness, operations) for witness in ("torch", "jax")
        },
    )


def _sequential(parameters: Sequence[Any], layers: Sequence[Any]) -> manualgrad.Sequential:
    made, first = [], 0
    for name, count, options in layers:
        made.append(manualgrad.layer(name, *parameters[first : first + count], **options))
        first += count
    return manualgrad.Sequential(*made)


def _network_forward(x: Any, *parameters: Any, layers: Sequence[Any]) -> Any:
    return _sequential(parameters, layers)(x)


def _network_backward(grad_y: Any, x: Any, *parameters: Any, layers: Sequence[Any]) -> Any:
    network = _sequential(parameters, layers)
    found = network.backward(grad_y, network.forward(x))
    return (found.grad_x, *found.parameters.values())


def _network_double_backward(*arrays: Any, layers: Sequence[Any]) -> Any:
    """Take the directions, the cotangent, x and the parameters, as many as there are layers say."""
    count = 1 + sum(number for _, number, _ in layers)
    (v_x, *v), grad_y, (x, *parameters) = arrays[:count], arrays[count], arrays[count + 1 :]
    network = _sequential(parameters, layers)
    named = dict(zip(network.parameters, v, strict=True))
    found = manualgrad.double_backward(network, v_x, named, grad_y, network.forward(x))
    return (found.grad_grad_y, found.grad_x, *found.parameters.values())


def _layer_by_layer(
    witness: str,
    operations: Mapping[str, Op],
    framework: Any,
    x: Any,
    *parameters: Any,
    layers: Sequence[Any],
) -> Any:
    first = 0
    for name, count, options in layers:
        given = parameters[first : first + count]
        first += count
        if name == "flatten":
            x = x.reshape((x.shape[0], prod(x.shape[1:])))
        else:
            x = operations[name].references[witness](framework, x, *given, **options)
    return x


def _all_ops() -> list[Op]:
    layers = [
        *(_convolution(axes) for axes in (1, 2, 3)),
        *(_transposed(axes) for axes in (1, 2, 3)),
        _dense(),
        *_ACTIVATIONS,
        _softmax("softmax", "softmax", logarithm=False),
        _softmax("log_softmax", "log_softmax", logarithm=True),
    ]
    network = _network({op.name: op for op in layers})
    return [*layers, *_LOSSES, network, article.OP]


ops = Catalog(_all_ops())
"""Every built-in operation."""
