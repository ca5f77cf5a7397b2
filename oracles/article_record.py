"""The real run that the article's page shows: every step by everyone, and three trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad import article, article_training
from oracles.article import article_case
from oracles.article_steps import PUBLISHED, ArticleSteps, article_steps, exact_steps
from oracles.exact.bounded import Approximate, text_of

Array = npt.NDArray[Any]

VERSIONS = {"right": article.gradients, **PUBLISHED}
"""The backward passes by name: the right one, and the two as published."""

EPOCHS, RATE = 1000, 0.1
"""Of the article's training."""

NUDGE = 1e-5
"""How far w1[0,0] is moved each way, to measure the slope of the cost."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One matrix in exact arithmetic.

    Attributes
    ----------
    text
        Each cell to 25 significant digits, fewer if it has fewer; of the matrix's shape.
    bound
        How far from truth rounding may take each cell.
    """

    text: Array
    bound: Array


@dataclass(frozen=True, eq=False)
class ArticleRecord:
    """All that was found.

    Attributes
    ----------
    steps
        Every matrix by everyone, judged; what the published versions make of it.
    truth
        For each image, by step.
    costs
        By version of the backward pass, the cost of all images before training and after each
        epoch, `EPOCHS` + 1 numbers.
    without_g1
        The costs when w2 and w3 follow their right gradients and w1 stays as it was.
    slopes
        For each image, the slope of its cost by w1[0,0], measured by a nudge each way.
    """

    steps: ArticleSteps
    truth: tuple[Mapping[str, Truth], ...]
    costs: Mapping[str, tuple[float, ...]]
    without_g1: tuple[float, ...]
    slopes: tuple[float, ...]


def article_record(oracles: Sequence[str], *, time_limit: float, directory: str) -> ArticleRecord:
    """Run the article's images through everyone, and train with each version.

    Parameters
    ----------
    oracles, time_limit, directory
        Of `article_steps`.
    """
    return record_of(article_steps(oracles, time_limit=time_limit, directory=directory))


def record_of(steps: ArticleSteps) -> ArticleRecord:
    """Return steps that were run already, with truth to all digits and the trainings."""
    cases = [article_case(image.index, steps.weights) for image in steps.images]
    return ArticleRecord(
        steps=steps,
        truth=tuple({n: _truth(true) for n, true in exact_steps(c).items()} for c in cases),
        costs={name: _costs(steps.weights, gradients) for name, gradients in VERSIONS.items()},
        without_g1=_costs(steps.weights, _gradients_without_g1),
        slopes=tuple(_slope(image.x, image.target, steps.weights) for image in steps.images),
    )


def _gradients_without_g1(*given: Any) -> article.Gradients:
    """Return the later version's gradients, of which g2 and g3 are right, with a g1 of zeros."""
    found = article.published_later_gradients(*given)
    return replace(found, g1=np.zeros_like(found.g1))


def _slope(x: Array, target: float, weights: article.Weights) -> float:
    """Return the central difference of the cost by w1[0,0]: it knows of no gradient."""
    (high, above), (low, below) = (_nudged(x, target, weights, by) for by in (NUDGE, -NUDGE))
    return (above - below) / (high - low)


def _nudged(x: Array, target: float, weights: article.Weights, by: float) -> tuple[float, float]:
    w1 = weights.w1.copy()
    w1[0, 0] += by
    out = article.forward(x, replace(weights, w1=w1)).out
    return float(w1[0, 0]), float(article.cost(out, target))


def _truth(true: Approximate) -> Truth:
    text = np.array([text_of(number) for number in true.value.ravel()]).reshape(true.shape)
    return Truth(text, np.array(true.error, dtype=np.float64))


def _costs(weights: article.Weights, gradients: article_training.BackwardPass) -> tuple[float, ...]:
    trained = article_training.train(
        article_training.IMAGES,
        article_training.TARGETS,
        weights,
        learning_rate=RATE,
        epochs=EPOCHS,
        gradients=gradients,
    )
    return tuple(map(float, trained.costs))
