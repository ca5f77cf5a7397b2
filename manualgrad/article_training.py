"""The training run of the 2018 article: its data, its first weights, its steps.

Sums ``cost`` over the four images, and steps after each of them. It shows why a cost that falls is
no proof of a gradient: it falls with `manualgrad.article.published_later_gradients` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.article import Activation, Forward, Gradients, Weights, cost, forward, gradients

Array = npt.NDArray[Any]

BackwardPass = Callable[[Forward, Any, Weights], Gradients]


def _read_only(array: Array) -> Array:
    array.setflags(write=False)
    return array


IMAGES: Array = _read_only(
    np.array(
        [
            [[0, 0, 0, -1], [-1, 0, -1, 0], [-1, 0, -1, -1], [1, 0, -1, -1]],
            [[0, 0, 0, 0], [0, 0, -1, 0], [0, 0, 0, 0], [1, 0, 0, -1]],
            [[0, 0, 0, -1], [0, 0, -1, 0], [-1, 0, 1, 1], [1, 0, -1, 1]],
            [[0, 0, 0, 1], [1, 0, 1, 0], [1, 0, 1, 1], [1, 0, 1, 1]],
        ],
        dtype=np.float64,
    )
)
"""The article's four images, (4, 4, 4); read-only."""

TARGETS: Array = _read_only(np.arctan(IMAGES.sum(axis=(1, 2))))
"""The target of each image, the arctan of the sum of its pixels; read-only."""


def initial_weights(scale: float) -> Weights:
    """Draw the article's first weights, ``randn * scale - 0.1`` in the order w1, w2, w3.

    Parameters
    ----------
    scale
        0.2 in the first version, 4.2 in the later one.
    """
    # Seed 12314 of the generator behind np.random.seed, without its global state.
    generator = np.random.RandomState(12314)
    w1, w2, w3 = (generator.randn(*shape) * scale - 0.1 for shape in ((2, 2), (2, 2), (4, 1)))
    return Weights(w1, w2, w3)


@dataclass(frozen=True, eq=False)
class Training:
    """The weights after training, and the cost of all images before it and after each epoch."""

    weights: Weights
    costs: tuple[Any, ...]


@np.errstate(all="ignore")
def update(weights: Weights, gradients: Gradients, *, learning_rate: Any = 0.1) -> Weights:
    """Take the article's step, ``w <- w - learning_rate * g``, for each weight; new weights."""
    return Weights(
        weights.w1 - learning_rate * gradients.g1,
        weights.w2 - learning_rate * gradients.g2,
        weights.w3 - learning_rate * gradients.g3,
    )


@np.errstate(all="ignore")
def total_cost(
    images: Sequence[Array] | Array,
    targets: Sequence[Any] | Array,
    weights: Weights,
    **activations: str | Activation,
) -> Any:
    """Sum the article's cost over all images, the weights held still; arguments as in `train`."""
    if len(images) != len(targets):
        raise ValueError(f"`targets` length (={len(targets)}) must be {len(images)}, as `images`")
    outs = [forward(x, weights, **activations).out for x in images]
    return sum(cost(out, y) for out, y in zip(outs, targets, strict=True))


def train(
    images: Sequence[Array] | Array,
    targets: Sequence[Any] | Array,
    weights: Weights,
    *,
    learning_rate: Any = 0.1,
    epochs: int = 1000,
    gradients: BackwardPass = gradients,
    **activations: str | Activation,
) -> Training:
    """Train as the article does: an `update` after each image, the images in order.

    Parameters
    ----------
    images, targets
        As many targets as images.
    weights
        Where to start; left as they are.
    gradients
        The backward pass: `gradients` or one of the published ones.
    activations
        ``f1``, ``f2``, ``f3`` as in `forward`.

    Raises
    ------
    TypeError, ValueError
        What `forward` raises; targets are too many or too few; `epochs` is negative.
    """
    if epochs < 0:
        raise ValueError(f"`epochs` (={epochs}) must be at least 0")
    weights = Weights(weights.w1.copy(), weights.w2.copy(), weights.w3.copy())
    costs = [total_cost(images, targets, weights, **activations)]
    for _ in range(epochs):
        for x, y in zip(images, targets, strict=True):
            found = gradients(forward(x, weights, **activations), y, weights)
            weights = update(weights, found, learning_rate=learning_rate)
        costs.append(total_cost(images, targets, weights, **activations))
    return Training(weights, tuple(costs))
