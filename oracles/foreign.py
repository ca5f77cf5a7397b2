"""What objects of the subject say of themselves, in words that can always be printed.

An exception's text, a type's name and a ``repr`` are code of the subject: they may raise, and may
hold line breaks, megabytes, or what no terminal can encode.
"""

from __future__ import annotations

from collections.abc import Callable

_LONGEST = 500


def type_name(value: object) -> str:
    """Return the name of the type of `value`, past any metaclass."""
    return printable(type.__dict__["__name__"].__get__(type(value)))


def error_text(error: BaseException) -> str:
    """Return type and text of an exception in one line: ``ValueError: no such row``."""
    text = _made(str, error, "its text cannot be made")
    return f"{type_name(error)}: {text}" if text else type_name(error)


def shown(value: object) -> str:
    """Return ``repr(value)`` in one line."""
    return _made(repr, value, f"an object of type {type_name(value)}")


def printable(text: str) -> str:
    """Return `text` in one line that can be encoded and is at most 500 characters long."""
    cut = f"{text[:_LONGEST]} ..." if len(text) > _LONGEST else text
    line = " ".join(cut.encode("utf-8", "backslashreplace").decode().split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _made(make: Callable[[object], str], value: object, instead: str) -> str:
    try:
        return printable(make(value))
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever the subject's code raises
        return instead
