"""A script that reproduces a failure with exact bits, from NumPy, PyTorch and the subject alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from oracles.answer import Answer, NotAnArray, kind_of
from oracles.literals import literal, option, writable
from oracles.op import Case, Op
from oracles.reproduce_subject import import_lines, subject_lines
from oracles.reproduce_torch import torch_lines

Array = npt.NDArray[Any]

_SHOW = """\
def show(who, answer):
    for name, array in answer.items():
        print(f"{name} of {who}:", np.asarray(array).tolist())
"""

_BITS = """

def bits(answer):
    found = {name: np.asarray(array) for name, array in answer.items()}
    return {name: (a.dtype, a.shape, a.tobytes()) for name, a in found.items()}
"""

_TORCH = """\
try:
    show("torch", pytorch())
except ImportError:
    print("PyTorch is not installed here.")"""

_END = """\
if None in [{functions}]:
    print("The subject cannot be imported here: paste it where this script says.")
else:
    again = subject()
    show("subject", again)
"""

_COMPARE = """\
    same = bits(again).items() >= bits(recorded).items()
    print("The subject's bits are", "those recorded." if same else "NOT those recorded.")
"""


def script(op: Op, case: Case, answer: Answer, truth: Mapping[str, Sequence[str]]) -> str:
    """Return a Python script with a case, truth, the subject's answer, and PyTorch's beside it.

    The script needs neither this harness nor the subject: arrays are written as whole numbers or
    with `float.fromhex`, so not a bit is lost. It calls the subject again where it can be
    imported; one that cannot be (a lambda, a local function) leaves a place to paste it. Orders
    of axes, memory layouts and options are those in which the author's functions are called.

    Parameters
    ----------
    op, case
        What was asked.
    answer
        The subject's answer.
    truth
        By compared name, the elements as text in C order.
    """
    recorded = {name: array for name, array in answer.values.items() if writable(array)}
    pytorch = torch_lines(op, case)
    imports = import_lines(op, case)
    functions = imports[0].partition(" = None")[0].replace(" = ", ", ")
    parts = [
        f'"""{op.name} of {op.subject or op.name} on one case, in {case.dtype}."""',
        "import sys\n\nimport numpy as np",
        _dictionary("arrays", {name: literal(array) for name, array in case.arrays.items()})
        + f"\noptions = {option(case.options)}",
        "# Exact arithmetic, element by element in C order, and what the subject answered.\n"
        + _dictionary("truth", {name: repr(list(texts)) for name, texts in truth.items()})
        + "\n"
        + _dictionary("recorded", {name: literal(array) for name, array in recorded.items()})
        + "".join(f"\n# {line}" for line in _untold(answer)),
        "\n".join(imports),
        "\n" + "\n".join(subject_lines(op, case, recorded)) + "\n",
        *(["\n".join(pytorch) + "\n"] if pytorch else []),
        _SHOW + _BITS * bool(recorded),
        'for name, texts in truth.items():\n    print(f"{name} of truth:", ", ".join(texts))\n'
        'show("record", recorded)',
        *([_TORCH] if pytorch else []),
        _END.format(functions=functions) + _COMPARE * bool(recorded),
    ]
    return "\n\n".join(parts)


def _dictionary(name: str, items: Mapping[str, str]) -> str:
    return "\n".join(
        [f"{name} = {{", *(f'    "{key}": {text},' for key, text in items.items()), "}"]
    )


def _untold(answer: Answer) -> list[str]:
    """Return, line by line, what the subject said other than arrays."""
    if answer.kind != "value":
        return [f"{answer.kind}: {' '.join(answer.detail.split())}"]
    return [
        f"{name}: {NotAnArray(kind_of(value)).words}, which this script cannot hold"
        for name, value in answer.values.items()
        if not writable(value)
    ]
