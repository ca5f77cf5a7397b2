"""A script that reproduces a case with exact bits, from NumPy, PyTorch and the subject alone."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import numpy.typing as npt

from oracles.op import Case, Op

Array = npt.NDArray[Any]

_TORCH = {
    "tanh": "torch.tanh(x)",
    "arctan": "torch.atan(x)",
    "sigmoid": "torch.sigmoid(x)",
    "identity": "x * 1",
    "softmax": "torch.softmax(x, dim=options['axis'])",
    "log_softmax": "torch.log_softmax(x, dim=options['axis'])",
    "dense": "torch.nn.functional.linear(x, w.T, *rest)",
    "half_squared_error": "((prediction - target) ** 2).sum() / 2",
}
"""Operations that PyTorch spells differently; the others are in ``torch.nn.functional``."""

_LOSSES = ("half_squared_error", "mse_loss", "cross_entropy")
_NO_TORCH = ("network", "article")
"""Whole networks: PyTorch has no one function for them, the script asks the subject alone."""

_TAIL = """
def show(name, **arrays):
    for who, array in arrays.items():
        print(f"{name} of {who}:", np.asarray(array).tolist())

"""


def script(op: Op, case: Case) -> str:
    """Return a Python script that calls the subject of `op` on `case`, and PyTorch beside it.

    Arrays are written as whole numbers or with `float.fromhex`, so not a bit is lost. A subject
    that cannot be imported (a lambda, a local function) leaves a place to paste it.
    """
    lines = [
        f'"""Reproduces {op.name} of {op.subject or op.name} on one case."""',
        "import numpy as np",
        *_subject_lines(op, case),
        "",
        *(f"{_name(name)} = {literal(array)}" for name, array in case.arrays.items()),
        f"options = {dict(case.options)!r}",
    ]
    if case.layouts:
        lines.append(f"# The subject saw these memory layouts: {dict(case.layouts)!r}")
    return "\n".join([*lines, _TAIL, *_calls(op, case)]) + "\n"


def literal(array: Array) -> str:
    """Return a NumPy expression that makes `array`, bit for bit and never elided."""
    numbers = ", ".join(_number(item) for item in array.ravel().tolist())
    return f"np.array([{numbers}], dtype=np.{array.dtype}).reshape({array.shape})"


def _number(item: float) -> str:
    if isinstance(item, int):
        return str(item)
    if not isfinite(item):
        return f"float({str(item)!r})"
    if item.is_integer() and abs(item) < 2**53 and str(item) != "-0.0":
        return str(int(item))
    return f"float.fromhex({item.hex()!r})"


def _subject_lines(op: Op, case: Case) -> list[str]:
    """Return the lines that import the subject as ``forward`` and ``backward``."""
    functions = {"forward": op.forward, "backward": op.backward}
    if case.directions:
        functions["double_backward"] = op.double_backward
    lines = []
    for name, place in ((name, _place(function)) for name, function in functions.items()):
        if place is None:
            lines.append(f"{name} = ...  # paste the {name} of {op.subject or op.name} here")
        else:
            lines.append(f"from {place[0]} import {place[1]} as {name}")
    return lines


def _place(function: Any) -> tuple[str, str] | None:
    """Return module and name of a function that can be imported, or None."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not isinstance(module, str) or module == "__main__" or not name.isidentifier():
        return None
    return module, name


def _calls(op: Op, case: Case) -> list[str]:
    operands = [_name(name) for name in case.operands]
    wanted = [_name(name) for name in op.gradient_names(case)]
    lines, taken = [f"y = forward({', '.join(operands)}, **options)"], []
    if wanted:
        known = op.backward_operands if op.backward_operands is not None else case.operands
        taken = [_name(name) for name in known if name in case.operands]
        taken = ["cotangent", *taken] if op.takes_cotangent else taken
        lines += [
            f"gradients = backward({', '.join(taken)}, **options)",
            "gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)",
        ]
    lines += _second_calls(op, case, taken) if case.directions else []
    if op.name in _NO_TORCH:
        names_shown = [
            f'show("grad_{name}", subject=gradients[{i}])' for i, name in enumerate(wanted)
        ]
        return [*lines, 'show("y", subject=y)', *names_shown, *_second_shown(op, case)]
    return [*lines, *_torch_lines(op, case, operands, wanted)]


def _second_calls(op: Op, case: Case, taken: list[str]) -> list[str]:
    """Return the lines that call the subject's double backward."""
    names = op.gradients if op.gradients is not None else tuple(case.operands)
    along = [f"v_{name}" if name in case.directions else "None" for name in names]
    given = ", ".join([*map(_name, along), *taken])
    return [
        f"second = double_backward({given}, **options)",
        "second = second if isinstance(second, (tuple, list)) else (second,)",
    ]


def _second_shown(op: Op, case: Case, torch: bool = False) -> list[str]:
    """Return the lines that show the second gradients, PyTorch's beside them."""
    names = [name for name in op.compared_names(case) if name.startswith(("grad_grad", "grad2"))]
    return [
        f'show("{name}", subject=second[{i}]{f", torch=torch_second[{i}]" if torch else ""})'
        for i, name in enumerate(names)
    ]


def _torch_second(op: Op, case: Case) -> list[str]:
    """Return the lines that ask PyTorch for the same second gradients."""
    if not case.directions:
        return []
    wanted = [_name(name) for name in op.gradient_names(case)]
    of = [*(["torch_g"] if op.takes_cotangent else []), *map(_name, op.second_names(case))]
    along = ", ".join(f"torch.tensor({_name(f'v_{name}')})" for name in op.gradient_names(case))
    return [
        "torch_g = torch.tensor(cotangent, requires_grad=True)",
        f"first = torch.autograd.grad(torch_y, [{', '.join(wanted)}], torch_g, create_graph=True)",
        f"torch_second = torch.autograd.grad(first, [{', '.join(of)}], [{along}],",
        "                                   allow_unused=True, retain_graph=True)",
    ]


def _torch_lines(op: Op, case: Case, operands: list[str], wanted: list[str]) -> list[str]:
    rest = operands[1:]
    call = _TORCH.get(op.name) or (
        f"torch.nn.functional.{op.name}({', '.join(operands)}, **options)"
    )
    call = call.replace("*rest", ", ".join(rest[1:])).replace(", )", ")")
    floats = [_name(n) for n, a in case.operands.items() if a.dtype.kind == "f"]
    lines = [
        "",
        "import torch",
        "",
        *(
            f"{name} = torch.tensor({name}{', requires_grad=True' if name in floats else ''})"
            for name in operands
        ),
        f"torch_y = {call}",
        *_torch_second(op, case),
        "torch_y.backward(torch.tensor(cotangent))",
        'show("y", subject=y, torch=torch_y.detach())',
    ]
    first = [
        f'show("grad_{name}", subject=gradients[{i}], torch={name}.grad)'
        for i, name in enumerate(wanted)
    ]
    return [*lines, *first, *(_second_shown(op, case, torch=True) if case.directions else [])]


def _name(operand: str) -> str:
    """Return an operand's name as a Python name: ``0.w`` becomes ``w_0``."""
    match = re.fullmatch(r"(v_)?(\d+)\.(\w+)", operand)
    return f"{match[1] or ''}{match[3]}_{match[2]}" if match else operand
