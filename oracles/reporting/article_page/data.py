"""What the article's page is given to show, as one plain object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.article_record import EPOCHS, NUDGE, RATE, ArticleRecord, Truth
from oracles.article_steps import (
    BACKWARD_STEPS,
    EQUATIONS,
    FORWARD_STEPS,
    PUBLISHED,
    PUBLISHED_LINES,
    Difference,
    ImageSteps,
)
from oracles.compare import Comparison

Array = npt.NDArray[Any]

SCRIPT = {"ulp": 64, "ratio": 0.2, "costs": 1e-11}
"""How far `network.js` may be from `manualgrad` and from truth: see `article_data`.

Measured in Chromium, beside OpenBLAS as three generations of processors have it: 18 to 33 ulp;
0.14 of the bound; of a cost 1e-13 to 7e-13 in the later version, where rounding errors grow for
hundreds of epochs, 2e-14 in the others. Tests hold the script to it, trainings of the other
versions for 150 epochs. A cell of which nearly all cancels may differ by thousands of its own ulp.
"""


def article_data(record: ArticleRecord) -> dict[str, Any]:
    """Return the record in the types that JSON has.

    A *matrix* below is a list of rows of numbers; a cost, an ``out`` and an ``l3`` are matrices of
    one cell. *Cells* are a list of [row, column] from 0. Floats are numbers: Python writes the
    shortest text that reads back as the same float, and JavaScript reads it so, every bit kept.
    None stands for NaN and infinities, which JSON has not. A *ratio* is error/bound: up to 1
    rounding explains the error, above it, or None, the cell is wrong.

    ``forward``, ``backward``
        Names of the steps in order: ``l1`` to ``cost``, ``d3`` to ``g1``.
    ``equations``
        By step, the right line as text.
    ``published_lines``
        By version (``first``, ``later``) and step, the line as published, where it differs.
    ``versions``
        ``right``, ``first``, ``later``: the names that `network.js` has too.
    ``activations``
        Of the run: ``f1`` ``tanh``, ``f2`` and ``f3`` ``arctan``.
    ``weights``
        ``w1``, ``w2``, ``w3``: matrices, the first weights of the later version.
    ``participants``
        Who answered for some image: ``manual`` (`manualgrad`) first, then the frameworks.
    ``silent``
        By name, why a framework that was asked gave no matrix for some image.
    ``images``
        A list of four, each with:

        ``x``, ``target``
            The image, a matrix, and its target, a number.
        ``slope``
            Of its cost by w1[0,0], measured by a nudge each way.
        ``steps``
            By step, of ``forward`` and ``backward``:

            ``text``
                Truth, a list of rows of texts, to 25 significant digits.
            ``truth``
                Truth, the matrix of the nearest floats.
            ``bound``
                How far from truth rounding may take each cell, a matrix.
            ``by``
                By participant that answered for this image: ``value``, the matrix it gave (None if
                it is of another shape); ``right``, whether every cell is; ``ratio``, the largest;
                ``wrong``, the cells that are; ``digits_lost``, whether these are off by no more
                than tanh' loses when it is computed as 1 - tanh^2; ``problem``, why there was
                nothing to compare, or "".
        ``published``
            By version and step, of ``backward``, only where the version differs from truth:

            ``line``, ``own_fault``
                The line as published; whether it is wrong itself, or builds on what is.
            ``value``
                The matrix.
            ``wrong``, ``ratio``
                The cells that differ from truth; the largest ratio.
            ``relative_error``, ``cosine``
                ``|value - truth| / |truth|``; of the angle between the two, negative where a step
                along it climbs.
            ``rotated``
                Whether it is truth rotated by 180 degrees.
    ``training``
        ``rate``; ``epochs``; ``costs``, by version the cost of all images before training and
        after each epoch, one number more than epochs; ``without_g1``, the last of these costs when
        w2 and w3 follow their right gradients and w1 stays.
    ``nudge``
        How far w1[0,0] was moved each way for a ``slope``.
    ``script``
        How closely `network.js`, in the same arithmetic but with the browser's tanh and arctan,
        agrees, for the article's images and weights and every choice of tanh and arctan:

        ``ulp``
            With `manualgrad`, at most so many units in the last place of the largest cell of each
            matrix, whatever the version.
        ``ratio``
            With truth: no cell of the forward and of the right backward pass has a larger ratio.
        ``costs``
            With the costs of ``training``: the largest relative difference.

    Parameters
    ----------
    record
        What was found.
    """
    steps = record.steps
    return {
        "forward": list(FORWARD_STEPS),
        "backward": list(BACKWARD_STEPS),
        "equations": dict(EQUATIONS),
        "published_lines": {name: _lines(name) for name in PUBLISHED},
        "versions": list(record.costs),
        "activations": {"f1": "tanh", "f2": "arctan", "f3": "arctan"},
        "weights": {name: _rows(getattr(steps.weights, name)) for name in ("w1", "w2", "w3")},
        "participants": _participants(steps.images),
        "silent": dict(steps.silent),
        "images": [
            _image(*each) for each in zip(steps.images, record.truth, record.slopes, strict=True)
        ],
        "training": {
            "rate": RATE,
            "epochs": EPOCHS,
            "costs": {name: list(costs) for name, costs in record.costs.items()},
            "without_g1": record.without_g1[-1],
        },
        "nudge": NUDGE,
        "script": dict(SCRIPT),
    }


def _participants(images: Sequence[ImageSteps]) -> list[str]:
    each = [name for image in images for name in image.comparisons[FORWARD_STEPS[0]]]
    return list(dict.fromkeys(each))


def _lines(version: str) -> dict[str, str]:
    return {step: line for (name, step), line in PUBLISHED_LINES.items() if name == version}


def _image(image: ImageSteps, truth: Mapping[str, Truth], slope: float) -> dict[str, Any]:
    published: dict[str, dict[str, Any]] = {name: {} for name in PUBLISHED}
    for each in image.published:
        published[each.version][each.step] = _difference(each)
    return {
        "x": _rows(image.x),
        "target": image.target,
        "slope": slope,
        "steps": {name: _step(image, name, true) for name, true in truth.items()},
        "published": published,
    }


def _step(image: ImageSteps, name: str, true: Truth) -> dict[str, Any]:
    values = image.matrices[name]
    return {
        "text": np.atleast_2d(true.text).tolist(),
        "truth": _rows(values["exact"]),
        "bound": _rows(true.bound),
        "by": {
            who: {
                "value": None if each.problem else _rows(values[who]),
                "right": each.agrees,
                **_judged(each),
                "digits_lost": name == "d1" and _loses_digits(image, who, each),
                "problem": each.problem,
            }
            for who, each in image.comparisons[name].items()
        },
    }


def _loses_digits(image: ImageSteps, who: str, compared: Comparison) -> bool:
    """Whether the wrong cells of d1 are off by the roundings of numbers near 1 times dA1.

    ``1 - tanh^2`` rounds tanh, its square and the difference, each near 1, where `manualgrad`
    rounds small numbers.
    """
    if compared.agrees or compared.problem:
        return False
    values, incoming = image.matrices["d1"], image.matrices["dA1"]["exact"]
    off = np.abs(values[who] - values["exact"])
    most = 4 * np.finfo(np.float64).eps * np.abs(incoming)
    return all(bool((off <= most).flat[cell]) for cell in compared.wrong_cells)


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "line": difference.line,
        "own_fault": difference.own_fault,
        "value": _rows(difference.value),
        "relative_error": _finite(difference.relative_error),
        "cosine": _finite(difference.cosine),
        "rotated": difference.rotated,
        **_judged(difference.comparison),
    }


def _judged(comparison: Comparison) -> dict[str, Any]:
    columns = comparison.shape[-1] if comparison.shape else 1
    return {
        "ratio": _finite(comparison.worst_ratio),
        "wrong": [list(divmod(cell, columns)) for cell in comparison.wrong_cells],
    }


def _rows(matrix: Array) -> list[list[float | None]]:
    return [[_finite(cell) for cell in row] for row in np.atleast_2d(matrix).tolist()]


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
