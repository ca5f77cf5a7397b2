"""Text from elsewhere, harmless on a terminal."""

from __future__ import annotations


def visible(text: str, keep: str = "\n\t") -> str:
    r"""Return `text` with what no screen shows written as its escape: ``\x1b`` for ESC.

    What is meant is what `repr` escapes: control characters, which move the cursor or clear the
    screen, signs that turn the order of letters, surrogates.

    Parameters
    ----------
    keep
        Characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
