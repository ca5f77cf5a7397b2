"""The article's forward and backward pass, matrix by matrix, by everyone.

Frameworks are asked for inner gradients by adding a zero to each inner matrix: the
gradient of that zero is the derivative of the cost by the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from flint import ctx

from manualgrad import article, article_training
from oracles.answer import Answer
from oracles.article import DEFINITION, article_case, jax_pieces, torch_pieces
from oracles.compare import Comparison, compare
from oracles.exact.bounded import Approximate, balls
from oracles.exact.definition import WORKING_PRECISION
from oracles.op import Case, Op
from oracles.workers import Workers

Array = npt.NDArray[Any]

FORWARD_STEPS = ("l1", "a1", "l2", "a2", "h", "l3", "out", "cost")
BACKWARD_STEPS = ("d3", "g3", "d2", "g2", "dA1", "d1", "g1")

EQUATIONS = {
    "l1": "l1 = x *v w1", "a1": "a1 = f1(l1)", "l2": "l2 = a1 *v w2", "a2": "a2 = f2(l2)",
    "h": "h = a2, row by row", "l3": "l3 = h . w3", "out": "out = f3(l3)",
    "cost": "cost = (out - y)^2 / 2", "d3": "d3 = (out - y) f3'(l3)", "g3": "g3 = h^T . d3",
    "d2": "d2 = (d3 . w3^T) f2'(l2)", "g2": "g2 = R(a1 *v R(d2))",
    "dA1": "dA1 = R(pad1(w2) *v R(d2))", "d1": "d1 = dA1 f1'(l1)", "g1": "g1 = R(x *v R(d1))",
}  # fmt: skip
"""The right line of each step."""

PUBLISHED = {
    "first": article.published_first_gradients,
    "later": article.published_later_gradients,
}
PUBLISHED_LINES = {
    ("first", "g2"): "g2 = R(a1 *v d2)", ("first", "dA1"): "dA1 = pad1(w2) *v R(d2)",
    ("first", "g1"): "g1 = R(x *v d1)", ("later", "dA1"): "dA1 = pad1(w2) *v R(d2)",
}  # fmt: skip
"""Lines as published, where they differ from `EQUATIONS`."""


@dataclass(frozen=True, eq=False)
class Difference:
    """A step of a published version that differs from truth on one image.

    Attributes
    ----------
    version, step
        ``first`` or ``later``; the name of the matrix.
    line
        As published.
    own_fault
        Whether the line itself is wrong, rather than what it builds on.
    value, truth
        The published matrix and the true one.
    relative_error
        ``|value - truth| / |truth|`` in the Frobenius norm.
    cosine
        Of the angle between the two: negative where a step along it climbs.
    comparison
        With truth, cell by cell.
    rotated
        Whether the published matrix is the true one rotated by 180 degrees, to the bound.
    """

    version: str
    step: str
    line: str
    own_fault: bool
    value: Array
    truth: Array
    relative_error: float
    cosine: float
    comparison: Comparison
    rotated: bool


@dataclass(frozen=True, eq=False)
class ImageSteps:
    """One image: every step by everyone, and what the published versions make of it.

    Attributes
    ----------
    index
        Of the image, from 0.
    x, target
        The image and its target.
    matrices
        By step and participant (``manual``, ``torch``, ``jax``, ``exact``).
    comparisons
        With truth, by step and participant.
    published
        Where the published versions differ from truth.
    """

    index: int
    x: Array
    target: float
    matrices: Mapping[str, Mapping[str, Array]]
    comparisons: Mapping[str, Mapping[str, Comparison]]
    published: tuple[Difference, ...]

    @property
    def right(self) -> bool:
        """Whether manualgrad agrees with truth at every step."""
        return all(by["manual"].agrees for by in self.comparisons.values())


@dataclass(frozen=True, eq=False)
class ArticleSteps:
    """All images, the weights, and the witnesses' failures to answer by name."""

    weights: article.Weights
    images: tuple[ImageSteps, ...]
    silent: Mapping[str, str]


def article_steps(oracles: Sequence[str], *, time_limit: float, directory: str) -> ArticleSteps:
    """Run the article's four images through everyone, with the later version's first weights.

    Parameters
    ----------
    oracles
        Framework witnesses to ask: ``torch``, ``jax`` or both.
    time_limit
        For one answer, in seconds.
    directory
        Where a case that kills a witness is kept.
    """
    weights = article_training.initial_weights(4.2)
    silent: dict[str, str] = {}
    images = []
    with Workers(list(oracles), time_limit=time_limit, directory=directory) as workers:
        for index in range(len(article_training.IMAGES)):
            case = article_case(index, weights)
            workers.ask(STEPS, _with_zeros(case))
            answers = workers.answers()
            silent |= {n: f"{a.kind}, {a.detail}" for n, a in answers.items() if a.kind != "value"}
            images.append(_image_steps(index, case, weights, answers))
    return ArticleSteps(weights, tuple(images), silent)


def _image_steps(
    index: int, case: Case, weights: article.Weights, answers: Mapping[str, Answer]
) -> ImageSteps:
    x, y = case.operands["x"], case.operands["y"]
    made = article.forward(x, weights)
    everyone = {"manual": _manual_steps(made, y, article.gradients(made, y, weights))}
    everyone |= {n: _framework_steps(a) for n, a in answers.items() if a.kind == "value"}
    true = exact_steps(case)
    exact = {step: _floats(matrix) for step, matrix in true.items()}
    compared = {
        name: {each.operand: each for each in compare(name, steps, true, case.dtype)}
        for name, steps in everyone.items()
    }
    return ImageSteps(
        index=index,
        x=x,
        target=float(y),
        matrices={
            step: {**{name: everyone[name][step] for name in everyone}, "exact": exact[step]}
            for step in true
        },
        comparisons={step: {name: compared[name][step] for name in compared} for step in true},
        published=_published_differences(made, y, weights, true, case.dtype),
    )


