"""Activations and their derivatives: formulas that lose digits, wrong ones, knots."""

from __future__ import annotations

import numpy as np

from manualgrad import activations as right
from tests.oracles.mutants.record import mutant


def slope(derivative):
    """Return the backward of an activation of which this is the derivative."""

    def backward(g, x, **options):
        with np.errstate(all="ignore"):
            return (g * derivative(x, **options)).astype(x.dtype)

    return backward


def value(function):
    """Return a forward in the dtype of its argument."""

    def forward(x, **options):
        with np.errstate(all="ignore"):
            return np.asarray(function(x, **options)).astype(x.dtype)

    return forward


def but_at(name, knot, chosen):
    """Return the backward of an activation with another slope where x is a knot."""

    def backward(g, x, **options):
        found = getattr(right, f"{name}_backward")(g, x, **options)
        with np.errstate(all="ignore"):
            return np.where(x == knot, g * chosen, found).astype(x.dtype)

    return backward


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def phi(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def softmax_plain(x, *, axis):
    with np.errstate(all="ignore"):
        powers = np.exp(x)
        return (powers / powers.sum(axis=axis, keepdims=True)).astype(x.dtype)


def softmax_less_largest_of_all(x, *, axis):
    with np.errstate(all="ignore"):
        powers = np.exp(x - x.max(initial=-np.inf))
        return (powers / powers.sum(axis=axis, keepdims=True)).astype(x.dtype)


def softmax_of_last_axis(x, *, axis):
    return right.softmax(x, axis=-1) if x.shape[-1] else x.copy()


def softmax_diagonal(g, x, *, axis):
    y = right.softmax(x, axis=axis)
    return g * y * (1 - y)


def softmax_without_mean(g, x, *, axis):
    return g * right.softmax(x, axis=axis)


def softmax_mean_over_all(g, x, *, axis):
    y = right.softmax(x, axis=axis)
    return y * (g - (y * g).sum(keepdims=True))


def log_of_softmax(x, *, axis):
    with np.errstate(all="ignore"):
        return np.log(right.softmax(x, axis=axis))


def log_softmax_as_softmax(g, x, *, axis):
    return right.softmax_backward(g, x, axis=axis)


def log_softmax_without_sum(g, x, *, axis):
    return g - right.softmax(x, axis=axis)


def log_softmax_cancelling(g, x, *, axis):
    """Return g - y sum g, where y is exp of the result in the dtype of x, rounded to half."""
    y = right.softmax(x, axis=axis).astype(np.float16).astype(x.dtype)
    return g - y * g.sum(axis=axis, keepdims=True)


def elementwise(op, title, story, *, y=None, dy=None):
    forward, backward = value(y) if y else None, slope(dy) if dy else None
    return mutant(op, "activation", title, story, forward=forward, backward=backward)


def at_knot(op, title, story, knot, chosen):
    return mutant(op, "activation", title, story, backward=but_at(op, knot, chosen))


MUTANTS = [
    elementwise("tanh", "tanh' as 1 - y^2", "the difference cancels far out",
                dy=lambda x: 1 - np.tanh(x) ** 2),
    elementwise("tanh", "tanh' as 1 - y", "the square is forgotten", dy=lambda x: 1 - np.tanh(x)),
    elementwise("tanh", "tanh by two exponentials that overflow",
                "(e^x - e^-x) / (e^x + e^-x) is inf / inf far out",
                y=lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
    elementwise("sigmoid", "sigmoid' as s (1 - s)", "1 - s cancels far out to the right",
                dy=lambda x: right.sigmoid(x) * (1 - right.sigmoid(x))),
    elementwise("sigmoid", "sigmoid' as s^2", "1 - s is taken for s",
                dy=lambda x: right.sigmoid(x) ** 2),
    elementwise("sigmoid", "sigmoid by tanh with x for x / 2", "(1 + tanh x) / 2",
                y=lambda x: (1 + np.tanh(x)) / 2),
    elementwise("arctan", "arctan' as 1 / (1 + |x|)", "the square is forgotten",
                dy=lambda x: 1 / (1 + abs(x))),
    elementwise("arctan", "arctan' as cos(y)", "the square of the cosine is forgotten",
                dy=lambda x: np.cos(np.arctan(x))),
    elementwise("relu", "relu' as the sign of the cotangent", "the mask is made of g, not of x",
                dy=np.ones_like),
    at_knot("relu", "relu'(0) = 2", "both pieces count at 0, with <= and >=, and one twice",
            0, 2),
    at_knot("leaky_relu", "leaky_relu'(0) = 0", "np.sign(x), which is 0 at 0, makes the mask",
            0, 0),
    at_knot("elu", "elu'(0) = 0", "np.sign(x), which is 0 at 0, makes the mask", 0, 0),
    at_knot("selu", "selu'(0) = 1", "the scale is forgotten at the knot", 0, 1),
    at_knot("hardtanh", "hardtanh'(1) = -1", "the slope at the knot is that of -|x - 1|", 1, -1),
    at_knot("softsign", "softsign'(0) = 0", "y / x where x is not 0, and 0 there", 0, 0),
    elementwise("leaky_relu", "leaky_relu: slope squared", "the slope multiplies value and mask",
                y=lambda x, negative_slope: np.where(x > 0, x, negative_slope**2 * x)),
    elementwise("leaky_relu", "leaky_relu': slope on the wrong side", "the branches are exchanged",
                dy=lambda x, negative_slope: np.where(x < 0, 1, negative_slope)),
    elementwise("relu6", "relu6 cut at 5", "an index from 0 to 5 has six values",
                y=lambda x: np.clip(x, 0, 5)),
    elementwise("relu6", "relu6' without its upper end", "the derivative of relu",
                dy=lambda x: x > 0),
    elementwise("elu", "elu' as y + alpha", "the sum cancels far out to the left",
                dy=lambda x, alpha: np.where(
                    x > 0, 1, alpha * np.expm1(np.minimum(x, 0)) + x.dtype.type(alpha))),
    elementwise("elu", "elu by exp(x) - 1", "the difference cancels near 0",
                y=lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))),
    elementwise("celu", "celu without the quotient", "exp(x) for exp(x / alpha)",
                y=lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))),
    elementwise("celu", "celu' times alpha", "the inner derivative 1 / alpha is forgotten",
                dy=lambda x, alpha: np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0) / alpha))),
    elementwise("selu", "selu with four digits of scale", "1.0507 and 1.6733, as printed",
                y=lambda x: 1.0507 * np.where(x > 0, x, 1.6733 * np.expm1(np.minimum(x, 0)))),
    elementwise("selu", "selu' without alpha", "scale exp(x) to the left",
                dy=lambda x: 1.0507009873554805 * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))),
    elementwise("gelu", "gelu: the approximation, whatever is asked", "`approximate` is ignored",
                y=lambda x, approximate: right.gelu(x, approximate="tanh")),
    elementwise("gelu", "gelu: exact, whatever is asked", "`approximate` is ignored",
                y=lambda x, approximate: right.gelu(x)),
    elementwise("gelu", "gelu' without x phi(x)", "the product rule is left half way",
                dy=lambda x, approximate: right.gelu(x) / np.where(x == 0, 1, x)),
    elementwise("gelu", "gelu' with 0.44715", "a zero of 0.044715 is lost",
                dy=lambda x, approximate: (
                    right.gelu_backward(np.ones_like(x), x) if approximate == "none" else
                    right.gelu_backward(np.ones_like(x), x, approximate="tanh")
                    + 0.4 * x * x * phi(x))),
    elementwise("silu", "silu' as s", "the product rule is left half way", dy=sigmoid),
    elementwise("silu", "silu' without x", "s (1 + (1 - s))",
                dy=lambda x: sigmoid(x) * (2 - sigmoid(x))),
    elementwise("mish", "mish' by softplus for tanh(softplus)", "one of the two is left out",
                dy=lambda x: right.softplus(x) + x * right.sigmoid(x)),
    elementwise("mish", "mish with log2", "np.log2 for np.log",
                y=lambda x: x * np.tanh(right.softplus(x) / np.log(2))),
    elementwise("softplus", "softplus as log(1 + exp(x))", "exp overflows to the right",
                y=lambda x, beta: np.log(1 + np.exp(beta * x)) / beta),
    elementwise("softplus", "softplus is x beyond a threshold", "as frameworks do beyond 20 / beta",
                y=lambda x, beta: np.where(beta * x > 5, x, right.softplus(x, beta=beta))),
    elementwise("softplus", "softplus without division by beta", "log(1 + exp(beta x))",
                y=lambda x, beta: right.softplus(x * x.dtype.type(beta))),
    elementwise("softplus", "softplus' times beta", "the division by beta is forgotten",
                dy=lambda x, beta: beta * right.sigmoid(x * x.dtype.type(beta))),
    elementwise("logsigmoid", "logsigmoid as log(sigmoid(x))", "sigmoid underflows to the left",
                y=lambda x: np.log(right.sigmoid(x))),
    elementwise("logsigmoid", "logsigmoid' as 1 - s", "the difference cancels to the right",
                dy=lambda x: 1 - right.sigmoid(x)),
    elementwise("softsign", "softsign' without its square", "1 / (1 + |x|)",
                dy=lambda x: 1 / (1 + abs(x))),
    elementwise("softsign", "softsign' by x^2", "1 / (1 + x^2), that of arctan",
                dy=lambda x: 1 / (1 + x * x)),
    elementwise("hardtanh", "hardtanh: min_val ignored", "-1, whatever is asked",
                y=lambda x, min_val, max_val: np.clip(x, -1, max_val)),
    elementwise("hardtanh", "hardtanh': max_val for -min_val", "|x| < max_val makes the mask",
                dy=lambda x, min_val, max_val: (abs(x) < max_val) * 1.0),
    elementwise("hardsigmoid", "hardsigmoid' = 0.2", "another library's slope",
                dy=lambda x: ((x > -3) & (x < 3)) * 0.2),
    elementwise("hardsigmoid", "hardsigmoid between -2.5 and 2.5", "another library's definition",
                y=lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    elementwise("hardswish", "hardswish' without the product rule", "(x + 3) / 6 between the knots",
                dy=lambda x: np.clip(x + 3, 0, 6) / 6),
    elementwise("hardswish", "hardswish: x relu6(x) / 6", "+ 3 is forgotten",
                y=lambda x: x * (np.clip(x, 0, 6) / 6)),
    elementwise("identity", "identity: halved twice, once too few",
                "x / 2 forward, 2 x at the next layer", y=lambda x: x / 2),
    mutant("softmax", "activation", "softmax without subtracting the maximum", "exp overflows",
           forward=softmax_plain),
    mutant("softmax", "activation", "softmax less the maximum of everything",
           "x.max() without an axis: small rows underflow", forward=softmax_less_largest_of_all),
    mutant("softmax", "activation", "softmax of the last axis", "`axis` is ignored",
           forward=softmax_of_last_axis),
    mutant("softmax", "activation", "softmax' as y (1 - y)", "the diagonal of the Jacobian alone",
           backward=softmax_diagonal),
    mutant("softmax", "activation", "softmax' as y g", "the mean of g is not taken off",
           backward=softmax_without_mean),
    mutant("softmax", "activation", "softmax': the mean of g over everything",
           "sum() without an axis", backward=softmax_mean_over_all),
    mutant("log_softmax", "activation", "log_softmax as log(softmax)", "softmax underflows",
           forward=log_of_softmax),
    mutant("log_softmax", "activation", "log_softmax' by softmax'", "the logarithm is forgotten",
           backward=log_softmax_as_softmax),
    mutant("log_softmax", "activation", "log_softmax' without the sum of g",
           "right for one-hot cotangents alone", backward=log_softmax_without_sum),
    mutant("log_softmax", "activation", "log_softmax' with y in float16",
           "the probabilities are kept in half", backward=log_softmax_cancelling),
]  # fmt: skip
