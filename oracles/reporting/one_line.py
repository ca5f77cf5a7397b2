"""Names and sentences for formats in which a line end would mean something."""

from __future__ import annotations

from oracles.visible import visible


def one_line(text: str) -> str:
    """Return `text` visible, and with each stretch of white space as one space."""
    return visible(" ".join(text.split()))
