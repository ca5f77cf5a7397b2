"""Decorators written out below their function mean the same."""

from benchmarks.undecorated import undecorated

SOURCE = '''
from functools import cache

calls = []

def noted(function):
    calls.append(function.__name__)
    return function

@cache
@noted
def f(
    x,
):
    """Return x."""
    return [x]

class A:
    @property
    def two(self):
        return 2

    @staticmethod
    def three():
        return 3

    @property
    def four(self):
        return self._four

    @four.setter
    def four(self, value):
        self._four = value

def last(): return 1
'''


def test_meaning_stays():
    names = {}
    exec(undecorated(SOURCE), names)
    f, a = names["f"], names["A"]()
    assert f(1) is f(1)
    assert f.cache_info().hits == 1
    assert names["calls"] == ["f"]
    a.four = 4
    assert (a.two, a.three(), a.four) == (2, 3, 4)


def test_functions_are_bare_unless_that_would_change_them():
    text = undecorated(SOURCE)
    assert "def f(\n    x,\n):" in text
    assert "f = noted(f)\nf = cache(f)\n" in text
    assert "    two = property(two)\n" in text
    assert [line.strip() for line in text.split("\n") if "@" in line] == [
        "@staticmethod", "@property", "@four.setter",
    ]  # fmt: skip


def test_nothing_to_do():
    assert undecorated("def f():\n    return 1") == "def f():\n    return 1"
