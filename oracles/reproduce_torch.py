"""The part of a reproducing script that asks PyTorch, as its witness asks it."""

from __future__ import annotations

from oracles.literals import name_of
from oracles.op import FORWARD, Case, Op, gradient_of

_SPELLED = {
    "tanh": "torch.tanh(x)",
    "arctan": "torch.atan(x)",
    "sigmoid": "torch.sigmoid(x)",
    "identity": "x * 1",
    "softmax": "torch.softmax(x, dim=options['axis'])",
    "log_softmax": "torch.log_softmax(x, dim=options['axis'])",
    "dense": "torch.nn.functional.linear(x, w.T, *rest)",
    "half_squared_error": "((prediction - target) ** 2).sum() / 2",
}
"""Operations that PyTorch spells differently."""

_FUNCTIONAL = frozenset({
    *(f"{kind}{axes}d" for kind in ("conv", "conv_transpose") for axes in (1, 2, 3)),
    "relu", "leaky_relu", "relu6", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus",
    "softsign", "logsigmoid", "hardtanh", "hardsigmoid", "hardswish", "mse_loss", "cross_entropy",
})  # fmt: skip
"""Operations of ``torch.nn.functional``; PyTorch has no one function for any other."""


def torch_lines(op: Op, case: Case) -> list[str]:
    """Return the function ``pytorch()``, or nothing if PyTorch has no such operation."""
    if op.name not in _SPELLED and op.name not in _FUNCTIONAL:
        return []
    gradients = op.gradient_names(case)
    lines = [
        "import torch",
        "",
        "torch.set_num_threads(1)",
        *(_tensor(name, name in gradients) for name in case.operands),
        f"result = {_call(op, case)}",
    ]
    answer = {FORWARD: "result.detach()"}
    if gradients:
        second = bool(op.second_names(case))
        lines += [_tensor("cotangent", second), _gradient_line(gradients, second)]
        answer |= {gradient_of(n): f"first[{i}].detach()" for i, n in enumerate(gradients)}
    if op.second_names(case):
        lines += _second_lines(op, case)
        names = [name for name in op.compared_names(case) if name not in answer]
        answer |= {name: f"second[{i}]" for i, name in enumerate(names)}
    told = ", ".join(f'"{name}": {text}' for name, text in answer.items())
    return ["def pytorch():", *(f"    {line}".rstrip() for line in [*lines, f"return {{{told}}}"])]


def _tensor(name: str, tracked: bool) -> str:
    """Return the line that makes a tensor, under the name that the formulas use."""
    array = f'arrays["{name}"]'
    return f"{name_of(name)} = torch.tensor({array}{', requires_grad=True' * tracked})"


def _call(op: Op, case: Case) -> str:
    operands = [name_of(name) for name in case.operands]
    if op.name in _SPELLED:
        rest = "".join(f", {name}" for name in operands[2:])
        return _SPELLED[op.name].replace(", *rest", rest)
    return f"torch.nn.functional.{op.name}({', '.join(operands)}, **options)"


def _gradient_line(gradients: list[str], second: bool) -> str:
    of = ", ".join(map(name_of, gradients))
    graph = ", create_graph=True" * second
    return f"first = torch.autograd.grad(result, [{of}], cotangent{graph}, materialize_grads=True)"


def _second_lines(op: Op, case: Case) -> list[str]:
    gradients = op.gradient_names(case)
    along = ["cotangent"] if op.takes_cotangent else []
    of = ", ".join([*along, *map(name_of, op.second_names(case))])
    return [
        *(_tensor(f"v_{name}", False) for name in gradients),
        f"along = [{', '.join(name_of(f'v_{name}') for name in gradients)}]",
        f"second = torch.autograd.grad(first, [{of}], along, materialize_grads=True)",
    ]
