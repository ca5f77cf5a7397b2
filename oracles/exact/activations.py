"""The definitions of the activations; sources in `manualgrad.activations` are not consulted.

Every function takes a Taylor series (or a ball) and is written in the form that keeps its
precision on its own side of zero.
"""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from oracles.exact.elementwise import Elementwise, Function, Pieces


def _constant(value: float) -> Function:
    return lambda x: 0 * x + arb(value)


def _line(slope: float, offset: float = 0.0) -> Function:
    return lambda x: arb(slope) * x + arb(offset)


def _smooth(function: Function, *, calls: int, operations: int) -> Elementwise:
    return Elementwise(lambda: Pieces((function,)), calls=calls, operations=operations)


def _logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)), through whichever exponential is small."""
    if _positive(x):
        return 1 / (1 + (-x).exp())
    e = x.exp()
    return e / (1 + e)


def _tanh(x: Any) -> Any:
    return _odd(x, lambda t: (1 - (-2 * t).exp()) / (1 + (-2 * t).exp()))


def _softplus(x: Any) -> Any:
    """log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    if _positive(x):
        return x + (1 + (-x).exp()).log()
    return (1 + x.exp()).log()


def _normal_cdf(x: Any) -> Any:
    return (-x / arb(2).sqrt()).erfc() / 2


def _mish(x: Any) -> Any:
    """X tanh(log(1 + e^x)), with tanh(log(t)) = (t^2 - 1) / (t^2 + 1)."""
    if _positive(x):
        e = (-x).exp()
        return x * (1 + 2 * e) / (1 + 2 * e + 2 * e * e)
    e = x.exp()
    return x * (e * e + 2 * e) / (e * e + 2 * e + 2)


def _softsign() -> Pieces:
    return Pieces((lambda x: x / (1 - x), lambda x: x / (1 + x)), (arb(0),))


def _gelu(approximate: str = "none") -> Pieces:
    def by_tanh(x: Any) -> Any:
        inner = (2 / arb.pi()).sqrt() * (x + arb(fmpq(44715, 1000000)) * x * x * x)
        return x * _logistic(2 * inner)

    return Pieces((by_tanh if approximate == "tanh" else lambda x: x * _normal_cdf(x),))


def _leaky_relu(negative_slope: float = 0.01) -> Pieces:
    return Pieces((_line(negative_slope), _line(1)), (arb(0),))


def _elu(alpha: float = 1.0) -> Pieces:
    return Pieces((lambda x: arb(alpha) * (x.exp() - 1), _line(1)), (arb(0),))


def _celu(alpha: float = 1.0) -> Pieces:
    a = arb(alpha)
    return Pieces((lambda x: a * ((x / a).exp() - 1), _line(1)), (arb(0),))


SELU_ALPHA = fmpq(16732632423543772848170429916717, 10**31)
SELU_SCALE = fmpq(10507009873554804934193349852946, 10**31)


def _selu() -> Pieces:
    """Klambauer et al. (2017), with their constants."""
    factor = SELU_SCALE * SELU_ALPHA
    return Pieces((lambda x: arb(factor) * (x.exp() - 1), lambda x: arb(SELU_SCALE) * x), (arb(0),))


def _softplus_pieces(beta: float = 1.0) -> Pieces:
    b = arb(beta)
    return Pieces((lambda x: _softplus(b * x) / b,))


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0) -> Pieces:
    flat = (_constant(min_val), _constant(max_val))
    return Pieces((flat[0], _line(1), flat[1]), (arb(min_val), arb(max_val)))


def _hardsigmoid() -> Pieces:
    return Pieces((_constant(0), lambda x: (x + 3) / 6, _constant(1)), (arb(-3), arb(3)))


def _hardswish() -> Pieces:
    return Pieces((_constant(0), lambda x: x * (x + 3) / 6, _line(1)), (arb(-3), arb(3)))


def _odd(x: Any, function: Function) -> Any:
    return function(x) if _positive(x) else -function(-x)


def _positive(x: Any) -> bool:
    """Whether the centre of a series or ball is positive: chooses between equal formulas."""
    centre = x if isinstance(x, arb) else x[0]
    return bool(centre.mid() > 0)


ACTIVATIONS = {
    "identity": Elementwise(lambda: Pieces((_line(1),)), calls=0, operations=0, linear=True),
    "tanh": _smooth(_tanh, calls=1, operations=5),
    "arctan": _smooth(lambda x: x.atan(), calls=1, operations=3),
    "sigmoid": _smooth(_logistic, calls=1, operations=5),
    "relu": Elementwise(lambda: Pieces((_constant(0), _line(1)), (arb(0),)), 0, 0),
    "leaky_relu": Elementwise(_leaky_relu, calls=0, operations=2),
    "relu6": Elementwise(lambda: _hardtanh(0, 6), calls=0, operations=0),
    "elu": Elementwise(_elu, calls=1, operations=2),
    "celu": Elementwise(_celu, calls=1, operations=3),
    "selu": Elementwise(_selu, calls=1, operations=3),
    "gelu": Elementwise(_gelu, calls=2, operations=8),
    "silu": _smooth(lambda x: x * _logistic(x), calls=1, operations=7),
    "mish": _smooth(_mish, calls=2, operations=10),
    "softplus": Elementwise(_softplus_pieces, calls=2, operations=5),
    "softsign": Elementwise(_softsign, calls=0, operations=4),
    "logsigmoid": _smooth(lambda x: -_softplus(-x), calls=2, operations=4),
    "hardtanh": Elementwise(_hardtanh, calls=0, operations=0),
    "hardsigmoid": Elementwise(_hardsigmoid, calls=0, operations=3),
    "hardswish": Elementwise(_hardswish, calls=0, operations=5),
}
