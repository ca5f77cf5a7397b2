import os

import pytest

from benchmarks.helper import Helper


def _answering(offset):
    def answer(number):
        if number < 0:
            raise ValueError(f"`number` (={number}) is negative")
        if number > 100:
            os._exit(7)
        return number + offset

    return answer


def test_a_helper_answers_fails_and_dies_in_a_process_of_its_own():
    with Helper(_answering, 10) as helper:
        assert helper.ask(1) == 11
        with pytest.raises(RuntimeError, match=r"ValueError: `number` \(=-1\) is negative"):
            helper.ask(-1)
        assert helper.ask(2) == 12
        with pytest.raises(RuntimeError, match="the process ended with exit status 7"):
            helper.ask(101)
