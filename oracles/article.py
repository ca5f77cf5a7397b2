"""The article's network as an operation: its definition, its references, its cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from manualgrad import article, article_training
from oracles.cases import build_case
from oracles.data import NETWORK_PATTERNS
from oracles.draws import choice, drawable
from oracles.exact.activations import ACTIVATIONS
from oracles.exact.bilinear import Bilinear
from oracles.exact.chain import Chain, Layers, row
from oracles.exact.definition import Options
from oracles.exact.losses import half_squared_error
from oracles.exact.terms import dense_terms, true_convolution_terms
from oracles.limits import Limits
from oracles.op import Case, Op

NAMES = ("tanh", "arctan", "sigmoid")
"""Activations that the article allows, or nearly does, at each of its three places."""

Backward = Callable[..., article.Gradients]


def _forward(x: Any, w1: Any, w2: Any, w3: Any, y: Any, **f: str) -> Any:
    made = article.forward(x, article.Weights(w1, w2, w3), **f)
    return np.asarray(article.cost(made.out, y))


def backward_by(gradients: Backward) -> Callable[..., tuple[Any, Any, Any]]:
    """Return `gradients` as the backward of the operation: g1, g2, g3."""

    def backward(x: Any, w1: Any, w2: Any, w3: Any, y: Any, **f: str) -> tuple[Any, Any, Any]:
        weights = article.Weights(w1, w2, w3)
        found = gradients(article.forward(x, weights, **f), y, weights)
        return found.g1, found.g2, found.g3

    return backward


def layers(options: Options) -> Layers:
    """Return the article's network as a chain of layers."""
    f1, f2, f3 = (options[name] for name in ("f1", "f2", "f3"))
    return (
        ("true_convolution", 1, {}), (f1, 0, {}), ("true_convolution", 1, {}), (f2, 0, {}),
        ("row", 0, {}), ("dense", 1, {}), (f3, 0, {}), ("half_squared_error", 1, {}),
    )  # fmt: skip


DEFINITION = Chain(
    {
        **{name: ACTIVATIONS[name] for name in NAMES},
        "true_convolution": Bilinear(true_convolution_terms, lambda y_axes, w_axes: 0),
        "row": row,
        "dense": Bilinear(dense_terms, lambda y_axes, w_axes: 1),
        "half_squared_error": half_squared_error,
    },
    layers,
)


def torch_pieces(torch: Any) -> tuple[Callable[..., Any], dict[str, Callable[..., Any]]]:
    """Return true convolution and the activations as PyTorch has them."""

    def convolve(matrix: Any, kernel: Any) -> Any:
        flipped = torch.flip(kernel, (0, 1))
        return torch.nn.functional.conv2d(matrix[None, None], flipped[None, None])[0, 0]

    return convolve, {"tanh": torch.tanh, "arctan": torch.atan, "sigmoid": torch.sigmoid}


def jax_pieces(jax: Any) -> tuple[Callable[..., Any], dict[str, Callable[..., Any]]]:
    """Return true convolution and the activations as JAX has them."""

    def convolve(matrix: Any, kernel: Any) -> Any:
        return jax.scipy.signal.convolve(matrix, kernel, mode="valid")

    numpy = jax.numpy
    return convolve, {"tanh": numpy.tanh, "arctan": numpy.arctan, "sigmoid": jax.nn.sigmoid}


def _reference(pieces: Callable[..., Any], framework: Any, *operands: Any, **f: str) -> Any:
    x, w1, w2, w3, y = operands
    convolve, functions = pieces(framework)
    f1, f2, f3 = (functions[f[name]] for name in ("f1", "f2", "f3"))
    out = f3(f2(convolve(f1(convolve(x, w1)), w2)).reshape(1, -1) @ w3)
    return ((out - y) ** 2 / 2).sum()


@drawable
def _article_case(draw: st.DrawFn, dtype: str, limits: Limits) -> Case:
    """Draw a case of the article's sizes or of others, with any activations."""
    k1, k2 = choice(draw, [((2, 2), (2, 2)), ((2, 3), (1, 2)), ((1, 1), (2, 1))])
    height, width = choice(draw, [(2, 2), (1, 3)])
    size = (height + k1[0] + k2[0] - 2, width + k1[1] + k2[1] - 2)
    shapes = {"x": size, "w1": k1, "w2": k2, "w3": (height * width, 1), "y": ()}
    options = {name: choice(draw, NAMES) for name in ("f1", "f2", "f3")}
    return build_case(
        draw,
        "article",
        dtype,
        limits,
        shapes=shapes,
        y_shape=(),
        options=options,
        patterns=NETWORK_PATTERNS,
        specials=(),
        with_cotangent=False,
    )


def article_case(
    index: int, weights: article.Weights, activations: Sequence[str] = ("tanh", "arctan", "arctan")
) -> Case:
    """Return the case of the article's image number `index`, 0 to 3."""
    operands = {
        "x": np.array(article_training.IMAGES[index], dtype=np.float64),
        "w1": weights.w1, "w2": weights.w2, "w3": weights.w3,
        "y": np.array(article_training.TARGETS[index], dtype=np.float64),
    }  # fmt: skip
    options = dict(zip(("f1", "f2", "f3"), activations, strict=True))
    origin = f"the article's image {index + 1}"
    return Case("article", operands, options, np.ones(()), origin=origin)


OP = Op(
    name="article",
    forward=_forward,
    backward=backward_by(article.gradients),
    subject="manualgrad.article",
    cases=_article_case,
    definition=DEFINITION,
    references={
        "torch": partial(_reference, torch_pieces),
        "jax": partial(_reference, jax_pieces),
    },
    gradients=("w1", "w2", "w3"),
    takes_cotangent=False,
)
