"""Text of users, made harmless: what cannot be seen is shown, what is too long is cut."""

from __future__ import annotations

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e007f"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
"""Controls (but tab and line feed), what turns the direction of writing, what has no width, lone
surrogates (no file can hold them) and what HTML forbids."""


def harmless(text: str) -> str:
    """Return `text` with everything that cannot be seen, or that turns other text, as its name."""
    return _UNSEEN.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    return f"[U+{ord(match[0]):04X}]"


def clip(text: str, most: int) -> str:
    """Return `text`, or its beginning of `most` characters and how long it is."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\N{HORIZONTAL ELLIPSIS} (cut: {len(text):,} characters)"
