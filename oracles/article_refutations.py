"""The published lines refuted: where they differ from the truth, and when they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.article_conditions import Condition, symmetry_condition, vanishes
from oracles.article_polynomials import (
    antisymmetric_part,
    coefficients,
    distinct,
    equations,
    grouped,
    mirrored,
    product_text,
    rotated,
    span,
    text,
)
from oracles.article_steps import BACKWARD_STEPS, EQUATIONS, PUBLISHED, PUBLISHED_LINES
from oracles.article_subject import Run, run, same, wrong_cells
from oracles.article_symbols import Network, Polynomial, filled

Array = npt.NDArray[Any]
Wrong = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Refutation:
    """A matrix that a published version gets wrong.

    Attributes
    ----------
    version, matrix, line
        ``first`` or ``later``; its name; the line as published.
    own_fault
        Whether the line itself is wrong, rather than what it builds on.
    wrong_cells, cells
        How many cells differ from the truth, of how many.
    given
        The matrices of which the differences speak: the line is taken from there.
    differences
        Published minus true, by index, where it is not 0.
    conditions
        When the line is right.
    """

    version: str
    matrix: str
    line: str
    own_fault: bool
    wrong_cells: int
    cells: int
    given: tuple[str, ...]
    differences: tuple[tuple[str, str], ...]
    conditions: tuple[Condition, ...]


def wrong_matrices(network: Network) -> tuple[tuple[str, Wrong], ...]:
    """Return by version the matrices that differ from the truth, with the number of cells."""
    true = network.backward
    wrong = []
    for version, backward in PUBLISHED.items():
        found = run(network, backward).gradients
        cells = {name: wrong_cells(getattr(found, name), true[name]) for name in BACKWARD_STEPS}
        wrong.append((version, tuple((name, count) for name, count in cells.items() if count)))
    return tuple(wrong)


def refutations(network: Network) -> tuple[Refutation, ...]:
    """Refute every matrix that a published version gets wrong, with the reasons.

    The conditions are those of kernels of the size of ``d2``, which the article has.
    """
    return tuple(
        _refutation(_Published(network, version), matrix, count)
        for version, wrong in wrong_matrices(network)
        for matrix, count in wrong
    )


class _Published:
    """A published version's lines beside the true ones, from given matrices onward."""

    def __init__(self, network: Network, version: str) -> None:
        self.network, self.version = network, version
        self.symbols = network.symbols

    def differences(self, matrix: str, cut: tuple[str, ...]) -> Array:
        """Return published minus true, where the matrices in `cut` are fresh symbols."""
        found = getattr(self.run(cut).gradients, matrix)
        return self.network.polynomials(found) - self.true(matrix, cut)

    def run(self, cut: tuple[str, ...]) -> Run:
        return run(self.network, PUBLISHED[self.version], cut)

    def true(self, matrix: str, cut: tuple[str, ...]) -> Array:
        """Return a true matrix by the chain rule from those in `cut`, which has ``d2``."""
        pull_back, s = self.network.pull_back, self.symbols
        d1 = s["d1"] if "d1" in cut else pull_back("l2", s["d2"], "a1") * s["F1"]
        return {
            "g2": lambda: pull_back("l2", s["d2"], "w2"),
            "dA1": lambda: pull_back("l2", s["d2"], "a1"),
            "d1": lambda: d1,
            "g1": lambda: pull_back("l1", d1, "w1"),
        }[matrix]()

    @cached_property
    def own_faults(self) -> frozenset[str]:
        """The lines that are wrong even where all they build on is given to them."""
        network, s = self.network, self.symbols
        one = self.run(("d1", "d2", "d3"))
        found, (f1, f2, f3) = one.gradients, one.activations
        pairs = {
            "d3": (f3.cotangents[0], s["out"] - s["y"]),
            "g3": (found.g3, network.pull_back("l3", s["d3"], "w3")),
            "d2": (f2.cotangents[0], network.pull_back("l3", s["d3"], "a2")),
            "d1": (f1.cotangents[0], found.dA1),
            **{n: (getattr(found, n), self.true(n, ("d1", "d2"))) for n in ("g2", "dA1", "g1")},
        }
        return frozenset(name for name, (made, true) in pairs.items() if not same(made, true))


def _refutation(published: _Published, matrix: str, count: int) -> Refutation:
    own = matrix in published.own_faults
    given, cut = _GIVEN[matrix, own]
    differences = published.differences(matrix, cut)
    return Refutation(
        version=published.version,
        matrix=matrix,
        line=PUBLISHED_LINES.get((published.version, matrix), EQUATIONS[matrix]),
        own_fault=own,
        wrong_cells=count,
        cells=differences.size,
        given=given,
        differences=_texts(published, differences, matrix),
        conditions=_CONDITIONS[matrix, own](published, differences),
    )


_ALONE = ("d1", "d2", "d3")
_GIVEN = {
    ("g2", True): (("a1", "d2"), _ALONE),
    ("dA1", True): (("w2", "d2"), _ALONE),
    ("d1", False): (("w2", "d2", "F1"), ("d2",)),
    ("g1", True): (("x", "d1"), _ALONE),
    ("g1", False): (("x", "w2", "d2", "F1"), ("d2",)),
}


