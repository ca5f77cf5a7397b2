"""The article's network on symbols: its definition as polynomials, and the chain rule on it.

Nothing is known of an activation: ``f(l)`` is a matrix of symbols, and so is ``f'(l)``. What
holds of these polynomials holds of every differentiable activation, since symbols may be
replaced by any numbers, ``f(l)`` and ``f'(l)`` among them.

The symbols are ``x_ij``, ``w1_ij``, ``w2_ij``, ``w3_i0``; ``a1_ij``, ``a2_ij``, ``out`` for what
the activations return and ``F1_ij``, ``F2_ij``, ``F3`` for their slopes; the target ``y``; for
lines taken by themselves ``d1_ij``, ``d2_ij``, ``d3``; and a spare number ``c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import fmpq_mpoly_ctx

from oracles.exact.terms import Terms, dense_terms, true_convolution_terms

Array = npt.NDArray[Any]
Polynomial = Any
Shape = tuple[int, int]


def _valid(matrix: Shape, kernel: Shape) -> Shape:
    return matrix[0] - kernel[0] + 1, matrix[1] - kernel[1] + 1


@dataclass(frozen=True)
class Sizes:
    """Sizes of the image and of the two kernels, no side above 9.

    Raises
    ------
    ValueError
        A kernel does not fit, or a side is above 9, where names of symbols become ambiguous.
    """

    x: Shape
    w1: Shape
    w2: Shape

    def __post_init__(self) -> None:
        if min(*self.w1, *self.w2, *self.l1, *self.l2) < 1 or max(self.x) > 9:
            raise ValueError(f"kernels must fit one after the other, sides be 9 at most: {self}")

    @property
    def l1(self) -> Shape:
        """Size of the first convolution."""
        return _valid(self.x, self.w1)

    @property
    def l2(self) -> Shape:
        """Size of the second convolution."""
        return _valid(self.l1, self.w2)

    def __str__(self) -> str:
        named = {"x": self.x, "w1": self.w1, "w2": self.w2}
        return ", ".join(f"{name} {rows}x{columns}" for name, (rows, columns) in named.items())


ARTICLE = Sizes((4, 4), (2, 2), (2, 2))
"""The article's own."""


_ACTIVATIONS = (("l1", "a1", "F1"), ("l2", "a2", "F2"), ("l3", "out", "F3"))


