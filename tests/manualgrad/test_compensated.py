from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from manualgrad.compensated import added, multiplied, quotient, scaled_exp

A, B = np.random.default_rng(3).standard_normal((2, 50)) * 2.0 ** np.arange(-25, 25)


def exact(pair, index):
    return sum((Fraction(float(np.broadcast_to(part, A.shape)[index])) for part in pair), start=0)


def test_sums_and_products_of_floats_lose_nothing():
    total, product = added((A, 0.0), (B, 0.0)), multiplied((A, 0.0), (B, 0.0))
    assert (total[0] == A + B).all()
    assert (product[0] == A * B).all()
    for index, (a, b) in enumerate(zip(A.tolist(), B.tolist(), strict=True)):
        assert exact(total, index) == Fraction(a) + Fraction(b)
        assert exact(product, index) == Fraction(a) * Fraction(b)


def test_what_was_kept_is_carried_on():
    a, b = (A, A * 2.0**-54), (B, B * 2.0**-55)
    total, product = added(a, b), multiplied(a, b)
    for index in range(len(A)):
        sizes = abs(exact(a, index)) + abs(exact(b, index))
        assert abs(exact(total, index) - exact(a, index) - exact(b, index)) <= sizes / 2**104
        true = exact(a, index) * exact(b, index)
        assert abs(exact(product, index) - true) <= abs(true) / 2**103


def test_quotient_to_twice_the_digits():
    # The error is itself rounded, a few times: 2^-53 of 2^-53 of the quotient each.
    found = quotient(A, 1.3)
    for index, a in enumerate(A.tolist()):
        true = Fraction(a) / Fraction(1.3)
        assert abs(exact(found, index) - true) <= abs(true) * Fraction(4, 2**106)


def test_imaginary_parts_are_derivatives():
    step = 2.0**-300
    high, low = multiplied((1.7, 0.0), (A + 1j * step, 0.0))
    assert (high.imag == 1.7 * step).all()
    assert (low.real == multiplied((1.7, 0.0), (A, 0.0))[1]).all()


@pytest.mark.parametrize("huge", [1e308, np.inf, np.nan])
def test_overflow_on_the_way_leaves_no_error(huge):
    with np.errstate(all="ignore"):
        for high, low in (
            multiplied((0.5, 0.0), (np.array([huge]), 0.0)),
            added((1.0, 0.0), (np.array([huge]), 0.0)),
            quotient(np.array([huge]), 2.0),
        ):
            assert np.isfinite(low).all()
            assert high.shape == (1,)
        assert multiplied((0.5, 0.0), (np.array([huge]), 0.0))[1] == 0


@pytest.mark.parametrize("high", [-1.5, -699.3, -701.7, -760.2])
def test_scaled_exp_of_a_pair(high):
    low, factor = high * 2.0**-54, 2.0**60
    found = scaled_exp(factor, (np.array([high]), low))
    with ctx.workprec(200):
        true = arb(factor) * (arb(high) + arb(low)).exp()
        error = float(abs(arb(found[0]) - true))
    assert error <= 3 * np.spacing(float(true.mid()))
