"""The article's network proved by symbols, and its published gradients refuted.

The activations stay uninterpreted: f(l) and f'(l) are fresh variables, one for each element, so
what is proved holds for every differentiable activation, every image, every target and every
weight. The subject is `manualgrad.article`, unmodified, on arrays of polynomials; the truth is
the chain rule on the definitions with formal derivatives, which knows of no rotation and no
padding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import Ordering, fmpq_mpoly_ctx

from manualgrad import article
from manualgrad.article import Activation, Forward, Weights
from oracles.exact.bounded import object_array
from oracles.exact.proof import difference
from oracles.exact.terms import true_convolution_terms

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

SHAPES: Sequence[tuple[Shape, Shape, Shape]] = (
    ((4, 4), (2, 2), (2, 2)),
    ((5, 4), (2, 3), (3, 1)),
    ((3, 6), (2, 2), (1, 3)),
    ((4, 5), (3, 1), (2, 2)),
)
"""Sizes of the image and of the kernels w1, w2: the article's first, then lopsided ones."""

GRADIENTS = ("d3", "g3", "d2", "g2", "dA1", "d1", "g1")
VERSIONS = {
    "first": article.published_first_gradients,
    "later": article.published_later_gradients,
}


@dataclass(frozen=True)
class Step:
    """One matrix on one shape: how many cells and terms were compared, and what differs, or ""."""

    shape: tuple[Shape, Shape, Shape]
    name: str
    cells: int
    terms: int
    differs: str = ""


@dataclass(frozen=True)
class Refutation:
    """A published matrix that is not the gradient.

    Attributes
    ----------
    version, name
        Of the publication, and of the matrix.
    wrong, cells
        How many of its cells differ as polynomials.
    line
        A cell's difference if all before this line were right, or "" if the line itself is.
    conditions
        Polynomials that must vanish for the line to be right whatever the image, if it is wrong.
    """

    version: str
    name: str
    wrong: int
    cells: int
    line: str
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """A special case, and whether the published matrix is right in it, as polynomials."""

    version: str
    name: str
    case: str
    right: bool


@dataclass(frozen=True)
class ArticleTheorem:
    """What was proved and refuted."""

    steps: tuple[Step, ...]
    refutations: tuple[Refutation, ...]
    conditions: tuple[Condition, ...]

    @property
    def holds(self) -> bool:
        """Whether every step is proved, and each published version refuted."""
        refuted = {each.version for each in self.refutations}
        return not any(step.differs for step in self.steps) and refuted == set(VERSIONS)


def prove_article(gradients: Callable[..., Any] = article.gradients) -> ArticleTheorem:
    """Prove the forward pass and `gradients` on every shape, and refute the published ones.

    Parameters
    ----------
    gradients
        The backward pass on trial, called as ``gradients(forward, y, weights)``.
    """
    steps = [step for shape in SHAPES for step in _prove(shape, gradients)]
    refutations = [each for version in VERSIONS for each in _refute(version)]
    return ArticleTheorem(tuple(steps), tuple(refutations), tuple(_conditions()))


