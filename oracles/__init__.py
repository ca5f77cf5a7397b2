"""Oracles for hand-written backward passes: who is wrong, where, by how much, and why.

The names below are loaded at first use, so that ``import oracles`` costs next to nothing
and imports neither PyTorch nor JAX.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oracles.catalog import ops as ops
    from oracles.checking import OracleMismatch as OracleMismatch
    from oracles.checking import check as check
    from oracles.checking import run as run
    from oracles.defining import define as define
    from oracles.op import Case as Case
    from oracles.op import Op as Op
    from oracles.report import Report as Report

_HOMES = {
    "Case": "oracles.op",
    "Op": "oracles.op",
    "OracleMismatch": "oracles.checking",
    "Report": "oracles.report",
    "check": "oracles.checking",
    "define": "oracles.defining",
    "ops": "oracles.catalog",
    "run": "oracles.checking",
}

__all__ = ["Case", "Op", "OracleMismatch", "Report", "check", "define", "ops", "run"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'oracles' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
