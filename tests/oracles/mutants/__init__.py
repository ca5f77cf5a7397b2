"""Errors planted one by one: what the checks are checked with.

`MUTANTS` are wrong, and every one has to be convicted; `EQUIVALENT` are changes that no input can
tell from the right code, each with its proof, and none may be convicted.
"""

from __future__ import annotations

from tests.oracles.mutants import (
    activations,
    article,
    borders,
    dense,
    equivalent,
    losses,
    manners,
    networks,
    options,
    permutations,
    planted,
    precision,
    rare,
    second_order,
    signs,
    special_values,
    taps,
)
from tests.oracles.mutants.record import FAMILIES as FAMILIES
from tests.oracles.mutants.record import Mutant as Mutant

_MODULES = (
    planted, taps, signs, options, borders, permutations, rare, precision, special_values,
    activations, dense, losses, second_order, manners, networks, article, equivalent,
)  # fmt: skip

_ALL: list[Mutant] = [each for module in _MODULES for each in module.MUTANTS]

MUTANTS = [each for each in _ALL if each.equivalent is None]
EQUIVALENT = [each for each in _ALL if each.equivalent is not None]
