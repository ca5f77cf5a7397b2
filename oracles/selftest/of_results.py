"""Mutations of results: each gradient, and y, is given in another way than the subject gave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from oracles.op import Op
from oracles.selftest.call import Call, Results
from oracles.selftest.changes import Change, Seen, changes_of, few_changes_of
from oracles.selftest.form import Form
from oracles.selftest.mutation import Mutation, Tamper


def mutations_of_results(op: Op, form: Form) -> Iterator[Mutation]:
    """Yield every change of every result; of second gradients those that tell most."""
    for name in form.results:
        few = name.startswith(("grad2_", "grad_grad_"))
        kinds = few_changes_of if few else changes_of
        for change in kinds(form.axes[name], form.letters[name]):
            if _offered(form, change):
                yield _mutation(form, name, change)


def _offered(form: Form, change: Change) -> bool:
    if change.name == "groups exchanged":
        return "groups" in form.options
    if change.name == "divided by the batch":
        return any("N" in letters for letters in form.letters.values())
    return True


def _mutation(form: Form, name: str, change: Change) -> Mutation:
    def results(call: Call, found: Results) -> Results:
        if name not in found:
            return {}
        made = change.make(found[name], seen(form, name, call, found[name]))
        return {} if made is None else {name: made}

    whole = f"{name}: {change.name}", f"{name} {change.story}", "result"
    return Mutation(*whole, lambda: Tamper(results=results))


def seen(form: Form, name: str, call: Call, array: Any) -> Seen:
    """Return what a change of the array `name` may look at in a call."""
    given = [each for each in call.arrays.values() if each is not None and each.dtype.kind == "f"]
    return Seen(
        letters=form.letters_of(name, array),
        batch=form.batch_of(call.operands),
        groups=_groups(call.options),
        finite=all(bool(np.isfinite(each).all()) for each in given),
    )


def _groups(options: Mapping[str, Any]) -> int:
    groups = options.get("groups", 1)
    return groups if isinstance(groups, int) else 1