def _manual_steps(made: article.Forward, y: Array, found: article.Gradients) -> dict[str, Array]:
    steps = {name: getattr(made, name) for name in FORWARD_STEPS if name != "cost"}
    steps["cost"] = np.asarray(article.cost(made.out, y))
    return {**steps, **{name: getattr(found, name) for name in BACKWARD_STEPS}}


def exact_steps(case: Case) -> dict[str, Approximate]:
    """Return every matrix of the article in exact arithmetic, with its rounding bound."""
    with ctx.workprec(WORKING_PRECISION):
        operands = [balls(array) for array in case.operands.values()]
        arguments = (operands, case.options, case.dtype)
        results = DEFINITION.results(*arguments)
        steps = dict(zip(FORWARD_STEPS, results, strict=True))
        (_, g1), (d1,), (da1, g2), (d2,), _, (_, g3), (d3,), _ = DEFINITION.gradients(
            balls(case.cotangent), *arguments
        )
    backward = {"d3": d3, "g3": g3, "d2": d2, "g2": g2, "dA1": da1, "d1": d1, "g1": g1}
    return {**steps, **backward}


def _published_differences(
    made: article.Forward,
    y: Array,
    weights: article.Weights,
    true: Mapping[str, Approximate],
    dtype: np.dtype[Any],
) -> tuple[Difference, ...]:
    wanted = {step: true[step] for step in BACKWARD_STEPS}
    found: list[Difference] = []
    for version, gradients in PUBLISHED.items():
        steps = _manual_steps(made, y, gradients(made, y, weights))
        found += [
            _difference(version, steps[each.operand], true[each.operand], each)
            for each in compare(version, steps, wanted, dtype)
            if not each.agrees
        ]
    return tuple(found)


def _difference(
    version: str, value: Array, true: Approximate, comparison: Comparison
) -> Difference:
    step, truth = comparison.operand, _floats(true)
    norms = np.linalg.norm(value) * np.linalg.norm(truth)
    (rotated,) = compare(version, {step: article.rotate180(value)}, {step: true}, value.dtype)
    return Difference(
        version=version,
        step=step,
        line=PUBLISHED_LINES.get((version, step), EQUATIONS[step]),
        own_fault=(version, step) in PUBLISHED_LINES,
        value=value,
        truth=truth,
        relative_error=float(np.linalg.norm(value - truth) / np.linalg.norm(truth)),
        cosine=float((value * truth).sum() / norms),
        comparison=comparison,
        rotated=rotated.agrees,
    )


def _floats(matrix: Approximate) -> Array:
    """Return the floats nearest to exact numbers."""
    numbers = [float(number.mid()) for number in matrix.value.ravel()]
    return np.array(numbers).reshape(matrix.shape)


# --- the frameworks' side -------------------------------------------------------------------

_ZEROS = {"d3": "l3", "d2": "l2", "dA1": "a1", "d1": "l1"}


def _with_zeros(case: Case) -> Case:
    """Return the case of `STEPS`: a zero beside each inner matrix, the cost's cotangent alone."""
    steps = exact_steps(case)
    zeros = {name: np.zeros(steps[matrix].shape) for name, matrix in _ZEROS.items()}
    size = sum(steps[name].value.size for name in FORWARD_STEPS)
    cotangent = np.zeros(size)
    cotangent[-1] = 1  # the cost is the last
    return Case(STEPS.name, {**case.operands, **zeros}, case.options, cotangent)


def _reference(pieces: Callable[..., Any], framework: Any, *operands: Any, **f: str) -> Any:
    """Return every matrix of the forward pass, one after another, as one vector."""
    x, w1, w2, w3, y, d3, d2, da1, d1 = operands
    convolve, functions = pieces(framework)
    f1, f2, f3 = (functions[f[name]] for name in ("f1", "f2", "f3"))
    l1 = convolve(x, w1) + d1
    a1 = f1(l1) + da1
    l2 = convolve(a1, w2) + d2
    a2 = f2(l2)
    h = a2.reshape(1, -1)
    l3 = h @ w3 + d3
    out = f3(l3)
    cost = (out - y) ** 2 / 2
    matrices = [matrix.reshape(-1) for matrix in (l1, a1, l2, a2, h, l3, out, cost)]
    concatenate = framework.numpy.concatenate if hasattr(framework, "numpy") else framework.cat
    return concatenate(matrices)


def _framework_steps(answer: Answer) -> dict[str, Array]:
    """Cut a framework's vector into matrices, and name its gradients as the article does."""
    values = answer.values
    inner = {name: values[f"grad_{name}"] for name in _ZEROS}
    gradients = {f"g{n}": values[f"grad_w{n}"] for n in (1, 2, 3)}
    l1, l2 = inner["d1"].shape, inner["d2"].shape
    shapes = [l1, l1, l2, l2, (1, inner["d2"].size), (1, 1), (1, 1), ()]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(values["y"], ends[:-1])
    forward = {n: p.reshape(s) for n, p, s in zip(FORWARD_STEPS, parts, shapes, strict=True)}
    return {**forward, **inner, **gradients}


def _frameworks_only(*_: Any, **__: Any) -> Any:
    raise TypeError("the article's steps are asked of the frameworks alone")


STEPS = Op(
    name="article_steps",
    forward=_frameworks_only,
    backward=_frameworks_only,
    cases=_frameworks_only,
    definition=DEFINITION,
    references={"torch": partial(_reference, torch_pieces), "jax": partial(_reference, jax_pieces)},
    located="oracles.article_steps:OPS",
)
OPS = {STEPS.name: STEPS}
