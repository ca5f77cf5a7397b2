"""Sums of products of approximate numbers, with the error of evaluating them.

IEEE arithmetic makes NaN of zero times NaN or an infinity. But the reference BLAS, `np.dot` of an
array of one element and all code for sparse arrays leave out products with a zero, and who calls
them cannot choose. Of a sum with such products both are right: NaN, and the sum without them. That
is all there can be: one of them that is kept makes NaN of the sum, whichever others are not. A
number other than zero passes NaN and infinities on, and whoever loses those is wrong.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.bounds import SURE_TERMS, round_up, rounding_bound
from oracles.exact.bounded import Approximate, BoolArray, FloatArray, non_finite
from oracles.exact.definition import Format
from oracles.exact.sums import Expansion, sum_products
from oracles.exact.terms import Shape

Array = npt.NDArray[Any]

Factor = tuple[Approximate, Array]
"""A flat array and, for each product, the index into it."""


def contract(
    target: Array, shape: Shape, left: Factor, right: Factor, dtype: Format
) -> Approximate:
    """Sum ``a[i] * b[j]`` into ``target``, with the error of doing so in `dtype`.

    Parameters
    ----------
    target
        For each term, the flat index of the result that it is added to.
    shape
        Of the result.
    left, right
        The factors of each term.
    dtype
        In which the sum is thought to be evaluated.

    Returns
    -------
    Approximate
        The error is what a and b bring along, plus ``gamma(n) * sum |a||b|`` of the sum. Products
        of zero with NaN or an infinity are left out, and NaN is right in place of such a sum.
    """
    size = prod(shape)
    counts = np.bincount(target, minlength=size)
    found = _finite_sums(target, size, int(counts.max(initial=0)), left, right)
    error, probable = _errors(target, counts, left, right, dtype)
    true = Approximate(found, error, probable=probable)
    if not (left[0].is_finite and right[0].is_finite):
        true = _with_non_finite(true, target, left, right)
    return true.reshape(shape)


def _errors(
    target: Array, counts: Array, left: Factor, right: Factor, dtype: Format
) -> tuple[FloatArray, FloatArray | None]:
    """Return the bound on each sum's error, and the probable one."""
    (a, i), (b, j) = left, right
    size = len(counts)
    if dtype is None:
        return np.zeros(size), None
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.bincount(target, a.reach[i] * b.reach[j], size)
        carried: Any = 0.0
        if a.is_off or b.is_off:
            brought = a.error[i] * b.reach[j] + a.finite_size[i] * b.error[j]
            carried = round_up(np.bincount(target, brought, size))
    error = rounding_bound(counts, sums, dtype) + carried
    if counts.max(initial=0) <= SURE_TERMS:
        return error, None
    return error, rounding_bound(counts, sums, dtype, probable=True) + carried


def _finite_sums(
    target: Array, size: int, longest: int, left: Factor, right: Factor
) -> Array | Expansion:
    """Return the sums, NaN and infinities counting as 0."""
    (a, i), (b, j) = left, right
    if a.finite is not None and b.finite is not None:
        factors = (a.finite, a.span, i), (b.finite, b.span, j)
        found = sum_products(target, size, longest, *factors)
        if found is not None:
            return found
    sums = np.zeros(size, dtype=object)
    finite = [np.where(non_finite(each.value), 0, each.value) for each in (a, b)]
    np.add.at(sums, target, finite[0][i] * finite[1][j])
    return sums


def _with_non_finite(true: Approximate, target: Array, left: Factor, right: Factor) -> Approximate:
    """Lay NaN and infinities over sums: they depend on signs alone, whatever the finite sizes."""
    (a, i), (b, j) = left, right
    size, numbers = len(true.error), true.numbers
    x, y = _signs(a)[i], _signs(b)[j]
    left_out = ((x == 0) & ~np.isfinite(y)) | ((y == 0) & ~np.isfinite(x))
    with np.errstate(invalid="ignore"):
        signs = np.bincount(target, np.where(left_out, 0.0, x * y), size)
    if isinstance(numbers, Expansion):
        numbers = numbers.overlaid(signs)
    else:
        numbers = np.where(np.isfinite(signs), numbers, signs.astype(numbers.dtype))
    # What an infinity makes of a number that may lie on either side of zero, nobody knows.
    either = (_has_no_sign(a)[i] & ~np.isfinite(y)) | (_has_no_sign(b)[j] & ~np.isfinite(x))
    unknown = np.where(np.bincount(target, either, size) > 0, np.inf, 0.0)
    probable = None if true.probable is None else true.probable + unknown
    or_nan = np.bincount(target, left_out, size) > 0
    return Approximate(numbers, true.error + unknown, or_nan, probable)


def _has_no_sign(a: Approximate) -> BoolArray:
    """Return where a rightly computed number may lie on either side of zero."""
    signs = _signs(a)
    within = (a.error > 0) & (a.finite_size <= a.error)
    ball = (signs == 0) & (a.finite_size > 0)
    return np.isfinite(signs) & (within | ball)


def _signs(a: Approximate) -> FloatArray:
    """Return the signs of the numbers, NaN and infinities as they are."""
    if a.plain is not None:
        return np.where(np.isfinite(a.plain), np.sign(a.plain), a.plain)
    signs = [v if isinstance(v, float) else (v > 0) - (v < 0) for v in a.value]
    return np.array(signs, dtype=np.float64)
