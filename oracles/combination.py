"""Shapes and options on which an operation is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Combination:
    """Shapes of the operands by name, and the options of the call."""

    shapes: Mapping[str, tuple[int, ...]]
    options: Mapping[str, Any]
