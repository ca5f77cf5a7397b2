"""The article's functions, as they are, run on symbols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad import article
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS
from oracles.article_symbols import Network

Array = npt.NDArray[Any]
Backward = Callable[[article.Forward, Any, article.Weights], article.Gradients]


class Unknown:
    """An activation of which nothing is known: its values and its slopes are symbols.

    Attributes
    ----------
    arguments
        What the function and then its derivative were taken at.
    cotangents
        What the backward pass was given.
    """

    def __init__(self, values: Array, slopes: Array, gradient: Array | None) -> None:
        self._values, self._slopes, self._gradient = values, slopes, gradient
        self.arguments: list[Array] = []
        self.cotangents: list[Array] = []

    def function(self, matrix: Array) -> Array:
        """Return the symbols for ``f(matrix)``."""
        self.arguments.append(matrix.copy())
        return self._values.copy()

    def backward(self, grad: Array, matrix: Array) -> Array:
        """Return ``grad * f'(matrix)``, or the symbols that stand for it."""
        self.arguments.append(matrix.copy())
        self.cotangents.append(grad.copy())
        return grad * self._slopes if self._gradient is None else self._gradient.copy()


@dataclass(frozen=True, eq=False)
class Run:
    """One run forward and backward.

    Attributes
    ----------
    forward, gradients
        What the article's functions returned, polynomials in the symbols.
    cost
        The cost, a polynomial.
    activations
        f1, f2, f3.
    """

    forward: article.Forward
    gradients: article.Gradients
    cost: Any
    activations: tuple[Unknown, ...]

    def claims(self) -> dict[str, list[Array]]:
        """Return by step all that must be equal to it, arguments of activations included."""
        claims = {n: [getattr(self.forward, n)] for n in FORWARD_STEPS if n != "cost"}
        for name, activation in zip(("l1", "l2", "l3"), self.activations, strict=True):
            claims[name] += activation.arguments
        claims["cost"] = [_boxed(self.cost)]
        return claims | {name: [getattr(self.gradients, name)] for name in BACKWARD_STEPS}


def run(network: Network, backward: Backward, cut: tuple[str, ...] = ()) -> Run:
    """Run the article's forward pass and a backward pass on a network's symbols.

    Parameters
    ----------
    network
        The network of symbols.
    backward
        `manualgrad.article.gradients` or one like it.
    cut
        Which of ``d1``, ``d2``, ``d3`` are fresh symbols, whatever the lines before them made:
        so a line shows its own faults alone.
    """
    symbols = network.symbols
    activations = tuple(
        Unknown(symbols[value], symbols[slope], symbols[d] if d in cut else None)
        for value, slope, d in (("a1", "F1", "d1"), ("a2", "F2", "d2"), ("out", "F3", "d3"))
    )
    f1, f2, f3 = (article.Activation(each.function, each.backward) for each in activations)
    weights = article.Weights(*(symbols[name].copy() for name in ("w1", "w2", "w3")))
    target = symbols["y"][0, 0]
    made = article.forward(symbols["x"].copy(), weights, f1=f1, f2=f2, f3=f3)
    cost = article.cost(made.out, target)
    return Run(made, backward(made, target, weights), cost, activations)


def same(found: Array, true: Array) -> bool:
    """Whether two matrices are of one shape, and equal polynomial by polynomial."""
    return found.shape == true.shape and wrong_cells(found, true) == 0


def wrong_cells(found: Array, true: Array) -> int:
    """Count the cells in which two matrices of polynomials differ."""
    return sum(1 for f, t in zip(found.flat, true.flat, strict=True) if f != t)


def _boxed(number: Any) -> Array:
    matrix = np.empty((1, 1), dtype=object)
    matrix[0, 0] = number
    return matrix
