"""What is surveyed: each activation with its default parameters, gelu in both its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oracles.exact.activations import ACTIVATIONS
from oracles.exact.elementwise import Pieces

PARTS = ("value", "derivative")


@dataclass(frozen=True)
class Entry:
    """An activation with parameters.

    Attributes
    ----------
    name
        As the tables show it.
    op
        Its name in the catalog and among the definitions.
    options
        Parameters that are handed to everybody.
    """

    name: str
    op: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pieces(self) -> Pieces:
        """The definition."""
        return ACTIVATIONS[self.op].pieces(**self.options)

    @property
    def slope_of_nan_is_free(self) -> bool:
        """Whether the slope is a choice between constants, so that NaN may choose any."""
        return ACTIVATIONS[self.op].calls == 0


def _entry(name: str) -> Entry:
    if name == "hardtanh":  # JAX's clip has no limits of its own
        return Entry(name, name, {"min_val": -1.0, "max_val": 1.0})
    if name == "gelu_tanh":
        return Entry(name, "gelu", {"approximate": "tanh"})
    return Entry(name, name)


ENTRIES = {name: _entry(name) for name in (*ACTIVATIONS, "gelu_tanh")}
"""All of them by name."""
