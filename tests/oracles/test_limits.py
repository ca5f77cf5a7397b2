import re

import pytest

from oracles.limits import Limits, make_limits


def test_limits_state_what_was_set():
    assert make_limits({"stride": 2, "square": True}).stated() == {"stride": 2, "square": True}
    assert Limits().stated() == {}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"strides": 1}, TypeError, "`strides` (=1) is no limit; known are "),
        ({"stride": 0}, ValueError, "`stride` (=0) must be at least 1"),
        ({"padding": -1}, ValueError, "`padding` (=-1) must be at least 0"),
        ({"stride": 1.5}, TypeError, "`stride` (=1.5) must be an int"),
        ({"max_batch": True}, TypeError, "`max_batch` (=True) must be an int"),
        ({"square": 1}, TypeError, "`square` (=1) must be True or False"),
        ({"min_batch": 4}, ValueError, "`min_batch` (=4) must not exceed `max_batch` (=3)"),
    ],
)
def test_bad_limits(given, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make_limits(given)