class Network:
    """The article's network of given sizes, on symbols.

    Attributes
    ----------
    sizes
        As given.
    symbols
        Matrices of symbols by name, of the shapes that the article's matrices have.
    forward
        The definition: ``l1``, ``a1``, ``l2``, ``a2``, ``h``, ``l3``, ``out``, ``cost`` as
        matrices of polynomials in the symbols.
    """

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        shapes = _symbol_shapes(sizes)
        self._names = [n for s in shapes for n in names(s, shapes[s])]
        self._ring = fmpq_mpoly_ctx.get(self._names, "lex")
        self.symbols = {s: self._generators(s, shape) for s, shape in shapes.items()}
        self.forward = self._forward()

    def _generators(self, name: str, shape: Shape) -> Array:
        return filled(shape, (self._ring.gen(self._index(n)) for n in names(name, shape)))

    def _index(self, name: str) -> int:
        return int(self._ring.variable_to_index(name))

    def _forward(self) -> dict[str, Array]:
        s, sizes = self.symbols, self.sizes
        a1, a2, out = s["a1"], s["a2"], s["out"]
        h = filled((1, a2.size), (a2[i, j] for i, j in np.ndindex(*sizes.l2)))
        cost = (out[0, 0] - s["y"][0, 0]) ** 2 / 2
        return {
            "l1": self._bilinear(true_convolution_terms(sizes.x, sizes.w1), s["x"], s["w1"]),
            "a1": a1,
            "l2": self._bilinear(true_convolution_terms(sizes.l1, sizes.w2), a1, s["w2"]),
            "a2": a2,
            "h": h,
            "l3": self._bilinear(dense_terms(h.shape, s["w3"].shape), h, s["w3"]),
            "out": out,
            "cost": filled((1, 1), [cost]),
        }

    def _bilinear(self, terms: Terms, x: Array, w: Array) -> Array:
        y = [self.zero] * int(np.prod(terms.y_shape))
        for i, j, k in zip(terms.y, terms.x, terms.w, strict=True):
            y[i] += x.flat[j] * w.flat[k]
        return filled(terms.y_shape, y)

    @property
    def zero(self) -> Polynomial:
        """The polynomial 0."""
        return self._ring.constant(0)

    def polynomials(self, matrix: Array) -> Array:
        """Return a matrix of polynomials and integers as one of polynomials."""
        return filled(matrix.shape, (self.zero + element for element in matrix.flat))

    @cached_property
    def backward(self) -> dict[str, Array]:
        """Derivatives of the cost by the chain rule, in forward mode, under the article's names."""
        by = {"d3": "l3", "g3": "w3", "d2": "l2", "g2": "w2", "dA1": "a1", "d1": "l1", "g1": "w1"}
        shapes = {s: m.shape for s, m in {**self.symbols, **self.forward}.items()}
        return {
            gradient: filled(shapes[s], (self.cost_derivative(n) for n in names(s, shapes[s])))
            for gradient, s in by.items()
        }

    def cost_derivative(self, seed: str) -> Polynomial:
        """Return the total derivative of the cost by a weight or by a cell of l1, a1, ... out.

        A unit change of `seed` is followed through the definition: a layer's change is the sum
        of its partial derivatives times the changes before it, an activation's is the slope
        times the change of its argument.
        """
        one = self.zero + 1
        changes = {seed: one} if seed in self._names else {}
        for layer, activation, slope in _ACTIVATIONS:
            before, slopes = dict(changes), self.symbols[slope]
            arguments, cells = self.forward[layer], names(activation, slopes.shape)
            inner = names(layer, arguments.shape)
            for argument, name, f, cell in zip(
                arguments.flat, inner, slopes.flat, cells, strict=True
            ):
                change = self._change(argument, before) + (one if name == seed else 0)
                if change != 0:
                    changes[cell] = f * change
        return self._change(self.forward["cost"][0, 0], changes)

    def _change(self, polynomial: Polynomial, changes: Mapping[str, Polynomial]) -> Polynomial:
        return sum((polynomial.derivative(n) * c for n, c in changes.items()), self.zero)

    def pull_back(self, layer: str, cotangent: Array, by: str) -> Array:
        """Return ``sum_p cotangent[p] d layer[p] / d by``, for each symbol of the matrix `by`."""
        cells = list(zip(cotangent.flat, self.forward[layer].flat, strict=True))
        shape = self.symbols[by].shape
        return filled(
            shape,
            (sum((g * p.derivative(n) for g, p in cells), self.zero) for n in names(by, shape)),
        )

    def substitute(self, polynomial: Polynomial, matrices: Mapping[str, Array]) -> Polynomial:
        """Return a polynomial with some matrices of symbols replaced."""
        values = dict(zip(self._names, self._ring.gens(), strict=True))
        for name, matrix in matrices.items():
            cells = self.polynomials(matrix).flat
            values |= dict(zip(names(name, matrix.shape), cells, strict=True))
        return polynomial.compose(*(values[name] for name in self._names))


def names(name: str, shape: Shape) -> list[str]:
    """Return the names of a matrix of symbols; one symbol alone has no index."""
    if shape == (1, 1) and name in {"out", "y", "c", "F3", "d3", "l3"}:
        return [name]
    return [f"{name}_{i}{j}" for i, j in np.ndindex(*shape)]


def filled(shape: tuple[int, ...], elements: Iterable[Any]) -> Array:
    """Return a matrix of objects that NumPy shall not look into."""
    matrix = np.empty(shape, dtype=object)
    for index, element in zip(np.ndindex(*shape), elements, strict=True):
        matrix[index] = element
    return matrix


def _symbol_shapes(sizes: Sizes) -> dict[str, Shape]:
    l1, l2, one = sizes.l1, sizes.l2, (1, 1)
    return {
        "out": one, "y": one, "c": one, "d3": one, "F3": one,
        "x": sizes.x, "F1": l1, "F2": l2, "a1": l1, "a2": l2, "d1": l1, "d2": l2,
        "w1": sizes.w1, "w2": sizes.w2, "w3": (l2[0] * l2[1], 1),
    }  # fmt: skip
