"""Parts of a page that a command writes, each between two markers."""

from __future__ import annotations


def marked(name: str, content: str) -> str:
    """Return a part of a page between its markers."""
    return f"<!-- {name} -->\n{content}\n<!-- /{name} -->"


def part_of(text: str, name: str) -> str:
    """Return what stands between the markers of a part.

    Raises
    ------
    ValueError
        If they are not there.
    """
    return _split(text, name)[1].strip("\n")


def with_part(text: str, name: str, content: str) -> str:
    """Return a page with another content between the markers of a part."""
    before, _, behind = _split(text, name)
    return f"{before}{marked(name, content)}{behind}"


def _split(text: str, name: str) -> tuple[str, str, str]:
    before, start, rest = text.partition(f"<!-- {name} -->")
    content, end, behind = rest.partition(f"<!-- /{name} -->")
    if not (start and end):
        raise ValueError(f"`text` must hold <!-- {name} --> and, behind it, <!-- /{name} -->")
    return before, content, behind
