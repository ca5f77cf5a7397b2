"""A proof that the article's gradients, put right, are the derivatives of its cost.

`manualgrad.article` runs, unmodified, on polynomials: image, weights and target are symbols, and
so are the values and the slopes of all activations, of which nothing else is known. What it
returns is compared, polynomial by polynomial, with the definition and with the chain rule
applied to the definition. Equal polynomials are equal for any numbers in place of the symbols,
so that for these sizes the gradients are exact for every image, every target, every weight and
every differentiable activation, up to rounding. The same run refutes the published lines, since
a polynomial that is not 0 vanishes almost nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from manualgrad import article
from oracles.article_conditions import Condition
from oracles.article_refutations import (
    Refutation,
    hidden_by_symmetry,
    refutations,
    wrong_matrices,
)
from oracles.article_steps import BACKWARD_STEPS, FORWARD_STEPS
from oracles.article_subject import Backward, run, same
from oracles.article_symbols import ARTICLE, Network, Sizes

SIZES = (
    ARTICLE,
    Sizes((5, 4), (2, 3), (3, 1)),
    Sizes((6, 5), (3, 2), (2, 3)),
    Sizes((3, 7), (1, 3), (2, 4)),
)
"""The article's sizes, and sizes that have no symmetry to hide behind."""


@dataclass(frozen=True)
class Step:
    """One line of the article, proved or not.

    Attributes
    ----------
    name
        Of the matrix, in the article's terms.
    cells
        Its size.
    terms
        How many monomials the true polynomials have in all.
    proved
        Whether what the code made is the truth, polynomial by polynomial.
    """

    name: str
    cells: int
    terms: int
    proved: bool


@dataclass(frozen=True)
class SizesProof:
    """The proof for one choice of sizes.

    Attributes
    ----------
    sizes
        Of the image and the kernels.
    steps
        Forward, then backward.
    published
        By version, the matrices that differ from the truth, with the number of wrong cells.
    """

    sizes: Sizes
    steps: tuple[Step, ...]
    published: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]

    @property
    def proved(self) -> bool:
        """Whether every step is."""
        return all(step.proved for step in self.steps)


@dataclass(frozen=True)
class ArticleTheorem:
    """What was proved and refuted.

    Attributes
    ----------
    shapes
        The proofs for `SIZES`, step by step.
    every_kernel
        The proofs for every pair of kernels that fits the article's image.
    refutations
        The matrices that published versions get wrong, at the article's sizes.
    hidden
        What hides all that from a test.
    seconds
        What it took.
    """

    shapes: tuple[SizesProof, ...]
    every_kernel: tuple[SizesProof, ...]
    refutations: tuple[Refutation, ...]
    hidden: Condition
    seconds: float

    @property
    def proved(self) -> bool:
        """Whether every step of the article's code is, at all sizes, and every condition."""
        conditions = [c for refutation in self.refutations for c in refutation.conditions]
        proofs = (*self.shapes, *self.every_kernel)
        return all(p.proved for p in proofs) and all(c.proved for c in (*conditions, self.hidden))

    @property
    def versions(self) -> tuple[str, ...]:
        """The published versions, in the order of their refutations."""
        return tuple(dict.fromkeys(each.version for each in self.refutations))

    def sizes_spared(self, version: str) -> tuple[Sizes, ...]:
        """Return the sizes of `every_kernel` at which a published version is right."""
        return tuple(p.sizes for p in self.every_kernel if not dict(p.published)[version])


def prove_article() -> ArticleTheorem:
    """Prove the article's gradients right, and refute those that were published."""
    start = time.perf_counter()
    shapes = tuple(prove_sizes(sizes) for sizes in SIZES)
    every_kernel = tuple(prove_sizes(sizes) for sizes in kernels_that_fit(ARTICLE.x))
    network = Network(ARTICLE)
    refuted, hidden = refutations(network), hidden_by_symmetry(network)
    return ArticleTheorem(shapes, every_kernel, refuted, hidden, time.perf_counter() - start)


def prove_sizes(sizes: Sizes, backward: Backward | None = None) -> SizesProof:
    """Prove or refute a backward pass at given sizes.

    Parameters
    ----------
    sizes
        Of the image and the kernels.
    backward
        By default `manualgrad.article.gradients`.
    """
    network = Network(sizes)
    claims = run(network, backward or article.gradients).claims()
    true = {**network.forward, **network.backward}
    steps = tuple(
        Step(
            name=name,
            cells=true[name].size,
            terms=sum(len(polynomial) for polynomial in true[name].flat),
            proved=all(same(claim, true[name]) for claim in claims[name]),
        )
        for name in (*FORWARD_STEPS, *BACKWARD_STEPS)
    )
    return SizesProof(sizes, steps, wrong_matrices(network))


def kernels_that_fit(image: Sequence[int]) -> Iterator[Sizes]:
    """Yield the sizes of every pair of kernels, one after the other, that fits an image."""
    axes = [
        [(first, second) for first in range(1, size + 1) for second in range(1, size - first + 2)]
        for size in image
    ]
    rows, columns = image
    for (r1, r2), (c1, c2) in product(*axes):
        yield Sizes((rows, columns), (r1, c1), (r2, c2))
