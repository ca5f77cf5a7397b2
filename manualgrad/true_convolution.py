"""Convolution of matrices as mathematics has it: the kernel is rotated before it slides.

The 2018 article builds its whole backward pass from these three: rotate, pad, convolve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from manualgrad.convolution import conv2d
from manualgrad.dtypes import common_dtype

Array = npt.NDArray[Any]


def rotate180(matrix: Array) -> Array:
    """Rotate a matrix by 180 degrees, the article's ``R``; a copy."""
    check_matrices(matrix=matrix)
    return matrix[::-1, ::-1].copy()


def pad(matrix: Array, *, rows: int = 1, columns: int = 1) -> Array:
    """Put ``rows`` and ``columns`` of zeros around a matrix; the article's ``pad1`` by default.

    Raises
    ------
    TypeError, ValueError
        `matrix` is not a matrix; `rows` or `columns` is negative.
    """
    check_matrices(matrix=matrix)
    for name, value in (("rows", rows), ("columns", columns)):
        if value < 0:
            raise ValueError(f"`{name}` (={value}) must be at least 0")
    height, width = matrix.shape
    # Not np.pad, whose zeros in an object array are NumPy's own integers.
    padded = np.zeros((height + 2 * rows, width + 2 * columns), dtype=matrix.dtype)
    padded[rows : rows + height, columns : columns + width] = matrix
    return padded


def convolve_valid(matrix: Array, kernel: Array) -> Array:
    """Convolve where the kernel lies wholly inside the matrix: the article's ``*v``.

    ``(m *v w)[p] = sum_k m[p + k] (R w)[k]``: what networks call convolution does not rotate
    the kernel, so that ``m *v w`` is their convolution with ``R(w)``.

    Parameters
    ----------
    matrix
        (H, W).
    kernel
        (h, w), of the same dtype; h <= H and w <= W.

    Returns
    -------
    Array
        (H - h + 1, W - w + 1).

    Raises
    ------
    TypeError, ValueError
        An argument is not a matrix, the dtypes differ, or the kernel does not fit.
    """
    check_matrices(matrix=matrix, kernel=kernel)
    valid_shape("kernel", kernel.shape, "matrix", matrix.shape)
    slid: Array = conv2d(matrix[None], rotate180(kernel)[None, None])[0]
    return slid


def check_matrices(**matrices: Array) -> None:
    """Raise unless all are matrices of one dtype."""
    for name, value in matrices.items():
        if np.ndim(value) != 2:
            raise ValueError(f"`{name}` shape (={np.shape(value)}) must have two axes")
    common_dtype(**matrices)


def valid_shape(
    kernel_name: str, kernel: tuple[int, ...], name: str, shape: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the shape of the valid convolution, or raise if the kernel does not fit."""
    if any(k < 1 or k > n for k, n in zip(kernel, shape, strict=True)):
        raise ValueError(f"`{kernel_name}` shape (={kernel}) must fit in `{name}` shape (={shape})")
    return tuple(n - k + 1 for k, n in zip(kernel, shape, strict=True))
