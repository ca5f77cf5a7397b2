import numpy as np
from flint import arb, ctx

from manualgrad.normal import CENTRE, COEFFICIENTS, scaled_tail


def recomputed(count):
    """The Chebyshev coefficients, by the discrete cosine transform at 60 nodes."""
    nodes = [arb.pi() * (2 * j + 1) / 120 for j in range(60)]
    values = []
    for angle in nodes:
        t = angle.cos()
        x = CENTRE * (1 + t) / (1 - t)
        values.append((x * x / 2).exp() * (x / arb(2).sqrt()).erfc() / 2 * (1 + x))
    for k in range(count):
        terms = [v * (k * angle).cos() for v, angle in zip(values, nodes, strict=True)]
        yield float(sum(terms, arb(0)) * (2 if k else 1) / 60)


def test_coefficients_are_what_the_docstring_says():
    with ctx.workprec(250):
        assert tuple(recomputed(len(COEFFICIENTS))) == COEFFICIENTS


def test_no_further_coefficient_matters():
    with ctx.workprec(250):
        assert max(abs(c) for c in list(recomputed(40))[len(COEFFICIENTS) :]) < 2.0**-56


def test_scaled_tail_to_a_few_ulp():
    x = np.concatenate([np.linspace(0, 12, 200), 2.0 ** np.arange(-40, 60, 3)])
    found = scaled_tail(x)
    with ctx.workprec(200):
        for at, value in zip(x.tolist(), found.tolist(), strict=True):
            if at > 1e8:  # here 1/(x sqrt(2 pi)) is right to the last bit
                true = 1 / (arb(at) * (2 * arb.pi()).sqrt())
            else:
                true = (arb(at) ** 2 / 2).exp() * (arb(at) / arb(2).sqrt()).erfc() / 2
            assert float(abs(true - arb(value))) <= 4 * np.spacing(value)
