"""When a wrong line is right all the same: conditions, found and proved on polynomials.

A difference that is linear in some symbols vanishes for all their values if and only if their
coefficients do: those coefficients are the condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy.typing as npt
from flint import fmpz_mpoly_ctx, fmpz_mpoly_vec

from oracles.article_polynomials import distinct, equations, mirrored, rotated
from oracles.article_symbols import Network, Polynomial

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Condition:
    """When a published line is right.

    Attributes
    ----------
    words
        The condition.
    equations
        The same as equations between symbols.
    proved
        Whether words and equations are one, and decide as the words say.
    """

    words: str
    equations: tuple[str, ...]
    proved: bool


def vanishes(network: Network, differences: Array, matrices: dict[str, Array]) -> bool:
    """Whether polynomials are all 0 where some matrices of symbols are as given."""
    return all(network.substitute(d, matrices) == 0 for d in differences.flat)


def symmetry_condition(network: Network, differences: Array) -> Condition:
    """Return when ``dA1 = R(dA1)``, for kernels of the size of d2: both ways, in three cases.

    With the differences g, that the cases are enough is seen by putting them in. That there are
    no more follows from products: if f vanishes in the first case, s in the second and p in the
    third, then f s p is a combination of the g. Outside all three cases some such product is
    not 0, hence some g is not.
    """
    w2, d2 = network.symbols["w2"], network.symbols["d2"]
    c = network.symbols["c"]
    enough = [
        {"w2": mirrored(w2, +1), "d2": mirrored(d2, +1)},
        {"w2": mirrored(w2, -1), "d2": mirrored(d2, -1)},
        {"d2": w2 * c},
        {"w2": d2 * c},
    ]
    found = distinct(differences.flat)
    return Condition(
        "right if and only if w2 and d2 are both symmetric (R(m) = m), or both antisymmetric "
        "(R(m) = -m), or one is a multiple of the other",
        equations(found),
        all(vanishes(network, differences, case) for case in enough)
        and all_in_ideal(found, case_products(w2, d2)),
    )


def case_products(w2: Array, d2: Array) -> list[Polynomial]:
    """Return the products of three equations, one for each case of `symmetry_condition`."""
    pairs = list(zip(w2.flat, d2.flat, strict=True))
    both = [*w2.flat, *d2.flat], [*rotated(w2).flat, *rotated(d2).flat]
    symmetric = distinct(m - r for m, r in zip(*both, strict=True))
    antisymmetric = distinct(m + r for m, r in zip(*both, strict=True))
    multiple = [w * e - v * d for (w, d), (v, e) in combinations(pairs, 2)]
    return [f * s * p for f, s, p in product(symmetric, antisymmetric, multiple)]


def all_in_ideal(generators: list[Polynomial], polynomials: list[Polynomial]) -> bool:
    """Whether all polynomials are combinations of the generators, by division."""
    names = sorted({name for p in generators + polynomials for name in _used(p)})
    ring = fmpz_mpoly_ctx.get(names, "degrevlex")
    basis = fmpz_mpoly_vec([_integral(g, ring) for g in generators], ring).buchberger_naive()
    return all(_integral(p, ring).reduction_primitive_part(basis) == 0 for p in polynomials)


def _used(polynomial: Polynomial) -> list[str]:
    degrees = zip(polynomial.context().names(), polynomial.degrees(), strict=True)
    return [name for name, degree in degrees if degree]


def _integral(polynomial: Polynomial, ring: Any) -> Any:
    """Return a polynomial of integer coefficients in a ring of fewer symbols."""
    gens = {name: ring.gen(i) for i, name in enumerate(ring.names())}
    names = polynomial.context().names()
    total = ring.constant(0)
    for powers, value in polynomial.to_dict().items():
        if value.q != 1:
            raise ValueError(f"{polynomial} has coefficients that are not integers")
        term = ring.constant(int(value.p))
        for name, power in zip(names, powers, strict=True):
            if power:
                term *= gens[name] ** int(power)
        total += term
    return total
