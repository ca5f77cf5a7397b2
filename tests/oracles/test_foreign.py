import pytest

from oracles.foreign import error_text, printable, shown, type_name


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Mute(metaclass=Nameless):
    def __repr__(self):
        raise SystemExit


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def test_type_is_named_past_its_metaclass():
    assert [type_name(each) for each in (1, None, Mute())] == ["int", "NoneType", "Mute"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such\n  row"), "ValueError: no such row"),
        (ValueError(), "ValueError"),
        (SystemExit(3), "SystemExit: 3"),
        (MuteError(), "MuteError: its text cannot be made"),
    ],
)
def test_error_in_one_line(error, text):
    assert error_text(error) == text


def test_what_has_no_repr_is_shown_all_the_same():
    assert (shown([1, 2]), shown(Mute())) == ("[1, 2]", "an object of type Mute")


def test_text_can_be_encoded_printed_and_read():
    assert printable("a\ud800\0\x1b[31m\tb") == r"a\ud800\x00\x1b[31m b"
    assert printable("x" * 501) == "x" * 500 + " ..."


def test_interrupt_is_one():
    class Slow:
        def __repr__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown(Slow())
