"""Planted errors and right implementations as operations."""

from __future__ import annotations

from oracles.catalog import ops
from oracles.defining import define
from oracles.op import Op
from tests.oracles.planted.record import Planted, Right


def plugged(each: Right | Planted) -> Op:
    """Return `each` as an operation; the catalog does not have max pooling."""
    if each.op is not None:
        op = ops[each.op]
        functions = each.forward, each.backward
        return op.implemented_by(*functions, limits=each.limits, **each.arguments)
    return define(
        "max_pool2d", each.forward, each.backward, reference=each.reference,
        operands={"x": "n c h w"}, options={"kernel": (2, 3), "stride": (1, 2, 3)},
        sizes={"n": (0, 2), "c": (1, 2), "h": (3, 6), "w": (3, 5)},
    )  # fmt: skip
