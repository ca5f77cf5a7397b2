"""All mutations that an operation may have."""

from __future__ import annotations

from fnmatch import fnmatchcase

from oracles.op import Op
from oracles.selftest.form import Form
from oracles.selftest.manners import mutations_of_manners
from oracles.selftest.mutation import Mutation
from oracles.selftest.of_operands import mutations_of_cotangent, mutations_of_operands
from oracles.selftest.of_options import mutations_of_options
from oracles.selftest.of_results import mutations_of_results
from oracles.selftest.rarely import rare_mutations

KINDS = {
    "result": mutations_of_results,
    "operand": mutations_of_operands,
    "cotangent": mutations_of_cotangent,
    "option": mutations_of_options,
    "rare": rare_mutations,
    "manners": mutations_of_manners,
}
"""Makers of mutations by kind."""

DEFAULT = ("conv2d", "conv_transpose2d", "dense", "tanh", "softmax", "mse_loss")
"""One operation of each form; the whole catalog takes several minutes."""


def mutations_of(
    op: Op, form: Form, *, kinds: tuple[str, ...] = (), only: str = "*"
) -> list[Mutation]:
    """Return the mutations of an operation, in the order of `KINDS`.

    Parameters
    ----------
    op, form
        The operation, and what its calls look like.
    kinds
        Of `KINDS`; none stands for all.
    only
        A name, or a pattern that the name must match, case and all; one without ``*`` and ``?``
        matches anywhere in the name.
    """
    pattern = only if any(sign in only for sign in "*?[") else f"*{only}*"
    wanted = kinds or tuple(KINDS)
    found = [each for kind in wanted for each in KINDS[kind](op, form)]
    exact = [each for each in found if each.name == only]
    return exact or [each for each in found if fnmatchcase(each.name, pattern)]
