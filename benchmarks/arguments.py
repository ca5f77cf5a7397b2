"""Types of command line arguments."""

from __future__ import annotations

import argparse

PARTS = {
    "a": "forward and backward of convolutions",
    "b": "cost of one check of the same case",
    "c": "cases per second",
    "d": "growth of time and memory",
}
"""The parts of a run."""


def at_least_one(text: str) -> int:
    """Return a positive int."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"(={text!r}) must be an integer of at least 1")
    return number


def parts(text: str) -> tuple[str, ...]:
    """Return the parts named in a list such as ``a,d``, in the order of `PARTS`."""
    wanted = [part.strip() for part in text.split(",")]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"(={text!r}) must be a list of {', '.join(PARTS)}; {unknown[0]!r} is none of them"
        )
    return tuple(part for part in PARTS if part in wanted)