class _Network:
    """Variables for every number of the network, and the network run on them."""

    def __init__(self, shape: tuple[Shape, Shape, Shape]) -> None:
        image, k1, k2 = shape
        l1 = tuple(n - k + 1 for n, k in zip(image, k1, strict=True))
        l2 = tuple(n - k + 1 for n, k in zip(l1, k2, strict=True))
        shapes = {
            "x": image, "w1": k1, "w2": k2, "w3": (prod(l2), 1), "y": (1, 1),
            "a1": l1, "f1'": l1, "a2": l2, "f2'": l2, "out": (1, 1), "f3'": (1, 1),
            "d1": l1, "d2": l2,
        }  # fmt: skip
        names = [_cell(n, index) for n, s in shapes.items() for index in np.ndindex(*s)]
        self.ring = fmpq_mpoly_ctx.get(names, Ordering.lex)
        gens = self.ring.gens()
        self.place: dict[str, int] = {}
        self.symbols: dict[str, Array] = {}
        for name, size in shapes.items():
            self.place[name] = first = sum(a.size for a in self.symbols.values())
            self.symbols[name] = object_array(list(gens[first : first + prod(size)]), size)
        self.weights = Weights(self["w1"], self["w2"], self["w3"])

    def __getitem__(self, name: str) -> Array:
        return self.symbols[name]

    def forward(self) -> tuple[Forward, dict[str, Array]]:
        """Run the subject's forward; return it and what each activation was applied to."""
        seen: dict[str, Array] = {}

        def uninterpreted(number: int, value: str) -> Activation:
            def function(at: Array) -> Array:
                seen[f"l{number}"] = at
                return self[value].copy()

            return Activation(function, lambda g, _: g * self[f"f{number}'"])

        f1, f2, f3 = uninterpreted(1, "a1"), uninterpreted(2, "a2"), uninterpreted(3, "out")
        return article.forward(self["x"], self.weights, f1=f1, f2=f2, f3=f3), seen

    def one_line(self, gradients: Callable[..., Any]) -> Any:
        """Run a backward pass whose d2 and d1 are variables: each line is right or wrong alone."""
        ones = np.ones(self["w3"].shape, dtype=object)
        chosen = {"a1": "d1", "a2": "d2", "out": "out"}

        def given(value: str) -> Activation:
            return Activation(lambda _: self[value].copy(), lambda *_: self[chosen[value]].copy())

        weights = Weights(self["w1"], self["w2"], ones)
        f1, f2, f3 = given("a1"), given("a2"), given("out")
        made = article.forward(self["x"], weights, f1=f1, f2=f2, f3=f3)
        return gradients(made, self["y"][0, 0], weights)

    def definitions(self) -> dict[str, Array]:
        """Return l1, l2, l3 and the cost from the definitions alone."""
        l3 = sum((a * w for a, w in zip(self["a2"].ravel(), self["w3"].ravel(), strict=True)),
                 start=self.ring.from_dict({}))  # fmt: skip
        k = self["out"][0, 0] - self["y"][0, 0]
        return {
            "l1": self._convolved("x", "w1"),
            "l2": self._convolved("a1", "w2"),
            "l3": object_array([l3], (1, 1)),
            "cost": object_array([k * k / 2], ()),
        }

    def _convolved(self, left: str, right: str) -> Array:
        a, b = self[left], self[right]
        terms = true_convolution_terms(a.shape, b.shape)
        sums = np.zeros(prod(terms.y_shape), dtype=object)
        np.add.at(sums, terms.y, a.ravel()[terms.x] * b.ravel()[terms.w])
        return sums.reshape(terms.y_shape)

    def partial(self, polynomials: Array, name: str) -> Array:
        """Return the formal derivatives of each polynomial by each variable of an array."""
        variables = range(self.place[name], self.place[name] + self[name].size)
        rows = [p.derivative(v) for p in polynomials.ravel() for v in variables]
        return object_array(rows, (polynomials.size, self[name].size))

    def truth(self) -> dict[str, Array]:
        """Return the derivatives of the cost by the chain rule, from the definitions."""
        made = self.definitions()
        d3 = self.partial(made["cost"], "out") * self["f3'"]
        d2 = (d3 @ self.partial(made["l3"], "a2")) * self["f2'"].reshape(1, -1)
        of_a1 = d2 @ self.partial(made["l2"], "a1")
        d1 = of_a1 * self["f1'"].reshape(1, -1)
        by_name = {
            "d3": d3, "g3": d3 @ self.partial(made["l3"], "w3"), "d2": d2,
            "g2": d2 @ self.partial(made["l2"], "w2"), "dA1": of_a1, "d1": d1,
            "g1": d1 @ self.partial(made["l1"], "w1"),
        }  # fmt: skip
        shapes = {"d3": "out", "g3": "w3", "d2": "a2", "g2": "w2", "dA1": "a1", "d1": "a1",
                  "g1": "w1"}  # fmt: skip
        return {name: array.reshape(self[shapes[name]].shape) for name, array in by_name.items()}

    def put(self, polynomial: Any, changes: dict[str, Array]) -> Any:
        """Return a polynomial with other polynomials in the place of some arrays' variables."""
        values = [v for name in self.symbols for v in changes.get(name, self[name]).ravel()]
        return polynomial.compose(*values, ctx=self.ring)


