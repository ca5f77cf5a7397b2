"""The normal distribution's tail in float64, by the midpoint rule.

``erfc(y) = (2 y / pi) exp(-y^2) integral from 0 to infinity of exp(-t^2) / (t^2 + y^2) dt``, and
the midpoint rule of step h errs by exp(-(pi / h)^2) alone once the residue of the pole t = i y
is added, ``2 / (1 + exp(2 pi y / h))``, for y < pi / h (C. Chiarella and A. Reichel, On the
evaluation of integrals related to the error function, Mathematics of Computation 22, 1968;
D. B. Hunter and T. Regan, A note on the evaluation of the complementary error function,
Mathematics of Computation 26, 1972). All terms are positive, so nothing cancels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_STEP = 0.5  # exp(-(pi / h)^2) is 7e-18
_NODES = [(k + 0.5) * _STEP for k in range(12)]  # the next weight is 1e-17
_TERMS = [(t * t, math.exp(-t * t)) for t in _NODES]


def density_and_tail(x: Array) -> tuple[Array, Array]:
    """Return ``phi(x)`` and ``Phi(-|x|)``.

    `x` holds floats of at most 26 bits, the squares of which are exact: else the
    exponential would multiply the square's rounding error by itself.
    """
    square = x * x * 0.5
    gauss = np.exp(-square)
    y = np.abs(x) * math.sqrt(0.5)
    total = np.zeros_like(square)
    term = np.empty_like(square)
    for node, weight in _TERMS:
        np.add(square, node, out=term)
        np.divide(weight, term, out=term)
        np.add(total, term, out=total)
    residue = np.where(y < math.pi / _STEP, 1 / (1 + np.exp(2 * math.pi / _STEP * y)), 0.0)
    return gauss * (1 / math.sqrt(2 * math.pi)), _STEP / math.pi * y * gauss * total + residue
