"""The user's limits on the generated options and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Limits:
    r"""What the generated cases may hold; None leaves an option free.

    Attributes
    ----------
    stride, padding, dilation, groups, output_padding, kernel
        A fixed value for the option, or of the kernel size, the same on each axis.
    max_stride, max_padding, max_dilation, max_groups
        Largest values that are generated.
    max_kernel, max_size, max_channels, max_batch
        Largest kernel size, spatial input size beyond the smallest valid one, channels per
        group, and batch size.
    min_batch
        Smallest batch size (1 leaves the empty batch out).
    square
        Whether sizes and options are the same on each axis.
    bias
        True or False: always or never a bias.
    batched, unbatched
        True: never, or always, the unbatched form (C, \*spatial).
    scalar_options, square_kernel
        True: options, or kernel sizes, are the same on each axis.
    default_parameters
        True: the parameters of an activation stay at their defaults.
    named_padding
        False: never ``padding="same"`` or ``"valid"``.
    special_values
        False: no NaN, infinities, subnormals or huge numbers.
    layouts
        False: every array in C order and writeable.
    max_depth
        Largest number of layers of a generated network.
    second_order
        False: no second derivatives.
    """

    stride: int | None = None
    padding: int | None = None
    dilation: int | None = None
    groups: int | None = None
    output_padding: int | None = None
    kernel: int | None = None
    max_stride: int = 3
    max_padding: int = 4
    max_dilation: int = 3
    max_groups: int = 3
    max_kernel: int = 3
    max_size: int = 4
    max_channels: int = 2
    max_batch: int = 3
    min_batch: int = 0
    square: bool = False
    bias: bool | None = None
    batched: bool = False
    unbatched: bool = False
    scalar_options: bool = False
    square_kernel: bool = False
    default_parameters: bool = False
    named_padding: bool = True
    special_values: bool = True
    layouts: bool = True
    max_depth: int = 6
    second_order: bool = True

    def stated(self) -> Mapping[str, Any]:
        """Return the limits that differ from the defaults."""
        default = asdict(Limits())
        return {name: value for name, value in asdict(self).items() if value != default[name]}


_SMALLEST = {
    "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0, "kernel": 1,
    "max_stride": 1, "max_padding": 0, "max_dilation": 1, "max_groups": 1,
    "max_kernel": 1, "max_size": 0, "max_channels": 1, "max_batch": 0, "min_batch": 0,
    "max_depth": 1,
}  # fmt: skip


def make_limits(given: Mapping[str, Any]) -> Limits:
    """Return `Limits` from keyword arguments.

    Raises
    ------
    TypeError
        If a name is unknown, or a value has the wrong type.
    ValueError
        If a value is too small.
    """
    known = {item.name for item in fields(Limits)}
    for name, value in given.items():
        if name not in known:
            raise TypeError(
                f"`{name}` (={value!r}) is no limit; known are {', '.join(sorted(known))}"
            )
        _check(name, value)
    limits = Limits(**given)
    if limits.min_batch > limits.max_batch:
        raise ValueError(
            f"`min_batch` (={limits.min_batch}) must not exceed `max_batch` (={limits.max_batch})"
        )
    if limits.batched and limits.unbatched:
        raise ValueError("`batched` (=True) and `unbatched` (=True) leave no case")
    return limits


def _check(name: str, value: Any) -> None:
    if name not in _SMALLEST:
        if not isinstance(value, bool):
            raise TypeError(f"`{name}` (={value!r}) must be True or False")
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"`{name}` (={value!r}) must be an int")
    if value < _SMALLEST[name]:
        raise ValueError(f"`{name}` (={value}) must be at least {_SMALLEST[name]}")
