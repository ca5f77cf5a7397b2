"""Softmax, log-softmax and cross-entropy in ball arithmetic.

With ``z_i = x_i - max x`` and ``y = softmax(x)``, a perturbation of each z_j by a relative
delta changes y_i by the relative amount ``|z_i| + sum_j y_j |z_j|`` times delta at most: with
the rounding of the exponentials this gives the magnitudes below, the n of the bounds
being the length of the axis for its sums and two calls (exp and log).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from oracles.bounds import CALL
from oracles.exact.bounded import Approximate, Array, balls, object_array
from oracles.exact.definition import Format, Options, evaluated

FEW = 6
"""Arithmetic operations beside the sums: subtraction of the maximum, products, division."""


@dataclass(frozen=True)
class Softmax:
    """Softmax along ``axis``, or its logarithm."""

    logarithm: bool
    lift: Callable[[Array], Approximate] = balls
    polynomial: None = None

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return softmax(x) or log softmax(x)."""
        x = _last(operands[0], options["axis"])
        formula = log_softmax if self.logarithm else softmax
        sizes = _Sizes(x)
        size = sizes.log_softmax if self.logarithm else sizes.softmax
        y = evaluated(formula, [x], _roundings(x), size, dtype)
        return _restored(y, options["axis"])

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return ``y (g - <y, g>)``, or ``g - y sum(g)`` for the logarithm."""
        x, g = (_last(a, options["axis"]) for a in (operands[0], grad_y))
        sizes, size_g = _Sizes(x), g.magnitude
        if self.logarithm:
            size = size_g + sizes.softmax * _sum(size_g)
            formula = _log_softmax_vjp
        else:
            size = sizes.softmax * (size_g + _sum(sizes.softmax * size_g))
            formula = _softmax_vjp
        grad_x = evaluated(formula, [x, g], 2 * _roundings(x), size, dtype)
        return [_restored(grad_x, options["axis"])]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate, Sequence[Approximate]]:
        """Return the derivatives of ``<v, backward(g, x)>`` by g and x.

        For softmax with means over y: ``y (v - <v>)`` and ``y ((v - <v>) (g - <g>) - <the same>)``;
        for its logarithm ``v - <v>`` and ``-sum(g) y (v - <v>)``.
        """
        assert directions[0] is not None
        x, g, v = (_last(a, options["axis"]) for a in (operands[0], grad_y, directions[0]))
        y = _Sizes(x).softmax
        centred_g, centred_v = (a.magnitude + _sum(y * a.magnitude) for a in (g, v))
        first: Callable[..., Array] = _centred
        second: Callable[..., Array] = _log_softmax_second
        if self.logarithm:
            size, second_size = centred_v, _sum(g.magnitude) * y * centred_v
        else:
            first, second, moment = _softmax_vjp, _third_moment, centred_g * centred_v
            size, second_size = y * centred_v, y * (moment + _sum(y * moment))
        along = evaluated(first, [x, v], 2 * _roundings(x), size, dtype)
        grad_x = evaluated(second, [x, g, v], 4 * _roundings(x), second_size, dtype)
        return _restored(along, options["axis"]), [_restored(grad_x, options["axis"])]


@dataclass(frozen=True)
class CrossEntropy:
    """Mean over the targets of ``-log softmax(prediction)[target]``, classes on axis 1."""

    lift: Callable[[Array], Approximate] = balls
    polynomial: None = None

    def forward(
        self, operands: Sequence[Approximate], options: Options, dtype: Format
    ) -> Approximate:
        """Return the mean loss."""
        x, hot = _rows(operands)
        count = fmpq(1, max(len(hot), 1))
        size = (hot * _Sizes(x).log_softmax).sum() / max(len(hot), 1)
        terms = _roundings(x) + len(hot)

        def formula(x: Array) -> Array:
            total = -(log_softmax(x) * hot).sum() * count
            return object_array([total], ())

        return evaluated(formula, [x], terms, np.asarray(size, np.float64), dtype)

    def backward(
        self,
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> Sequence[Approximate]:
        """Return ``(softmax(prediction) - one-hot target) / count``."""
        x, hot = _rows(operands)
        count = max(len(hot), 1)
        size = (_Sizes(x).softmax + hot) * grad_y.magnitude / count

        def formula(x: Array, g: Array) -> Array:
            return (softmax(x) - hot) * (g.item() * fmpq(1, count))

        rows = evaluated(formula, [x, grad_y], _roundings(x), size, dtype)
        return [_from_rows(rows, operands[0].shape)]

    def double_backward(
        self,
        directions: Sequence[Approximate | None],
        grad_y: Approximate,
        operands: Sequence[Approximate],
        options: Options,
        dtype: Format,
    ) -> tuple[Approximate | None, Sequence[Approximate]]:
        """Return ``y (v - <v>) / count``, y = softmax(prediction)."""
        assert directions[0] is not None
        x, hot = _rows(operands)
        v, _ = _rows([directions[0], operands[1]])
        count, y = max(len(hot), 1), _Sizes(x).softmax
        size = y * (v.magnitude + _sum(y * v.magnitude)) * grad_y.magnitude / count

        def formula(x: Array, v: Array, g: Array) -> Array:
            return _softmax_vjp(x, v) * (g.item() * fmpq(1, count))

        rows = evaluated(formula, [x, v, grad_y], 2 * _roundings(x), size, dtype)
        return None, [_from_rows(rows, operands[0].shape)]


def softmax(x: Array) -> Array:
    """Return ``1 / (1 + sum of exp(x_j - x_i) over j != i)`` along the last axis."""
    return 1 / (1 + _others(x)) if x.size else x


def log_softmax(x: Array) -> Array:
    """Return ``-log(1 + sum of exp(x_j - x_i) over j != i)`` along the last axis."""
    items = [-item.log1p() for item in _others(x).ravel()]
    return object_array(items, x.shape)


def _others(x: Array) -> Array:
    """Sum of exp(x_j - x_i) over j != i, which is never the difference of close numbers."""
    differences = x[..., None, :] - x[..., :, None]
    powers = object_array([d.exp() for d in differences.ravel()], differences.shape)
    return np.asarray((powers * (1 - np.eye(x.shape[-1], dtype=int))).sum(axis=-1))


def _softmax_vjp(x: Array, g: Array) -> Array:
    y = softmax(x)
    return y * (g - (y * g).sum(axis=-1, keepdims=True))


def _centred(x: Array, v: Array) -> Array:
    return np.asarray(v - (softmax(x) * v).sum(axis=-1, keepdims=True))


def _third_moment(x: Array, g: Array, v: Array) -> Array:
    return _softmax_vjp(x, _centred(x, g) * _centred(x, v))


def _log_softmax_second(x: Array, g: Array, v: Array) -> Array:
    return np.asarray(-g.sum(axis=-1, keepdims=True) * _softmax_vjp(x, v))


def _log_softmax_vjp(x: Array, g: Array) -> Array:
    return g - softmax(x) * g.sum(axis=-1, keepdims=True)


class _Sizes:
    """Magnitudes of softmax and log-softmax along the last axis, in float64."""

    def __init__(self, x: Approximate) -> None:
        number = np.array([float(v.mid()) for v in x.value.ravel()]).reshape(x.shape)
        z = number - number.max(axis=-1, keepdims=True, initial=-np.inf)
        powers = np.exp(z)
        y = powers / _sum(powers)
        # Where y underflows, its true size is below the smallest number of float64.
        y = np.maximum(y, np.finfo(np.float64).tiny)
        condition = 1 + np.abs(z) + _sum(y * np.abs(z))
        self.softmax = y * condition
        self.log_softmax = np.abs(z) + np.log(_sum(powers)) + _sum(y * (1 + np.abs(z)))


def _sum(array: Array) -> Array:
    return np.asarray(array.sum(axis=-1, keepdims=True))


def _roundings(x: Approximate) -> int:
    return x.shape[-1] + 2 * CALL + FEW


def _last(a: Approximate, axis: int) -> Approximate:
    return Approximate(np.moveaxis(a.value, axis, -1), np.moveaxis(a.error, axis, -1))


def _restored(a: Approximate, axis: int) -> Approximate:
    return Approximate(np.moveaxis(a.value, -1, axis), np.moveaxis(a.error, -1, axis))


def _rows(operands: Sequence[Approximate]) -> tuple[Approximate, Array]:
    """Return the prediction as rows of classes, and the one-hot rows of the targets."""
    prediction, target = operands
    classes = prediction.shape[1]
    x = _last(prediction, 1).reshape((-1, classes)) if prediction.value.size else (
        Approximate(np.zeros((0, classes), object), np.zeros((0, classes)))
    )  # fmt: skip
    hot = np.eye(classes, dtype=int)[target.value.ravel().astype(np.intp)]
    return x, hot


def _from_rows(rows: Approximate, shape: tuple[int, ...]) -> Approximate:
    """Put rows of classes back into the prediction's `shape`."""
    moved = (shape[0], *shape[2:], shape[1])
    value, error = (np.moveaxis(a.reshape(moved), -1, 1) for a in (rows.value, rows.error))
    return Approximate(value, error)
