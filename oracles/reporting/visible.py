"""Text from users, with nothing in it that cannot be seen."""

from __future__ import annotations


def visible(text: str) -> str:
    r"""Return `text` with what does not print (but line ends and tabs) as Python writes it.

    Control characters, lone surrogates and marks that turn the direction of writing become
    ``\x1b``, ``\udc80``, ``\u202e``: XML and UTF-8 forbid some, and the others hide what is said.
    """
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def one_line(text: str) -> str:
    """Return `text` visible, and with each stretch of white space as one space."""
    return visible(" ".join(text.split()))


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape").decode()
