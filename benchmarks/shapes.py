"""The convolutions that are timed, and their operands."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Shape:
    """One convolution.

    Attributes
    ----------
    op
        Name in manualgrad and in torch.nn.functional.
    x, w
        Shapes of the operands; there is always a bias.
    options
        The options that are not the default.
    compute_bound
        Whether the products dominate whatever else is to be done.
    """

    name: str
    op: str
    x: tuple[int, ...]
    w: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    compute_bound: bool = False

    @property
    def transposed(self) -> bool:
        return self.op.startswith("conv_transpose")

    @property
    def channels(self) -> int:
        groups = self.options.get("groups", 1)
        return self.w[1] * groups if self.transposed else self.w[0]

    @property
    def y(self) -> tuple[int, ...]:
        """The shape of the result."""
        sizes = zip(
            self.x[2:], self.w[2:], *map(self._each, ("stride", "padding", "dilation")),
            self._each("output_padding"), strict=True,
        )  # fmt: skip
        return self.x[0], self.channels, *(self._size(*each) for each in sizes)

    @property
    def multiply_adds(self) -> int:
        """Of forward and both gradients, padding included."""
        positions = self.x if self.transposed else self.y
        return 3 * positions[0] * prod(positions[2:]) * prod(self.w)

    @property
    def flops(self) -> int:
        """Additions and multiplications of forward and backward, padding included."""
        return 2 * self.multiply_adds

    def _each(self, option: str) -> tuple[int, ...]:
        default = {"padding": 0, "output_padding": 0}.get(option, 1)
        given = self.options.get(option, default)
        return given if isinstance(given, tuple) else (given,) * (len(self.x) - 2)

    def _size(self, n: int, k: int, stride: int, padding: int, dilation: int, extra: int) -> int:
        reach = dilation * (k - 1) - 2 * padding
        if self.transposed:
            return (n - 1) * stride + reach + extra + 1
        return (n - reach - 1) // stride + 1


SHAPES = (
    Shape("article 4x4", "conv2d", (1, 1, 4, 4), (1, 1, 2, 2)),
    Shape("small 8x16x16x16 k3", "conv2d", (8, 16, 16, 16), (16, 16, 3, 3), {"padding": 1}),
    Shape("DCGAN 16x128->64 16x16 k4 s2 p1", "conv_transpose2d", (16, 128, 16, 16),
          (128, 64, 4, 4), {"stride": 2, "padding": 1}, compute_bound=True),
    Shape("segmentation 2x64->32 64x64 k4 s2 p1", "conv_transpose2d", (2, 64, 64, 64),
          (64, 32, 4, 4), {"stride": 2, "padding": 1}, compute_bound=True),
    Shape("ResNet 4x256->256 14x14 k3 p1", "conv2d", (4, 256, 14, 14), (256, 256, 3, 3),
          {"padding": 1}, compute_bound=True),
    Shape("U-Net 4x64->32 32x32 k2 s2", "conv_transpose2d", (4, 64, 32, 32), (64, 32, 2, 2),
          {"stride": 2}),
    Shape("1x1 4x128->128 28x28", "conv2d", (4, 128, 28, 28), (128, 128, 1, 1)),
    Shape("k5 s3 4x32->32 20x20 p1", "conv_transpose2d", (4, 32, 20, 20), (32, 32, 5, 5),
          {"stride": 3, "padding": 1}),
    Shape("dilation 2 4x64->64 32x32 k3 p2", "conv2d", (4, 64, 32, 32), (64, 64, 3, 3),
          {"padding": 2, "dilation": 2}),
    Shape("groups 4 4x128->128 28x28 k3 p1", "conv2d", (4, 128, 28, 28), (128, 32, 3, 3),
          {"padding": 1, "groups": 4}),
    Shape("depthwise 8x64 56x56 k3 p1", "conv2d", (8, 64, 56, 56), (64, 1, 3, 3),
          {"padding": 1, "groups": 64}),
    Shape("audio 4x32->64 4000 k16 s8", "conv1d", (4, 32, 4000), (64, 32, 16), {"stride": 8}),
    Shape("audio 4x64->32 to 4000 k16 s8 p4", "conv_transpose1d", (4, 64, 500), (64, 32, 16),
          {"stride": 8, "padding": 4}),
    Shape("3-D 2x32->16 8x12x12 k3 s2 p1", "conv_transpose3d", (2, 32, 8, 12, 12),
          (32, 16, 3, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    Shape("tall 2x32->32 512x16 k7x3", "conv2d", (2, 32, 512, 16), (32, 32, 7, 3),
          {"padding": (3, 1)}),
)  # fmt: skip


def operands(shape: Shape, dtype: str) -> tuple[Array, Array, Array]:
    """Return x, w and b, seeded."""
    rng = np.random.default_rng(2018)
    sizes = shape.x, shape.w, (shape.channels,)
    return tuple(rng.standard_normal(size).astype(dtype) for size in sizes)  # type: ignore[return-value]


def cotangent(y_shape: tuple[int, ...], dtype: str) -> Array:
    return np.random.default_rng(2019).standard_normal(y_shape).astype(dtype)
