"""Whole networks: layers one after another, the rounding error carried through both ways.

A running error bound (Higham, Accuracy and Stability, 2nd ed., section 3.3) is chosen over
a condition number measured by perturbations, since a bound can be relied on: each layer
adds its own rounding to the error that its input brings, forward and then backward.

Where a layer's result may be a number or NaN (`Approximate.or_nan`), no layer beyond it makes one
number of both: of what is computed from it nothing is known, and nothing is convicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from operator import is_
from typing import Any

import numpy as np
from flint import ctx

from oracles.exact.bounded import Approximate, Array, balls
from oracles.exact.definition import Definition, Format, Options, evaluated


@dataclass(frozen=True)
class Reshape:
    """A layer that only gives its input another shape.

    Attributes
    ----------
    shape
        The new shape as a function of the old one.
    """

    shape: Callable[[tuple[int, ...]], tuple[int, ...]]
    lift: Callable[[Array], Approximate] = balls
    polynomial: None = None

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return x in its new shape."""
        return operands[0].reshape(self.shape(operands[0].shape))

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return the cotangent in the shape of x."""
        return [grad_y.reshape(operands[0].shape)]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate, Sequence[Approximate]]:
        """Return the direction in the new shape; nothing depends on x."""
        assert directions[0] is not None
        return directions[0].reshape(grad_y.shape), [_nothing(operands[0].shape)]


def _nothing(shape: tuple[int, ...]) -> Approximate:
    return Approximate(np.zeros(shape, dtype=object), np.zeros(shape))


def _plus(a: Approximate, b: Approximate, dtype: Format) -> Approximate:
    total = evaluated(lambda x, y: x + y, [a, b], 1, a.magnitude + b.magnitude, dtype)
    return _unless_open(total, a, b)


def _unless_open(found: Approximate, *given: Approximate) -> Approximate:
    """Return `found`, of any error if what it was computed from may be NaN or not."""
    if not any(np.any(a.or_nan) for a in given):
        return found
    return Approximate(found.numbers, np.full(found.shape, np.inf), True)


def _forward(
    layer: Definition, operands: Sequence[Approximate], options: Options, dtype: Format
) -> Approximate:
    return _unless_open(layer.forward(operands, options, dtype), *operands)


def _backward(
    layer: Definition,
    grad_y: Approximate,
    operands: Sequence[Approximate],
    options: Options,
    dtype: Format,
) -> list[Approximate]:
    found = layer.backward(grad_y, operands, options, dtype)
    return [_unless_open(gradient, grad_y, *operands) for gradient in found]


flatten = Reshape(lambda shape: (shape[0], prod(shape[1:])))
row = Reshape(lambda shape: (1, prod(shape)))


class _Latest:
    """Keeps what was found last, for as long as the very same things are asked about."""

    def __init__(self) -> None:
        self._about: tuple[Any, ...] = ()
        self._precision = 0
        self._found: Any = None

    def of(self, about: tuple[Any, ...], find: Callable[[], Any]) -> Any:
        """Return what `find` finds, or found when last asked about the same objects."""
        same = len(about) == len(self._about) and all(map(is_, about, self._about))
        if not same or ctx.prec != self._precision:
            self._found, self._about, self._precision = find(), about, ctx.prec
        return self._found


_RESULTS, _GRADIENTS = _Latest(), _Latest()


Layers = Sequence[tuple[str, int, Options]]
"""Name, number of parameters and options of each layer."""


@dataclass(frozen=True)
class Chain:
    """Layers one after another, each with its own parameters.

    Attributes
    ----------
    definitions
        Of the layers, by name.
    layers
        The layers of a call, from its options.
    """

    definitions: Mapping[str, Definition]
    layers: Callable[[Options], Layers] = lambda options: options["layers"]
    lift: Callable[[Array], Approximate] = balls
    polynomial: None = None

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the last layer's result."""
        return self.results(operands, options, dtype)[-1]

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return the gradients of the input and of every parameter, in the order of operands."""
        found = self.gradients(grad_y, operands, options, dtype)
        return [found[0][0], *(gradient for layer in found for gradient in layer[1:])]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate, Sequence[Approximate]]:
        """Walk back through the backward pass, then with what arrives through the forward pass."""
        inputs = [operands[0], *self.results(operands, options, dtype)[:-1]]
        found = self.gradients(grad_y, operands, options, dtype)
        cotangents = [*(layer[0] for layer in found[1:]), grad_y]
        v, first = directions[0], 1
        arriving: list[list[Approximate]] = []
        steps = list(zip(inputs, cotangents, self.each_layer(operands, options), strict=True))
        for x, g, (layer, parameters, layer_options) in steps:
            own = directions[first : first + len(parameters)]
            first += len(parameters)
            given = [x, *parameters]
            along, seconds = layer.double_backward([v, *own], g, given, layer_options, dtype)
            assert v is not None
            assert along is not None
            open_to = [v, g, x]
            missing = [_nothing(p.shape) for p in given[len(seconds) :]]
            arriving.append([*(_unless_open(each, *open_to) for each in seconds), *missing])
            v = _unless_open(along, *open_to)
        assert v is not None
        return v, self._walk_back(arriving, steps, dtype)

    def _walk_back(
        self, arriving: list[list[Approximate]], steps: list[Any], dtype: Format
    ) -> list[Approximate]:
        """Carry what arrives at each layer's operands back through the layers before it."""
        grad_x, *of_parameters = arriving[-1]
        pairs = list(zip(arriving[:-1], steps[:-1], strict=True))
        for (at_x, *at_parameters), (x, _, (layer, parameters, options)) in reversed(pairs):
            grads = _backward(layer, grad_x, [x, *parameters], options, dtype)
            grad_x = _plus(grads[0], at_x, dtype)
            sums = [_plus(a, b, dtype) for a, b in zip(grads[1:], at_parameters, strict=True)]
            of_parameters = [*sums, *of_parameters]
        return [grad_x, *of_parameters]

    def results(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> list[Approximate]:
        """Return each layer's result."""

        def walk() -> list[Approximate]:
            found, x = [], operands[0]
            for layer, parameters, layer_options in self.each_layer(operands, options):
                x = _forward(layer, [x, *parameters], layer_options, dtype)
                found.append(x)
            return found

        return list(_RESULTS.of((self, options, dtype, *operands), walk))

    def gradients(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> list[Sequence[Approximate]]:
        """Return for each layer the gradients of its input and of its parameters."""

        def walk() -> list[Sequence[Approximate]]:
            inputs = [operands[0], *self.results(operands, options, dtype)[:-1]]
            steps = list(zip(inputs, self.each_layer(operands, options), strict=True))
            found, arriving = list[Sequence[Approximate]](), grad_y
            for x, (layer, parameters, layer_options) in reversed(steps):
                found.append(_backward(layer, arriving, [x, *parameters], layer_options, dtype))
                arriving = found[-1][0]
            return found[::-1]

        return list(_GRADIENTS.of((self, options, dtype, grad_y, *operands), walk))

    def each_layer(
        self, operands: Sequence[Approximate], options: Options
    ) -> Iterator[tuple[Definition, Sequence[Approximate], Options]]:
        """Yield each layer's definition, parameters and options."""
        first = 1
        for name, count, layer_options in self.layers(options):
            yield self.definitions[name], operands[first : first + count], layer_options
            first += count
