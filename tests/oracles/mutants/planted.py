"""The errors that were seen in other people's code, as mutants."""

from __future__ import annotations

from collections import Counter
from functools import partial

from tests.oracles.mutants.record import Mutant
from tests.oracles.planted import PLANTED
from tests.oracles.planted.plugging import plugged
from tests.oracles.planted.record import Planted

_TITLES = Counter(each.title for each in PLANTED)

_IN_PLACE = 16
"""Number of the errors that change what the caller gave."""


def _family(each: Planted) -> str:
    """Return what a planted error spoils first."""
    if each.number == _IN_PLACE:
        return "manners"
    known = {"dense": "dense", "article": "article", None: "pooling"}
    if each.op in known:
        return known[each.op]
    if not (each.op or "").startswith("conv"):
        return "activation"
    spoiled = {"y": "forward", "grad_x": "dgrad", "grad_w": "wgrad", "grad_b": "bias"}
    return next(family for name, family in spoiled.items() if name in each.wrong)


def _mutant(each: Planted) -> Mutant:
    op = each.op or "max_pool2d"
    title = each.title if _TITLES[each.title] == 1 else f"{each.title} ({op})"
    return Mutant(title, each.cause, _family(each), op, partial(plugged, each), seen=True)


MUTANTS = [_mutant(each) for each in PLANTED]
