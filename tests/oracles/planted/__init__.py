"""Errors that were seen in other people's hand-written backward passes, planted in plain NumPy.

They are the yardstick of what checks and explains: each must be convicted, and its cause named.
`RIGHT` has the implementations without an error, `PLANTED` the same with one.
"""

from __future__ import annotations

from tests.oracles.planted import (
    columns,
    layers,
    networks,
    pooling,
    rotations,
    taps,
    transposed,
    true_convolution,
    windows,
)
from tests.oracles.planted.record import Planted as Planted
from tests.oracles.planted.record import Right as Right

ERRORS = {
    1: "weight gradient: cotangent or result not rotated",
    2: "input gradient: kernel not rotated, or result rotated",
    3: "cotangent rotated, the activation's derivative not",
    4: "forward by one weight, backward by another",
    5: "stride forgotten; stride and dilation swapped in the transposed case",
    6: "sizes that the stride does not divide: wrong shape, last row lost",
    7: "[p:-p] with p = 0",
    8: "mean over the batch for w and b, not for x; over positions as well",
    9: "patch-major and batch-major reshapes mixed; a permutation of channels missing",
    10: "height and width swapped; stride[1] used for both",
    11: "bias: counted once for each tap, shadowed, updated from itself",
    12: "wrong forward whose gradients match it",
    13: "transposed weight gradient summed over too many axes",
    14: "max pooling: = for += on overlapping windows, ties counted more than once",
    15: "derivative of another activation; wrong constant",
    16: "the caller's arrays modified in place",
    17: "the same flip twice for a rotation",
    18: "output_padding ignored backward; the gradient too long",
}

RIGHT: list[Right] = [
    windows.RIGHT,
    windows.ONE_IMAGE_AT_LEAST,
    taps.RIGHT,
    columns.RIGHT,
    rotations.RIGHT,
    true_convolution.RIGHT,
    transposed.RIGHT,
    *layers.RIGHT,
    networks.RIGHT,
    networks.SAME_SHAPES,
    pooling.RIGHT,
]

PLANTED: list[Planted] = sorted(
    [
        each
        for module in (
            windows,
            taps,
            columns,
            rotations,
            true_convolution,
            transposed,
            layers,
            networks,
            pooling,
        )
        for each in module.PLANTED
    ],
    key=lambda each: each.number,
)
