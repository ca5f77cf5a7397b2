"""The complex step: the derivative of the subject's own forward, without cancellation.

For an analytic f, ``Im f(x + i h) / h = f'(x) - h^2 f'''(x) / 6 + ...``: no difference is
taken, so h can be so small that its square vanishes (W. Squire and G. Trapp, Using complex
variables to estimate derivatives of real functions, SIAM Review 40, 1998, equation 2).

It tells whether a backward belongs to its forward; it cannot see a wrong forward. With h a
power of two nothing is rounded that is not rounded in the gradient itself: in a bilinear
operation ``Im y / h`` is the weight, exactly, and the sum over the cotangent has the terms
of the gradient. Hence its results are held to the gradient's own bound, and to what
underflows when a derivative is multiplied by h.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles.answer import Answer
from oracles.op import Case, Op, gradient_of

Array = npt.NDArray[Any]

MOST_ELEMENTS = 150
"""One forward pass for each element of each operand: larger cases are not asked."""

_STEPS = {"float32": 2.0**-50, "float64": 2.0**-300}
_COMPLEX = {"float32": "complex64", "float64": "complex128"}


def applies(op: Op, case: Case, y_error: Array) -> bool:
    """Return whether this witness takes part: not in large cases, nor where y may overflow."""
    finite = case.finite and bool(np.isfinite(y_error).all())
    return op.backward is not None and finite and case.size <= MOST_ELEMENTS


def answer(op: Op, case: Case, y_error: Array) -> Answer:
    """Return the gradients of the subject's forward, ``<cotangent, y>``, without ``y`` itself.

    Parameters
    ----------
    op, case
        Whose subject is asked, and on what.
    y_error
        Bound on the error of each element of y; not needed here.

    Returns
    -------
    Answer
        ``rejected`` if the forward takes no complex numbers.
    """
    start = time.perf_counter()
    names = op.gradient_names(case)
    try:
        values = {gradient_of(name): _gradient(op, case, name) for name in names}
    except Exception as error:
        return Answer("rejected", detail=f"{type(error).__name__}: {error}")
    underflow = _underflow(case)
    errors = {name: np.full(value.shape, underflow) for name, value in values.items()}
    return Answer("value", values, seconds=time.perf_counter() - start, errors=errors)


def _underflow(case: Case) -> float:
    """Return what the sum over the cotangent loses if every ``h y'`` underflows."""
    lost = float(np.finfo(case.dtype).smallest_normal) / _STEPS[str(case.dtype)]
    return lost * float(np.abs(case.cotangent.astype(np.float64)).sum())


@np.errstate(all="ignore")
def _gradient(op: Op, case: Case, name: str) -> Array:
    dtype = str(case.dtype)
    step = _STEPS[dtype]
    given = {key: _complex(array, _COMPLEX[dtype]) for key, array in case.operands.items()}
    gradient = np.zeros(case.operands[name].size, dtype=dtype)
    for index in range(gradient.size):
        moved = given[name].copy()
        moved.ravel()[index] += 1j * step
        y = np.asarray(op.forward(*{**given, name: moved}.values(), **case.options))
        gradient[index] = (case.cotangent * (y.imag / step)).sum()
    return gradient.reshape(case.operands[name].shape)


def _complex(array: Array, dtype: str) -> Array:
    return array.astype(dtype) if array.dtype.kind == "f" else array
