"""Cases on an integer lattice, where rounding is no excuse and a pass has a stated strength.

For a polynomial operation every number is drawn uniformly from the integers between -L and L,
with L so small that every partial sum, in any order, is a number of the dtype. A right answer
is then the exact one, bit for bit.

If a wrong implementation computes another polynomial of total degree at most D (a choice made
by shape and options alone, not by the numbers), the two agree at a random point of a set of
S = 2 L + 1 numbers for each variable with probability at most D / S (J. T. Schwartz, Fast
probabilistic algorithms for verification of polynomial identities, Journal of the ACM 27,
1980, lemma 1; R. Zippel, 1979), so t independent draws of one shape miss it with probability
at most (D / S)^t. An error below half a unit in the last place of every result is none that
the dtype can show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, log2
from zlib import crc32

import numpy as np
import numpy.typing as npt
from flint import fmpz

from oracles.exact.definition import Polynomial
from oracles.op import Case, Op

DEGREE = 4
"""Degree up to which an error is sure to be found: twice that of the operations."""

BITS = 40
"""An error is missed with probability at most 2**-BITS."""

_NARROW = 3
"""In a wide draw one array has all the bits that fit, the others numbers up to this."""


@dataclass(frozen=True)
class Lattice:
    """The lattice of one shape.

    Attributes
    ----------
    largest
        L: numbers are drawn from -L to L.
    wide
        The same for one array while all others stay within 3: enough bits that an
        algorithm which shortens its operands (TF32, bfloat16) cannot hide.
    draws
        How many draws the probability takes.
    """

    largest: int
    wide: int
    draws: int

    @property
    def miss_bits(self) -> float:
        """Binary logarithm of one over the probability of missing an error."""
        return self.draws * log2((2 * self.largest + 1) / DEGREE)


def lattice_of(polynomial: Polynomial, case: Case) -> Lattice | None:
    """Return the lattice for the shape of `case`, or None if nothing fits into the dtype.

    The operation on ones gives n, the number of products in its longest sum; sums of n
    products of `degree` numbers up to L are representable while ``n L^degree <= 2^p``, p the
    digits of the dtype.
    """
    shapes = [array.shape for array in case.operands.values()]
    n = polynomial.largest_sum(shapes, case.options)
    if n is None:
        return None
    room = 2 ** (np.finfo(case.dtype).nmant + 1) // n
    largest = int(fmpz(room).root(polynomial.degree))  # rounded down
    wide = room // _NARROW ** (polynomial.degree - 1)
    if 2 * largest + 1 <= 2 * DEGREE:
        return None
    draws = ceil(BITS / log2((2 * largest + 1) / DEGREE))
    return Lattice(largest, wide, draws)


def lattice_cases(op: Op, polynomial: Polynomial, case: Case, *, seed: int) -> list[Case]:
    """Return the draws for the shape and options of `case`; none if there is no lattice.

    Parameters
    ----------
    op, polynomial
        The operation and its definition.
    case
        Whose shapes, options and memory layouts are kept.
    seed
        From which, with the shape and options, all numbers follow.
    """
    lattice = lattice_of(polynomial, case)
    if lattice is None:
        return []
    shape = [(name, array.shape) for name, array in case.arrays.items()]
    text = repr((op.name, shape, sorted(case.options.items()), str(case.dtype)))
    rng = np.random.default_rng([seed, crc32(text.encode())])
    drawn = [_draw(op, case, rng, lattice.largest) for _ in range(lattice.draws)]
    linear = op.takes_cotangent and not op.payload  # in each array: a user's need not be
    if polynomial.degree > 1 and linear:  # else `wide` is no more than `largest`
        drawn += [_draw(op, case, rng, _NARROW, name, lattice.wide) for name in case.arrays]
    return drawn


def _draw(
    op: Op, case: Case, rng: np.random.Generator, most: int, wide: str = "", wide_most: int = 0
) -> Case:
    """Draw every array from -`most` to `most`, the one named `wide` from more."""

    def numbers(name: str, array: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        if name == "cotangent" and not op.takes_cotangent:
            return array
        limit = wide_most if name == wide else most
        return rng.integers(-limit, limit, array.shape, endpoint=True).astype(array.dtype)

    arrays = {name: numbers(name, array) for name, array in case.arrays.items()}
    words = f"integers up to {most}" + (f", {wide} up to {wide_most}" if wide else "")
    return replace(
        case,
        operands={name: arrays[name] for name in case.operands},
        cotangent=arrays["cotangent"],
        directions={name: arrays[f"v_{name}"] for name in case.directions},
        lattice=max(most, wide_most),
        origin=f"on the lattice: {words}",
    )
