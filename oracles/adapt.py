"""Lets a class with ``forward`` and ``backward`` and parameters of its own be a subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from oracles.gradient_names import SYNONYMS, Recovered, by_operand, found_in

Array = npt.NDArray[Any]


class Layer(NamedTuple):
    """A layer as two functions: ``ops.dense.implemented_by(*layer(Dense))``."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]


def layer(
    build: Callable[..., Any],
    *,
    parameters: Mapping[str, str] | None = None,
    gradients: Mapping[str, str] | None = None,
    learning_rate: str | None = None,
) -> Layer:
    """Return the functions of a layer class, to be given to `oracles.Op.implemented_by`.

    For each case a layer is built, its ``forward(x)`` called (the layer itself if it has none),
    then its ``backward(cotangent)``. What backward returns is the gradient of x, or all
    gradients; those of the parameters are else looked for in the layer's attributes. Gradients
    that are added to what stands there start from zero: ``zero_grad()`` is called if there is
    one, and arrays are replaced by zeros.

    Parameters
    ----------
    build
        ``build(w, b, **options) -> layer``, often the class itself; without ``b`` where a
        case has no bias.
    parameters
        By operand the attribute that is set to it once the layer is built, e.g.
        ``{"w": "W"}``; needed if `build` makes parameters of its own.
    gradients
        By operand the attribute in which ``backward`` leaves its gradient, None for the usual
        names (``dw``, ``grad_w``, ``dW``, ...).
    learning_rate
        For a layer that applies its gradients at once: the argument of ``backward``, or the
        attribute, that holds the learning rate. It is set to 1, and a parameter's gradient is
        what the step took away; the two roundings that this costs are forgiven.

    Returns
    -------
    Layer
        ``(forward, backward)``.

    Raises
    ------
    TypeError
        If `build` is not callable.
    """
    if not callable(build):
        raise TypeError(f"`build` (={build!r}) must be callable")
    adapter = _Adapter(build, parameters or {}, gradients, learning_rate)

    def forward(x: Array, *given: Array, **options: Any) -> Any:
        return adapter.forward(x, given, options)

    def backward(cotangent: Array, x: Array, *given: Array, **options: Any) -> Any:
        return adapter.backward(cotangent)

    forward.__signature__ = _signature(build)  # type: ignore[attr-defined]
    for function in (forward, backward):
        function.__module__ = getattr(build, "__module__", __name__)
        function.__qualname__ = getattr(build, "__qualname__", type(build).__qualname__)
    return Layer(forward, backward)


class _Adapter:
    """Builds a layer at each forward, which the backward that follows belongs to."""

    def __init__(
        self,
        build: Callable[..., Any],
        attributes: Mapping[str, str],
        gradients: Mapping[str, str] | None,
        learning_rate: str | None,
    ) -> None:
        self._build, self._attributes = build, attributes
        self._gradients, self._learning_rate = gradients, learning_rate
        self._layer: Any = None
        self._given: dict[str, Array] = {}

    def forward(self, x: Array, given: tuple[Array, ...], options: Mapping[str, Any]) -> Any:
        # Copies: a layer may change its own parameters.
        self._given = dict(zip(("w", "b"), (array.copy() for array in given), strict=False))
        self._layer = self._build(*self._given.values(), **options)
        for name, attribute in self._attributes.items():
            if name in self._given:
                setattr(self._layer, attribute, self._given[name])
        call = getattr(self._layer, "forward", self._layer)
        return call(x)

    def backward(self, cotangent: Array) -> Any:
        if self._layer is None:
            raise RuntimeError("backward was called before forward")
        if self._learning_rate is not None:
            return self._step(cotangent, self._learning_rate)
        self._clear()
        returned = self._layer.backward(cotangent)
        named = by_operand(returned, ("x", *self._given))
        found = dict(named) if isinstance(named, Mapping) else {}
        if not found and isinstance(returned, tuple | list):
            return returned
        found = found or {"x": returned}
        for name in self._given:
            if name not in found:
                found[name] = self._held(name)
        return found

    def _clear(self) -> None:
        if hasattr(self._layer, "zero_grad"):
            self._layer.zero_grad()
            return
        for name in self._given:
            key = self._place(name)
            held = getattr(self._layer, key, None) if key else None
            if isinstance(held, np.ndarray):
                setattr(self._layer, key, np.zeros(held.shape, self._given[name].dtype))

    def _place(self, name: str) -> str:
        """Return the attribute that holds the gradient of operand `name`, or "" if none does."""
        if self._gradients is not None and name in self._gradients:
            return self._gradients[name]
        return found_in(self._layer, name)

    def _held(self, name: str) -> Any:
        key = self._place(name)
        return getattr(self._layer, key, None) if key else None

    def _step(self, cotangent: Array, rate: str) -> Recovered:
        """Take a step of learning rate 1, and read off what it took away."""
        before = {name: self._parameter(name).copy() for name in self._given}
        if hasattr(self._layer, rate):
            setattr(self._layer, rate, 1.0)
            grad_x = self._layer.backward(cotangent)
        else:
            grad_x = self._layer.backward(cotangent, **{rate: 1.0})
        found, errors = {"x": grad_x}, {}
        for name, old in before.items():
            new = np.asarray(self._parameter(name))
            found[name] = taken = old - new
            # The step rounds once, to `new`, and the difference once more.
            u = float(np.finfo(old.dtype).eps)
            errors[name] = u * (np.abs(new).astype(np.float64) + np.abs(taken))
        return Recovered(found, errors)

    def _parameter(self, name: str) -> Array:
        known = (self._attributes[name],) if name in self._attributes else SYNONYMS[name]
        for attribute in known:
            held = getattr(self._layer, attribute, None)
            if isinstance(held, np.ndarray):
                return held
        raise AttributeError(
            f"the layer has no attribute {' or '.join(known)} that holds {name}; "
            "`parameters` says another name"
        )


def _signature(build: Callable[..., Any]) -> Signature:
    """Return the signature of forward: x, then what `build` takes."""
    x = Parameter("x", Parameter.POSITIONAL_ONLY)
    try:
        taken = list(signature(build).parameters.values())
    except (TypeError, ValueError):
        rest = Parameter("given", Parameter.VAR_POSITIONAL)
        return Signature([x, rest, Parameter("options", Parameter.VAR_KEYWORD)])
    return Signature([x, *(p.replace(name=_free(p.name)) for p in taken)])


def _free(name: str) -> str:
    return f"{name}_" if name == "x" else name
