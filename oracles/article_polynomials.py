"""Polynomials in matrices of symbols: taken apart, mirrored, and written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy.typing as npt
from flint import fmpq_mat

from oracles.article_symbols import Polynomial, filled

Array = npt.NDArray[Any]


def rotated(matrix: Array) -> Array:
    """Return R of a matrix."""
    return filled(matrix.shape, reversed(matrix.ravel().tolist()))


def mirrored(matrix: Array, sign: int) -> Array:
    """Return a matrix of symbols with its second half made the mirror image of its first.

    That is any matrix with ``R(m) = m``, or, with the sign -1, any with ``R(m) = -m``.
    """
    flat, size = matrix.ravel().tolist(), matrix.size
    half = [flat[i] if i <= size - 1 - i else sign * flat[size - 1 - i] for i in range(size)]
    if size % 2 and sign < 0:
        half[size // 2] *= 0
    return filled(matrix.shape, half)


def coefficients(differences: Array, symbols: Array) -> list[Polynomial]:
    """Return the coefficients of `symbols` in polynomials linear in them, made monic.

    Raises
    ------
    ValueError
        A polynomial has terms of another degree in the symbols.
    """
    found = []
    for difference in differences.flat:
        parts = [difference.derivative(str(symbol)) for symbol in symbols.flat]
        if sum(s * p for s, p in zip(symbols.flat, parts, strict=True)) != difference:
            raise ValueError(f"{difference} is not linear in {symbols.flat[0]}, ...")
        found += parts
    return distinct(found)


def distinct(polynomials: Iterable[Polynomial]) -> list[Polynomial]:
    """Return those that are not 0, made monic, each once and in the order of their text."""
    monic = (p / p.leading_coefficient() for p in polynomials if p != 0)
    by_name = {str(p): p for p in monic}
    return [by_name[name] for name in sorted(by_name)]


def antisymmetric_part(matrix: Array) -> list[Polynomial]:
    """Return the polynomials that vanish if and only if a matrix of polynomials is its own R."""
    return distinct((matrix - rotated(matrix)).flat)


def span(polynomials: Iterable[Polynomial], symbols: Array) -> list[Polynomial]:
    """Return linear polynomials with the zeros of the given ones, in reduced echelon form."""
    rows = [[_number(p.derivative(str(s))) for s in symbols.flat] for p in polynomials]
    reduced, rank = fmpq_mat(rows).rref()
    return [
        sum(v * s for v, s in zip(row, symbols.flat, strict=True))
        for row in reduced.tolist()[:rank]
    ]


def _number(constant: Polynomial) -> Any:
    return constant.leading_coefficient() if constant != 0 else 0


def equations(polynomials: Iterable[Polynomial]) -> tuple[str, ...]:
    """Return polynomials as equations: each is 0."""
    return tuple(_equation(polynomial) for polynomial in polynomials)


def _equation(polynomial: Polynomial) -> str:
    """Return ``polynomial = 0`` as text: as factors, or with its signs on two sides."""
    _, factors = polynomial.factor()
    if len(factors) > 1:
        return f"{product_text(polynomial)} = 0"
    positive, negative = _by_sign(factors[0][0])
    return f"{' + '.join(positive) or 0} = {' + '.join(negative) or 0}"


def text(polynomial: Polynomial) -> str:
    """Return a polynomial as text, positive terms first."""
    positive, negative = _by_sign(polynomial)
    minus = "".join(f" - {term}" for term in negative)
    return (" + ".join(positive) + minus) if positive else "-" + minus[3:]


def _by_sign(polynomial: Polynomial) -> tuple[list[str], list[str]]:
    """Return the terms with a positive sign and those with a negative one, without the sign."""
    terms = str(polynomial).replace(" - ", " + -").split(" + ")
    return [t for t in terms if t[0] != "-"], [t[1:] for t in terms if t[0] == "-"]


def product_text(polynomial: Polynomial) -> str:
    """Return a polynomial in factors as text, the short factors first."""
    constant, factors = polynomial.factor()
    parts = sorted(
        (part for part, power in factors for _ in range(power)),
        key=lambda part: (len(part), str(part)),
    )
    head = {"1": "", "-1": "-"}.get(str(constant), f"{constant}*")
    return head + "*".join(map(_bracketed, parts))


def grouped(polynomial: Polynomial, symbols: Array) -> str:
    """Return a polynomial linear in `symbols` as text, ordered by their coefficients."""
    groups: dict[str, Polynomial] = {}
    for symbol in symbols.flat:
        part = polynomial.derivative(str(symbol))
        if part != 0:
            sign = part.leading_coefficient()
            key = product_text(part / sign)
            groups[key] = groups.get(key, 0) + sign * symbol
    products = [f"{_bracketed(group)}*{key}" for key, group in groups.items()]
    return " + ".join(products).replace(" + -", " - ")


def _bracketed(polynomial: Polynomial) -> str:
    return f"({text(polynomial)})" if len(polynomial) > 1 else text(polynomial)
