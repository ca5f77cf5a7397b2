"""Errors planted one by one: what the checks are checked with.

`MUTANTS` are wrong, and every one has to be convicted; `EQUIVALENT` are changes that no input can
tell from the right code, each with its proof, and none may be convicted.
"""

from __future__ import annotations

from tests.oracles.mutants import (
    borders,
    options,
    permutations,
    planted,
    rare,
    signs,
    taps,
)
from tests.oracles.mutants.record import Mutant as Mutant

_MODULES = (planted, taps, signs, options, borders, permutations, rare)

_ALL: list[Mutant] = [each for module in _MODULES for each in module.MUTANTS]

MUTANTS = [each for each in _ALL if each.equivalent is None]
EQUIVALENT = [each for each in _ALL if each.equivalent is not None]