def _texts(p: _Published, differences: Array, matrix: str) -> tuple[tuple[str, str], ...]:
    write: Callable[[Polynomial], str] = {
        "g2": lambda d: grouped(d, p.symbols["a1"]),
        "dA1": text,
        "d1": product_text,
        "g1": lambda d: grouped(d, p.symbols["x"]),
    }[matrix]
    return tuple(
        (f"{i},{j}", write(differences[i, j]))
        for i, j in np.ndindex(*differences.shape)
        if differences[i, j] != 0
    )


def _of_g2(p: _Published, differences: Array) -> tuple[Condition, ...]:
    a1, d2, true = p.symbols["a1"], p.symbols["d2"], p.network.backward
    found = coefficients(differences, a1)
    published = p.network.polynomials(p.run(()).gradients.g2)
    in_network = coefficients(published - true["g2"], a1)
    return (
        Condition(
            "right for every a1 if and only if d2 = R(d2)",
            equations(found),
            found == antisymmetric_part(d2),
        ),
        Condition(
            "in the network, where d2 comes from w3 and f2, d2 = R(d2) is",
            equations(in_network),
            in_network == antisymmetric_part(true["d2"]),
        ),
    )


def _of_da1(p: _Published, differences: Array) -> tuple[Condition, ...]:
    true = p.true("dA1", _ALONE)
    return (
        Condition(
            "the published dA1 is R of the true one, for every w2 and d2",
            (),
            same(differences + true, rotated(true)),
        ),
        _only_zero(differences, p.symbols["d2"], p.symbols["w2"]),
        _only_zero(differences, p.symbols["w2"], p.symbols["d2"]),
        symmetry_condition(p.network, differences),
    )


def _only_zero(differences: Array, every: Array, zero: Array) -> Condition:
    """Return the condition that a bilinear difference vanishes for all of `every`."""
    found = span(coefficients(differences, every), zero)
    names = [str(matrix.flat[0]).split("_", maxsplit=1)[0] for matrix in (every, zero)]
    return Condition(
        "right for every {} if and only if {} = 0".format(*names),
        equations(found),
        found == zero.ravel().tolist(),
    )


def _of_d1(p: _Published, differences: Array) -> tuple[Condition, ...]:
    wrong = distinct(p.differences("dA1", ("d2",)).flat)
    words = "right for every slope F1 if and only if dA1 is right"
    return (Condition(words, (), coefficients(differences, p.symbols["F1"]) == wrong),)


def _of_first_g1(p: _Published, differences: Array) -> tuple[Condition, ...]:
    x, f1 = p.symbols["x"], p.symbols["F1"]
    alone = coefficients(differences, x)
    both = p.differences("g1", ("d2",))
    found = coefficients(both, x)
    slopes = (f1 - rotated(f1)) * p.true("dA1", ("d2",))
    constant = {"F1": filled(f1.shape, [p.symbols["c"][0, 0]] * f1.size)}
    even = {"F1": mirrored(f1, +1)}
    return (
        Condition(
            "right for every x if and only if d1 = R(d1), with d1 as given",
            equations(alone),
            alone == antisymmetric_part(p.symbols["d1"]),
        ),
        Condition(
            "on the wrong dA1 that it is given: right for every x if and only if "
            "(F1 - R(F1)) times the true dA1 is 0 in every cell",
            equations(found),
            found == distinct(slopes.flat),
        ),
        Condition(
            "so the two faults undo each other where F1 = R(F1), as where f1' is constant",
            (),
            all(vanishes(p.network, both, slope) for slope in (even, constant)),
        ),
    )


def _of_later_g1(p: _Published, differences: Array) -> tuple[Condition, ...]:
    wrong = distinct(p.differences("d1", ("d2",)).flat)
    words = "right for every x if and only if d1 is right"
    return (Condition(words, (), coefficients(differences, p.symbols["x"]) == wrong),)


_CONDITIONS: dict[tuple[str, bool], Callable[[_Published, Array], tuple[Condition, ...]]] = {
    ("g2", True): _of_g2,
    ("dA1", True): _of_da1,
    ("d1", False): _of_d1,
    ("g1", True): _of_first_g1,
    ("g1", False): _of_later_g1,
}


def hidden_by_symmetry(network: Network) -> Condition:
    """Return what hides every published fault: data that a rotation leaves as they are.

    Where x and the weights are such, so are l1 and l2, hence the values and slopes of the
    activations, which are one function for all cells.
    """
    kept = {n: mirrored(network.symbols[n], +1) for n in ("x", "w1", "w2", "w3")}
    kept |= {n: mirrored(network.symbols[n], +1) for n in ("a1", "F1", "a2", "F2")}
    layers = [network.forward[name] for name in ("l1", "l2")]
    faults = [
        network.polynomials(getattr(run(network, backward).gradients, name)) - true
        for backward in PUBLISHED.values()
        for name, true in network.backward.items()
    ]
    return Condition(
        "where R leaves x, w1, w2 and w3 as they are, every published line is right, "
        "whatever f1, f2 and f3",
        (),
        all(
            vanishes(network, m, kept)
            for m in [*(each - rotated(each) for each in layers), *faults]
        ),
    )
