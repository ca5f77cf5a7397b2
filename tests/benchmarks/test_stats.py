import pytest

from benchmarks.stats import Fit, Times, fit


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_fit_finds_the_exponent(exponent):
    # Powers of ten, whose logarithms are whole numbers.
    found = fit([(100.0**n, 1000 * 10.0 ** int(2 * n * exponent)) for n in range(4)])
    assert found == Fit(exponent, 4, 6)


@pytest.mark.parametrize("points", [[], [(1, 1), (100, 1)], [(1, 1), (2, 2), (9, 9)]])
def test_fit_is_none_where_a_slope_says_nothing(points):
    assert fit(points) is None


def test_fit_wants_positive_numbers():
    with pytest.raises(ValueError, match=r"`points` \(holding \(10, 0\)\) must be positive"):
        fit([(1, 1), (10, 0), (100, 1)])


def test_times():
    times = Times((1.0, 2.0, 3.0, 4.0, 10.0))
    assert (times.median, times.quartiles, times.rate) == (3.0, (2.0, 4.0), 0.25)
    assert Times((7.0,)).quartiles == (7.0, 7.0)
    with pytest.raises(ValueError, match="at least one time"):
        Times(())