def _prove(shape: tuple[Shape, Shape, Shape], gradients: Callable[..., Any]) -> Iterator[Step]:
    network = _Network(shape)
    made, seen = network.forward()
    said = {**seen, "cost": object_array([article.cost(made.out, network["y"][0, 0])], ())}
    found = gradients(made, network["y"][0, 0], network.weights)
    said |= {name: getattr(found, name) for name in GRADIENTS}
    for name, true in {**network.definitions(), **network.truth()}.items():
        apart = difference(network.ring, said[name], true)
        terms = sum(len(polynomial) for polynomial in true.ravel())
        told = "" if apart is None else f"{_cell(name, apart[0])} {apart[1]}"
        yield Step(shape, name, true.size, terms, told)


def _refute(version: str) -> Iterator[Refutation]:
    network = _Network(SHAPES[0])
    made, _ = network.forward()
    target, true = network["y"][0, 0], network.truth()
    found = VERSIONS[version](made, target, network.weights)
    alone, right = (network.one_line(g) for g in (VERSIONS[version], article.gradients))
    for name in GRADIENTS:
        apart = (getattr(found, name) - true[name]).ravel()
        wrong = sum(polynomial != 0 for polynomial in apart)
        if wrong:
            line = getattr(alone, name) - getattr(right, name)
            yield Refutation(version, name, wrong, apart.size, *_line(network, name, line))


_SEEN = {"g2": "a1", "g1": "x", "dA1": ""}
"""What a line sees of the image, whose numbers are arbitrary."""


def _line(network: _Network, name: str, line: Array) -> tuple[str, tuple[str, ...]]:
    """Return the first cell's difference, and the conditions under which no cell has one."""
    cells = [(i, p) for i, p in np.ndenumerate(line) if p != 0]
    if not cells:
        return "", ()
    index, polynomial = cells[0]
    conditions: dict[str, None] = {}
    for _, each in cells:
        for part in _coefficients(network, each, _SEEN[name]):
            # A condition and its negative are one.
            conditions[max(str(part), str(-part))] = None
    return f"{_cell(name, index)} is off by {polynomial}", tuple(conditions)


def _coefficients(network: _Network, polynomial: Any, seen: str) -> Iterator[Any]:
    """Yield the coefficients of a polynomial that is linear in the array named `seen`."""
    if not seen:
        yield polynomial
        return
    first = network.place[seen]
    parts = (polynomial.derivative(first + i) for i in range(network[seen].size))
    yield from (part for part in parts if part != 0)


def _conditions() -> Iterator[Condition]:
    """Put special cases into the differences of whole gradients and see whether they vanish."""
    network = _Network(SHAPES[0])
    made, _ = network.forward()
    true = network.truth()
    symmetric = {"w2": 1, "w3": 1, "f2'": 1}
    slopes = network["f1'"]
    constant = object_array([slopes[0, 0]] * slopes.size, slopes.shape)
    cases: dict[str, dict[str, Array]] = {
        "w2, w3 and f2' equal their own rotation": _turned(network, symmetric),
        "f1' is the same everywhere": {"f1'": constant},
        "both": {**_turned(network, symmetric), "f1'": constant},
        "w2 and w3 are the negative of their rotation, f2' equals its own": _turned(
            network, {"w2": -1, "w3": -1, "f2'": 1}
        ),
    }
    for version, published in VERSIONS.items():
        found = published(made, network["y"][0, 0], network.weights)
        for name in ("g2", "dA1", "g1"):
            apart = [p for p in (getattr(found, name) - true[name]).ravel() if p != 0]
            for words, changes in cases.items():
                if apart:
                    right = all(network.put(p, changes) == 0 for p in apart)
                    yield Condition(version, name, words, right)


def _turned(network: _Network, signs: dict[str, int]) -> dict[str, Array]:
    """Return arrays whose second half is the first, turned by 180 degrees, times a sign."""
    changes = {}
    for name, sign in signs.items():
        flat = network[name].ravel().copy()
        half = flat.size // 2
        flat[-half:] = sign * flat[:half][::-1]
        if flat.size % 2 and sign < 0:
            flat[half] = flat[half] * 0
        changes[name] = flat.reshape(network[name].shape)
    return changes


def _cell(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, index))}]"
